//! Would this packet reach this machine now? An evaluator of NSGs of its own, from Azure's documentation.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::World;

const LOAD_BALANCER: &str = "168.63.129.16";
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Packet {
    /// The name or the whole id of a virtual machine.
    pub(crate) vm: String,
    /// The port at the machine.
    port: u16,
    #[serde(default = "tcp")]
    protocol: Protocol,
    source: IpAddr,
    #[serde(default = "ephemeral")]
    source_port: u16,
}

fn tcp() -> Protocol {
    Protocol::Tcp
}

fn ephemeral() -> u16 {
    50_000
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    Tcp,
    Udp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Probe {
    verdict: &'static str,
    decided_by: Vec<Decision>,
}

/// The rule of one NSG that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Decision {
    nsg: String,
    rule: String,
    priority: u64,
    access: &'static str,
}

/// One network interface as the packet meets it.
struct Way<'a> {
    packet: &'a Packet,
    destination: IpAddr,
    vnet: Vec<IpNet>,
    has_public_address: bool,
    nsgs: Vec<&'a Value>,
}

/// The keys of the machines that a name or an id stands for.
pub(crate) fn find_vms(world: &World, vm: &str) -> Vec<String> {
    let wanted = vm.to_ascii_lowercase();
    let all = world.all_of("microsoft.compute/virtualmachines").map(|(key, _)| key);
    all.filter(|key| **key == *wanted || key.rsplit('/').next() == Some(&wanted)).map(str::to_owned).collect()
}

/// The packet gets through if any network interface of the machine lets it.
pub(crate) fn probe(world: &World, vm: &Value, packet: &Packet) -> Probe {
    let nics = vm["properties"]["networkProfile"]["networkInterfaces"].as_array();
    let ways = nics.into_iter().flatten().filter_map(|nic| way(world, nic, packet));
    let mut last = Probe { verdict: "shut", decided_by: Vec::new() };
    for way in ways {
        last = walk(world, &way);
        if last.verdict == "open" {
            break;
        }
    }
    last
}

fn way<'a>(world: &'a World, nic: &Value, packet: &'a Packet) -> Option<Way<'a>> {
    let nic = &world.get(nic["id"].as_str()?)?["properties"];
    let configurations = nic["ipConfigurations"].as_array()?;
    let properties = || configurations.iter().map(|configuration| &configuration["properties"]);
    let (to, destination) = properties().find_map(|candidate| {
        let address: IpAddr = candidate["privateIPAddress"].as_str()?.parse().ok()?;
        (address.is_ipv4() == packet.source.is_ipv4()).then_some((candidate, address))
    })?;
    let subnet_id = to["subnet"]["id"].as_str()?.to_ascii_lowercase();
    let (vnet_id, subnet_name) = subnet_id.rsplit_once("/subnets/")?;
    let vnet = world.get(vnet_id)?;
    let subnet = crate::world::child(vnet, "subnets", subnet_name)?;
    let holders = [&subnet["properties"], nic];
    let nsgs = holders.iter().filter_map(|holder| world.get(holder["networkSecurityGroup"]["id"].as_str()?));
    Some(Way {
        packet,
        destination,
        vnet: nets(&vnet["properties"]["addressSpace"]["addressPrefixes"]),
        has_public_address: properties().any(|candidate| is_public(world, candidate)),
        nsgs: nsgs.collect(),
    })
}

fn is_public(world: &World, configuration: &Value) -> bool {
    let public = configuration["publicIPAddress"]["id"].as_str().and_then(|id| world.get(id));
    public.is_some_and(|public| public["properties"]["ipAddress"].is_string())
}

fn walk(world: &World, way: &Way<'_>) -> Probe {
    let mut decided_by = Vec::new();
    for nsg in &way.nsgs {
        let decision = decide(world, nsg, way);
        let is_denied = decision.access == "Deny";
        decided_by.push(decision);
        if is_denied {
            return Probe { verdict: "shut", decided_by };
        }
    }
    let is_reachable = !way.nsgs.is_empty() || way.has_public_address || way.is_inside(way.packet.source);
    Probe { verdict: if is_reachable { "open" } else { "shut" }, decided_by }
}

fn decide(world: &World, nsg: &Value, way: &Way<'_>) -> Decision {
    let name = nsg["name"].as_str().unwrap_or_default();
    let custom = world.rules_in_effect(nsg["id"].as_str().unwrap_or_default());
    let mut matching: Vec<&Value> = custom.iter().filter(|rule| way.matches(&rule["properties"])).collect();
    matching.sort_by_key(|rule| rule["properties"]["priority"].as_u64());
    let decision = |rule: &str, priority, access| Decision {
        nsg: name.to_owned(),
        rule: rule.to_owned(),
        priority,
        access,
    };
    if let Some(rule) = matching.first() {
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
    fn is_inside(&self, address: IpAddr) -> bool {
        self.vnet.iter().any(|net| net.contains(&address))
    }

    fn matches(&self, rule: &Value) -> bool {
        let is =
            |field: &str, text: &str| rule[field].as_str().is_some_and(|own| own.eq_ignore_ascii_case(text));
        let protocol = if self.packet.protocol == Protocol::Tcp { "tcp" } else { "udp" };
        is("direction", "inbound")
            && (is("protocol", "*") || is("protocol", protocol))
            && has_port(rule, "sourcePortRange", self.packet.source_port)
            && has_port(rule, "destinationPortRange", self.packet.port)
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

fn has_port(rule: &Value, singular: &str, port: u16) -> bool {
    values(rule, singular).any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bounds = (first.trim().parse::<u16>(), last.trim().parse::<u16>());
        range == "*" || matches!(bounds, (Ok(first), Ok(last)) if (first..=last).contains(&port))
    })
}

fn nets(list: &Value) -> Vec<IpNet> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.filter_map(|text| text.parse().ok()).collect()
}

fn is_load_balancer(address: IpAddr) -> bool {
    LOAD_BALANCER.parse() == Ok(address)
}

fn is_private(address: IpAddr) -> bool {
    PRIVATE.iter().filter_map(|net| net.parse::<IpNet>().ok()).any(|net| net.contains(&address))
}
