//! What an NSG lets in: for one packet, and for all sources at once.
//!
//! Inbound rules are looked at from the lowest priority number; the first that matches decides. Where a service tag or
//! a group is not known, a rule *may* match: an allow then possibly opens, a deny is not relied upon.

use std::net::IpAddr;

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
    let (here, perhaps_here) = resolve(&rule.destinations, target);
    if !speaks || !reaches || !perhaps_here.contains(target.destination) {
        return (AddressSet::EMPTY, AddressSet::EMPTY);
    }
    let (certain, possible) = resolve(&rule.sources, target);
    // A client chooses its own source port, so a rule that names some decides only over some of its packets.
    let any_client = rule.source_ports.contains(&crate::port::PortRange::ALL);
    let surely = any_client && here.contains(target.destination);
    (if surely { certain } else { AddressSet::EMPTY }, possible)
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
        AddressMatch::Group(_) => (AddressSet::EMPTY, network().union(&private())),
        AddressMatch::Tag(tag) if tag.eq_ignore_ascii_case("VirtualNetwork") => {
            // Peered networks and those on premises belong to it too; they are nearly always private.
            (network(), network().union(&private()))
        }
        AddressMatch::Tag(tag) if tag.eq_ignore_ascii_case("Internet") => {
            let outside = AddressSet::all().minus(&network());
            (outside.minus(&private()), outside)
        }
        AddressMatch::Tag(tag) if tag.eq_ignore_ascii_case("AzureLoadBalancer") => exactly(load_balancer()),
        AddressMatch::Tag(_) => (AddressSet::EMPTY, AddressSet::all()),
    }
}

/// Every address that packets from the Internet can have.
pub fn internet() -> AddressSet {
    AddressSet::all().minus(&private())
}

/// The networks of RFC 1918, RFC 6598 and RFC 4193.
fn private() -> AddressSet {
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]
        .iter()
        .filter_map(|net| net.parse::<IpNet>().ok())
        .collect()
}

/// The one address that Azure's load balancer probes from.
fn load_balancer() -> AddressSet {
    AddressSet::from_iter([IpNet::from(IpAddr::from([168, 63, 129, 16]))])
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::{inventory::tests::nsg, port::PortRange, rule::RulePriority};

    #[test]
    fn the_strongest_rule_that_matches_decides() {
        let observed = an_nsg(vec![
            a_rule("allow", 300, Access::Allow, "*", "22"),
            a_rule("deny", 200, Access::Deny, "203.0.113.0/24", "22"),
        ]);
        assert_eq!(verdict(&observed, "203.0.113.7"), Some((Access::Deny, "deny".to_owned())));
        assert_eq!(verdict(&observed, "198.51.100.7"), Some((Access::Allow, "allow".to_owned())));
    }

    #[test]
    fn without_a_rule_the_default_ones_decide() {
        let observed = an_nsg(vec![]);
        assert_eq!(verdict(&observed, "203.0.113.7"), Some((Access::Deny, "DenyAllInBound".to_owned())));
        assert_eq!(verdict(&observed, "10.1.0.9"), Some((Access::Allow, "AllowVnetInBound".to_owned())));
    }

    #[test]
    fn an_unknown_tag_may_open_and_does_not_shut() {
        let mut allow = a_rule("storage", 100, Access::Allow, "*", "22");
        allow.sources = BTreeSet::from([AddressMatch::Tag("Storage.WestEurope".to_owned())]);
        let observed = an_nsg(vec![allow.clone()]);
        assert_eq!(verdict(&observed, "203.0.113.7"), None);
        let inlets = inlets(&observed, ssh());
        assert!(inlets[0].certain.is_empty() && inlets[0].possible.contains("203.0.113.7".parse().unwrap()));
        let deny = NsgRule { access: Access::Deny, ..allow };
        let observed = an_nsg(vec![deny, a_rule("allow", 300, Access::Allow, "*", "22")]);
        let opened = super::inlets(&observed, ssh()).remove(0);
        assert!(opened.certain.is_empty() && opened.possible.contains("203.0.113.7".parse().unwrap()));
    }

    #[test]
    fn a_rule_for_some_source_ports_only_possibly_decides() {
        let mut deny = a_rule("deny", 100, Access::Deny, "*", "22");
        deny.source_ports = BTreeSet::from(["1024-2048".parse().unwrap()]);
        let observed = an_nsg(vec![deny, a_rule("allow", 300, Access::Allow, "*", "22")]);
        assert_eq!(verdict(&observed, "203.0.113.7"), None);
    }

    #[test]
    fn other_ports_protocols_and_destinations_are_not_spoken_of() {
        let mut udp = a_rule("udp", 100, Access::Allow, "*", "22");
        udp.protocol = RuleProtocol::Udp;
        let mut elsewhere = a_rule("elsewhere", 101, Access::Allow, "*", "22");
        elsewhere.destinations = BTreeSet::from([AddressMatch::Prefix("10.1.0.5/32".parse().unwrap())]);
        let observed = an_nsg(vec![udp, elsewhere, a_rule("rdp", 102, Access::Allow, "*", "3389")]);
        assert_eq!(verdict(&observed, "203.0.113.7"), Some((Access::Deny, "DenyAllInBound".to_owned())));
    }

    #[test]
    fn both_nsgs_must_let_a_packet_in() {
        let subnet = an_nsg(vec![a_rule("office", 100, Access::Allow, "203.0.113.0/24", "22")]);
        let nic = an_nsg(vec![a_rule("half", 100, Access::Allow, "203.0.113.0/25", "22")]);
        let path = Path { destination: ssh().destination, nsgs: vec![], virtual_network: &[] };
        let ways = through(&path, &[&subnet, &nic], Transport::Tcp, 22);
        let open = ways.iter().fold(AddressSet::EMPTY, |all, way| all.union(&way.certain));
        assert!(open.contains("203.0.113.7".parse().unwrap()));
        assert!(!open.contains("203.0.113.200".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn the_algebra_agrees_with_single_packets(rules in rules(), last: u8) {
            let observed = an_nsg(rules);
            let source = IpAddr::from([203, 0, 113, last]);
            let inlets = inlets(&observed, ssh());
            let let_in = inlets.iter().any(|inlet| inlet.certain.contains(source));
            let verdict = evaluate(&observed, source, ssh());
            prop_assert_eq!(let_in, matches!(verdict, Some((Access::Allow, _))));
        }
    }

    pub(crate) fn rules() -> impl Strategy<Value = Vec<NsgRule>> {
        proptest::collection::vec((100u16..4096, any::<bool>(), any::<u8>(), 24u8..=32, any::<bool>()), 0..12)
            .prop_map(|list| {
                let mut seen = BTreeSet::new();
                list.into_iter()
                    .filter(|rule| seen.insert(rule.0))
                    .map(|(priority, allow, last, length, ssh)| {
                        let net = IpNet::new(IpAddr::from([203, 0, 113, last]), length).unwrap().trunc();
                        let access = if allow { Access::Allow } else { Access::Deny };
                        let port = if ssh { "22" } else { "20-30" };
                        a_rule(&format!("customer-{priority}"), priority, access, &net.to_string(), port)
                    })
                    .collect()
            })
    }

    pub(crate) fn an_nsg(rules: Vec<NsgRule>) -> ObservedNsg {
        let default = |name: &str, number, access, sources: AddressMatch| NsgRule {
            priority: RulePriority::of_default_rule(number),
            sources: BTreeSet::from([sources]),
            ..a_rule(name, 100, access, "*", "*")
        };
        let vnet = AddressMatch::Tag("VirtualNetwork".to_owned());
        let default_rules = vec![
            default("AllowVnetInBound", 65000, Access::Allow, vnet),
            default("DenyAllInBound", 65500, Access::Deny, AddressMatch::Any),
        ];
        ObservedNsg { id: nsg("nic"), rules, default_rules }
    }

    pub(crate) fn a_rule(name: &str, priority: u16, access: Access, from: &str, ports: &str) -> NsgRule {
        let source = from.parse().map_or(AddressMatch::Any, AddressMatch::Prefix);
        NsgRule {
            name: name.to_owned(),
            description: String::new(),
            priority: RulePriority::new(priority).unwrap(),
            direction: Direction::Inbound,
            access,
            protocol: RuleProtocol::Any,
            sources: BTreeSet::from([source]),
            source_ports: BTreeSet::from([PortRange::ALL]),
            destinations: BTreeSet::from([AddressMatch::Any]),
            destination_ports: BTreeSet::from([ports.parse().unwrap()]),
        }
    }

    pub(crate) fn ssh() -> Target<'static> {
        static NETWORK: std::sync::LazyLock<Vec<IpNet>> =
            std::sync::LazyLock::new(|| vec!["10.1.0.0/16".parse().unwrap()]);
        Target {
            destination: IpAddr::from([10, 1, 0, 4]),
            transport: Transport::Tcp,
            port: 22,
            virtual_network: &NETWORK,
        }
    }

    fn verdict(observed: &ObservedNsg, source: &str) -> Option<(Access, String)> {
        let (access, rule) = evaluate(observed, source.parse().unwrap(), ssh())?;
        Some((access, rule.map(|rule| rule.name.clone()).unwrap_or_default()))
    }
}
