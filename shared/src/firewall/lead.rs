//! Where a firewall leads packets: NAT collections are looked at from the lowest priority number, rules in their order,
//! and the first that matches decides.

use std::net::IpAddr;

use super::{NatCollection, NatRule, ObservedFirewall};
use crate::{address_set::AddressSet, nsg::evaluate::Transport, port::Protocol, rule::AddressMatch};

/// The packets to one address and port that one rule decides over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead<'f> {
    pub collection: &'f NatCollection,
    pub rule: &'f NatRule,
    /// From these addresses it takes them.
    pub certain: AddressSet,
    /// From these it may; `certain` is a part of it.
    pub possible: AddressSet,
}

/// Every rule that decides over some packet to this address and port, or may.
pub fn leads(firewall: &ObservedFirewall, public: IpAddr, port: u16, transport: Transport) -> Vec<Lead<'_>> {
    let mut collections: Vec<&NatCollection> = firewall.collections.iter().collect();
    collections.sort_by_key(|collection| collection.priority);
    let rules = collections.into_iter().flat_map(|one| one.rules.iter().map(move |rule| (one, rule)));
    let everything = AddressSet::all_like(public);
    let (mut surely_left, mut possibly_left) = (everything.clone(), everything);
    let mut found = Vec::new();
    for (collection, rule) in rules.filter(|(_, rule)| speaks_of(rule, public, port, transport)) {
        let (certain, possible) = sources_of(rule, public);
        let lead = Lead {
            collection,
            rule,
            certain: surely_left.intersection(&certain),
            possible: possibly_left.intersection(&possible),
        };
        found.extend((!lead.possible.is_empty()).then_some(lead));
        surely_left = surely_left.minus(&possible);
        possibly_left = possibly_left.minus(&certain);
    }
    found
}

fn speaks_of(rule: &NatRule, public: IpAddr, port: u16, transport: Transport) -> bool {
    let by = match rule.protocol {
        Protocol::Any => true,
        Protocol::Tcp => transport == Transport::Tcp,
        Protocol::Udp => transport == Transport::Udp,
    };
    by && rule.may_be_for(public) && rule.ports.iter().any(|range| range.contains(port))
}

fn sources_of(rule: &NatRule, like: IpAddr) -> (AddressSet, AddressSet) {
    let everything = AddressSet::all_like(like);
    let (mut certain, mut possible) = (AddressSet::EMPTY, AddressSet::EMPTY);
    for source in &rule.sources {
        match source {
            AddressMatch::Any => certain = everything.clone(),
            AddressMatch::Prefix(net) => certain = certain.union(&AddressSet::from_iter([*net])),
            AddressMatch::Tag(_) | AddressMatch::Group(_) => possible = everything.clone(),
        }
    }
    possible = possible.union(&certain).intersection(&everything);
    (if rule.vague { AddressSet::EMPTY } else { certain.intersection(&everything) }, possible)
}
