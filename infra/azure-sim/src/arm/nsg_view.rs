use serde_json::{Value, json};

use crate::world::Attachments;

/// An NSG with its default rules and what it is attached to.
pub(super) fn show_nsg(nsg: &Value, attachments: &Attachments) -> Value {
    let mut shown = nsg.clone();
    let id = nsg["id"].as_str().unwrap_or_default();
    let key = id.to_ascii_lowercase();
    shown["properties"]["defaultSecurityRules"] = default_rules(id).into();
    if shown["properties"]["flushConnection"].is_null() {
        shown["properties"]["flushConnection"] = false.into();
    }
    if let Some(interfaces) = attachments.interfaces(&key) {
        shown["properties"]["networkInterfaces"] = interfaces.clone().into();
    }
    if let Some(subnets) = attachments.subnets(&key) {
        shown["properties"]["subnets"] = subnets.clone().into();
    }
    shown
}

/// The six rules that every NSG has and nobody can change.
pub(super) fn default_rules(nsg: &str) -> Vec<Value> {
    let (vnet, any) = ("VirtualNetwork", "*");
    vec![
        rule(nsg, "AllowVnetInBound", "Allow inbound traffic from all VMs in VNET", (vnet, vnet), 65_000),
        rule(
            nsg,
            "AllowAzureLoadBalancerInBound",
            "Allow inbound traffic from azure load balancer",
            ("AzureLoadBalancer", any),
            65_001,
        ),
        rule(nsg, "DenyAllInBound", "Deny all inbound traffic", (any, any), 65_500),
        rule(
            nsg,
            "AllowVnetOutBound",
            "Allow outbound traffic from all VMs to all VMs in VNET",
            (vnet, vnet),
            65_000,
        ),
        rule(
            nsg,
            "AllowInternetOutBound",
            "Allow outbound traffic from all VMs to Internet",
            (any, "Internet"),
            65_001,
        ),
        rule(nsg, "DenyAllOutBound", "Deny all outbound traffic", (any, any), 65_500),
    ]
}

/// `between`: source and destination. Access and direction are in the name.
fn rule(nsg: &str, name: &str, description: &str, between: (&str, &str), priority: u32) -> Value {
    json!({
        "name": name,
        "id": format!("{nsg}/defaultSecurityRules/{name}"),
        "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
        "properties": {
            "provisioningState": "Succeeded", "description": description, "protocol": "*",
            "sourcePortRange": "*", "destinationPortRange": "*",
            "sourceAddressPrefix": between.0, "destinationAddressPrefix": between.1,
            "access": if name.starts_with("Allow") { "Allow" } else { "Deny" },
            "priority": priority,
            "direction": if name.ends_with("InBound") { "Inbound" } else { "Outbound" },
        },
    })
}
