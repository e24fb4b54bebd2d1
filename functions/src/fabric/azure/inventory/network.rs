//! The network that was read, and the way that packets take through it to an interface.

use std::{collections::HashMap, net::IpAddr};

use ipnet::IpNet;
use shared::{
    inventory::{Address, Interface, WayIn},
    vm::NsgId,
};

use super::wire::{
    self, Firewall, IpConfiguration, Nested, Nic, PublicIp, Ref, Resource, RouteTable, SubnetProperties,
};
use crate::fabric::azure::resource::ResourceId;

/// Resources by their ids in lower case.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub(super) interfaces: HashMap<String, Nic>,
    pub(super) virtual_networks: HashMap<String, wire::VirtualNetwork>,
    pub(super) public_ips: HashMap<String, PublicIp>,
    pub(super) route_tables: HashMap<String, RouteTable>,
    pub(super) firewalls: Vec<Firewall>,
}

/// Something that must be known to say how packets reach a VM was not found or not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unreadable;

/// A subnet with what its virtual network says.
struct Place<'n> {
    subnet: &'n SubnetProperties,
    network_id: String,
    space: Vec<IpNet>,
}

impl Network {
    /// A VM's interfaces and the way in to it.
    pub(super) fn of_vm(&self, interfaces: &[Ref]) -> (Vec<Interface>, WayIn) {
        let mut way_in = if interfaces.is_empty() { WayIn::Unreadable } else { WayIn::Direct };
        let mut found = Vec::new();
        let mut has_public = false;
        for reference in interfaces {
            let Some(nic) = self.interfaces.get(&reference.id.to_lowercase()) else {
                way_in = WayIn::Unreadable;
                continue;
            };
            has_public |= nic.ip_configurations.iter().any(|one| one.properties.public_address.is_some());
            let (interface, way) = self.interface(nic);
            found.push(interface);
            way_in = harder(way_in, way);
        }
        let by_firewall = matches!(way_in, WayIn::Firewall | WayIn::FirewallWithPolicy);
        (found, if by_firewall && has_public { WayIn::Direct } else { way_in })
    }

    fn interface(&self, nic: &Nic) -> (Interface, WayIn) {
        let (nsg, mut way_in) = match nsg_of(nic.network_security_group.as_ref()) {
            Ok(nsg) => (nsg, WayIn::Direct),
            Err(Unreadable) => (None, WayIn::Unreadable),
        };
        let mut addresses = Vec::new();
        for Nested { properties } in &nic.ip_configurations {
            // A configuration of a prefix has no address of its own: it is for containers behind the VM.
            let Some(private) = &properties.private_address else { continue };
            match self.address(private, properties) {
                Ok((address, way)) => {
                    addresses.push(address);
                    way_in = harder(way_in, way);
                }
                Err(Unreadable) => way_in = WayIn::Unreadable,
            }
        }
        (Interface { nsg, addresses }, way_in)
    }

    fn address(
        &self,
        private: &str,
        configuration: &IpConfiguration,
    ) -> Result<(Address, WayIn), Unreadable> {
        let private: IpAddr = private.parse().map_err(|_| Unreadable)?;
        let place = self.place(configuration.subnet.as_ref().ok_or(Unreadable)?)?;
        let public = configuration.public_address.as_ref().and_then(|public| {
            self.public_ips.get(&public.id.to_lowercase())?.ip_address.as_ref()?.parse().ok()
        });
        let way_in = self.way_in(&place)?;
        let subnet_nsg = nsg_of(place.subnet.network_security_group.as_ref())?;
        Ok((Address { private, public, subnet_nsg, virtual_network: place.space }, way_in))
    }

    fn place(&self, subnet: &Ref) -> Result<Place<'_>, Unreadable> {
        let id = ResourceId::parse(&subnet.id).ok_or(Unreadable)?;
        let network_id = id.virtual_network().ok_or(Unreadable)?.key();
        let network = self.virtual_networks.get(&network_id).ok_or(Unreadable)?;
        let subnet =
            network.subnets.iter().find(|own| own.id.eq_ignore_ascii_case(id.as_str())).ok_or(Unreadable)?;
        let space = network.address_space.address_prefixes.iter().map(|text| text.parse::<IpNet>());
        let space =
            space.map(|net| net.map(|net| net.trunc())).collect::<Result<_, _>>().map_err(|_| Unreadable)?;
        Ok(Place { subnet: &subnet.properties, network_id, space })
    }

    /// By the subnet's default route.
    fn way_in(&self, place: &Place<'_>) -> Result<WayIn, Unreadable> {
        let Some(next_hop) = self.default_appliance(place)? else {
            return Ok(WayIn::Direct);
        };
        Ok(match self.firewall_at(&next_hop, &place.network_id) {
            None => WayIn::Direct,
            Some(firewall) if firewall.firewall_policy.is_some() => WayIn::FirewallWithPolicy,
            Some(_) => WayIn::Firewall,
        })
    }

    /// The appliance to which the subnet sends what goes to the Internet.
    fn default_appliance(&self, place: &Place<'_>) -> Result<Option<String>, Unreadable> {
        let Some(table) = &place.subnet.route_table else {
            return Ok(None);
        };
        let table = self.route_tables.get(&table.id.to_lowercase()).ok_or(Unreadable)?;
        let default = table.routes.iter().map(|route| &route.properties).find(|route| {
            route.address_prefix.as_deref() == Some("0.0.0.0/0")
                && route
                    .next_hop_type
                    .as_deref()
                    .is_some_and(|kind| kind.eq_ignore_ascii_case("VirtualAppliance"))
        });
        Ok(default.and_then(|route| route.next_hop_ip_address.clone()))
    }

    /// Private addresses repeat between networks, so a firewall of the same network comes first.
    fn firewall_at(&self, address: &str, network_id: &str) -> Option<&Firewall> {
        let there = |firewall: &&Firewall| firewall.addresses().any(|(own, _)| own == address);
        let same_network = self.firewalls.iter().filter(there).find(|firewall| {
            firewall
                .addresses()
                .any(|(_, network)| network.is_some_and(|network| network.key() == network_id))
        });
        same_network.or_else(|| self.firewalls.iter().find(there))
    }

    /// Whether any of the networks that were read leads to an appliance: only then firewalls matter.
    pub(super) fn needs_firewalls(&self) -> bool {
        let mut routes = self.route_tables.values().flat_map(|table| &table.routes);
        routes.any(|route| route.properties.next_hop_ip_address.is_some())
    }
}

impl Firewall {
    /// The firewall's private addresses with their networks.
    fn addresses(&self) -> impl Iterator<Item = (&str, Option<ResourceId>)> {
        self.ip_configurations.iter().filter_map(|Nested { properties }| {
            let subnet = properties.subnet.as_ref().and_then(|subnet| ResourceId::parse(&subnet.id));
            Some((properties.private_address.as_deref()?, subnet.and_then(|subnet| subnet.virtual_network())))
        })
    }
}

fn nsg_of(reference: Option<&Ref>) -> Result<Option<NsgId>, Unreadable> {
    reference.map(|nsg| nsg.id.parse().map_err(|_| Unreadable)).transpose()
}

/// Of two ways in, the one that asks for more care.
fn harder(a: WayIn, b: WayIn) -> WayIn {
    let care = |way: &WayIn| match way {
        WayIn::Direct => 0,
        WayIn::Firewall => 1,
        WayIn::FirewallWithPolicy => 2,
        WayIn::Unreadable => 3,
    };
    if care(&b) > care(&a) { b } else { a }
}

/// Resources of one kind by id; one that cannot be read is missing, and what needs it becomes unreadable.
pub(super) fn by_id<P: serde::de::DeserializeOwned>(values: Vec<serde_json::Value>) -> HashMap<String, P> {
    let parsed = values.into_iter().filter_map(|value| match serde_json::from_value::<Resource<P>>(value) {
        Ok(resource) => Some((resource.id.to_lowercase(), resource.properties)),
        Err(error) => {
            tracing::warn!(%error, kind = std::any::type_name::<P>(), "a resource could not be read");
            None
        }
    });
    parsed.collect()
}
