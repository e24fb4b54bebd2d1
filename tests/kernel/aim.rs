//! Packets of which many are near an edge: at the ends of a rule's prefixes and port ranges, and one beside them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use rand::{Rng, seq::SliceRandom};
use shared::{
    nsg::evaluate::Transport,
    port::PortRange,
    rule::{AddressMatch, NsgRule},
};

use crate::{
    packet::{Aim, Packet, Way},
    pair::Pair,
};

pub(crate) const TARGETS: usize = 30;
pub(crate) const PACKETS_A_TARGET: usize = 16;

/// Batches of packets to the same target each.
pub(crate) fn packets(pair: &Pair, rng: &mut impl Rng) -> Vec<(Aim, Vec<Packet>)> {
    (0..TARGETS)
        .map(|_| {
            let aim = aim(pair, rng);
            (aim, (0..PACKETS_A_TARGET).map(|_| packet(pair, aim, rng)).collect())
        })
        .collect()
}

fn aim(pair: &Pair, rng: &mut impl Rng) -> Aim {
    let way = *[Way::Both, Way::Both, Way::Subnet, Way::Nic].choose(rng).expect("four");
    let rules = pair.rules_of(way);
    let rule = rules.choose(rng).expect("the default rules at least");
    let inside = IpNet::from(pair.here.machines.choose(rng).expect("never empty").addr());
    let destination = if rng.gen_ratio(1, 3) {
        edge(inside, rng)
    } else {
        edge(prefixes(&rule.destinations).choose(rng).copied().unwrap_or(inside), rng)
    };
    let ports: Vec<PortRange> = rule.destination_ports.iter().copied().collect();
    let port = if rng.gen_ratio(1, 8) { rng.r#gen() } else { port(&ports, rng) };
    let transport = if rng.r#gen() { Transport::Tcp } else { Transport::Udp };
    let destination = forwardable(destination, pair.here.is_ipv6).unwrap_or(inside.addr());
    Aim { way, destination, transport, port }
}

fn packet(pair: &Pair, aim: Aim, rng: &mut impl Rng) -> Packet {
    let rules = pair.rules_of(aim.way);
    let of_this_port = |rule: &&&NsgRule| rule.destination_ports.iter().any(|range| range.contains(aim.port));
    let meant: Vec<&&NsgRule> = rules.iter().filter(of_this_port).collect();
    let rule = if rng.r#gen() { meant.choose(rng).copied() } else { rules.choose(rng) };
    let client = *pair.here.clients.choose(rng).expect("never empty");
    let near = match rng.gen_range(0..12) {
        0 => *pair.here.virtual_network.choose(rng).expect("never empty"),
        1 => client,
        _ => rule.and_then(|rule| prefixes(&rule.sources).choose(rng).copied()).unwrap_or(client),
    };
    let source_ports: Vec<PortRange> =
        rule.iter().flat_map(|rule| rule.source_ports.iter().copied()).collect();
    let source = forwardable(edge(near, rng), pair.here.is_ipv6).unwrap_or(client.addr());
    Packet { aim, source, source_port: port(&source_ports, rng) }
}

fn prefixes(matches: &std::collections::BTreeSet<AddressMatch>) -> Vec<IpNet> {
    let prefix = |one: &AddressMatch| match one {
        AddressMatch::Prefix(net) => Some(*net),
        AddressMatch::Any | AddressMatch::Tag(_) | AddressMatch::Group(_) => None,
    };
    matches.iter().filter_map(prefix).collect()
}

/// The first or last address of a prefix, one beside it, or one within.
fn edge(net: IpNet, rng: &mut impl Rng) -> IpAddr {
    let step: i8 = *[-1, 0, 0, 1].choose(rng).expect("four");
    let (is_last, is_within, bits): (bool, bool, u128) = (rng.r#gen(), rng.gen_ratio(1, 5), rng.r#gen());
    let moved = |first: u128, last: u128, most: u128| {
        let end = if is_last { last } else { first };
        match step {
            _ if is_within => first | (bits & (last - first)),
            -1 => end.saturating_sub(1),
            1 => end.saturating_add(1).min(most),
            _ => end,
        }
    };
    match net {
        IpNet::V4(net) => {
            let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
            let address = moved(first.into(), last.into(), u32::MAX.into());
            IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(address).expect("at most the last address")))
        }
        IpNet::V6(net) => IpAddr::V6(Ipv6Addr::from_bits(moved(
            net.network().to_bits(),
            net.broadcast().to_bits(),
            u128::MAX,
        ))),
    }
}

/// An end of one of the ranges, one beside it, or any port.
fn port(ranges: &[PortRange], rng: &mut impl Rng) -> u16 {
    let Some(range) = ranges.choose(rng) else { return rng.r#gen() };
    match rng.gen_range(0..7) {
        0 => range.first().saturating_sub(1),
        1 | 2 => range.first(),
        3 | 4 => range.last(),
        5 => range.last().saturating_add(1),
        _ => rng.gen_range(range.first()..=range.last()),
    }
}

/// The address, unless it is of the other family or a router drops packets from or to it whatever its rules say.
fn forwardable(address: IpAddr, is_ipv6: bool) -> Option<IpAddr> {
    let is_fit = match address {
        IpAddr::V4(v4) => {
            !is_ipv6 && (1..224).contains(&v4.octets()[0]) && !v4.is_loopback() && !v4.is_link_local()
        }
        IpAddr::V6(v6) => {
            is_ipv6
                && !v6.is_multicast()
                && !v6.is_unicast_link_local()
                && v6.to_bits() > u128::from(u64::MAX)
        }
    };
    is_fit.then_some(address)
}
