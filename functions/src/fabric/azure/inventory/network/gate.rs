//! The firewalls of a network, and whether one can lead packets to the VMs behind it.

use std::{collections::BTreeSet, net::IpAddr};

use ipnet::IpNet;
use serde_json::Value;
use shared::{firewall::FirewallGate, vm::FirewallId};

use super::{
    super::wire::{Firewall, Ref, Resource},
    Network,
};
use crate::fabric::azure::resource::ResourceId;

impl Network {
    /// Private addresses repeat between networks, so a firewall of the same network comes first.
    pub(super) fn firewall_at(&self, address: &str, network_id: &str) -> Option<&(FirewallId, Firewall)> {
        let there = |(_, firewall): &&(FirewallId, Firewall)| firewall.is_at(address);
        let same_network = |(_, firewall): &&(FirewallId, Firewall)| {
            firewall
                .subnet()
                .and_then(|subnet| subnet.virtual_network())
                .is_some_and(|id| id.key() == network_id)
        };
        let mut found = self.firewalls.iter().filter(there);
        found.clone().find(same_network).or_else(|| found.next())
    }

    /// Nothing if it is of another network, or its subnet is not understood.
    pub(super) fn gate(
        &self,
        id: &FirewallId,
        firewall: &Firewall,
        network_id: &str,
    ) -> Option<FirewallGate> {
        let own = firewall
            .subnet()
            .filter(|subnet| subnet.virtual_network().is_some_and(|network| network.key() == network_id))?;
        let network = self.virtual_networks.get(network_id)?;
        let subnet = network.subnets.iter().find(|one| one.id.eq_ignore_ascii_case(own.as_str()))?;
        let one = subnet.properties.address_prefix.iter();
        let prefixes = one.chain(subnet.properties.address_prefixes.iter().flatten());
        let prefixes: BTreeSet<IpNet> =
            prefixes.map(|text| text.parse::<IpNet>().ok().map(|net| net.trunc())).collect::<Option<_>>()?;
        let addresses: BTreeSet<IpAddr> =
            firewall.public_addresses().filter_map(|public| self.assigned(public)).collect();
        let (subnet, addresses) = (prefixes.into_iter().collect(), addresses.into_iter().collect());
        Some(FirewallGate { id: id.clone(), subnet, addresses })
    }

    /// The appliances that routes of the networks that were read lead to: only with some of them firewalls matter.
    fn appliances(&self) -> BTreeSet<&str> {
        let routes = self.route_tables.values().flat_map(|table| &table.routes);
        routes.filter_map(|route| route.properties.next_hop_ip_address.as_deref()).collect()
    }

    pub(in super::super) fn needs_firewalls(&self) -> bool {
        !self.appliances().is_empty()
    }

    /// The public addresses of the firewalls that routes lead to.
    pub(in super::super) fn public_addresses_of_firewalls(&self) -> Vec<Ref> {
        let hops = self.appliances();
        let led_to = self.firewalls.iter().filter(|(_, one)| hops.iter().any(|address| one.is_at(address)));
        led_to.flat_map(|(_, firewall)| firewall.public_addresses()).cloned().collect()
    }
}

impl Firewall {
    fn is_at(&self, address: &str) -> bool {
        let own = self.ip_configurations.iter().filter_map(|one| one.properties.private_address.as_deref());
        own.into_iter().any(|own| own == address)
    }

    /// A firewall has one subnet, which its first configuration names.
    fn subnet(&self) -> Option<ResourceId> {
        self.ip_configurations.iter().find_map(|one| ResourceId::parse(&one.properties.subnet.as_ref()?.id))
    }

    fn public_addresses(&self) -> impl Iterator<Item = &Ref> {
        self.ip_configurations.iter().filter_map(|one| one.properties.public_address.as_ref())
    }

    /// Whether something else than the firewall holds its rules.
    pub(super) const fn is_managed(&self) -> bool {
        self.firewall_policy.is_some() || self.virtual_hub.is_some()
    }
}

/// Firewalls with their ids; one that cannot be read is missing, and its VMs seem to be reached directly.
pub(in super::super) fn firewalls(values: Vec<Value>) -> Vec<(FirewallId, Firewall)> {
    let parsed = values.into_iter().filter_map(|value| {
        let resource = serde_json::from_value::<Resource<Firewall>>(value);
        let resource =
            resource.map_err(|error| tracing::warn!(%error, "a firewall could not be read")).ok()?;
        Some((resource.id.parse().ok()?, resource.properties))
    });
    parsed.collect()
}
