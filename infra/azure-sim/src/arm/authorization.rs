use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::paging::page;
use super::read::missing;
use super::write::bad_request;
use crate::rbac;
use crate::reply::Reply;
use crate::world::is_within;

/// One clause of `$filter`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Clause {
    AtScope,
    AssignedTo(String),
    PrincipalIs(String),
    RoleNameIs(String),
    TypeIs(String),
}

pub(super) fn role_assignments(call: &mut Call<'_>) -> Answer {
    assignments(call, "roleassignments")
}

pub(super) fn deny_assignments(call: &mut Call<'_>) -> Answer {
    assignments(call, "denyassignments")
}

/// Those at the scope, above it and, unless `atScope()` is asked for, below it.
fn assignments(call: &mut Call<'_>, kind: &str) -> Answer {
    let world = &call.core.world;
    if !call.place.is_list {
        let found = world.get(&call.place.key).ok_or_else(|| missing(call))?;
        return Ok(Reply::ok(found.clone()));
    }
    let clauses = clauses(call)?;
    let here_only = clauses.contains(&Clause::AtScope);
    let scope = &call.place.scope;
    let concerns = |assignment: &Value| {
        let at = rbac::scope_of(assignment);
        let is_near = rbac::covers(world, &at, scope) || (!here_only && is_within(&at, scope));
        is_near && clauses.iter().all(|clause| holds(call, clause, assignment))
    };
    let all = world.authorization_of(kind).filter(|(_, assignment)| concerns(assignment));
    let keys: Vec<String> = all.map(|(key, _)| key.to_owned()).collect();
    page(call, &keys, |key| world.get(key).cloned())
}

fn holds(call: &Call<'_>, clause: &Clause, assignment: &Value) -> bool {
    match clause {
        Clause::AtScope => true,
        Clause::AssignedTo(id) => names_one_of(assignment, &call.directory.identities(id)),
        Clause::PrincipalIs(id) => names_one_of(assignment, std::slice::from_ref(id)),
        Clause::RoleNameIs(_) | Clause::TypeIs(_) => false,
    }
}

/// Role assignments have one principal, deny assignments several.
fn names_one_of(assignment: &Value, identities: &[String]) -> bool {
    let properties = &assignment["properties"];
    let several = properties["principals"].as_array().into_iter().flatten();
    rbac::is_one_of(&properties["principalId"], identities)
        || several.map(|principal| &principal["id"]).any(|id| rbac::is_one_of(id, identities))
}

pub(super) fn role_definitions(call: &mut Call<'_>) -> Answer {
    let world = &call.core.world;
    let prefix = scope_prefix(&call.place.path);
    if !call.place.is_list {
        let found = rbac::definition_by_guid(world, call.place.name()).ok_or_else(|| {
            let message = format!("The role definition with ID '{}' was not found.", call.place.name());
            Reply::error(StatusCode::NOT_FOUND, "RoleDefinitionDoesNotExist", message)
        })?;
        return Ok(Reply::ok(under(found, prefix)));
    }
    let clauses = clauses(call)?;
    let is = |value: &Value, text: &str| value.as_str().is_some_and(|own| own.eq_ignore_ascii_case(text));
    let matches = |definition: &Value| {
        clauses.iter().all(|clause| match clause {
            Clause::AtScope => true,
            Clause::RoleNameIs(name) => is(&definition["properties"]["roleName"], name),
            Clause::TypeIs(kind) => is(&definition["properties"]["type"], kind),
            Clause::AssignedTo(_) | Clause::PrincipalIs(_) => false,
        })
    };
    let all = world.authorization_of("roledefinitions");
    let all = all.filter(|(_, definition)| is_assignable(call, definition) && matches(definition));
    let keys: Vec<String> = all.map(|(key, _)| key.to_owned()).collect();
    page(call, &keys, |key| world.get(key).map(|definition| under(definition, prefix)))
}

fn is_assignable(call: &Call<'_>, definition: &Value) -> bool {
    let scopes = definition["properties"]["assignableScopes"].as_array().into_iter().flatten();
    let mut scopes =
        scopes.filter_map(Value::as_str).map(|scope| scope.trim_end_matches('/').to_ascii_lowercase());
    scopes.any(|scope| rbac::covers(&call.core.world, &scope, &call.place.scope))
}

/// A definition is shown with the subscription under which it was asked for.
fn under(definition: &Value, prefix: &str) -> Value {
    let mut shown = definition.clone();
    let name = definition["name"].as_str().unwrap_or_default();
    shown["id"] = format!("{prefix}/providers/Microsoft.Authorization/roleDefinitions/{name}").into();
    shown
}

fn scope_prefix(path: &str) -> &str {
    let is_subscription = path.to_ascii_lowercase().starts_with("/subscriptions/");
    let end = path.match_indices('/').nth(2).map_or(path.len(), |(at, _)| at);
    if is_subscription { &path[..end] } else { "" }
}

/// What the caller may do at a scope, one entry for each role assignment.
pub(super) fn permissions(call: &mut Call<'_>) -> Answer {
    let all = rbac::permissions(&call.core.world, &call.caller.identities, &call.place.scope);
    let values: Vec<Value> = all.iter().map(rbac::Permission::to_value).collect();
    Ok(Reply::ok(json!({"value": values})))
}

fn clauses(call: &Call<'_>) -> Result<Vec<Clause>, Reply> {
    let Some(filter) = call.query("$filter").filter(|filter| !filter.trim().is_empty()) else {
        return Ok(Vec::new());
    };
    filter
        .split(" and ")
        .map(|part| clause(part.trim()))
        .collect::<Option<_>>()
        .ok_or_else(|| bad_request("UnsupportedQuery", format!("The filter '{filter}' is not supported.")))
}

fn clause(text: &str) -> Option<Clause> {
    if text.eq_ignore_ascii_case("atScope()") {
        return Some(Clause::AtScope);
    }
    if let Some(id) = between(text, "assignedTo('", "')") {
        return Some(Clause::AssignedTo(id));
    }
    let (field, value) = text.split_once(" eq ")?;
    let value = between(value.trim(), "'", "'")?;
    match field.trim().to_ascii_lowercase().as_str() {
        "principalid" => Some(Clause::PrincipalIs(value)),
        "rolename" => Some(Clause::RoleNameIs(value)),
        "type" => Some(Clause::TypeIs(value)),
        _ => None,
    }
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let has_start = text.get(..start.len())?.eq_ignore_ascii_case(start);
    let inner = text.get(start.len()..)?.strip_suffix(end)?;
    (has_start && !inner.contains('\'')).then(|| inner.to_owned())
}
