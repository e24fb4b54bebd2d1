//! What an NSG lets in: for one packet, and for all sources at once.
//!
//! Inbound rules are looked at from the lowest priority number; the first that matches decides. Where a service tag or
//! a group is not known, a rule *may* match: an allow then possibly opens, a deny is not relied upon.

use std::{net::IpAddr, sync::LazyLock};

use ipnet::IpNet;

use super::ObservedNsg;
use crate::{
    address_set::AddressSet,
    inventory::Path,
    port::Protocol,
    rule::{Access, AddressMatch, Direction, NsgRule, RuleProtocol},
};

/// What a packet to a management port travels by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    Tcp,
    Udp,
}

impl Transport {
    /// The transports that a port rule's protocol speaks of.
    pub const fn of(protocol: Protocol) -> &'static [Self] {
        match protocol {
            Protocol::Any => &[Self::Tcp, Self::Udp],
            Protocol::Tcp => &[Self::Tcp],
            Protocol::Udp => &[Self::Udp],
        }
    }
}

/// Where packets arrive, seen from behind the translation of public to private addresses.
#[derive(Clone, Copy, Debug)]
pub struct Target<'n> {
    pub destination: IpAddr,
    pub transport: Transport,
    pub port: u16,
    /// What the tag `VirtualNetwork` surely stands for.
    pub virtual_network: &'n [IpNet],
}

/// A part of the address space that one rule lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inlet<'r> {
    pub rule: &'r NsgRule,
    /// From these addresses packets get in.
    pub certain: AddressSet,
    /// From these they may; `certain` is a part of it.
    pub possible: AddressSet,
}

/// A part of the address space that gets through several NSGs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way<'r> {
    /// The rules that let it through, in the path's order.
    pub rules: Vec<(&'r ObservedNsg, &'r NsgRule)>,
    pub certain: AddressSet,
    pub possible: AddressSet,
}

impl ObservedNsg {
    /// The inbound rules, default ones too, in the order in which they are looked at.
    pub fn inbound(&self) -> Vec<&NsgRule> {
        let both = self.rules.iter().chain(&self.default_rules);
        let mut rules: Vec<&NsgRule> = both.filter(|rule| rule.direction == Direction::Inbound).collect();
        rules.sort_by_key(|rule| rule.priority);
        rules
    }
}

/// What one packet meets: the rule that decides, or nothing (then it is dropped). `None` in place of a verdict: not
/// known, since a tag or group is not.
pub fn evaluate<'r>(
    nsg: &'r ObservedNsg,
    source: IpAddr,
    target: Target<'_>,
) -> Option<(Access, Option<&'r NsgRule>)> {
    for rule in nsg.inbound() {
        let (certain, possible) = sources_of(rule, target);
        if certain.contains(source) {
            return Some((rule.access, Some(rule)));
        }
        if possible.contains(source) {
            return None;
        }
    }
    Some((Access::Deny, None))
}

/// Every part of the address space that an NSG lets in to `target`, or may.
pub fn inlets<'r>(nsg: &'r ObservedNsg, target: Target<'_>) -> Vec<Inlet<'r>> {
    let everything = AddressSet::all_like(target.destination);
    let (mut surely_left, mut possibly_left) = (everything.clone(), everything);
    let mut found = Vec::new();
    for rule in nsg.inbound() {
        let (certain, possible) = sources_of(rule, target);
        if rule.access == Access::Allow {
            let inlet = Inlet {
                rule,
                certain: surely_left.intersection(&certain),
                possible: possibly_left.intersection(&possible),
            };
            found.extend((!inlet.possible.is_empty()).then_some(inlet));
        }
        surely_left = surely_left.minus(&possible);
        possibly_left = possibly_left.minus(&certain);
        if possibly_left.is_empty() {
            break;
        }
    }
    found
}

/// From where packets to one target get in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Openness {
    /// From these addresses packets get in.
    pub certain: AddressSet,
    /// From these they may; `certain` is a part of it.
    pub possible: AddressSet,
}

impl Openness {
    /// What one NSG lets in.
    pub fn of(nsg: &ObservedNsg, target: Target<'_>) -> Self {
        let nothing = Self { certain: AddressSet::EMPTY, possible: AddressSet::EMPTY };
        inlets(nsg, target).iter().fold(nothing, |open, inlet| Self {
            certain: open.certain.union(&inlet.certain),
            possible: open.possible.union(&inlet.possible),
        })
    }

    /// What all of several NSGs let in.
    pub fn through<'o>(nsgs: impl IntoIterator<Item = &'o ObservedNsg>, target: Target<'_>) -> Self {
        let everything = AddressSet::all_like(target.destination);
        let all = Self { certain: everything.clone(), possible: everything };
        nsgs.into_iter().fold(all, |open, nsg| {
            let one = Self::of(nsg, target);
            Self {
                certain: open.certain.intersection(&one.certain),
                possible: open.possible.intersection(&one.possible),
            }
        })
    }
}

/// Every part that gets through all NSGs of a path, or may.
pub fn through<'r>(
    path: &Path<'_>,
    nsgs: &[&'r ObservedNsg],
    transport: Transport,
    port: u16,
) -> Vec<Way<'r>> {
    let target =
        Target { destination: path.destination, transport, port, virtual_network: path.virtual_network };
    let everything = AddressSet::all_like(path.destination);
    let mut ways = vec![Way { rules: Vec::new(), certain: everything.clone(), possible: everything }];
    for nsg in nsgs {
        let inlets = inlets(nsg, target);
        ways = ways.iter().flat_map(|way| inlets.iter().filter_map(|inlet| way.then(nsg, inlet))).collect();
    }
    ways
}

impl<'r> Way<'r> {
    fn then(&self, nsg: &'r ObservedNsg, inlet: &Inlet<'r>) -> Option<Self> {
        let possible = self.possible.intersection(&inlet.possible);
        let rules = self.rules.iter().copied().chain([(nsg, inlet.rule)]).collect();
        let certain = self.certain.intersection(&inlet.certain);
        (!possible.is_empty()).then_some(Self { rules, certain, possible })
    }
}

/// From which addresses `rule` decides over packets to `target`: surely, and possibly.
pub fn sources_of(rule: &NsgRule, target: Target<'_>) -> (AddressSet, AddressSet) {
    let speaks = matches!(
        (rule.protocol, target.transport),
        (RuleProtocol::Any, _) | (RuleProtocol::Tcp, Transport::Tcp) | (RuleProtocol::Udp, Transport::Udp)
    );
    let reaches = rule.destination_ports.iter().any(|range| range.contains(target.port));
    let (here, perhaps_here) = if speaks && reaches { is_for(rule, target) } else { (false, false) };
    if !perhaps_here {
        return (AddressSet::EMPTY, AddressSet::EMPTY);
    }
    let (certain, possible) = resolve(&rule.sources, target);
    // A client chooses its own source port, so a rule that names some decides only over some of its packets.
    let any_client = rule.source_ports.contains(&crate::port::PortRange::ALL);
    let surely = any_client && here;
    (if surely { certain } else { AddressSet::EMPTY }, possible)
}

/// Whether a rule speaks of the target's destination: surely, and possibly.
pub(crate) fn is_for(rule: &NsgRule, target: Target<'_>) -> (bool, bool) {
    let mut is = (false, false);
    for one in &rule.destinations {
        let here = match one {
            AddressMatch::Any => (true, true),
            AddressMatch::Prefix(net) => {
                let inside = net.contains(&target.destination);
                (inside, inside)
            }
            AddressMatch::Tag(_) | AddressMatch::Group(_) => {
                let (certain, possible) = resolve_one(one, target);
                (certain.contains(target.destination), possible.contains(target.destination))
            }
        };
        is = (is.0 || here.0, is.1 || here.1);
    }
    is
}

fn resolve(
    matches: &std::collections::BTreeSet<AddressMatch>,
    target: Target<'_>,
) -> (AddressSet, AddressSet) {
    let mut both = (AddressSet::EMPTY, AddressSet::EMPTY);
    for one in matches {
        let (certain, possible) = resolve_one(one, target);
        both = (both.0.union(&certain), both.1.union(&possible));
    }
    both
}

fn resolve_one(one: &AddressMatch, target: Target<'_>) -> (AddressSet, AddressSet) {
    let exactly = |set: AddressSet| (set.clone(), set);
    let network = || target.virtual_network.iter().copied().collect::<AddressSet>();
    match one {
        AddressMatch::Any => exactly(AddressSet::all()),
        AddressMatch::Prefix(net) => exactly(AddressSet::from_iter([*net])),
        AddressMatch::Group(_) => (AddressSet::EMPTY, network().union(private())),
        AddressMatch::Tag(tag) if tag.eq_ignore_ascii_case("VirtualNetwork") => {
            // Peered networks and those on premises belong to it too; they are nearly always private.
            (network(), network().union(private()))
        }
        AddressMatch::Tag(tag) if tag.eq_ignore_ascii_case("Internet") => {
            let outside = AddressSet::all().minus(&network());
            (outside.minus(private()), outside)
        }
        AddressMatch::Tag(tag) if tag.eq_ignore_ascii_case("AzureLoadBalancer") => exactly(load_balancer()),
        AddressMatch::Tag(_) => (AddressSet::EMPTY, AddressSet::all()),
    }
}

/// Every address that packets from the Internet can have.
pub fn internet() -> AddressSet {
    AddressSet::all().minus(private())
}

/// The networks of RFC 1918, RFC 6598 and RFC 4193.
fn private() -> &'static AddressSet {
    static PRIVATE: LazyLock<AddressSet> = LazyLock::new(|| {
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]
            .iter()
            .filter_map(|net| net.parse::<IpNet>().ok())
            .collect()
    });
    &PRIVATE
}

/// The one address that Azure's load balancer probes from.
fn load_balancer() -> AddressSet {
    AddressSet::from_iter([IpNet::from(IpAddr::from([168, 63, 129, 16]))])
}

#[cfg(test)]
pub(crate) mod tests;
