//! The packets that rules speak of, in parts within which every packet fares alike but for its source.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;

use crate::{
    nsg::{
        ObservedNsg,
        evaluate::{Target, Transport, is_for},
    },
    port::PortRange,
    rule::{AddressMatch, NsgRule, RuleProtocol},
};

/// The virtual network of each known private address.
pub(super) type Networks = BTreeMap<IpAddr, Vec<IpNet>>;

/// Destinations, ports and a transport that no rule tells apart.
#[derive(Clone, Debug)]
pub(super) struct Cell<'n> {
    /// Never empty.
    pub(super) destinations: Vec<IpAddr>,
    pub(super) ports: PortRange,
    pub(super) transport: Transport,
    virtual_network: &'n [IpNet],
}

impl<'n> Cell<'n> {
    /// One of its packets, for all of them.
    pub(super) fn target(&self) -> Target<'n> {
        Target {
            destination: self.destinations[0],
            transport: self.transport,
            port: self.ports.first(),
            virtual_network: self.virtual_network,
        }
    }
}

/// All that `rules` speak of, told apart where `nsgs` tell it apart. Of rules for more than single addresses, the
/// destinations are those that are known: elsewhere is nobody.
pub(super) fn cells<'n, 'o>(
    rules: &[&NsgRule],
    nsgs: impl Iterator<Item = &'o ObservedNsg>,
    networks: &'n Networks,
) -> Vec<Cell<'n>> {
    let all: Vec<&NsgRule> = nsgs.flat_map(ObservedNsg::inbound).collect();
    let ranges: BTreeSet<PortRange> =
        rules.iter().flat_map(|rule| &rule.destination_ports).copied().collect();
    let transports: BTreeSet<Transport> =
        rules.iter().flat_map(|rule| transports(rule.protocol)).copied().collect();
    let groups = alike(destinations(rules, networks), &all, networks);
    let mut cells = Vec::new();
    for ports in segments(&ranges, &all) {
        for (destinations, virtual_network) in &groups {
            for transport in &transports {
                let (destinations, transport) = (destinations.clone(), *transport);
                cells.push(Cell { destinations, ports, transport, virtual_network });
            }
        }
    }
    cells
}

const fn transports(protocol: RuleProtocol) -> &'static [Transport] {
    match protocol {
        RuleProtocol::Any => &[Transport::Tcp, Transport::Udp],
        RuleProtocol::Tcp => &[Transport::Tcp],
        RuleProtocol::Udp => &[Transport::Udp],
        RuleProtocol::Icmp | RuleProtocol::Esp | RuleProtocol::Ah => &[],
    }
}

fn destinations(rules: &[&NsgRule], networks: &Networks) -> BTreeSet<IpAddr> {
    let mut found = BTreeSet::new();
    for one in rules.iter().flat_map(|rule| &rule.destinations) {
        match one {
            AddressMatch::Prefix(net) if net.prefix_len() == net.max_prefix_len() => {
                _ = found.insert(net.addr())
            }
            AddressMatch::Prefix(net) => found.extend(networks.keys().filter(|one| net.contains(*one))),
            AddressMatch::Any | AddressMatch::Tag(_) | AddressMatch::Group(_) => {
                found.extend(networks.keys())
            }
        }
    }
    found
}

/// Destinations of which every rule says the same, together, with their virtual network.
fn alike<'n>(
    destinations: BTreeSet<IpAddr>,
    rules: &[&NsgRule],
    networks: &'n Networks,
) -> Vec<(Vec<IpAddr>, &'n [IpNet])> {
    type Said<'n> = (bool, &'n [IpNet], Vec<(bool, bool)>);
    let mut groups: BTreeMap<Said<'n>, Vec<IpAddr>> = BTreeMap::new();
    for destination in destinations {
        let virtual_network: &[IpNet] = networks.get(&destination).map_or(&[], Vec::as_slice);
        let target = Target { destination, transport: Transport::Tcp, port: 0, virtual_network };
        let said = rules.iter().map(|rule| is_for(rule, target)).collect();
        groups.entry((destination.is_ipv6(), virtual_network, said)).or_default().push(destination);
    }
    groups.into_iter().map(|((_, network, _), destinations)| (destinations, network)).collect()
}

/// The ports of `ranges`, cut wherever a rule's range begins or ends.
fn segments(ranges: &BTreeSet<PortRange>, rules: &[&NsgRule]) -> BTreeSet<PortRange> {
    let mut starts: BTreeSet<u16> = BTreeSet::new();
    for range in rules.iter().flat_map(|rule| &rule.destination_ports).chain(ranges) {
        starts.insert(range.first());
        starts.extend(range.last().checked_add(1));
    }
    let mut segments = BTreeSet::new();
    for range in ranges {
        let inside: Vec<u16> = starts.range(range.first()..=range.last()).copied().collect();
        for (n, first) in inside.iter().enumerate() {
            let last = inside.get(n + 1).map_or(range.last(), |next| next - 1);
            segments.extend(PortRange::new(*first, last).ok());
        }
    }
    segments
}
