use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;
use serde_json::Value;

use super::Protocol;
use super::address::{has_port, is_load_balancer, is_private};
use super::way::Way;
use crate::world::World;

/// The rule of one NSG that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Decision {
    nsg: String,
    rule: String,
    priority: u64,
    pub(super) access: &'static str,
}

pub(super) fn decide(world: &World, nsg: &Value, way: &Way<'_>) -> Decision {
    let name = nsg["name"].as_str().unwrap_or_default();
    let custom = world.rules_in_effect(nsg["id"].as_str().unwrap_or_default());
    let matching = custom.iter().filter(|rule| way.matches(&rule["properties"]));
    let first = matching.min_by_key(|rule| rule["properties"]["priority"].as_u64());
    let decision = |rule: &str, priority, access| Decision {
        nsg: name.to_owned(),
        rule: rule.to_owned(),
        priority,
        access,
    };
    if let Some(rule) = first {
        let properties = &rule["properties"];
        let is_allow =
            properties["access"].as_str().is_some_and(|access| access.eq_ignore_ascii_case("allow"));
        let rule = rule["name"].as_str().unwrap_or_default();
        let priority = properties["priority"].as_u64().unwrap_or_default();
        return decision(rule, priority, if is_allow { "Allow" } else { "Deny" });
    }
    if way.is_inside(way.packet.source) {
        return decision("AllowVnetInBound", 65_000, "Allow");
    }
    if is_load_balancer(way.packet.source) {
        return decision("AllowAzureLoadBalancerInBound", 65_001, "Allow");
    }
    decision("DenyAllInBound", 65_500, "Deny")
}

impl Way<'_> {
    fn matches(&self, rule: &Value) -> bool {
        let is =
            |field: &str, text: &str| rule[field].as_str().is_some_and(|own| own.eq_ignore_ascii_case(text));
        let protocol = if self.packet.protocol == Protocol::Tcp { "tcp" } else { "udp" };
        is("direction", "inbound")
            && (is("protocol", "*") || is("protocol", protocol))
            && has_port(values(rule, "sourcePortRange"), self.packet.source_port)
            && has_port(values(rule, "destinationPortRange"), self.packet.port)
            && values(rule, "sourceAddressPrefix").any(|prefix| self.is_in(prefix, self.packet.source))
            && values(rule, "destinationAddressPrefix").any(|prefix| self.is_in(prefix, self.destination))
    }

    fn is_in(&self, prefix: &str, address: IpAddr) -> bool {
        if let Ok(net) = prefix.parse::<IpNet>() {
            return net.contains(&address);
        }
        if let Ok(one) = prefix.parse::<IpAddr>() {
            return one == address;
        }
        match prefix.to_ascii_lowercase().as_str() {
            "*" | "any" => true,
            "virtualnetwork" => self.is_inside(address),
            "internet" => !self.is_inside(address) && !is_private(address) && !is_load_balancer(address),
            "azureloadbalancer" => is_load_balancer(address),
            _ => false,
        }
    }
}

/// The values of a property that is written in the singular or in the plural.
fn values<'a>(rule: &'a Value, singular: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let plural = match singular {
        "sourceAddressPrefix" => "sourceAddressPrefixes",
        "destinationAddressPrefix" => "destinationAddressPrefixes",
        "sourcePortRange" => "sourcePortRanges",
        _ => "destinationPortRanges",
    };
    let several = rule[plural].as_array().into_iter().flatten().filter_map(Value::as_str);
    rule[singular].as_str().into_iter().chain(several)
}
