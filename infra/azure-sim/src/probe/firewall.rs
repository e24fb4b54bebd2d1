use std::net::IpAddr;

use ipnet::IpNet;
use serde::Serialize;
use serde_json::Value;

use super::address::{has_port, nets};
use super::way::public_address;
use super::{Packet, Protocol};
use crate::world::{World, child, children};

const FIREWALL: &str = "microsoft.network/azurefirewalls";
/// Azure keeps the first four addresses of a subnet; the fifth is the firewall's own, behind which its instances are.
const FIRST_INSTANCE: u32 = 5;
const INSTANCES: u16 = 2;

/// What a firewall did with the packet; no rule concerned it if there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct AtFirewall {
    firewall: String,
    collection: Option<String>,
    rule: Option<String>,
    priority: Option<u64>,
    /// From here on the packet's source.
    source: Option<IpAddr>,
    destination: Option<IpAddr>,
    port: Option<u16>,
}

/// A packet after destination translation.
#[derive(Debug, Clone)]
pub(super) struct Translated {
    collection: String,
    rule: String,
    priority: u64,
    /// One of the firewall's instances: destination translation replaces the source too.
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) port: u16,
    /// The key of the firewall's virtual network.
    pub(super) vnet: String,
}

impl AtFirewall {
    pub(super) fn no_rule(firewall: &str) -> Self {
        Self { firewall: firewall.to_owned(), ..Self::default() }
    }

    pub(super) fn by_rule(firewall: &str, translated: &Translated) -> Self {
        Self {
            firewall: firewall.to_owned(),
            collection: Some(translated.collection.clone()),
            rule: Some(translated.rule.clone()),
            priority: Some(translated.priority),
            source: Some(translated.source),
            destination: Some(translated.destination),
            port: Some(translated.port),
        }
    }
}

/// The firewall that has a public address, and its name.
pub(super) fn at(world: &World, address: IpAddr) -> Option<(&Value, &str)> {
    let keys = world.all_of(FIREWALL).map(|(key, _)| key);
    let mut firewalls = keys.filter_map(|key| world.effective(key));
    let firewall = firewalls.find(|firewall| {
        let mut configurations = children(firewall, "ipConfigurations").iter();
        configurations.any(|one| public_address(world, one) == Some(address))
    })?;
    Some((firewall, firewall["name"].as_str().unwrap_or_default()))
}

/// By the first rule that concerns the packet: collections in the order of their priorities, rules in their own.
pub(super) fn translate(world: &World, firewall: &Value, packet: &Packet, to: IpAddr) -> Option<Translated> {
    let mut collections: Vec<&Value> = children(firewall, "natRuleCollections").iter().collect();
    collections.sort_by_key(|collection| collection["properties"]["priority"].as_u64());
    let all = collections.iter().flat_map(|one| children(one, "rules").iter().map(move |rule| (one, rule)));
    let (collection, rule) = all.into_iter().find(|(_, rule)| concerns(rule, packet, to))?;
    let subnet = children(firewall, "ipConfigurations")
        .iter()
        .find_map(|one| one["properties"]["subnet"]["id"].as_str())?
        .to_ascii_lowercase();
    let (vnet, name) = subnet.rsplit_once("/subnets/")?;
    Some(Translated {
        collection: text(collection, "name"),
        rule: text(rule, "name"),
        priority: collection["properties"]["priority"].as_u64().unwrap_or_default(),
        source: instance(child(world.effective(vnet)?, "subnets", name)?, packet.source_port)?,
        destination: rule["translatedAddress"].as_str()?.parse().ok()?,
        port: rule["translatedPort"].as_str()?.parse().ok()?,
        vnet: vnet.to_owned(),
    })
}

fn concerns(rule: &Value, packet: &Packet, to: IpAddr) -> bool {
    let list = |field: &str| rule[field].as_array().into_iter().flatten().filter_map(Value::as_str);
    let protocol = if packet.protocol == Protocol::Tcp { "tcp" } else { "udp" };
    let is_protocol = |own: &str| own.eq_ignore_ascii_case(protocol) || own.eq_ignore_ascii_case("any");
    list("protocols").any(is_protocol)
        && list("sourceAddresses").any(|source| covers(source, packet.source))
        && list("destinationAddresses").any(|own| covers(own, to))
        && has_port(list("destinationPorts"), packet.port)
}

/// `*`, an address, a network, or two addresses with a hyphen between.
fn covers(text: &str, address: IpAddr) -> bool {
    if let Some((first, last)) = text.split_once('-') {
        let bounds = (first.trim().parse::<IpAddr>(), last.trim().parse::<IpAddr>());
        return matches!(bounds, (Ok(first), Ok(last)) if (first..=last).contains(&address));
    }
    text == "*"
        || text.parse() == Ok(address)
        || text.parse::<IpNet>().is_ok_and(|net| net.contains(&address))
}

fn instance(subnet: &Value, source_port: u16) -> Option<IpAddr> {
    let properties = &subnet["properties"];
    let one = properties["addressPrefix"].as_str().and_then(|text| text.parse().ok());
    let net: IpNet = one.or_else(|| nets(&properties["addressPrefixes"]).first().copied())?;
    let IpNet::V4(net) = net else { return None };
    let offset = FIRST_INSTANCE + u32::from(source_port % INSTANCES);
    Some(IpAddr::V4((u32::from(net.network()) + offset).into()))
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}
