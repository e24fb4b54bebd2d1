//! NSGs that nobody would write, from a seed: rules that overlap, nest and contradict each other around a few addresses
//! and ports.

use std::collections::BTreeSet;

use ipnet::IpNet;
use rand::{Rng, seq::SliceRandom};
use shared::{
    nsg::ObservedNsg,
    port::PortRange,
    rule::{Access, AddressMatch, Direction, NsgRule, RulePriority, RuleProtocol},
    vm::NsgId,
};

use crate::PRODUCTION;

/// What the rules of one world are about: few enough things that rules meet.
#[derive(Clone, Debug)]
pub struct Neighbourhood {
    pub is_ipv6: bool,
    /// The address space of the virtual network.
    pub virtual_network: Vec<IpNet>,
    /// Private addresses of VMs; each is inside the virtual network.
    pub machines: Vec<IpNet>,
    /// Single addresses that prefixes of every length are made around.
    pub clients: Vec<IpNet>,
    pub ports: Vec<u16>,
    /// How many of 100 rules leave a field open.
    breadth: u32,
    /// How many of 100 rules allow.
    allows: u32,
    /// How many of 100 rules name source ports.
    source_ports: u32,
}

impl Neighbourhood {
    pub fn random(rng: &mut impl Rng) -> Self {
        let is_ipv6 = rng.gen_ratio(1, 10);
        let virtual_network = some(rng, 3, |rng| network(rng, is_ipv6));
        let machines = some(rng, 4, |rng| {
            let net = virtual_network.choose(rng).copied().unwrap_or_else(|| network(rng, is_ipv6));
            host(net, rng.r#gen())
        });
        let clients = some(rng, 7, |rng| client(rng, is_ipv6));
        let ports = some(rng, 7, |rng| match rng.gen_range(0..4) {
            0 => *[22, 3389, 443].choose(rng).unwrap_or(&22),
            1 => *[0, 1, 65534, 65535].choose(rng).unwrap_or(&0),
            _ => rng.r#gen(),
        });
        let (breadth, allows) = (rng.gen_range(3..50), rng.gen_range(30..80));
        let source_ports = if rng.gen_ratio(1, 6) { rng.gen_range(3..20) } else { 0 };
        Self { is_ipv6, virtual_network, machines, clients, ports, breadth, allows, source_ports }
    }

    /// An NSG of `size` rules of a customer, in no order, and Azure's default ones.
    pub fn nsg(&self, name: &str, size: usize, rng: &mut impl Rng) -> ObservedNsg {
        let production = PRODUCTION.parse().expect("a GUID");
        let id = NsgId::new(production, "prod-rg", name).expect("a name");
        let span = usize::from(RulePriority::LAST.number() - RulePriority::FIRST.number()) + 1;
        let offsets = rand::seq::index::sample(rng, span, size.min(span));
        let rules = offsets.iter().map(|offset| {
            let number = u16::try_from(offset).expect("below 4096") + RulePriority::FIRST.number();
            self.rule(RulePriority::new(number).expect("within the span"), rng)
        });
        ObservedNsg { id, rules: rules.collect(), default_rules: default_rules() }
    }

    /// The two NSGs of a subnet and of an interface in it: mostly small, now and then of 200 rules.
    pub fn pair(&self, rng: &mut impl Rng) -> (ObservedNsg, ObservedNsg) {
        let mut size = || match rng.gen_range(0..20) {
            0 => 200,
            1..=3 => rng.gen_range(60..200),
            4..=8 => rng.gen_range(13..60),
            _ => rng.gen_range(0..13),
        };
        let (subnet, nic) = (size(), size());
        (self.nsg("subnet", subnet, rng), self.nsg("nic", nic, rng))
    }

    fn rule(&self, priority: RulePriority, rng: &mut impl Rng) -> NsgRule {
        let protocol = match rng.gen_range(0..20) {
            0 => *[RuleProtocol::Icmp, RuleProtocol::Esp, RuleProtocol::Ah].choose(rng).expect("three"),
            1..=6 => RuleProtocol::Any,
            7..=13 => RuleProtocol::Tcp,
            _ => RuleProtocol::Udp,
        };
        let names_ports = !matches!(protocol, RuleProtocol::Icmp | RuleProtocol::Esp | RuleProtocol::Ah);
        let names_source_ports = names_ports && rng.gen_range(0..100) < self.source_ports;
        let is_outbound = rng.gen_ratio(1, 25);
        NsgRule {
            name: format!("rule-{priority}"),
            description: String::new(),
            priority,
            direction: if is_outbound { Direction::Outbound } else { Direction::Inbound },
            access: if rng.gen_range(0..100) < self.allows { Access::Allow } else { Access::Deny },
            protocol,
            sources: self.side(&self.clients, &["VirtualNetwork", "Internet", "AzureLoadBalancer"], rng),
            source_ports: if names_source_ports { self.port_ranges(rng) } else { all_ports() },
            destinations: self.side(&self.machines, &["VirtualNetwork"], rng),
            destination_ports: if names_ports && !self.is_broad(rng) {
                self.port_ranges(rng)
            } else {
                all_ports()
            },
        }
    }

    fn is_broad(&self, rng: &mut impl Rng) -> bool {
        rng.gen_range(0..100) < self.breadth
    }

    fn side(&self, around: &[IpNet], tags: &[&str], rng: &mut impl Rng) -> BTreeSet<AddressMatch> {
        if self.is_broad(rng) {
            return BTreeSet::from([AddressMatch::Any]);
        }
        if rng.gen_ratio(1, 12) {
            let tag = *tags.choose(rng).expect("a tag");
            return BTreeSet::from([AddressMatch::Tag(tag.to_owned())]);
        }
        // ARM takes one family in one rule; a rule of the other family must not match.
        let is_stranger = rng.gen_ratio(1, 30);
        let most = if rng.gen_ratio(1, 3) { 6 } else { 1 };
        let prefixes = some(rng, most, |rng| {
            if is_stranger {
                return prefix(client(rng, !self.is_ipv6), rng);
            }
            let near = if rng.gen_ratio(1, 8) { &self.clients[..] } else { around };
            prefix(*near.choose(rng).expect("never empty"), rng)
        });
        prefixes.into_iter().map(AddressMatch::Prefix).collect()
    }

    fn port_ranges(&self, rng: &mut impl Rng) -> BTreeSet<PortRange> {
        let most = if rng.gen_ratio(1, 3) { 5 } else { 1 };
        let ranges = some(rng, most, |rng| {
            let port = *self.ports.choose(rng).expect("never empty");
            let width = *[0, 0, 1, 2, 10, 1000, u16::MAX].choose(rng).expect("never empty");
            let (below, above) = (rng.gen_range(0..=width), rng.gen_range(0..=width));
            PortRange::new(port.saturating_sub(below), port.saturating_add(above)).expect("in order")
        });
        ranges.into_iter().collect()
    }
}

/// From one to `most` things.
fn some<T, R: Rng>(rng: &mut R, most: usize, mut one: impl FnMut(&mut R) -> T) -> Vec<T> {
    let count = rng.gen_range(1..=most);
    (0..count).map(|_| one(rng)).collect()
}

fn all_ports() -> BTreeSet<PortRange> {
    BTreeSet::from([PortRange::ALL])
}

fn default_rules() -> Vec<NsgRule> {
    let tag = |name: &str| AddressMatch::Tag(name.to_owned());
    let rule = |name: &str, number, access, from, to| NsgRule {
        name: name.to_owned(),
        description: String::new(),
        priority: RulePriority::of_default_rule(number),
        direction: Direction::Inbound,
        access,
        protocol: RuleProtocol::Any,
        sources: BTreeSet::from([from]),
        source_ports: all_ports(),
        destinations: BTreeSet::from([to]),
        destination_ports: all_ports(),
    };
    let network = || tag("VirtualNetwork");
    vec![
        rule("AllowVnetInBound", 65000, Access::Allow, network(), network()),
        rule(
            "AllowAzureLoadBalancerInBound",
            65001,
            Access::Allow,
            tag("AzureLoadBalancer"),
            AddressMatch::Any,
        ),
        rule("DenyAllInBound", 65500, Access::Deny, AddressMatch::Any, AddressMatch::Any),
    ]
}

/// A prefix of a virtual network: private, as nearly all are, or not.
fn network(rng: &mut impl Rng, is_ipv6: bool) -> IpNet {
    let public = rng.gen_ratio(1, 4);
    let (within, length) = match (is_ipv6, public) {
        (true, true) => ("2001:db8::/32", rng.gen_range(36..=64)),
        (true, false) => ("fd00::/8", rng.gen_range(48..=64)),
        (false, true) => ("198.18.0.0/15", rng.gen_range(16..=28)),
        (false, false) => (*["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].choose(rng).expect("three"), 0),
    };
    let within: IpNet = within.parse().expect("a network");
    let length = if length == 0 { rng.gen_range(within.prefix_len()..=28) } else { length };
    shorten(host(within, rng.r#gen()), length)
}

/// An address that packets may come from, sometimes the load balancer's.
fn client(rng: &mut impl Rng, is_ipv6: bool) -> IpNet {
    let within = match (is_ipv6, rng.gen_range(0..8)) {
        (true, 0..2) => "fd00::/8",
        (true, 2..5) => "2001:db8::/32",
        (true, _) => "2000::/3",
        (false, 0) => "10.0.0.0/8",
        (false, 1) => "100.64.0.0/10",
        (false, 2) => "168.63.129.16/31",
        (false, 3) => "198.18.0.0/15",
        (false, 4..6) => "128.0.0.0/2",
        (false, _) => "16.0.0.0/6",
    };
    host(within.parse().expect("a network"), rng.r#gen())
}

/// The address of a network whose host part is taken from `bits`.
fn host(net: IpNet, bits: u128) -> IpNet {
    match net {
        IpNet::V4(net) => {
            let low = u32::try_from(bits & u128::from(u32::MAX)).expect("32 bits");
            let address = net.network().to_bits() | (low & net.hostmask().to_bits());
            IpNet::from(std::net::IpAddr::from(std::net::Ipv4Addr::from_bits(address)))
        }
        IpNet::V6(net) => {
            let address = net.network().to_bits() | (bits & net.hostmask().to_bits());
            IpNet::from(std::net::IpAddr::from(std::net::Ipv6Addr::from_bits(address)))
        }
    }
}

/// A prefix of any length around an address.
fn prefix(address: IpNet, rng: &mut impl Rng) -> IpNet {
    let most = address.max_prefix_len();
    let length = if rng.gen_ratio(1, 3) { most } else { rng.gen_range(0..=most) };
    shorten(address, length)
}

fn shorten(address: IpNet, length: u8) -> IpNet {
    IpNet::new(address.addr(), length).expect("at most the family's length").trunc()
}
