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
