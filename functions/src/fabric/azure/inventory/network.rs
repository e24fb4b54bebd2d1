//! The network that was read, and the way that packets take through it to an interface.

mod gate;

use std::{collections::HashMap, net::IpAddr};

use ipnet::IpNet;
use shared::{
    firewall::FirewallGate,
    inventory::{Address, Interface, WayIn},
    vm::{FirewallId, NsgId},
};

pub(super) use self::gate::firewalls;
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
    pub(super) firewalls: Vec<(FirewallId, Firewall)>,
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

/// The way in by one address, or by several.
#[derive(Debug)]
struct Way {
    kind: WayIn,
    gate: Option<FirewallGate>,
}

/// How packets reach a VM.
#[derive(Debug)]
pub(super) struct Reach {
    pub(super) interfaces: Vec<Interface>,
    pub(super) way_in: WayIn,
    pub(super) firewall: Option<FirewallGate>,
}

impl Network {
    /// A VM's interfaces and the way in to it.
    pub(super) fn of_vm(&self, references: &[Ref]) -> Reach {
        let mut way = Way::of(if references.is_empty() { WayIn::Unreadable } else { WayIn::Direct });
        let mut interfaces = Vec::new();
        let mut has_public = false;
        for reference in references {
            let Some(nic) = self.interfaces.get(&reference.id.to_lowercase()) else {
                way = Way::of(WayIn::Unreadable);
                continue;
            };
            has_public |= nic.ip_configurations.iter().any(|one| one.properties.public_address.is_some());
            let (interface, by) = self.interface(nic);
            interfaces.push(interface);
            way = way.or_harder(by);
        }
        if has_public && matches!(way.kind, WayIn::Firewall | WayIn::FirewallWithPolicy) {
            way = Way::of(WayIn::Direct);
        }
        Reach { interfaces, way_in: way.kind, firewall: way.gate }
    }

    fn interface(&self, nic: &Nic) -> (Interface, Way) {
        let (nsg, mut way) = match nsg_of(nic.network_security_group.as_ref()) {
            Ok(nsg) => (nsg, Way::of(WayIn::Direct)),
            Err(Unreadable) => (None, Way::of(WayIn::Unreadable)),
        };
        let mut addresses = Vec::new();
        for Nested { properties } in &nic.ip_configurations {
            // A configuration of a prefix has no address of its own: it is for containers behind the VM.
            let Some(private) = &properties.private_address else { continue };
            match self.address(private, properties) {
                Ok((address, by)) => {
                    addresses.push(address);
                    way = way.or_harder(by);
                }
                Err(Unreadable) => way = Way::of(WayIn::Unreadable),
            }
        }
        (Interface { nsg, addresses }, way)
    }

    fn address(&self, private: &str, configuration: &IpConfiguration) -> Result<(Address, Way), Unreadable> {
        let private: IpAddr = private.parse().map_err(|_| Unreadable)?;
        let place = self.place(configuration.subnet.as_ref().ok_or(Unreadable)?)?;
        let public = configuration.public_address.as_ref().and_then(|public| self.assigned(public));
        let way = self.way_in(&place)?;
        let subnet_nsg = nsg_of(place.subnet.network_security_group.as_ref())?;
        Ok((Address { private, public, subnet_nsg, virtual_network: place.space }, way))
    }

    /// The address of a public IP, if it has one.
    fn assigned(&self, public: &Ref) -> Option<IpAddr> {
        self.public_ips.get(&public.id.to_lowercase())?.ip_address.as_ref()?.parse().ok()
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
    fn way_in(&self, place: &Place<'_>) -> Result<Way, Unreadable> {
        let Some(next_hop) = self.default_appliance(place)? else {
            return Ok(Way::of(WayIn::Direct));
        };
        Ok(match self.firewall_at(&next_hop, &place.network_id) {
            None => Way::of(WayIn::Direct),
            Some((_, firewall)) if firewall.is_managed() => Way::of(WayIn::FirewallWithPolicy),
            Some((id, firewall)) => {
                Way { kind: WayIn::Firewall, gate: self.gate(id, firewall, &place.network_id) }
            }
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
}

fn nsg_of(reference: Option<&Ref>) -> Result<Option<NsgId>, Unreadable> {
    reference.map(|nsg| nsg.id.parse().map_err(|_| Unreadable)).transpose()
}

impl Way {
    const fn of(kind: WayIn) -> Self {
        Self { kind, gate: None }
    }

    /// Of two ways in, the one that asks for more care.
    fn or_harder(self, other: Self) -> Self {
        let care = |way: &Self| match way.kind {
            WayIn::Direct => 0,
            WayIn::Firewall => 1,
            WayIn::FirewallWithPolicy => 2,
            WayIn::Unreadable => 3,
        };
        if care(&other) > care(&self) { other } else { self }
    }
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
