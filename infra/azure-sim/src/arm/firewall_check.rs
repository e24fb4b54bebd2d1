//! What Azure Firewall checks of classic rules before it takes them. Codes that are not published are in Azure's style.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use serde_json::Value;

use super::prefix::{self, Prefix, is_port_range};
use super::write::bad_request;
use crate::reply::Reply;
use crate::world::{World, children};

const NAT: &str = "natRuleCollections";
pub(super) const LISTS: [&str; 3] = [NAT, "networkRuleCollections", "applicationRuleCollections"];

const NAT_RULE_FIELDS: [&str; 10] = [
    "name",
    "description",
    "sourceAddresses",
    "sourceIpGroups",
    "destinationAddresses",
    "destinationPorts",
    "protocols",
    "translatedAddress",
    "translatedFqdn",
    "translatedPort",
];

pub(super) fn require_sound(world: &World, firewall: &Value) -> Result<(), Reply> {
    let has_rules = LISTS.iter().any(|list| !children(firewall, list).is_empty());
    if firewall["properties"]["firewallPolicy"]["id"].is_string() && has_rules {
        let message = "Azure Firewall cannot have both a firewall policy and rule collections.";
        return Err(bad_request("AzureFirewallPolicyAndRuleCollectionsConflict", message));
    }
    for list in LISTS {
        require_collections(children(firewall, list))?;
    }
    let own = public_addresses(world, firewall);
    for collection in children(firewall, NAT) {
        require_dnat(collection)?;
        for rule in children(collection, "rules") {
            require_nat_rule(rule, &own)?;
        }
    }
    Ok(())
}

fn require_collections(collections: &[Value]) -> Result<(), Reply> {
    let (mut names, mut priorities) = (HashSet::new(), HashSet::new());
    for collection in collections {
        let name = collection["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(format_error("A rule collection has no name"));
        }
        if !names.insert(name.to_ascii_lowercase()) {
            let message = format!("The rule collection name {name} is used more than once.");
            return Err(bad_request("AzureFirewallRuleCollectionDuplicateName", message));
        }
        let priority = collection["properties"]["priority"].as_i64();
        let Some(priority) = priority.filter(|priority| (100..=65_000).contains(priority)) else {
            let message = "The priority of a rule collection must be between 100 and 65000.";
            return Err(bad_request("AzureFirewallRuleCollectionInvalidPriority", message));
        };
        if !priorities.insert(priority) {
            let message =
                format!("The priority {priority} of rule collection {name} is used more than once.");
            return Err(bad_request("AzureFirewallRuleCollectionPriorityConflict", message));
        }
        require_rule_names(children(collection, "rules"))?;
    }
    Ok(())
}

fn require_rule_names(rules: &[Value]) -> Result<(), Reply> {
    let mut names = HashSet::new();
    for rule in rules {
        let name = rule["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(format_error("A rule has no name"));
        }
        if !names.insert(name.to_ascii_lowercase()) {
            let message = format!("The rule name {name} is used more than once in one collection.");
            return Err(bad_request("AzureFirewallRuleDuplicateName", message));
        }
    }
    Ok(())
}

fn require_dnat(collection: &Value) -> Result<(), Reply> {
    let action = collection["properties"]["action"]["type"].as_str().unwrap_or_default();
    if action.eq_ignore_ascii_case("Dnat") {
        return Ok(());
    }
    let message = format!("The action '{action}' of a NAT rule collection must be Dnat.");
    Err(bad_request("AzureFirewallNatRuleCollectionInvalidAction", message))
}

fn require_nat_rule(rule: &Value, own: &[Ipv4Addr]) -> Result<(), Reply> {
    let name = rule["name"].as_str().unwrap_or_default();
    let fields = rule.as_object().into_iter().flatten().map(|(field, _)| field);
    if let Some(field) = fields.into_iter().find(|field| !NAT_RULE_FIELDS.contains(&field.as_str())) {
        return Err(format_error(&format!(
            "Could not find member '{field}' on object of type 'AzureFirewallNatRule'"
        )));
    }
    let refuse = |code: &str, what: &str| Err(bad_request(code, format!("AzureFirewallRule {name}: {what}")));
    let sources = texts(rule, "sourceAddresses")?;
    if sources.is_empty() && texts(rule, "sourceIpGroups")?.is_empty() {
        return refuse("AzureFirewallRuleMissingSource", "Source addresses or IP groups are needed.");
    }
    if let Some(bad) = sources.iter().find(|text| !is_source(text)) {
        let what = format!("Invalid IP address value or range or Service Tag {bad}.");
        return refuse("AzureFirewallRuleInvalidAddress", &what);
    }
    let destinations = texts(rule, "destinationAddresses")?;
    let is_own = |text: &&str| text.parse().is_ok_and(|address: Ipv4Addr| own.contains(&address));
    if destinations.is_empty() || !destinations.iter().all(is_own) {
        let what = "Destination addresses must be public IP addresses of the firewall.";
        return refuse("AzureFirewallRuleInvalidDnatDestination", what);
    }
    let ports = texts(rule, "destinationPorts")?;
    if ports.is_empty() || !ports.iter().all(|port| is_port_range(port, false)) {
        return refuse("AzureFirewallRuleInvalidPortOrRange", "Invalid port value or range.");
    }
    let protocols = texts(rule, "protocols")?;
    let is_protocol = |text: &&str| ["TCP", "UDP", "Any"].iter().any(|own| own.eq_ignore_ascii_case(text));
    if protocols.is_empty() || !protocols.iter().all(is_protocol) {
        return refuse("AzureFirewallRuleInvalidProtocol", "The protocols of a DNAT rule are TCP and UDP.");
    }
    require_translation(rule, name)
}

fn require_translation(rule: &Value, name: &str) -> Result<(), Reply> {
    let given = |field: &str| rule[field].as_str().filter(|text| !text.is_empty());
    let is_sound = match (given("translatedAddress"), given("translatedFqdn")) {
        (Some(address), None) => address.parse::<Ipv4Addr>().is_ok(),
        (None, Some(_)) => true,
        _ => false,
    };
    if !is_sound {
        let message = format!("AzureFirewallRule {name}: One translated IPv4 address or FQDN is needed.");
        return Err(bad_request("AzureFirewallRuleInvalidTranslatedAddress", message));
    }
    if given("translatedPort").is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0)) {
        return Ok(());
    }
    let message = format!(
        "AzureFirewallRule {name}: Invalid DNat port value or range. Multiple values, * and ranges are not \
         supported for DNAT translated port."
    );
    Err(bad_request("AzureFirewallRuleInvalidDnatPortOrRangeFormat", message))
}

/// `*`, an IPv4 address or network, two addresses with a hyphen between, or a service tag.
fn is_source(text: &str) -> bool {
    if let Some((first, last)) = text.split_once('-') {
        let bounds = (first.parse::<Ipv4Addr>(), last.parse::<Ipv4Addr>());
        return matches!(bounds, (Ok(first), Ok(last)) if first <= last);
    }
    matches!(prefix::parse(text), Some(Prefix::Any | Prefix::V4 | Prefix::Tag))
}

fn public_addresses(world: &World, firewall: &Value) -> Vec<Ipv4Addr> {
    let named = children(firewall, "ipConfigurations").iter();
    let ids = named.filter_map(|one| one["properties"]["publicIPAddress"]["id"].as_str());
    let addresses = ids.filter_map(|id| world.get(id)?["properties"]["ipAddress"].as_str()?.parse().ok());
    addresses.collect()
}

/// A list of texts; one that is not there is empty.
fn texts<'a>(rule: &'a Value, field: &str) -> Result<Vec<&'a str>, Reply> {
    let wrong = || format_error(&format!("The value of '{field}' has the wrong type"));
    match &rule[field] {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => list.iter().map(|text| text.as_str().ok_or_else(wrong)).collect(),
        _ => Err(wrong()),
    }
}

fn format_error(detail: &str) -> Reply {
    bad_request("InvalidRequestFormat", format!("Cannot parse the request. {detail}."))
}
