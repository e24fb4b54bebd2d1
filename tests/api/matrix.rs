//! Who may do what: role × scope × operation, each cell against Postern with a person who has just that role there.
//!
//! What a cell is to be stands here by hand; none of it is worked out by the code that is tested.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use shared::api::{policy_path, route, vm_path};
use tests::{Answer, Client, DEVELOPMENT, PRODUCTION, World, vm};

use crate::arm::{self, at};

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Forbidden,
    /// As if it were not there.
    Hidden,
    /// One or the other: in Azure's own API 403 tells no more than 404, as it answers for what is not there too.
    Refused,
}

impl Outcome {
    fn fits(self, expected: Self) -> bool {
        self == expected || (expected == Self::Refused && matches!(self, Self::Forbidden | Self::Hidden))
    }
}

#[derive(Clone, Copy, Debug)]
enum Operation {
    ListVms,
    ListPlaces,
    ReadVm,
    ReadRdp,
    ReadPolicies,
    ReadActivity,
    ExportActivity,
    ReadGrantOfAnother,
    MoveGrantOfAnother,
    ReadHealth,
    RunSweep,
    PreviewGrant,
    CreateGrant,
    PreviewPolicies,
    PutPolicy,
    PutPolicies,
    RevokeGrantOfAnother,
    RemovePolicy,
    RemovePolicies,
    /// Those of Azure's own API.
    ListSubscriptions,
    ListInSubscription,
    ListInSubscriptionAndRegion,
    ListInGroup,
    ListInGroupAndRegion,
    Get,
    Put,
    Initiate,
    Delete,
}

impl Operation {
    /// In an order in which none spoils the next.
    const ALL: [Self; 28] = [
        Self::ListVms,
        Self::ListPlaces,
        Self::ReadVm,
        Self::ReadRdp,
        Self::ReadPolicies,
        Self::ReadActivity,
        Self::ExportActivity,
        Self::ReadGrantOfAnother,
        Self::MoveGrantOfAnother,
        Self::ReadHealth,
        Self::RunSweep,
        Self::PreviewGrant,
        Self::CreateGrant,
        Self::PreviewPolicies,
        Self::PutPolicy,
        Self::PutPolicies,
        Self::RevokeGrantOfAnother,
        Self::ListSubscriptions,
        Self::ListInSubscription,
        Self::ListInSubscriptionAndRegion,
        Self::ListInGroup,
        Self::ListInGroupAndRegion,
        Self::Get,
        Self::Put,
        Self::Initiate,
        Self::RemovePolicy,
        Self::RemovePolicies,
        Self::Delete,
    ];

    /// By which the description of Postern's API knows it; Azure's own is not described there.
    const fn id(self) -> Option<&'static str> {
        Some(match self {
            Self::ListVms => "list_vms",
            Self::ListPlaces => "list_places",
            Self::ReadVm => "read_vm",
            Self::ReadRdp => "read_rdp",
            Self::ReadPolicies => "read_policies",
            Self::ReadActivity => "list_activity",
            Self::ExportActivity => "export_activity",
            Self::ReadGrantOfAnother => "read_grant",
            Self::MoveGrantOfAnother => "move_grant",
            Self::ReadHealth => "read_health_report",
            Self::RunSweep => "run_sweep",
            Self::PreviewGrant => "preview_grant",
            Self::CreateGrant => "create_grant",
            Self::PreviewPolicies => "preview_policies",
            Self::PutPolicy => "put_policy",
            Self::PutPolicies => "put_policies",
            Self::RevokeGrantOfAnother => "revoke_grant",
            Self::RemovePolicy => "remove_policy",
            Self::RemovePolicies => "remove_policies",
            Self::ListSubscriptions
            | Self::ListInSubscription
            | Self::ListInSubscriptionAndRegion
            | Self::ListInGroup
            | Self::ListInGroupAndRegion
            | Self::Get
            | Self::Put
            | Self::Initiate
            | Self::Delete => return None,
        })
    }

    const fn is_removal(self) -> bool {
        matches!(self, Self::RemovePolicy | Self::RemovePolicies | Self::Delete)
    }

    fn expected(self, role: &Role, scope: Scope) -> Outcome {
        let rights = scope.of(role);
        let may = match self {
            Self::ReadHealth => {
                let somewhere = role.above.configure && !scope.is_a_vm();
                return if somewhere { Outcome::Done } else { Outcome::Forbidden };
            }
            Self::RunSweep => {
                let everywhere = role.writes_policies && scope == Scope::ManagementGroup;
                return if everywhere { Outcome::Done } else { Outcome::Forbidden };
            }
            Self::ListPlaces => {
                // The other VM is in the same group.
                let sees_some = if scope.is_a_vm() { role.at_vm.read } else { rights.read };
                return if sees_some { Outcome::Done } else { Outcome::Hidden };
            }
            Self::ListSubscriptions => {
                let has_some = !role.built_in.is_empty() || role.custom.is_some();
                let here = has_some && scope != Scope::AnotherSubscription;
                return if here { Outcome::Done } else { Outcome::Hidden };
            }
            Self::Get | Self::Put | Self::Initiate | Self::Delete if !rights.read => return Outcome::Refused,
            Self::ListVms
            | Self::ReadVm
            | Self::ReadRdp
            | Self::ReadPolicies
            | Self::ReadActivity
            | Self::ExportActivity
            | Self::ReadGrantOfAnother
            | Self::ListInSubscription
            | Self::ListInSubscriptionAndRegion
            | Self::ListInGroup
            | Self::ListInGroupAndRegion
            | Self::Get => rights.read,
            Self::MoveGrantOfAnother => false,
            Self::PreviewGrant | Self::CreateGrant | Self::Initiate => rights.request,
            Self::PreviewPolicies
            | Self::PutPolicy
            | Self::PutPolicies
            | Self::RevokeGrantOfAnother
            | Self::Put => rights.configure,
            Self::RemovePolicy | Self::RemovePolicies | Self::Delete => rights.remove,
        };
        match (rights.read, may) {
            (false, _) => Outcome::Hidden,
            (true, false) => Outcome::Forbidden,
            (true, true) => Outcome::Done,
        }
    }

    async fn outcome(self, world: &World, who: &Client) -> Outcome {
        let web = vm("web-01");
        let only_web = || json!({ "vms": [web.to_string()] });
        let answer = match self {
            Self::ListVms => return is_listed(&who.get(route::VMS).await, "vms", &web.to_string()),
            Self::ListPlaces => return is_listed(&who.get(route::PLACES).await, "subscriptions", "prod-rg"),
            Self::ReadVm => who.get(&vm_path(&web)).await,
            Self::ReadRdp => who.get(&format!("{}/rdp", vm_path(&web))).await,
            Self::ReadPolicies => who.post(route::POLICIES_READ, &only_web()).await,
            Self::ReadActivity => who.get(&format!("{}?vm={web}", route::ACTIVITY)).await,
            Self::ExportActivity => who.get(&format!("{}?vm={web}", route::ACTIVITY_CSV)).await,
            Self::ReadGrantOfAnother => who.get(&grant_of_another(world).await).await,
            Self::MoveGrantOfAnother => {
                who.post(&format!("{}/move", grant_of_another(world).await), &json!({})).await
            }
            Self::ReadHealth => who.get(route::HEALTH).await,
            Self::RunSweep => who.post(route::SWEEPS, &json!({})).await,
            Self::PreviewGrant => return previewed(&who.post(route::GRANT_PREVIEW, &a_request()).await),
            Self::CreateGrant => who.post(route::GRANTS, &a_request()).await,
            Self::PreviewPolicies => who.post(route::POLICIES_PREVIEW, &a_change()).await,
            Self::PutPolicy => who.enable(&web, 22).await,
            Self::PutPolicies => who.call(Method::PUT, route::POLICIES, Some(a_change().to_string())).await,
            Self::RevokeGrantOfAnother => {
                who.post(&format!("{}/revoke", grant_of_another(world).await), &json!({})).await
            }
            Self::RemovePolicy => who.call(Method::DELETE, &policy_path(&web), None).await,
            Self::RemovePolicies => {
                who.call(Method::DELETE, route::POLICIES, Some(only_web().to_string())).await
            }
            Self::ListSubscriptions => {
                return is_listed(&who.get(&at("/subscriptions")).await, "value", PRODUCTION);
            }
            Self::ListInSubscription => return in_list(who, None, None).await,
            Self::ListInSubscriptionAndRegion => return in_list(who, None, Some("westeurope")).await,
            Self::ListInGroup => return in_list(who, Some("prod-rg"), None).await,
            Self::ListInGroupAndRegion => return in_list(who, Some("prod-rg"), Some("westeurope")).await,
            Self::Get => arm::get(who, "default").await,
            Self::Put => arm::put(who, "default", &arm::protecting(&[(&web, &[22])])).await,
            Self::Initiate => {
                arm::initiate(who, "default", &web, json!({ "number": 22, "duration": "PT5M" })).await
            }
            Self::Delete => arm::delete(who, "default").await,
        };
        match answer.status.as_u16() {
            200..=202 => Outcome::Done,
            403 => Outcome::Forbidden,
            404 => Outcome::Hidden,
            status => panic!("{self:?}: {status} {}", answer.text),
        }
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

/// The path of a living grant that somebody else has.
async fn grant_of_another(world: &World) -> String {
    let requester = world.client("REQUESTER").await;
    let own = requester.get(route::GRANTS).await.expect(200);
    let grants = own.json["grants"].as_array().expect("a list");
    let living = grants.iter().find(|grant| grant["leases"][0]["state"] == "open").cloned();
    let grant = match living {
        Some(grant) => grant,
        None => requester.open(&vm("web-01"), 22, "PT1H").await.expect(201).json,
    };
    format!("{}/{}", route::GRANTS, grant["id"].as_str().expect("an id"))
}

fn a_request() -> Value {
    json!({ "openings": [{ "vm": vm("web-01").to_string(), "port": 22, "duration": "PT5M" }] })
}

fn a_change() -> Value {
    json!({ "vms": [vm("web-01").to_string()], "policy": { "justification": "optional" } })
}

/// A list answers everybody: it is about what is in it.
fn is_listed(answer: &Answer, list: &str, what: &str) -> Outcome {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let is_there = answer.json[list].to_string().contains(&format!("\"{what}\""));
    if is_there { Outcome::Done } else { Outcome::Hidden }
}

/// Whether the VM is in a list of policies.
async fn in_list(who: &Client, group: Option<&str>, region: Option<&str>) -> Outcome {
    let group = group.map_or_else(String::new, |name| format!("/resourceGroups/{name}"));
    let region = region.map_or_else(String::new, |name| format!("/locations/{name}"));
    let path = format!(
        "/subscriptions/{PRODUCTION}{group}/providers/Microsoft.Security{region}/jitNetworkAccessPolicies"
    );
    is_listed(&who.get(&at(&path)).await, "value", &vm("web-01").to_string())
}

/// A preview tells of a denial instead of being refused.
fn previewed(answer: &Answer) -> Outcome {
    let denials = || answer.json["denials"].as_array().into_iter().flatten();
    match answer.status.as_u16() {
        404 => Outcome::Hidden,
        200 if denials().any(|one| one["code"] == "request_not_permitted") => Outcome::Forbidden,
        200 if denials().next().is_none() => Outcome::Done,
        status => panic!("{status} {}", answer.text),
    }
}
