use axum::http::StatusCode;
use serde_json::Value;

use super::Answer;
use super::call::Call;
use super::nsg_view::show_nsg;
use super::operations;
use super::place::Place;
use super::read::missing;
use super::rules::location_of;
use crate::faults::locked;
use crate::rbac;
use crate::reply::Reply;
use crate::world::{Change, child, set_state};

pub(super) fn bad_request(code: &str, message: impl Into<String>) -> Reply {
    Reply::error(StatusCode::BAD_REQUEST, code, message)
}

/// One write at a time: a resource that another write holds refuses this one.
pub(super) fn begin(call: &mut Call<'_>, key: &str) -> Result<(), Reply> {
    if call.core.world.is_locked(key) {
        return Err(locked(1));
    }
    call.core.world.remember(key, call.now);
    Ok(())
}

/// Whether what exists is the version that the caller knows.
pub(super) fn require_version(call: &Call<'_>, existing: Option<&Value>) -> Result<(), Reply> {
    let Some(wanted) = &call.if_match else { return Ok(()) };
    let is_it = existing.is_some_and(|body| wanted == "*" || body["etag"].as_str() == Some(wanted));
    if is_it {
        return Ok(());
    }
    let message = format!("The condition '{wanted}' in the If-Match header was not satisfied.");
    Err(Reply::error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message))
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let key = call.place.key.clone();
    let Some(body) = call.core.world.get(&key) else { return Ok(Reply::empty(StatusCode::NO_CONTENT)) };
    let location = location_of(body);
    require_version(call, Some(body))?;
    begin(call, &key)?;
    let (started, ()) = operations::start(call, Change::Delete { id: key }, &location, |_| ());
    Ok(started.deletion())
}

/// Takes a whole resource; what the provider assigns is kept from the existing one.
pub(super) fn put(call: &mut Call<'_>, mut body: Value) -> Answer {
    let key = call.place.key.clone();
    let existing = call.core.world.get(&key).cloned();
    require_version(call, existing.as_ref())?;
    begin(call, &key)?;
    let known = existing.clone().unwrap_or_default();
    let Some(location) = known["location"].as_str().or(body["location"].as_str()).map(str::to_owned) else {
        return Err(bad_request(
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    };
    let text = |field: &str, fallback: &str| known[field].as_str().unwrap_or(fallback).to_owned();
    body["id"] = text("id", &call.place.path).into();
    body["name"] = text("name", call.place.name()).into();
    body["type"] = text("type", &call.place.kind).into();
    body["location"] = location.clone().into();
    body["etag"] = call.core.ids.etag().into();
    match (&known["properties"]["resourceGuid"], existing.is_some()) {
        (Value::String(guid), _) => body["properties"]["resourceGuid"] = guid.clone().into(),
        (_, false) => body["properties"]["resourceGuid"] = call.core.ids.guid().into(),
        (_, true) => {}
    }
    set_state(&mut body, "Succeeded");
    call.core.world.show(&key, body);
    let attachments = call.core.world.attachments();
    let (started, shown) = operations::start(call, Change::Put { id: key.clone() }, &location, |call| {
        let body = call.core.world.get(&key);
        let is_nsg = key.contains("/networksecuritygroups/");
        body.map(|body| if is_nsg { show_nsg(body, &attachments) } else { body.clone() })
    });
    let status = if existing.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok(started.headers(Reply::json(status, shown.unwrap_or_default())))
}

pub(super) fn object(call: &Call<'_>) -> Result<Value, Reply> {
    let body = call.json()?;
    if body["properties"].is_object() {
        return Ok(body);
    }
    Err(bad_request("InvalidRequestFormat", "Cannot parse the request. 'properties' must be an object."))
}

/// A reference that is given must lead to something that the caller may join.
pub(super) fn require_reference(call: &Call<'_>, reference: &Value) -> Result<(), Reply> {
    let Some(id) = reference["id"].as_str() else { return Ok(()) };
    if call.core.world.get(id).is_none() {
        return Err(invalid_reference(call, id));
    }
    require_linked(call, id, "join/action")
}

/// The subnet that a reference names, which the caller must be allowed to join.
pub(super) fn subnet<'c>(call: &'c Call<'_>, reference: &Value) -> Result<&'c Value, Reply> {
    let Some(id) = reference["id"].as_str() else { return Err(missing(call)) };
    let lower = id.to_ascii_lowercase();
    let found = lower
        .rsplit_once("/subnets/")
        .and_then(|(vnet, name)| call.core.world.get(vnet).and_then(|vnet| child(vnet, "subnets", name)));
    let found = found.ok_or_else(|| invalid_reference(call, id))?;
    require_linked(call, id, "join/action")?;
    Ok(found)
}

/// Who writes a resource needs the right to what it refers to as well.
pub(super) fn require_linked(call: &Call<'_>, id: &str, operation: &str) -> Result<(), Reply> {
    let Some(place) = Place::parse(id) else { return Err(invalid_reference(call, id)) };
    let action = format!("{}/{operation}", place.kind);
    if rbac::is_allowed(&call.core.world, &call.caller.identities, &action, &place.key) {
        return Ok(());
    }
    let message = format!(
        "The client '{}' with object id '{}' has permission to perform action '{}/write' on scope '{}'; however, it \
         does not have permission to perform action(s) '{action}' on the linked scope(s) '{id}' (respectively) or \
         the linked scope(s) are invalid.",
        call.caller.name, call.caller.object_id, call.place.kind, call.place.path,
    );
    Err(Reply::error(StatusCode::FORBIDDEN, "LinkedAuthorizationFailed", message))
}

fn invalid_reference(call: &Call<'_>, id: &str) -> Reply {
    let message = format!("Resource {id} referenced by resource {} was not found.", call.place.path);
    bad_request("InvalidResourceReference", message)
}
