use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::address::{is_private, nets};
use super::nsg::decide;
use super::{Packet, Probe, id_of};
use crate::world::{World, child, children};

/// One network interface as the packet meets it.
pub(super) struct Way<'a> {
    pub(super) packet: &'a Packet,
    /// The private address that the packet has as its destination when NSGs look at it.
    pub(super) destination: IpAddr,
    vnet: Vec<IpNet>,
    /// Whether packets from there are led here at all, were there no NSG.
    is_routed: bool,
    vm: Option<String>,
    /// Of the subnet first, then of the interface.
    nsgs: Vec<&'a Value>,
}

/// The ways of a packet that arrives at a machine, whatever it was sent to.
pub(super) fn ways_at<'a>(world: &'a World, vm: &Value, packet: &'a Packet) -> Vec<Way<'a>> {
    let nics = interfaces_of(world, vm);
    let ways = nics.filter_map(|nic| {
        let configurations = children(nic, "ipConfigurations");
        let has_public = configurations.iter().any(|one| public_address(world, one).is_some());
        let of_the_family = configurations.iter().find_map(|one| {
            let address = private_address(one)?;
            (address.is_ipv4() == packet.source.is_ipv4()).then_some((one, address))
        });
        let (configuration, address) = of_the_family?;
        let mut way = way(world, nic, configuration, address, packet)?;
        way.is_routed = !way.nsgs.is_empty() || has_public || way.is_inside(packet.source);
        way.vm = Some(id_of(vm));
        Some(way)
    });
    ways.collect()
}

/// The ways of a packet to an address, at one machine or at any.
pub(super) fn ways_to<'a>(
    world: &'a World,
    to: IpAddr,
    vm: Option<&Value>,
    packet: &'a Packet,
) -> Vec<Way<'a>> {
    let mut ways = Vec::new();
    for nic in interfaces(world, vm) {
        for configuration in children(nic, "ipConfigurations") {
            let Some(address) = private_address(configuration) else { continue };
            let is_public = public_address(world, configuration) == Some(to);
            if address != to && !is_public {
                continue;
            }
            if let Some(mut way) = way(world, nic, configuration, address, packet) {
                way.is_routed = is_public || is_private(packet.source) || way.is_inside(packet.source);
                ways.push(way);
            }
        }
    }
    ways
}

/// The ways of a packet to a private address, from within its virtual network (a key).
pub(super) fn ways_within<'a>(
    world: &'a World,
    vnet: &str,
    to: IpAddr,
    vm: Option<&Value>,
    packet: &'a Packet,
) -> Vec<Way<'a>> {
    let mut ways = Vec::new();
    for nic in interfaces(world, vm) {
        for configuration in children(nic, "ipConfigurations") {
            let subnet = configuration["properties"]["subnet"]["id"].as_str().unwrap_or_default();
            let is_here = subnet.to_ascii_lowercase().starts_with(&format!("{vnet}/subnets/"));
            if is_here && private_address(configuration) == Some(to) {
                ways.extend(way(world, nic, configuration, to, packet));
            }
        }
    }
    ways
}

fn way<'a>(
    world: &'a World,
    nic: &'a Value,
    configuration: &Value,
    destination: IpAddr,
    packet: &'a Packet,
) -> Option<Way<'a>> {
    let subnet_id = configuration["properties"]["subnet"]["id"].as_str()?.to_ascii_lowercase();
    let (vnet_id, subnet_name) = subnet_id.rsplit_once("/subnets/")?;
    let vnet = world.effective(vnet_id)?;
    let holders = [child(vnet, "subnets", subnet_name)?, nic];
    let names =
        holders.iter().filter_map(|holder| holder["properties"]["networkSecurityGroup"]["id"].as_str());
    Some(Way {
        packet,
        destination,
        vnet: nets(&vnet["properties"]["addressSpace"]["addressPrefixes"]),
        is_routed: true,
        vm: nic["properties"]["virtualMachine"]["id"].as_str().map(str::to_owned),
        nsgs: names.filter_map(|id| world.get(id)).collect(),
    })
}

impl Way<'_> {
    pub(super) fn is_inside(&self, address: IpAddr) -> bool {
        self.vnet.iter().any(|net| net.contains(&address))
    }

    pub(super) fn walk(&self, world: &World) -> Probe {
        let mut probe = Probe::lost(self.vm.clone(), None);
        probe.passed = self.nsgs.iter().map(|nsg| id_of(nsg).to_ascii_lowercase()).collect();
        for nsg in &self.nsgs {
            let decision = decide(world, nsg, self);
            let is_denied = decision.access == "Deny";
            probe.decided_by.push(decision);
            if is_denied {
                return probe;
            }
        }
        if self.is_routed && self.vm.is_some() {
            probe.verdict = "open";
            probe.reached = Some(self.destination);
        }
        probe
    }
}

/// The interfaces of one machine, or all that there are.
fn interfaces<'a>(world: &'a World, vm: Option<&Value>) -> Vec<&'a Value> {
    match vm {
        Some(vm) => interfaces_of(world, vm).collect(),
        None => {
            let keys = world.all_of("microsoft.network/networkinterfaces").map(|(key, _)| key);
            keys.filter_map(|key| world.effective(key)).collect()
        }
    }
}

fn interfaces_of<'a>(world: &'a World, vm: &Value) -> impl Iterator<Item = &'a Value> {
    let named = vm["properties"]["networkProfile"]["networkInterfaces"].as_array().into_iter().flatten();
    let ids: Vec<&str> = named.filter_map(|nic| nic["id"].as_str()).collect();
    ids.into_iter().filter_map(|id| world.effective(id)).collect::<Vec<_>>().into_iter()
}

fn private_address(configuration: &Value) -> Option<IpAddr> {
    configuration["properties"]["privateIPAddress"].as_str()?.parse().ok()
}

pub(super) fn public_address(world: &World, configuration: &Value) -> Option<IpAddr> {
    let public = world.effective(configuration["properties"]["publicIPAddress"]["id"].as_str()?)?;
    public["properties"]["ipAddress"].as_str()?.parse().ok()
}
