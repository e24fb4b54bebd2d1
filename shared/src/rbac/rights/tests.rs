use super::{
    super::tests::{at, denied, permission},
    *,
};
use crate::decision::tests::vm;

const SUBSCRIPTION: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590";

/// The rows of Azure's table as a role has them that is made of their words, with what each is for.
const TABLE: [(Right, &[&str]); 4] = [
    (
        Right::Read,
        &[
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Security/locations/jitNetworkAccessPolicies/read",
        ],
    ),
    (
        Right::Request,
        &[
            "Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action",
            "Microsoft.Security/locations/jitNetworkAccessPolicies/*/read",
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Network/networkInterfaces/*/read",
            "Microsoft.Network/publicIPAddresses/read",
        ],
    ),
    (
        Right::Configure,
        &[
            "Microsoft.Security/locations/jitNetworkAccessPolicies/write",
            "Microsoft.Compute/virtualMachines/write",
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Security/locations/jitNetworkAccessPolicies/read",
        ],
    ),
    (
        Right::Remove,
        &[
            "Microsoft.Security/locations/jitNetworkAccessPolicies/delete",
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Security/locations/jitNetworkAccessPolicies/read",
        ],
    ),
];

fn group() -> String {
    format!("{SUBSCRIPTION}/resourceGroups/prod-rg")
}

fn held(rights: &AccessRights) -> Vec<Right> {
    let on_vm = rights.on_vm(&vm("web-01"));
    Right::ALL.into_iter().filter(|right| on_vm.has(*right)).collect()
}

#[test]
fn the_words_of_a_row_are_enough_for_it_and_each_is_needed() {
    for (right, actions) in TABLE {
        for scope in ["/", "/providers/Microsoft.Management/managementGroups/m", SUBSCRIPTION, &group()] {
            let whole = held(&at(scope, permission(actions, &[])));
            let own = if right == Right::Read { vec![Right::Read] } else { vec![Right::Read, right] };
            assert_eq!(whole, own, "{right:?} at {scope}");
            for left_out in actions {
                let rest: Vec<&str> = actions.iter().filter(|one| *one != left_out).copied().collect();
                let rest = held(&at(scope, permission(&rest, &[])));
                assert!(!rest.contains(&right), "{right:?} without {left_out}");
                let excepted = held(&at(scope, permission(&["*"], &[left_out])));
                assert!(!excepted.contains(&right), "{right:?} with all but {left_out}");
            }
        }
    }
}

#[test]
fn each_word_of_a_row_can_be_denied_at_every_scope() {
    for (right, actions) in TABLE {
        for action in actions {
            for scope in ["/", SUBSCRIPTION, &group(), &vm("web-01").to_string()] {
                let mut all = at("/", permission(&["*"], &[]));
                all.deny_assignments = vec![denied(scope, permission(&[action], &[]))];
                assert!(!held(&all).contains(&right), "{right:?} with {action} denied at {scope}");
            }
        }
    }
}

#[test]
fn either_way_to_name_a_reading_will_do_and_neither_may_be_taken_away() {
    let rest = [action::READ_VM, action::INITIATE, action::READ_PUBLIC_ADDRESS];
    for (policy, interface) in [
        (action::READ_POLICY, action::READ_INTERFACE),
        (action::READ_BELOW_POLICY, action::READ_BELOW_INTERFACE),
        (action::READ_POLICY, "Microsoft.Network/*/read"),
    ] {
        let role = permission(&[&rest[..], &[policy, interface]].concat(), &[]);
        assert_eq!(held(&at(&group(), role)), [Right::Read, Right::Request], "{policy}, {interface}");
    }
    let not_both = permission(&["*"], &[action::READ_POLICY]);
    assert_eq!(held(&at(&group(), not_both)), []);
}

#[test]
fn a_role_on_the_vm_alone_reads_and_requests_but_does_not_reach_its_policy() {
    let all = at(&vm("web-01").to_string(), permission(&["*"], &[]));
    assert_eq!(held(&all), [Right::Read, Right::Request]);
    assert_eq!(all.on_vm(&vm("web-02")), VmRights::NONE);
}

#[test]
fn a_policy_in_the_group_is_not_enough_without_the_vm() {
    let mut rights = at(&group(), permission(&["Microsoft.Security/*"], &[]));
    assert_eq!(held(&rights), []);
    let on_vm = at(&vm("web-01").to_string(), permission(&["Microsoft.Compute/virtualMachines/*"], &[]));
    rights.assignments.extend(on_vm.assignments);
    assert_eq!(held(&rights), [Right::Read, Right::Configure, Right::Remove]);
}

#[test]
fn the_least_privileged_jit_role_suffices_to_request_and_for_no_more() {
    let role = permission(
        &[
            "Microsoft.Security/locations/jitNetworkAccessPolicies/read",
            "Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action",
            "Microsoft.Security/policies/read",
            "Microsoft.Network/publicIPAddresses/read",
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Network/*/read",
        ],
        &[],
    );
    for scope in [SUBSCRIPTION, &group(), &vm("web-01").to_string()] {
        assert_eq!(held(&at(scope, role.clone())), [Right::Read, Right::Request], "{scope}");
    }
}

#[test]
fn a_right_to_all_below_a_scope_is_held_at_that_scope() {
    let reader = at(SUBSCRIPTION, permission(&["*/read"], &[]));
    assert!(reader.has_below(Right::Read, SUBSCRIPTION));
    assert!(!reader.has_below(Right::Request, SUBSCRIPTION));
    assert!(!at(&group(), permission(&["*"], &[])).has_below(Right::Read, SUBSCRIPTION));
    let mut kept_out = reader;
    kept_out.deny_assignments = vec![denied(SUBSCRIPTION, permission(&[action::READ_POLICY], &[]))];
    assert!(!kept_out.has_below(Right::Read, SUBSCRIPTION));
}
