use axum::http::StatusCode;
use serde_json::Value;

use super::Answer;
use super::call::Call;
use super::nsg_view::{default_rules as defaults_of, show_nsg};
use super::paging::page;
use crate::rbac;
use crate::reply::Reply;
use crate::world::{Attachments, NSG, child, children};

/// The types that are resources of their own under a resource group.
pub(super) const KINDS: &[&str] = &[
    VM,
    "microsoft.classiccompute/virtualmachines",
    "microsoft.network/networkinterfaces",
    "microsoft.network/virtualnetworks",
    "microsoft.network/publicipaddresses",
    NSG,
    "microsoft.network/routetables",
    "microsoft.network/azurefirewalls",
];
const VM: &str = "microsoft.compute/virtualmachines";

pub(super) fn subscriptions(call: &mut Call<'_>) -> Answer {
    let world = &call.core.world;
    let mut keys = world.containers("/subscriptions");
    keys.retain(|key| rbac::has_any_role(world, &call.caller.identities, key));
    page(call, &keys, |key| world.get(key).cloned())
}

pub(super) fn resource_groups(call: &mut Call<'_>) -> Answer {
    let world = &call.core.world;
    page(call, &world.containers(&call.place.key), |key| world.get(key).cloned())
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let attachments = call.core.world.attachments();
    let world = &call.core.world;
    let kind = call.place.kind.to_ascii_lowercase();
    let keys: Vec<String> = world.keys_of(&call.place.scope, &kind).map(str::to_owned).collect();
    page(call, &keys, |key| seen(call, key).map(|body| show(call, &kind, body, &attachments)))
}

pub(super) fn resource(call: &mut Call<'_>) -> Answer {
    let attachments = call.core.world.attachments();
    let kind = call.place.kind.to_ascii_lowercase();
    let body = seen(call, &call.place.key).ok_or_else(|| missing(call))?;
    Ok(Reply::ok(show(call, &kind, body, &attachments)))
}

pub(super) fn instance_view(call: &mut Call<'_>) -> Answer {
    let vm = call.core.world.get(call.place.parent()).ok_or_else(|| missing(call))?;
    Ok(Reply::ok(vm["properties"]["instanceView"].clone()))
}

/// Sub-resources that their parent carries in one of its properties.
pub(super) fn nested(call: &mut Call<'_>, property: &str) -> Answer {
    let parent = seen(call, call.place.parent()).ok_or_else(|| missing(call))?;
    if !call.place.is_list {
        let found = child(parent, property, call.place.name()).ok_or_else(|| missing(call))?;
        return Ok(Reply::ok(found.clone()));
    }
    let own_name = |child: &Value| child["name"].as_str().map(str::to_ascii_lowercase);
    let mut keys: Vec<String> = children(parent, property).iter().filter_map(own_name).collect();
    keys.sort_unstable();
    page(call, &keys, |name| child(parent, property, name).cloned())
}

pub(super) fn default_rules(call: &mut Call<'_>) -> Answer {
    let nsg = call.core.world.get(call.place.parent()).ok_or_else(|| missing(call))?;
    let rules = defaults_of(nsg["id"].as_str().unwrap_or_default());
    if call.place.is_list {
        return Ok(Reply::ok(serde_json::json!({"value": rules})));
    }
    let is_it =
        |rule: &&Value| rule["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(call.place.name()));
    rules.iter().find(is_it).cloned().map(Reply::ok).ok_or_else(|| missing(call))
}

/// A resource as a read shows it, which may lag behind.
fn seen<'c>(call: &'c Call<'_>, key: &str) -> Option<&'c Value> {
    call.core.world.get_late(key, call.core.settings.stale_reads)
}

fn show(call: &Call<'_>, kind: &str, body: &Value, attachments: &Attachments) -> Value {
    match kind {
        VM => show_vm(call, body),
        NSG => show_nsg(body, attachments),
        _ => body.clone(),
    }
}

/// The instance view is left out unless it is asked for.
fn show_vm(call: &Call<'_>, body: &Value) -> Value {
    let asks = |name: &str, value: &str| call.query(name).is_some_and(|own| own.eq_ignore_ascii_case(value));
    let mut body = body.clone();
    if !asks("$expand", "instanceView")
        && !asks("statusOnly", "true")
        && let Some(properties) = body["properties"].as_object_mut()
    {
        properties.remove("instanceView");
    }
    body
}

pub(super) fn missing(call: &Call<'_>) -> Reply {
    let names = call.place.names.join("/");
    let message = match call.place.resource_group() {
        Some((group, _)) => format!(
            "The Resource '{}/{names}' under resource group '{group}' was not found. For more details please go to \
             https://aka.ms/ARMResourceNotFoundFix",
            call.place.kind
        ),
        None => format!("The Resource '{}/{names}' was not found.", call.place.kind),
    };
    Reply::error(StatusCode::NOT_FOUND, "ResourceNotFound", message)
}
