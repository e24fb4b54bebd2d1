//! Who may do what: role × scope × operation, each cell against Postern with a person who has just that role there.
//!
//! What a cell is to be stands here by hand; none of it is worked out by the code that is tested.

mod operation;

use std::collections::BTreeSet;

use serde_json::json;
use tests::{DEVELOPMENT, PRODUCTION, World, vm};

use self::operation::{Operation, Outcome};

/// Somebody who has no role but the one of the cell.
const WHO: &str = "NOBODY";
/// Longer than anything that was read about roles is believed.
const FORGOTTEN_AFTER: i64 = 60;

/// What a role lets its holder do to web-01.
#[derive(Clone, Copy, Debug, Default)]
struct Rights {
    read: bool,
    request: bool,
    configure: bool,
    remove: bool,
}

const NOTHING: Rights = Rights { read: false, request: false, configure: false, remove: false };
const READING: Rights = Rights { read: true, ..NOTHING };
const REQUESTING: Rights = Rights { request: true, ..READING };
const CHANGING: Rights = Rights { configure: true, remove: true, ..READING };
const EVERYTHING: Rights = Rights { request: true, ..CHANGING };

struct Role {
    /// Built-in roles by their ids; together.
    built_in: &'static [&'static str],
    /// The actions and not-actions of a role made for the test.
    custom: Option<(&'static [&'static str], &'static [&'static str])>,
    /// Held at the VM's resource group or above.
    above: Rights,
    /// Held at the VM alone, which its policy is not below.
    at_vm: Rights,
    /// Whether it has to do with policies as such, VMs or not: who may have everything swept.
    writes_policies: bool,
}

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const SECURITY_ADMIN: &str = "fb1c8493-542b-48eb-b624-b4c8fea62acd";
const SECURITY_READER: &str = "39bc4728-0917-49c7-9d2c-d95423bc2eb4";
const VM_CONTRIBUTOR: &str = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c";
const JIT_ACCESS: &str = "d1f7a9c4-3b60-4a52-9e8d-70c5b2e61001";

const fn built_in(ids: &'static [&'static str], above: Rights, at_vm: Rights) -> Role {
    Role { built_in: ids, custom: None, above, at_vm, writes_policies: false }
}

const fn custom(
    actions: &'static [&'static str],
    not_actions: &'static [&'static str],
    above: Rights,
    at_vm: Rights,
) -> Role {
    Role { built_in: &[], custom: Some((actions, not_actions)), above, at_vm, writes_policies: false }
}

const fn writing_policies(role: Role) -> Role {
    Role { writes_policies: true, ..role }
}

macro_rules! matrix {
    ($($name:ident: $role:expr;)*) => {
        $(#[tokio::test]
        async fn $name() {
            row(&$role).await;
        })*
    };
}

matrix! {
    no_role: built_in(&[], NOTHING, NOTHING);
    owner: writing_policies(built_in(&[OWNER], EVERYTHING, REQUESTING));
    contributor: writing_policies(built_in(&[CONTRIBUTOR], EVERYTHING, REQUESTING));
    reader: built_in(&[READER], READING, READING);
    security_admin_sees_no_vm: writing_policies(built_in(&[SECURITY_ADMIN], NOTHING, NOTHING));
    security_reader_sees_no_vm: built_in(&[SECURITY_READER], NOTHING, NOTHING);
    vm_contributor_sees_no_policy: built_in(&[VM_CONTRIBUTOR], NOTHING, NOTHING);
    security_admin_and_vm_contributor:
        writing_policies(built_in(&[SECURITY_ADMIN, VM_CONTRIBUTOR], EVERYTHING, REQUESTING));
    security_admin_and_reader:
        writing_policies(built_in(&[SECURITY_ADMIN, READER], Rights { remove: true, ..REQUESTING }, REQUESTING));
    least_privileged_jit_role: built_in(&[JIT_ACCESS], REQUESTING, REQUESTING);
    the_tables_row_to_request: custom(
        &[
            "Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action",
            "Microsoft.Security/locations/jitNetworkAccessPolicies/*/read",
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Network/networkInterfaces/*/read",
            "Microsoft.Network/publicIPAddresses/read",
        ],
        &[],
        REQUESTING,
        REQUESTING,
    );
    the_tables_row_to_configure: writing_policies(custom(
        &[
            "Microsoft.Security/locations/jitNetworkAccessPolicies/write",
            "Microsoft.Compute/virtualMachines/write",
            "*/read",
        ],
        &[],
        Rights { configure: true, ..READING },
        READING,
    ));
    removing_alone: custom(
        &["Microsoft.Security/locations/jitNetworkAccessPolicies/delete", "*/read"],
        &[],
        Rights { remove: true, ..READING },
        READING,
    );
    everything_but_to_initiate: writing_policies(custom(&["*"], &["*/initiate/action"], CHANGING, READING));
    everything_but_to_see_policies: writing_policies(custom(
        &["*"],
        &["Microsoft.Security/locations/jitNetworkAccessPolicies/read"],
        NOTHING,
        NOTHING,
    ));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    ManagementGroup,
    Subscription,
    ResourceGroup,
    Vm,
    AnotherVm,
    AnotherResourceGroup,
    AnotherSubscription,
}

impl Scope {
    const ALL: [Self; 7] = [
        Self::ManagementGroup,
        Self::Subscription,
        Self::ResourceGroup,
        Self::Vm,
        Self::AnotherVm,
        Self::AnotherResourceGroup,
        Self::AnotherSubscription,
    ];

    fn id(self) -> String {
        match self {
            Self::ManagementGroup => "/providers/Microsoft.Management/managementGroups/contoso".to_owned(),
            Self::Subscription => format!("/subscriptions/{PRODUCTION}"),
            Self::ResourceGroup => format!("/subscriptions/{PRODUCTION}/resourceGroups/prod-rg"),
            Self::Vm => vm("web-01").to_string(),
            Self::AnotherVm => vm("web-02").to_string(),
            Self::AnotherResourceGroup => format!("/subscriptions/{PRODUCTION}/resourceGroups/net-rg"),
            Self::AnotherSubscription => format!("/subscriptions/{DEVELOPMENT}"),
        }
    }

    const fn of(self, role: &Role) -> Rights {
        match self {
            Self::ManagementGroup | Self::Subscription | Self::ResourceGroup => role.above,
            Self::Vm => role.at_vm,
            Self::AnotherVm | Self::AnotherResourceGroup | Self::AnotherSubscription => NOTHING,
        }
    }

    const fn is_a_vm(self) -> bool {
        matches!(self, Self::Vm | Self::AnotherVm)
    }
}

/// What needs a caller and no right: one's own grants, and the metrics with a token of their own.
const NEEDS_NO_RIGHT: [&str; 2] = ["list_grants", "read_metrics"];

#[test]
fn every_operation_that_needs_a_caller_stands_in_the_matrix() {
    let document = functions::openapi::document();
    let methods =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let with_caller = methods.filter(|operation| {
        let ways = operation["security"].as_array().unwrap();
        !ways.is_empty() && !ways.contains(&json!({}))
    });
    let described: BTreeSet<&str> =
        with_caller.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let in_matrix = Operation::ALL.into_iter().filter_map(Operation::id);
    assert_eq!(in_matrix.chain(NEEDS_NO_RIGHT).collect::<BTreeSet<_>>(), described);
}

/// One role at every scope, for every operation.
async fn row(role: &Role) {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    admin.enable(&vm("web-01"), 22).await.expect(200);
    let who = world.client(WHO).await;
    let mut ids: Vec<&str> = role.built_in.to_vec();
    if let Some((actions, not_actions)) = role.custom {
        ids.push(world.define_role(actions, not_actions).await);
    }
    for scope in Scope::ALL {
        let mut assigned = Vec::new();
        for id in &ids {
            assigned.push(world.assign(WHO, id, &scope.id()).await);
        }
        world.pass(FORGOTTEN_AFTER);
        for operation in Operation::ALL {
            let outcome = operation.outcome(&world, &who).await;
            let expected = operation.expected(role, scope);
            assert!(
                outcome.fits(expected),
                "{operation:?} with the role at {scope:?}: {outcome:?} and not {expected:?}"
            );
            if operation.is_removal() && outcome == Outcome::Done {
                admin.enable(&vm("web-01"), 22).await.expect(200);
            }
        }
        for assignment in assigned {
            world.unassign(&assignment).await;
        }
    }
}
