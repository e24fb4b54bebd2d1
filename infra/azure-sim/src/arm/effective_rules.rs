//! The rules that the network really applies to an interface.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::nsg_view::default_rules;
use super::operations;
use super::read::missing;
use super::rules::location_of;
use crate::reply::Reply;
use crate::world::{Change, World, child, children};

const RANGES: [(&str, &str); 2] =
    [("sourcePortRange", "sourcePortRanges"), ("destinationPortRange", "destinationPortRanges")];
const PREFIXES: [(&str, &str); 2] = [
    ("sourceAddressPrefix", "sourceAddressPrefixes"),
    ("destinationAddressPrefix", "destinationAddressPrefixes"),
];

/// The question, which is answered later.
pub(super) fn ask(call: &mut Call<'_>) -> Answer {
    let key = call.place.parent().to_owned();
    let nic = call.core.world.get(&key).ok_or_else(|| missing(call))?;
    let location = location_of(nic);
    let vm = nic["properties"]["virtualMachine"]["id"].as_str();
    if vm.and_then(|vm| call.core.world.power_of(vm)) != Some("running") {
        let message = "Effective security rules are known only while the network interface is attached to a \
                       running virtual machine.";
        return Err(Reply::error(StatusCode::CONFLICT, "NetworkInterfaceNotOnRunningVm", message));
    }
    let (started, ()) = operations::start(call, Change::EffectiveRules { nic: key }, &location, |_| ());
    call.effect_at = None;
    Ok(started.accepted())
}

pub(super) fn show(call: &Call<'_>, nic: &str) -> Answer {
    let world = &call.core.world;
    let Some(nic) = world.effective(nic) else { return Err(missing(call)) };
    let mut values = Vec::new();
    for configuration in children(nic, "ipConfigurations").iter().take(1) {
        if let Some(subnet) = subnet_of(world, configuration) {
            values.extend(of_holder(world, subnet, "subnet"));
        }
    }
    values.extend(of_holder(world, nic, "networkInterface"));
    Ok(Reply::ok(json!({"value": values})))
}

fn subnet_of<'a>(world: &'a World, configuration: &Value) -> Option<&'a Value> {
    let id = configuration["properties"]["subnet"]["id"].as_str()?.to_ascii_lowercase();
    let (vnet, name) = id.rsplit_once("/subnets/")?;
    child(world.effective(vnet)?, "subnets", name)
}

fn of_holder(world: &World, holder: &Value, association: &str) -> Option<Value> {
    let id = holder["properties"]["networkSecurityGroup"]["id"].as_str()?;
    let custom = world.rules_in_effect(id).iter().map(|rule| effective("securityRules", rule));
    let defaults = default_rules(id);
    let rules = custom.chain(defaults.iter().map(|rule| effective("defaultSecurityRules", rule)));
    Some(json!({
        "networkSecurityGroup": {"id": id},
        "association": {association: {"id": holder["id"]}},
        "effectiveSecurityRules": rules.collect::<Vec<_>>(),
    }))
}

/// A rule with port ranges written out.
fn effective(kind: &str, rule: &Value) -> Value {
    let properties = &rule["properties"];
    let protocol = properties["protocol"].as_str().map(|one| if one == "*" { "All" } else { one });
    let mut shown = json!({
        "name": format!("{kind}/{}", rule["name"].as_str().unwrap_or_default()),
        "protocol": protocol, "access": properties["access"], "priority": properties["priority"],
        "direction": properties["direction"],
    });
    for (one, several) in RANGES {
        let written = texts(properties, one, several).into_iter().map(written_out);
        fill(&mut shown, one, several, written.collect());
    }
    for (one, several) in PREFIXES {
        let written = texts(properties, one, several).into_iter().map(str::to_owned);
        fill(&mut shown, one, several, written.collect());
    }
    shown
}

fn fill(shown: &mut Value, one: &str, several: &str, texts: Vec<String>) {
    if let [only] = texts.as_slice() {
        shown[one] = only.as_str().into();
    }
    shown[several] = texts.into();
}

fn texts<'a>(properties: &'a Value, one: &str, several: &str) -> Vec<&'a str> {
    let list = properties[several].as_array().into_iter().flatten().filter_map(Value::as_str);
    properties[one].as_str().into_iter().chain(list).collect()
}

fn written_out(range: &str) -> String {
    match range {
        "*" => "0-65535".to_owned(),
        range if range.contains('-') => range.to_owned(),
        port => format!("{port}-{port}"),
    }
}
