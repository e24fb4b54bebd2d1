//! From ARM's JSON.

use std::{collections::BTreeSet, net::IpAddr};

use ipnet::IpNet;
use shared::{
    port::PortRange,
    rule::{Access, AddressMatch, Direction, NsgRule, RulePriority, RuleProtocol},
};

use super::{GroupJson, Properties, RuleJson};
use crate::fabric::FabricError;

/// A customer's rule or one of ours.
pub(in super::super) fn rule(json: RuleJson) -> Result<NsgRule, FabricError> {
    let number = json.properties.priority;
    let priority =
        RulePriority::new(number).map_err(|_| unreadable(&json.name, "priority", &number.to_string()))?;
    with_priority(json, priority)
}

/// One of Azure's own rules.
pub(in super::super) fn default_rule(json: RuleJson) -> Result<NsgRule, FabricError> {
    let priority = RulePriority::of_default_rule(json.properties.priority);
    with_priority(json, priority)
}

fn with_priority(
    RuleJson { name, properties }: RuleJson,
    priority: RulePriority,
) -> Result<NsgRule, FabricError> {
    let Properties { description, provisioning_state, protocol, access, direction, matches, .. } = properties;
    let fail = |(field, text): (&'static str, String)| unreadable(&name, field, &text);
    let sources = addresses(
        matches.source_address_prefix,
        matches.source_address_prefixes,
        matches.source_application_security_groups,
    );
    let destinations = addresses(
        matches.destination_address_prefix,
        matches.destination_address_prefixes,
        matches.destination_application_security_groups,
    );
    Ok(NsgRule {
        priority,
        direction: direction_of(&direction).ok_or_else(|| fail(("direction", direction)))?,
        access: access_of(&access).ok_or_else(|| fail(("access", access)))?,
        protocol: protocol_of(&protocol).ok_or_else(|| fail(("protocol", protocol)))?,
        sources: sources.map_err(|text| fail(("source", text)))?,
        source_ports: ports(matches.source_port_range, matches.source_port_ranges)
            .map_err(|text| fail(("source port", text)))?,
        destinations: destinations.map_err(|text| fail(("destination", text)))?,
        destination_ports: ports(matches.destination_port_range, matches.destination_port_ranges)
            .map_err(|text| fail(("destination port", text)))?,
        description: described(description.unwrap_or_default(), provisioning_state.as_deref()),
        name,
    })
}

/// A rule whose last write failed is listed as it was wanted and may not be in effect, or is to be gone and
/// may still be. Told so, it is equal to no rule that anybody wants, and is written or removed again.
fn described(mut description: String, state: Option<&str>) -> String {
    if state.is_some_and(|state| !state.eq_ignore_ascii_case("Succeeded")) {
        description.push_str(" [its last write failed in Azure]");
    }
    description
}

fn unreadable(rule: &str, field: &str, text: &str) -> FabricError {
    let text = if text.is_empty() { "nothing" } else { text };
    FabricError::Unintelligible { what: format!("the rule {rule} has the {field} {text}") }
}

fn direction_of(text: &str) -> Option<Direction> {
    match text.to_ascii_lowercase().as_str() {
        "inbound" => Some(Direction::Inbound),
        "outbound" => Some(Direction::Outbound),
        _ => None,
    }
}

fn access_of(text: &str) -> Option<Access> {
    match text.to_ascii_lowercase().as_str() {
        "allow" => Some(Access::Allow),
        "deny" => Some(Access::Deny),
        _ => None,
    }
}

fn protocol_of(text: &str) -> Option<RuleProtocol> {
    match text.to_ascii_lowercase().as_str() {
        "*" | "any" => Some(RuleProtocol::Any),
        "tcp" => Some(RuleProtocol::Tcp),
        "udp" => Some(RuleProtocol::Udp),
        "icmp" => Some(RuleProtocol::Icmp),
        "esp" => Some(RuleProtocol::Esp),
        "ah" => Some(RuleProtocol::Ah),
        _ => None,
    }
}

/// The one and the several, without empty texts.
fn all(one: Option<String>, several: Option<Vec<String>>) -> impl Iterator<Item = String> {
    one.into_iter().chain(several.unwrap_or_default()).filter(|text| !text.trim().is_empty())
}

/// On failure, the text that is no port range.
fn ports(one: Option<String>, several: Option<Vec<String>>) -> Result<BTreeSet<PortRange>, String> {
    let parsed = all(one, several).map(|text| text.trim().parse::<PortRange>().map_err(|_| text));
    not_empty(parsed.collect::<Result<_, _>>()?)
}

/// On failure, the text that is no address.
fn addresses(
    one: Option<String>,
    several: Option<Vec<String>>,
    groups: Option<Vec<GroupJson>>,
) -> Result<BTreeSet<AddressMatch>, String> {
    let prefixes = all(one, several).map(|text| address(text.trim()).ok_or(text));
    let groups =
        groups.unwrap_or_default().into_iter().map(|group| Ok(AddressMatch::Group(group.id.to_lowercase())));
    not_empty(prefixes.chain(groups).collect::<Result<_, _>>()?)
}

fn not_empty<T>(set: BTreeSet<T>) -> Result<BTreeSet<T>, String> {
    if set.is_empty() { Err(String::new()) } else { Ok(set) }
}

fn address(text: &str) -> Option<AddressMatch> {
    if text == "*" || text.eq_ignore_ascii_case("any") {
        return Some(AddressMatch::Any);
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(AddressMatch::Prefix(address.into()));
    }
    if let Ok(net) = text.parse::<IpNet>() {
        // An NSG looks at no bit beyond the length.
        return Some(AddressMatch::Prefix(net.trunc()));
    }
    is_tag(text).then(|| AddressMatch::Tag(text.to_owned()))
}

fn is_tag(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}
