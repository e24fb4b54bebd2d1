use proptest::{collection::vec, prelude::*};

use super::*;
use crate::decision::tests::vm;

const SUBSCRIPTION: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590";

#[test]
fn wildcards_match_as_arm_matches_them() {
    for (pattern, action, expected) in [
        ("*", action::INITIATE, true),
        ("*/read", action::READ_VM, true),
        ("*/read", action::WRITE_VM, false),
        ("Microsoft.Security/*", action::INITIATE, true),
        ("microsoft.security/LOCATIONS/jitNetworkAccessPolicies/*", action::INITIATE, true),
        ("Microsoft.Security/*/read", action::READ_POLICY, true),
        ("Microsoft.Security/*/read", action::WRITE_POLICY, false),
        ("Microsoft.Compute/virtualMachines/read", action::READ_VM, true),
        ("Microsoft.Compute/virtualMachines", action::READ_VM, false),
        ("Microsoft.Compute/virtualMachines/read/x", action::READ_VM, false),
        ("Microsoft.Compute/virtualMachines/*/read", action::READ_VM, false),
        ("", action::READ_VM, false),
    ] {
        assert_eq!(matches_action(pattern, action), expected, "{pattern} on {action}");
    }
}

#[test]
fn not_actions_take_away_only_from_their_own_entry() {
    let mut rights = at(SUBSCRIPTION, permission(&["*"], &["Microsoft.Compute/*"]));
    assert!(!rights.on_vm(&vm("web-01")).read);
    rights.assignments[0].permissions.push(permission(&[action::READ_VM], &[]));
    assert!(rights.on_vm(&vm("web-01")).read);
}

#[test]
fn not_actions_of_one_role_take_nothing_from_another() {
    let mut rights = at(SUBSCRIPTION, permission(&["*"], &["*/initiate/action"]));
    rights.assignments.extend(at(SUBSCRIPTION, permission(&["Microsoft.Security/*"], &[])).assignments);
    assert!(rights.on_vm(&vm("web-01")).request);
}

#[test]
fn a_deny_assignment_wins_over_every_role() {
    let mut rights = at("/", permission(&["*"], &[]));
    assert!(rights.on_vm(&vm("web-01")).request);
    rights.deny_assignments = vec![denied("/", permission(&["*/initiate/action"], &[]))];
    let all_but_one = VmRights { read: true, request: false, configure: true, remove: true };
    assert_eq!(rights.on_vm(&vm("web-01")), all_but_one);
}

#[test]
fn a_deny_assignment_spares_its_own_not_actions() {
    let mut rights = at("/", permission(&["*"], &[]));
    rights.deny_assignments = vec![denied("/", permission(&["*"], &["*/read"]))];
    let reading = VmRights { read: true, ..VmRights::NONE };
    assert_eq!(rights.on_vm(&vm("web-01")), reading);
}

#[test]
fn a_scope_covers_what_is_below_it_and_nothing_else() {
    let target = vm("web-01").to_string();
    let group = target.split("/providers").next().unwrap();
    for scope in ["/", "/subscriptions/0B1F6471-1bf0-4dda-aec3-cb9272f09590", group, &target] {
        assert!(covers(scope, &target), "{scope}");
    }
    let neighbour = target.replace("web-01", "web-0");
    for scope in
        ["/subscriptions/11111111-1bf0-4dda-aec3-cb9272f09590", &neighbour, &group[..group.len() - 1]]
    {
        assert!(!covers(scope, &target), "{scope}");
    }
    assert!(covers("/providers/Microsoft.Management/managementGroups/root", &target));
}

#[test]
fn no_assignment_is_no_right() {
    assert_eq!(AccessRights::default().on_vm(&vm("web-01")), VmRights::NONE);
}

/// The same question by another way: which positions of the action each piece of the pattern can end at.
fn matches_slowly(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase().into_bytes(), action.to_lowercase().into_bytes());
    let mut ends = vec![false; action.len() + 1];
    ends[0] = true;
    for piece in pattern {
        let mut next = vec![false; ends.len()];
        for at in 0..ends.len() {
            next[at] = match piece {
                b'*' => ends[..=at].contains(&true),
                letter => at > 0 && ends[at - 1] && action[at - 1] == letter,
            };
        }
        ends = next;
    }
    ends[action.len()]
}

fn an_action() -> impl Strategy<Value = String> {
    prop_oneof![Just(action::READ_VM.to_owned()), Just(action::INITIATE.to_owned()), "[ab/]{0,6}"]
}

fn a_pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        an_action(),
        "[abAB*/]{0,6}",
        Just("*".to_owned()),
        Just("*/read".to_owned()),
        Just("Microsoft.Security/*".to_owned()),
        Just("Microsoft.Compute/*/READ".to_owned()),
    ]
}

fn a_permission() -> impl Strategy<Value = Permission> {
    (vec(a_pattern(), 0..3), vec(a_pattern(), 0..3))
        .prop_map(|(actions, not_actions)| Permission { actions, not_actions })
}

fn a_scope() -> impl Strategy<Value = String> {
    let vm = vm("web-01").to_string();
    let group = vm.split("/providers").next().unwrap_or_default().to_owned();
    let elsewhere = "/subscriptions/11111111-1bf0-4dda-aec3-cb9272f09590".to_owned();
    let above = "/providers/Microsoft.Management/managementGroups/root".to_owned();
    prop::sample::select(vec![above, SUBSCRIPTION.to_owned(), group, vm, elsewhere])
}

fn some_rights() -> impl Strategy<Value = AccessRights> {
    let role = (a_scope(), vec(a_permission(), 1..3));
    let role = role.prop_map(|(scope, permissions)| RoleAssignment { scope, permissions });
    let deny = (a_scope(), vec(a_permission(), 1..3));
    let deny = deny.prop_map(|(scope, permissions)| DenyAssignment { scope, permissions });
    (vec(role, 0..4), vec(deny, 0..3))
        .prop_map(|(assignments, deny_assignments)| AccessRights { assignments, deny_assignments })
}

/// What is had before and not after, or after and not before.
fn gained(before: VmRights, after: VmRights) -> Vec<Right> {
    Right::ALL.into_iter().filter(|right| after.has(*right) && !before.has(*right)).collect()
}

proptest! {
    #[test]
    fn a_pattern_matches_what_its_stars_can_stand_for(pattern in a_pattern(), action in an_action()) {
        prop_assert_eq!(matches_action(&pattern, &action), matches_slowly(&pattern, &action));
    }

    #[test]
    fn a_pattern_matches_whatever_its_stars_are_filled_with(
        parts in vec("[a-z/]{0,5}", 2..5), fill in "[a-z/]{0,4}",
    ) {
        prop_assert!(matches_action(&parts.join("*"), &parts.join(&fill)));
    }

    #[test]
    fn case_never_matters(pattern in a_pattern(), action in an_action()) {
        let expected = matches_action(&pattern, &action);
        prop_assert_eq!(matches_action(&pattern.to_uppercase(), &action), expected);
        prop_assert_eq!(matches_action(&pattern, &action.to_uppercase()), expected);
    }

    #[test]
    fn one_more_deny_assignment_gives_nothing(mut rights in some_rights(), scope in a_scope(), entry in a_permission()) {
        let before = rights.on_vm(&vm("web-01"));
        rights.deny_assignments.push(denied(&scope, entry));
        prop_assert_eq!(gained(before, rights.on_vm(&vm("web-01"))), []);
    }

    #[test]
    fn one_more_not_action_gives_nothing(mut rights in some_rights(), pattern in a_pattern()) {
        let before = rights.on_vm(&vm("web-01"));
        for role in &mut rights.assignments {
            role.permissions[0].not_actions.push(pattern.clone());
        }
        prop_assert_eq!(gained(before, rights.on_vm(&vm("web-01"))), []);
    }

    #[test]
    fn one_more_role_takes_nothing(mut rights in some_rights(), scope in a_scope(), entry in a_permission()) {
        let before = rights.on_vm(&vm("web-01"));
        rights.assignments.extend(at(&scope, entry).assignments);
        prop_assert_eq!(gained(rights.on_vm(&vm("web-01")), before), []);
    }

    #[test]
    fn what_is_given_is_in_some_role_at_or_above_and_denied_in_none(rights in some_rights(), action in an_action()) {
        let target = vm("web-01").to_string();
        let here = |scope: &str| !scope.contains("11111111");
        let covers = |entry: &Permission| {
            entry.actions.iter().any(|pattern| matches_slowly(pattern, &action))
                && !entry.not_actions.iter().any(|pattern| matches_slowly(pattern, &action))
        };
        let given = rights.assignments.iter().any(|one| here(&one.scope) && one.permissions.iter().any(covers));
        let denied = rights.deny_assignments.iter().any(|one| here(&one.scope) && one.permissions.iter().any(covers));
        prop_assert_eq!(rights.may(&action, &target), given && !denied);
    }
}

pub(super) fn permission(actions: &[&str], not_actions: &[&str]) -> Permission {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Permission { actions: owned(actions), not_actions: owned(not_actions) }
}

pub(super) fn at(scope: &str, permission: Permission) -> AccessRights {
    let assignment = RoleAssignment { scope: scope.to_owned(), permissions: vec![permission] };
    AccessRights { assignments: vec![assignment], deny_assignments: vec![] }
}

pub(super) fn denied(scope: &str, permission: Permission) -> DenyAssignment {
    DenyAssignment { scope: scope.to_owned(), permissions: vec![permission] }
}
