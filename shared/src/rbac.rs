//! Azure's role-based access control, evaluated as ARM does: who may do what to which resource.

use serde::{Deserialize, Serialize};

use crate::vm::VmId;

/// Actions that Postern asks about, in Azure's words (`azure/facts` §2.6).
pub mod action {
    pub const READ_VM: &str = "Microsoft.Compute/virtualMachines/read";
    pub const WRITE_VM: &str = "Microsoft.Compute/virtualMachines/write";
    pub const READ_POLICY: &str = "Microsoft.Security/locations/jitNetworkAccessPolicies/read";
    pub const WRITE_POLICY: &str = "Microsoft.Security/locations/jitNetworkAccessPolicies/write";
    pub const INITIATE: &str = "Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action";
}

/// One entry of a role: actions with wildcards, less `not_actions` of the same entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    pub actions: Vec<String>,
    pub not_actions: Vec<String>,
}

impl Permission {
    fn grants(&self, action: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches_action(pattern, action));
        any(&self.actions) && !any(&self.not_actions)
    }
}

/// A role given to a principal at a scope, with the role's permissions looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAssignment {
    /// `/`, a management group, a subscription, a resource group or a resource.
    pub scope: String,
    pub permissions: Vec<Permission>,
}

/// Actions taken away from a principal at a scope, whatever its roles say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenyAssignment {
    pub scope: String,
    pub permissions: Vec<Permission>,
}

/// Everything that ARM says of one principal's access in one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRights {
    pub assignments: Vec<RoleAssignment>,
    pub deny_assignments: Vec<DenyAssignment>,
}

impl AccessRights {
    /// Whether the principal may do `action` to the resource or scope `target`.
    pub fn may(&self, action: &str, target: &str) -> bool {
        let denied = self
            .deny_assignments
            .iter()
            .any(|deny| covers(&deny.scope, target) && deny.permissions.iter().any(|p| p.grants(action)));
        !denied
            && self
                .assignments
                .iter()
                .any(|role| covers(&role.scope, target) && role.permissions.iter().any(|p| p.grants(action)))
    }

    /// What the principal may do to a VM in Postern, from the table of Azure's own JIT.
    pub fn on_vm(&self, vm: &VmId) -> VmRights {
        let target = vm.to_string();
        let may = |action| self.may(action, &target);
        let read = may(action::READ_VM);
        VmRights {
            read,
            request: read && may(action::READ_POLICY) && may(action::INITIATE),
            configure: read && may(action::WRITE_POLICY) && may(action::WRITE_VM),
        }
    }
}

/// What a caller may do to one VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VmRights {
    /// See the VM, its policy and its activity.
    pub read: bool,
    /// Ask for openings, and close its own.
    pub request: bool,
    /// Enable, change and remove JIT, and close anybody's opening.
    pub configure: bool,
}

impl VmRights {
    pub const NONE: Self = Self { read: false, request: false, configure: false };
}

/// Whether a role at `scope` reaches `target`: the same, or an ancestor of it, by whole path segments.
///
/// ARM lists for a subscription only those management groups that the subscription is below, so each of them covers it.
fn covers(scope: &str, target: &str) -> bool {
    const MANAGEMENT_GROUP: &str = "/providers/microsoft.management/managementgroups/";
    let scope = scope.trim_end_matches('/').to_lowercase();
    if scope.is_empty() || scope.starts_with(MANAGEMENT_GROUP) {
        return true;
    }
    let target = target.trim_end_matches('/').to_lowercase();
    target.strip_prefix(&scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether an action pattern matches: `*` stands for any run of characters, case does not matter.
fn matches_action(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| action.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decision::tests::vm;

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
            ("", action::READ_VM, false),
        ] {
            assert_eq!(matches_action(pattern, action), expected, "{pattern} on {action}");
        }
    }

    #[test]
    fn not_actions_take_away_only_from_their_own_entry() {
        let contributor_less_vm = permission(&["*"], &["Microsoft.Compute/*"]);
        let mut rights = at("/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590", contributor_less_vm);
        assert!(!rights.on_vm(&vm("web-01")).read);
        rights.assignments[0].permissions.push(permission(&[action::READ_VM], &[]));
        assert!(rights.on_vm(&vm("web-01")).read);
    }

    #[test]
    fn a_deny_assignment_wins_over_every_role() {
        let mut rights = at("/", permission(&["*"], &[]));
        assert!(rights.on_vm(&vm("web-01")).request);
        let permissions = vec![permission(&["*/initiate/action"], &[])];
        rights.deny_assignments = vec![DenyAssignment { scope: "/".to_owned(), permissions }];
        assert_eq!(rights.on_vm(&vm("web-01")), VmRights { read: true, request: false, configure: true });
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
    fn the_least_privileged_jit_role_suffices_to_request_and_no_more() {
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
        let rights = at("/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg", role);
        assert_eq!(rights.on_vm(&vm("web-01")), VmRights { read: true, request: true, configure: false });
    }

    #[test]
    fn no_assignment_is_no_right() {
        assert_eq!(AccessRights::default().on_vm(&vm("web-01")), VmRights::NONE);
    }

    proptest! {
        #[test]
        fn a_pattern_matches_whatever_its_stars_are_filled_with(parts in proptest::collection::vec("[a-z/]{0,5}", 1..5), fill in "[a-z/]{0,4}") {
            prop_assert!(matches_action(&parts.join("*"), &parts.join(&fill)) || (parts.len() == 1));
        }
    }

    fn permission(actions: &[&str], not_actions: &[&str]) -> Permission {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Permission { actions: owned(actions), not_actions: owned(not_actions) }
    }

    fn at(scope: &str, permission: Permission) -> AccessRights {
        let assignment = RoleAssignment { scope: scope.to_owned(), permissions: vec![permission] };
        AccessRights { assignments: vec![assignment], deny_assignments: vec![] }
    }
}
