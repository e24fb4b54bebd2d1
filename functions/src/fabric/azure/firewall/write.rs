//! To ARM's JSON, within the object that was read.

use serde_json::{Value, json};
use shared::{
    firewall::{NatCollection, NatRule},
    port::Protocol,
    rule::AddressMatch,
};

use super::read;
use crate::fabric::FabricError;

/// Puts the collection in place of that of its name; without rules, takes that away.
pub(super) fn put_collection(body: &mut Value, collection: &NatCollection) -> Result<(), FabricError> {
    let lists = body.pointer_mut("/properties/natRuleCollections").and_then(Value::as_array_mut);
    let lists =
        lists.ok_or_else(|| FabricError::Unintelligible { what: "a firewall's NAT rules".to_owned() })?;
    let is_named =
        |one: &Value| one["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(&collection.name));
    let at = lists.iter().position(is_named);
    let before = at.map(|at| lists[at].clone());
    let written = if collection.rules.is_empty() { None } else { Some(to_json(collection, before)?) };
    match (at, written) {
        (Some(at), Some(written)) => lists[at] = written,
        (Some(at), None) => _ = lists.remove(at),
        (None, Some(written)) => lists.push(written),
        (None, None) => {}
    }
    Ok(())
}

fn to_json(collection: &NatCollection, before: Option<Value>) -> Result<Value, FabricError> {
    let before = before.filter(|before| before["properties"].is_object());
    let known = before.as_ref().and_then(|before| before["properties"]["rules"].as_array());
    let rules: Result<Vec<Value>, FabricError> = collection
        .rules
        .iter()
        .map(|rule| match known.into_iter().flatten().find(|json| read::rule(json) == *rule) {
            Some(json) => Ok(json.clone()),
            None => rule_json(rule),
        })
        .collect();
    let rules = rules?;
    let mut json = before.unwrap_or_else(|| json!({"name": collection.name}));
    json["properties"]["priority"] = collection.priority.into();
    json["properties"]["action"] = json!({"type": "Dnat"});
    json["properties"]["rules"] = Value::Array(rules);
    Ok(json)
}

/// A rule that Postern wrote up: others are in the object already.
fn rule_json(rule: &NatRule) -> Result<Value, FabricError> {
    let unwritable =
        || FabricError::Unintelligible { what: format!("the NAT rule {} cannot be written", rule.name) };
    let to = rule.translated_address.filter(|_| !rule.vague).ok_or_else(unwritable)?;
    let port = rule.translated_port.ok_or_else(unwritable)?;
    let protocols = match rule.protocol {
        Protocol::Any => json!(["TCP", "UDP"]),
        Protocol::Tcp => json!(["TCP"]),
        Protocol::Udp => json!(["UDP"]),
    };
    let texts = |side: &std::collections::BTreeSet<AddressMatch>| {
        side.iter().map(address).collect::<Option<Vec<String>>>().ok_or_else(unwritable)
    };
    Ok(json!({
        "name": rule.name,
        "description": rule.description,
        "sourceAddresses": texts(&rule.sources)?,
        "destinationAddresses": texts(&rule.destinations)?,
        "destinationPorts": rule.ports.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "protocols": protocols,
        "translatedAddress": to.to_string(),
        "translatedPort": port.to_string(),
    }))
}

fn address(one: &AddressMatch) -> Option<String> {
    match one {
        AddressMatch::Any => Some("*".to_owned()),
        AddressMatch::Prefix(net) if net.prefix_len() == net.max_prefix_len() => Some(net.addr().to_string()),
        AddressMatch::Prefix(net) => Some(net.to_string()),
        AddressMatch::Tag(_) | AddressMatch::Group(_) => None,
    }
}
