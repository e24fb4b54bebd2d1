use serde_json::{Value, json};

use super::support::PROD;

/// The id of a network resource in the group of the demo's production machines.
pub(crate) fn network(kind: &str, name: &str) -> String {
    network_in("prod-rg", kind, name)
}

pub(crate) fn network_in(group: &str, kind: &str, name: &str) -> String {
    format!("{PROD}/resourceGroups/{group}/providers/Microsoft.Network/{kind}/{name}")
}

pub(crate) fn vm(name: &str) -> String {
    format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines/{name}")
}

/// The id of an NSG in the group of the demo's production machines.
pub(crate) fn nsg(name: &str) -> String {
    format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Network/networkSecurityGroups/{name}")
}

pub(crate) fn rule(nsg_name: &str, name: &str) -> String {
    format!("{}/securityRules/{name}", nsg(nsg_name))
}

/// A rule that lets one address in to port 22 of `web-01`.
pub(crate) fn lease(priority: i64) -> Value {
    json!({"properties": {
        "protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": priority,
        "sourcePortRange": "*", "destinationPortRange": "22",
        "sourceAddressPrefix": "203.0.113.7", "destinationAddressPrefix": "10.1.0.4",
    }})
}

/// The same rule with other properties; `null` takes one away.
pub(crate) fn lease_with(changes: Value) -> Value {
    let mut rule = lease(150);
    let properties = rule["properties"].as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            properties.remove(name);
        } else {
            properties.insert(name.clone(), value.clone());
        }
    }
    rule
}
