use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::nsg_view::show_nsg;
use super::operations;
use super::read::missing;
use super::rule_check::{checked_properties, require_fits, require_rule_name};
use super::rules::location_of;
use crate::faults::locked;
use crate::reply::Reply;
use crate::world::{Change, child, set_state};

pub(super) fn bad_request(code: &str, message: impl Into<String>) -> Reply {
    Reply::error(StatusCode::BAD_REQUEST, code, message)
}

/// One write at a time: a resource that another write holds refuses this one.
pub(super) fn require_unlocked(call: &Call<'_>, id: &str) -> Result<(), Reply> {
    if call.core.world.is_locked(id) { Err(locked(1)) } else { Ok(()) }
}

pub(super) fn put_nsg(call: &mut Call<'_>) -> Answer {
    let mut body = object(call)?;
    let given = body["properties"]["securityRules"].take();
    let mut rules = json!({"properties": {"securityRules": []}});
    for rule in given.as_array().into_iter().flatten() {
        let name = require_rule_name(rule["name"].as_str().unwrap_or_default())?;
        let properties = checked_properties(name, rule)?;
        require_fits(&rules, name, &properties)?;
        let id = format!("{}/securityRules/{name}", call.place.path);
        let kind = "Microsoft.Network/networkSecurityGroups/securityRules";
        let etag = call.core.ids.etag();
        let rule = json!({"name": name, "id": id, "type": kind, "etag": etag, "properties": properties});
        if let Some(list) = rules["properties"]["securityRules"].as_array_mut() {
            list.push(rule);
        }
    }
    body["properties"]["securityRules"] = rules["properties"]["securityRules"].take();
    for computed in ["defaultSecurityRules", "networkInterfaces", "subnets"] {
        body["properties"].as_object_mut().map(|properties| properties.remove(computed));
    }
    put(call, body)
}

pub(super) fn put_nic(call: &mut Call<'_>) -> Answer {
    let body = object(call)?;
    let configurations = body["properties"]["ipConfigurations"].as_array();
    if configurations.is_none_or(Vec::is_empty) {
        let message = "Cannot parse the request. Required property 'ipConfigurations' not found in JSON.";
        return Err(bad_request("InvalidRequestFormat", message));
    }
    let nsg = &body["properties"]["networkSecurityGroup"];
    require_reference(call, nsg)?;
    for configuration in configurations.into_iter().flatten() {
        require_subnet(call, &configuration["properties"]["subnet"])?;
        require_reference(call, &configuration["properties"]["publicIPAddress"])?;
    }
    put(call, body)
}

pub(super) fn put_firewall(call: &mut Call<'_>) -> Answer {
    let body = object(call)?;
    for collection in body["properties"]["natRuleCollections"].as_array().into_iter().flatten() {
        let priority = collection["properties"]["priority"].as_i64();
        if collection["name"].as_str().is_none_or(str::is_empty) {
            return Err(bad_request(
                "InvalidRequestFormat",
                "Cannot parse the request. A rule collection has no name.",
            ));
        }
        if priority.is_none_or(|priority| !(100..=65_000).contains(&priority)) {
            let message = "The priority of a rule collection must be between 100 and 65000.";
            return Err(bad_request("AzureFirewallRuleCollectionInvalidPriority", message));
        }
    }
    let has_rules = |name: &str| body["properties"][name].as_array().is_some_and(|rules| !rules.is_empty());
    if body["properties"]["firewallPolicy"]["id"].is_string() && has_rules("natRuleCollections") {
        let message = "Azure Firewall cannot have both a firewall policy and rule collections.";
        return Err(bad_request("AzureFirewallPolicyAndRuleCollectionsConflict", message));
    }
    put(call, body)
}

pub(super) fn delete_nsg(call: &mut Call<'_>) -> Answer {
    if call.core.world.attachments().has_any(&call.place.key) {
        let message = format!(
            "Network security group {} cannot be deleted because it is in use by a network interface or a subnet.",
            call.place.path
        );
        return Err(bad_request("InUseNetworkSecurityGroupCannotBeDeleted", message));
    }
    delete(call)
}

pub(super) fn delete_vm(call: &mut Call<'_>) -> Answer {
    delete(call)
}

fn delete(call: &mut Call<'_>) -> Answer {
    let key = call.place.key.clone();
    let Some(body) = call.core.world.get(&key) else { return Ok(Reply::empty(StatusCode::NO_CONTENT)) };
    let location = location_of(body);
    require_unlocked(call, &key)?;
    let (started, ()) = operations::start(call, Change::Delete { id: key }, &location, |_| ());
    Ok(started.deletion())
}

/// Takes a whole resource; what the provider assigns is kept from the existing one.
fn put(call: &mut Call<'_>, mut body: Value) -> Answer {
    let key = call.place.key.clone();
    require_unlocked(call, &key)?;
    let existing = call.core.world.get(&key).cloned();
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

fn object(call: &Call<'_>) -> Result<Value, Reply> {
    let body = call.json()?;
    if body["properties"].is_object() {
        return Ok(body);
    }
    Err(bad_request("InvalidRequestFormat", "Cannot parse the request. 'properties' must be an object."))
}

fn require_reference(call: &Call<'_>, reference: &Value) -> Result<(), Reply> {
    match reference["id"].as_str() {
        Some(id) if call.core.world.get(id).is_none() => Err(invalid_reference(call, id)),
        _ => Ok(()),
    }
}

fn require_subnet(call: &Call<'_>, reference: &Value) -> Result<(), Reply> {
    let Some(id) = reference["id"].as_str() else { return Err(missing(call)) };
    let lower = id.to_ascii_lowercase();
    let found = lower
        .rsplit_once("/subnets/")
        .and_then(|(vnet, name)| call.core.world.get(vnet).and_then(|vnet| child(vnet, "subnets", name)));
    if found.is_some() { Ok(()) } else { Err(invalid_reference(call, id)) }
}

fn invalid_reference(call: &Call<'_>, id: &str) -> Reply {
    let message = format!("Resource {id} referenced by resource {} was not found.", call.place.path);
    bad_request("InvalidResourceReference", message)
}
