use uuid::Uuid;

use super::*;
use crate::{
    decision::tests::vm,
    grant::{GrantId, Lease},
    inventory::{
        Machine,
        tests::{a_machine, behind_firewall, firewall_id},
    },
    nsg::{
        desired::Author,
        evaluate::Transport,
        plan,
        stamp::{Deployment, StoreId},
    },
    source::{SourcePrefix, Sources},
};

#[test]
fn the_first_match_decides_over_each_source() {
    let mut narrow = a_nat("narrow", "203.0.113.0/24", 443, ("10.1.0.8", 443));
    narrow.protocol = Protocol::Tcp;
    let wide = a_nat("wide", "*", 443, ("10.1.0.9", 443));
    let firewall =
        a_firewall(vec![a_collection("late", 200, vec![wide]), a_collection("early", 100, vec![narrow])]);
    let found = leads(&firewall, PUBLIC.parse().unwrap(), 443, Transport::Tcp);
    assert_eq!(found.iter().map(|lead| lead.rule.name.as_str()).collect::<Vec<_>>(), ["narrow", "wide"]);
    let requester = "203.0.113.7".parse().unwrap();
    assert!(found[0].certain.contains(requester) && !found[1].possible.contains(requester));
    let by_udp = leads(&firewall, PUBLIC.parse().unwrap(), 443, Transport::Udp);
    assert!(by_udp.len() == 1 && by_udp[0].certain.contains(requester));
    assert_eq!(leads(&firewall, PUBLIC.parse().unwrap(), 444, Transport::Tcp), []);
    assert_eq!(leads(&firewall, "20.51.4.9".parse().unwrap(), 443, Transport::Tcp), []);
}

#[test]
fn what_a_rule_that_is_not_understood_leaves_over_is_not_certain() {
    let vague = NatRule { vague: true, ..a_nat("odd", "*", 443, ("10.1.0.8", 443)) };
    let mut grouped = a_nat("grouped", "*", 443, ("10.1.0.8", 443));
    grouped.sources = BTreeSet::from([AddressMatch::Group("office".to_owned())]);
    for first in [vague, grouped] {
        let wide = a_nat("wide", "*", 443, ("10.1.0.9", 443));
        let firewall = a_firewall(vec![a_collection("foreign", 100, vec![first, wide])]);
        let found = leads(&firewall, PUBLIC.parse().unwrap(), 443, Transport::Tcp);
        assert!(found.iter().all(|lead| lead.certain.is_empty() && !lead.possible.is_empty()), "{found:?}");
        assert_eq!(found.len(), 2);
    }
}

#[test]
fn one_port_is_told_from_several() {
    let mut rule = a_nat("x", "*", 443, ("10.1.0.8", 443));
    assert_eq!(rule.single_port(), Some(a_port(443)));
    rule.ports.insert(PortRange::single(a_port(8443)));
    assert_eq!(rule.single_port(), None);
    rule.ports = BTreeSet::from([PortRange::new(443, 444).unwrap()]);
    assert_eq!(rule.single_port(), None);
}

/// The firewall's address that stands for `web-01`, and for `web-02`.
pub(crate) const PUBLIC: &str = "20.51.4.1";

pub(crate) fn dev() -> Deployment {
    "dev".parse().unwrap()
}

pub(crate) fn author() -> Author {
    Author { deployment: dev(), store: StoreId::new(0xbeef) }
}

/// `web-NN` at 10.1.0.N, behind the firewall with one address.
pub(crate) fn machine(n: u8) -> Machine {
    let mut machine = behind_firewall(a_machine(&format!("web-{n:02}"), &format!("10.1.0.{n}"), &["nic"]));
    machine.firewall.as_mut().unwrap().addresses = vec![PUBLIC.parse().unwrap()];
    machine
}

pub(crate) fn a_grant(n: u128) -> GrantId {
    GrantId::from_uuid(Uuid::from_u128(n))
}

/// An hour for SSH to `web-NN` under a grant.
pub(crate) fn a_lease(grant: u128, n: u8, sources: &[&str]) -> (GrantId, Lease) {
    let sources: Vec<SourcePrefix> = sources.iter().map(|source| source.parse().unwrap()).collect();
    let (grant, lease) = plan::tests::a_lease(grant, "203.0.113.7");
    let vm = vm(&format!("web-{n:02}"));
    (grant, Lease { vm, protocol: Protocol::Any, sources: Sources::try_from(sources).unwrap(), ..lease })
}

pub(crate) fn a_port(number: u16) -> Port {
    Port::try_from(i64::from(number)).unwrap()
}

/// A customer's rule for [`PUBLIC`].
pub(crate) fn a_nat(name: &str, source: &str, port: u16, (to, at): (&str, u16)) -> NatRule {
    let source =
        if source == "*" { AddressMatch::Any } else { AddressMatch::Prefix(source.parse().unwrap()) };
    let public: IpAddr = PUBLIC.parse().unwrap();
    NatRule {
        name: name.to_owned(),
        description: String::new(),
        protocol: Protocol::Any,
        sources: BTreeSet::from([source]),
        destinations: BTreeSet::from([AddressMatch::Prefix(public.into())]),
        ports: BTreeSet::from([PortRange::single(a_port(port))]),
        translated_address: Some(to.parse().unwrap()),
        translated_port: Some(a_port(at)),
        vague: false,
    }
}

pub(crate) fn a_collection(name: &str, priority: u16, rules: Vec<NatRule>) -> NatCollection {
    NatCollection { name: name.to_owned(), priority, rules }
}

pub(crate) fn a_firewall(collections: Vec<NatCollection>) -> ObservedFirewall {
    let etag = Some("W/\"1\"".to_owned());
    ObservedFirewall { id: firewall_id(), etag, has_policy: false, failed: false, collections }
}
