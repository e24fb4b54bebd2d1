//! From ARM's JSON. What is not understood in a rule is read as matching all that it may match, and fails nothing:
//! customers' rules need not be of the kinds that Postern writes.

use std::{collections::BTreeSet, net::IpAddr};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use serde_json::Value;
use shared::{
    firewall::{NatCollection, NatRule, ObservedFirewall},
    port::{Port, PortRange, Protocol},
    rule::AddressMatch,
    vm::FirewallId,
};

use crate::fabric::FabricError;

pub(super) fn firewall(id: &FirewallId, body: &Value) -> Result<ObservedFirewall, FabricError> {
    let properties = &body["properties"];
    let has_policy = ["firewallPolicy", "virtualHub"].iter().any(|field| properties[*field].is_object());
    let collections = match &properties["natRuleCollections"] {
        Value::Array(list) => list.iter().map(collection).collect(),
        Value::Null if has_policy => Vec::new(),
        _ => {
            let what = format!("the firewall {} without a list of NAT rules", id.name());
            return Err(FabricError::Unintelligible { what });
        }
    };
    let state = properties["provisioningState"].as_str();
    Ok(ObservedFirewall {
        id: id.clone(),
        etag: body["etag"].as_str().map(str::to_owned),
        has_policy,
        failed: state.is_some_and(|state| !state.eq_ignore_ascii_case("Succeeded")),
        collections,
    })
}

pub(super) fn collection(json: &Value) -> NatCollection {
    let properties = &json["properties"];
    let priority = properties["priority"].as_u64().and_then(|number| u16::try_from(number).ok());
    let leads = properties["action"]["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("Dnat"));
    let rules = match &properties["rules"] {
        Value::Array(list) => list.iter().map(rule).collect(),
        Value::Null => Vec::new(),
        other => vec![rule(other)],
    };
    let doubted = |rule: NatRule| {
        if leads { rule } else { NatRule { vague: true, translated_address: None, ..rule } }
    };
    NatCollection {
        name: text(&json["name"]).unwrap_or_default(),
        priority: priority.unwrap_or(0),
        rules: rules.into_iter().map(doubted).collect(),
    }
}

pub(super) fn rule(json: &Value) -> NatRule {
    let protocol = protocol(&json["protocols"]);
    let (sources, strange_sources) = sources(json);
    let destinations = texts(&json["destinationAddresses"]).and_then(|texts| {
        let nets: Option<Vec<Vec<IpNet>>> = texts.iter().map(|text| nets(text)).collect();
        some(nets?.into_iter().flatten().map(AddressMatch::Prefix).collect())
    });
    let ports = texts(&json["destinationPorts"]).and_then(|texts| {
        some(texts.iter().map(|text| text.trim().parse::<PortRange>().ok()).collect::<Option<_>>()?)
    });
    NatRule {
        name: text(&json["name"]).unwrap_or_default(),
        description: text(&json["description"]).unwrap_or_default(),
        vague: strange_sources || protocol.is_none() || destinations.is_none() || ports.is_none(),
        protocol: protocol.unwrap_or(Protocol::Any),
        sources,
        destinations: destinations.unwrap_or_else(|| BTreeSet::from([AddressMatch::Any])),
        ports: ports.unwrap_or_else(|| BTreeSet::from([PortRange::ALL])),
        translated_address: text(&json["translatedAddress"]).and_then(|text| text.trim().parse().ok()),
        translated_port: text(&json["translatedPort"]).and_then(|text| text.trim().parse::<Port>().ok()),
    }
}

/// `None`: not understood. TCP and UDP together are any that has ports.
fn protocol(json: &Value) -> Option<Protocol> {
    let names: Vec<String> = texts(json)?.iter().map(|name| name.to_ascii_lowercase()).collect();
    let all: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    match all.into_iter().collect::<Vec<_>>()[..] {
        ["tcp"] => Some(Protocol::Tcp),
        ["udp"] => Some(Protocol::Udp),
        ["any"] | ["tcp", "udp"] | ["any", "tcp"] | ["any", "udp"] | ["any", "tcp", "udp"] => {
            Some(Protocol::Any)
        }
        _ => None,
    }
}

/// The sources, and whether some of them are not understood.
fn sources(json: &Value) -> (BTreeSet<AddressMatch>, bool) {
    let mut sources = BTreeSet::new();
    for text in texts(&json["sourceAddresses"]).unwrap_or_default() {
        match nets(&text) {
            _ if text == "*" => _ = sources.insert(AddressMatch::Any),
            Some(nets) => sources.extend(nets.into_iter().map(AddressMatch::Prefix)),
            None => _ = sources.insert(AddressMatch::Tag(text)),
        }
    }
    let groups = texts(&json["sourceIpGroups"]).unwrap_or_default();
    sources.extend(groups.into_iter().map(|id| AddressMatch::Group(id.to_lowercase())));
    if sources.is_empty() { (BTreeSet::from([AddressMatch::Any]), true) } else { (sources, false) }
}

/// An address, a prefix, or `first-last`.
fn nets(text: &str) -> Option<Vec<IpNet>> {
    let text = text.trim();
    if let Some((first, last)) = text.split_once('-') {
        return match (first.trim().parse().ok()?, last.trim().parse().ok()?) {
            (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => {
                Some(Ipv4Subnets::new(first, last, 0).map(IpNet::V4).collect())
            }
            (IpAddr::V6(first), IpAddr::V6(last)) if first <= last => {
                Some(Ipv6Subnets::new(first, last, 0).map(IpNet::V6).collect())
            }
            _ => None,
        };
    }
    let net = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    net.ok().map(|net| vec![net.trunc()])
}

/// A list of texts; `None` if it is something else or has something else in it.
fn texts(json: &Value) -> Option<Vec<String>> {
    json.as_array()?.iter().map(text).collect()
}

/// ARM sends ports as texts and takes them as numbers too.
fn text(json: &Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn some<T>(set: BTreeSet<T>) -> Option<BTreeSet<T>> {
    if set.is_empty() { None } else { Some(set) }
}
