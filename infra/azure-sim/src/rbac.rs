//! Who may do what where: role assignments, role definitions and deny assignments, as ARM combines them.

use serde_json::{Value, json};

use crate::pattern::matches;
use crate::world::{World, is_within};

const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";

/// What one role assignment gives: the actions less the not-actions of the same role.
#[derive(Debug, Clone)]
pub(crate) struct Permission {
    actions: Vec<String>,
    not_actions: Vec<String>,
    data_actions: Vec<String>,
    not_data_actions: Vec<String>,
}

impl Permission {
    fn from_value(value: &Value) -> Self {
        Self {
            actions: texts(&value["actions"]),
            not_actions: texts(&value["notActions"]),
            data_actions: texts(&value["dataActions"]),
            not_data_actions: texts(&value["notDataActions"]),
        }
    }

    fn covers(&self, action: &str) -> bool {
        self.actions.iter().any(|pattern| matches(pattern, action))
            && !self.not_actions.iter().any(|pattern| matches(pattern, action))
    }

    pub(crate) fn to_value(&self) -> Value {
        json!({
            "actions": self.actions, "notActions": self.not_actions,
            "dataActions": self.data_actions, "notDataActions": self.not_data_actions,
        })
    }
}

/// `identities` are the caller and the caller's groups; `scope` is an id in lower case.
pub(crate) fn is_allowed(world: &World, identities: &[String], action: &str, scope: &str) -> bool {
    permissions(world, identities, scope).iter().any(|permission| permission.covers(action))
        && !is_denied(world, identities, action, scope)
}

/// What the caller's role assignments give at a scope.
pub(crate) fn permissions(world: &World, identities: &[String], scope: &str) -> Vec<Permission> {
    let assignments = world.authorization_of("roleassignments").map(|(_, assignment)| assignment);
    let mine = assignments.filter(|assignment| {
        is_one_of(&assignment["properties"]["principalId"], identities)
            && covers(world, &scope_of(assignment), scope)
    });
    mine.filter_map(|assignment| definition(world, assignment)).flat_map(permissions_of).collect()
}

/// Whether the caller has any role at, above or below a scope: what makes a subscription visible.
pub(crate) fn has_any_role(world: &World, identities: &[String], scope: &str) -> bool {
    world.authorization_of("roleassignments").any(|(_, assignment)| {
        let at = scope_of(assignment);
        is_one_of(&assignment["properties"]["principalId"], identities)
            && (covers(world, &at, scope) || is_within(&at, scope))
    })
}

/// Whether something assigned at `outer` holds at `scope`; both in lower case.
pub(crate) fn covers(world: &World, outer: &str, scope: &str) -> bool {
    outer.is_empty() || is_within(scope, outer) || world.is_above(outer, scope)
}

/// The scope of an assignment in lower case, without a slash at its end.
pub(crate) fn scope_of(assignment: &Value) -> String {
    let scope = assignment["properties"]["scope"].as_str().unwrap_or_default();
    scope.trim_end_matches('/').to_ascii_lowercase()
}

/// A role definition by the last segment of its id, under whatever scope it was named.
pub(crate) fn definition_by_guid<'a>(world: &'a World, guid: &str) -> Option<&'a Value> {
    let all = world.authorization_of("roledefinitions");
    all.map(|(_, definition)| definition)
        .find(|definition| definition["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(guid)))
}

pub(crate) fn is_one_of(id: &Value, identities: &[String]) -> bool {
    id.as_str().is_some_and(|id| identities.iter().any(|own| own.eq_ignore_ascii_case(id)))
}

fn definition<'a>(world: &'a World, assignment: &Value) -> Option<&'a Value> {
    let id = assignment["properties"]["roleDefinitionId"].as_str()?;
    definition_by_guid(world, id.rsplit('/').next()?)
}

fn permissions_of(definition: &Value) -> Vec<Permission> {
    let all = definition["properties"]["permissions"].as_array();
    all.into_iter().flatten().map(Permission::from_value).collect()
}

fn is_denied(world: &World, identities: &[String], action: &str, scope: &str) -> bool {
    world.authorization_of("denyassignments").any(|(_, deny)| {
        applies_at(world, deny, scope)
            && concerns(deny, identities)
            && permissions_of(deny).iter().any(|permission| permission.covers(action))
    })
}

fn applies_at(world: &World, deny: &Value, scope: &str) -> bool {
    let at = scope_of(deny);
    let here_only = deny["properties"]["doNotApplyToChildScopes"].as_bool().unwrap_or(false);
    if here_only { at == scope } else { covers(world, &at, scope) }
}

fn concerns(deny: &Value, identities: &[String]) -> bool {
    let named = |list: &Value| {
        let entries = list.as_array();
        entries
            .into_iter()
            .flatten()
            .any(|entry| entry["id"].as_str() == Some(EVERYBODY) || is_one_of(&entry["id"], identities))
    };
    named(&deny["properties"]["principals"]) && !named(&deny["properties"]["excludePrincipals"])
}

fn texts(list: &Value) -> Vec<String> {
    let entries = list.as_array();
    entries.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
