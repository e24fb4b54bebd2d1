//! Azure's role-based access control, evaluated as ARM does: who may do what to which resource.

mod rights;

use serde::{Deserialize, Serialize};

pub use self::rights::{Right, VmRights, action};

/// One entry of a role: actions with wildcards, less `not_actions` of the same entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    pub actions: Vec<String>,
    pub not_actions: Vec<String>,
}

impl Permission {
    /// Whether it gives one of several actions and takes none of them away.
    fn grants_one_of(&self, actions: &[&str]) -> bool {
        let names = |patterns: &[String]| {
            patterns.iter().any(|pattern| actions.iter().any(|action| matches_action(pattern, action)))
        };
        names(&self.actions) && !names(&self.not_actions)
    }

    /// Whether, in a deny assignment, it takes one of several actions away.
    fn takes_one_of(&self, actions: &[&str]) -> bool {
        actions.iter().any(|action| self.grants_one_of(&[action]))
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
        self.is_given(&[action], target) && !self.is_denied(&[action], target)
    }

    /// Whether some role at the target, or above it, gives one of several actions.
    fn is_given(&self, actions: &[&str], target: &str) -> bool {
        self.assignments.iter().any(|role| {
            covers(&role.scope, target) && role.permissions.iter().any(|p| p.grants_one_of(actions))
        })
    }

    /// Whether one of several actions is denied at the target, or above it.
    fn is_denied(&self, actions: &[&str], target: &str) -> bool {
        self.deny_assignments.iter().any(|deny| {
            covers(&deny.scope, target) && deny.permissions.iter().any(|p| p.takes_one_of(actions))
        })
    }
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
mod tests;
