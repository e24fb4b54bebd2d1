use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::rule_check::{checked_properties, require_fits, require_groups, require_rule_name};
use super::write::{bad_request, delete as delete_any, object, put as put_any};
use crate::reply::Reply;
use crate::world::{child, set_state};

/// A stand-in: how Azure calls the feature is not published.
const FLUSH_FEATURE: &str = "Microsoft.Network/AllowNsgFlushConnection";
/// What an NSG shows but does not take.
const COMPUTED: [&str; 3] = ["defaultSecurityRules", "networkInterfaces", "subnets"];

pub(super) fn put(call: &mut Call<'_>) -> Answer {
    let mut body = object(call)?;
    require_flush(call, &body["properties"]["flushConnection"])?;
    let given = body["properties"]["securityRules"].take();
    body["properties"]["securityRules"] = checked_rules(call, &given)?;
    if let Some(properties) = body["properties"].as_object_mut() {
        properties.retain(|field, value| {
            let is_unset = field == "flushConnection" && value.is_null();
            !COMPUTED.contains(&field.as_str()) && !is_unset
        });
    }
    put_any(call, body)
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    if call.core.world.attachments().has_any(&call.place.key) {
        let message = format!(
            "Network security group {} cannot be deleted because it is in use by a network interface or a subnet.",
            call.place.path
        );
        return Err(bad_request("InUseNetworkSecurityGroupCannotBeDeleted", message));
    }
    delete_any(call)
}

fn require_flush(call: &Call<'_>, wanted: &Value) -> Result<(), Reply> {
    if !wanted.is_null() && !wanted.is_boolean() {
        let message = "Cannot parse the request. The value of 'flushConnection' has the wrong type.";
        return Err(bad_request("InvalidRequestFormat", message));
    }
    if *wanted != true || call.core.settings.flush_connection {
        return Ok(());
    }
    let subscription = call.place.subscription().unwrap_or_default();
    let message = format!(
        "Subscription {subscription} is not registered for feature {FLUSH_FEATURE} required to carry out the \
         requested operation."
    );
    Err(Reply::error(StatusCode::CONFLICT, "SubscriptionNotRegisteredForFeature", message))
}

fn checked_rules(call: &mut Call<'_>, given: &Value) -> Result<Value, Reply> {
    let existing = call.core.world.get(&call.place.key).cloned().unwrap_or_default();
    let path = existing["id"].as_str().unwrap_or(&call.place.path).to_owned();
    let mut rules = json!({"properties": {"securityRules": []}});
    for rule in given.as_array().into_iter().flatten() {
        let name = require_rule_name(rule["name"].as_str().unwrap_or_default())?;
        let properties = checked_properties(name, rule)?;
        require_groups(call, &properties)?;
        require_fits(&rules, name, &properties)?;
        if child(&rules, "securityRules", name).is_some() {
            let message = format!("The security rule name {name} is used more than once.");
            return Err(bad_request("InvalidRequestFormat", message));
        }
        let etag = call.core.ids.etag();
        let rule = of_the_nsg(&path, name, properties, &etag, child(&existing, "securityRules", name));
        if let Some(list) = rules["properties"]["securityRules"].as_array_mut() {
            list.push(rule);
        }
    }
    Ok(rules["properties"]["securityRules"].take())
}

/// A rule that the write leaves as it was keeps its version too.
fn of_the_nsg(nsg: &str, name: &str, properties: Value, etag: &str, existing: Option<&Value>) -> Value {
    let kind = "Microsoft.Network/networkSecurityGroups/securityRules";
    let name = existing.and_then(|rule| rule["name"].as_str()).unwrap_or(name);
    let id = format!("{nsg}/securityRules/{name}");
    let mut rule = json!({"name": name, "id": id, "type": kind, "etag": etag, "properties": properties});
    set_state(&mut rule, "Succeeded");
    match existing {
        Some(same) if same["properties"] == rule["properties"] => same.clone(),
        _ => rule,
    }
}
