//! To ARM's JSON.

use serde_json::{Map, Value, json};
use shared::rule::{Access, AddressMatch, Direction, NsgRule, RuleProtocol};

/// The body of a PUT.
pub(in super::super) fn to_json(rule: &NsgRule) -> Value {
    let mut properties = Map::new();
    let mut set = |field: &str, value: Value| _ = properties.insert(field.to_owned(), value);
    set("description", json!(rule.description));
    set("protocol", json!(protocol(rule.protocol)));
    set("access", json!(if rule.access == Access::Allow { "Allow" } else { "Deny" }));
    set("direction", json!(if rule.direction == Direction::Inbound { "Inbound" } else { "Outbound" }));
    set("priority", json!(rule.priority.number()));
    for (side, addresses, ports) in [
        ("source", &rule.sources, &rule.source_ports),
        ("destination", &rule.destinations, &rule.destination_ports),
    ] {
        let (field, value) = one_or_several(ports.iter().map(ToString::to_string), "PortRange", "PortRanges");
        set(&format!("{side}{field}"), value);
        let prefixes: Vec<String> = addresses.iter().filter_map(prefix).collect();
        if !prefixes.is_empty() {
            let (field, value) = one_or_several(prefixes.into_iter(), "AddressPrefix", "AddressPrefixes");
            set(&format!("{side}{field}"), value);
        }
        let groups: Vec<Value> = addresses.iter().filter_map(group).collect();
        if !groups.is_empty() {
            set(&format!("{side}ApplicationSecurityGroups"), Value::Array(groups));
        }
    }
    json!({ "properties": properties })
}

/// ARM takes one element in the singular field and several in the plural one.
fn one_or_several(
    texts: impl Iterator<Item = String>,
    singular: &'static str,
    plural: &'static str,
) -> (&'static str, Value) {
    let mut texts: Vec<String> = texts.collect();
    match texts.len() {
        1 => (singular, json!(texts.remove(0))),
        _ => (plural, json!(texts)),
    }
}

fn prefix(address: &AddressMatch) -> Option<String> {
    match address {
        AddressMatch::Any => Some("*".to_owned()),
        AddressMatch::Prefix(net) if net.prefix_len() == net.max_prefix_len() => Some(net.addr().to_string()),
        AddressMatch::Prefix(net) => Some(net.to_string()),
        AddressMatch::Tag(tag) => Some(tag.clone()),
        AddressMatch::Group(_) => None,
    }
}

fn group(address: &AddressMatch) -> Option<Value> {
    match address {
        AddressMatch::Group(id) => Some(json!({ "id": id })),
        _ => None,
    }
}

const fn protocol(protocol: RuleProtocol) -> &'static str {
    match protocol {
        RuleProtocol::Any => "*",
        RuleProtocol::Tcp => "Tcp",
        RuleProtocol::Udp => "Udp",
        RuleProtocol::Icmp => "Icmp",
        RuleProtocol::Esp => "Esp",
        RuleProtocol::Ah => "Ah",
    }
}
