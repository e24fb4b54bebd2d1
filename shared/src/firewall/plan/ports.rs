//! Mapped ports: one for each port of a VM, that no other NAT rule on the same address may take.

use std::{collections::BTreeMap, ops::RangeInclusive};

use super::super::{DesiredFirewall, DesiredNat, NatRule, ObservedFirewall, desired::Target};
use crate::{
    nsg::stamp::Stamp,
    port::{Port, PortRange, Protocol},
};

/// From which mapped ports are taken.
pub const MAPPED_PORTS: RangeInclusive<u16> = 50_000..=59_999;

/// The mapped port of each target that has found one.
pub(super) struct Ports<'d>(BTreeMap<&'d Target, Port>);

impl<'d> Ports<'d> {
    /// `left`: the rules of our collection that stay though nobody wants them.
    pub(super) fn assign(
        desired: &'d DesiredFirewall,
        observed: &ObservedFirewall,
        left: &[&NatRule],
    ) -> Self {
        let mut targets: BTreeMap<&Target, Protocol> = BTreeMap::new();
        for DesiredNat { target, .. } in &desired.rules {
            let of_target = desired.rules.iter().filter(|one| one.target == *target);
            let protocols = of_target.map(|one| one.anywhere().protocol);
            targets.entry(target).or_insert_with(|| protocols.reduce(both).unwrap_or(Protocol::Any));
        }
        let own = observed.own(&desired.author.deployment);
        let is_foreign = |name: &str| own.is_none_or(|own| own.name != name);
        let foreign = observed.collections.iter().filter(|collection| is_foreign(&collection.name));
        let mut search = Search {
            foreign: foreign.flat_map(|collection| &collection.rules).collect(),
            left,
            found: BTreeMap::new(),
        };
        let ours = || own.into_iter().flat_map(|own| &own.rules).filter(|rule| is_of(desired, rule));
        // Ports in use come before those that are searched for, or one could take the other's.
        for (target, protocol) in &targets {
            let in_use = ours().filter(|rule| is_for(rule, target)).filter_map(NatRule::single_port);
            let kept = in_use.filter(|port| MAPPED_PORTS.contains(&port.number()));
            search.settle(target, *protocol, kept.map(Port::number));
        }
        for (target, protocol) in &targets {
            search.settle(target, *protocol, candidates(target.seed));
        }
        Self(search.found.into_iter().map(|(target, (port, _))| (target, port)).collect())
    }

    pub(super) fn of(&self, wanted: &DesiredNat) -> Option<Port> {
        self.0.get(&wanted.target).copied()
    }
}

struct Search<'d, 'o> {
    foreign: Vec<&'o NatRule>,
    left: &'o [&'o NatRule],
    found: BTreeMap<&'d Target, (Port, Protocol)>,
}

impl<'d> Search<'d, '_> {
    /// Gives the target the first candidate that is free, unless it has a port.
    fn settle(&mut self, target: &'d Target, protocol: Protocol, mut from: impl Iterator<Item = u16>) {
        if self.found.contains_key(target) {
            return;
        }
        if let Some(port) = from.find_map(|number| self.free(target, protocol, number)) {
            self.found.insert(target, (port, protocol));
        }
    }

    fn free(&self, target: &Target, protocol: Protocol, number: u16) -> Option<Port> {
        let port = Port::try_from(i64::from(number)).ok()?;
        let takes = |rule: &NatRule| {
            meet(rule.protocol, protocol)
                && rule.may_be_for(target.public)
                && rule.ports.iter().any(|range: &PortRange| range.contains(number))
        };
        let by_left = |rule: &&&NatRule| takes(rule) && !rule.leads_to(target.private, target.port);
        let by_found = |(other, (taken, by)): (&&Target, &(Port, Protocol))| {
            other.public == target.public && *taken == port && meet(*by, protocol)
        };
        let is_taken = self.foreign.iter().any(|rule| takes(rule))
            || self.left.iter().any(|rule| by_left(&rule))
            || self.found.iter().any(by_found);
        (!is_taken).then_some(port)
    }
}

/// Every mapped port once, from where the target's search begins.
fn candidates(seed: u32) -> impl Iterator<Item = u16> {
    let count = u32::from(MAPPED_PORTS.end() - MAPPED_PORTS.start()) + 1;
    let start = seed % count;
    (0..count).filter_map(move |step| {
        u16::try_from((start + step) % count).ok().map(|offset| MAPPED_PORTS.start() + offset)
    })
}

fn is_of(desired: &DesiredFirewall, rule: &NatRule) -> bool {
    rule.name.parse::<Stamp>().is_ok_and(|stamp| stamp.deployment == desired.author.deployment)
}

fn is_for(rule: &NatRule, target: &Target) -> bool {
    rule.leads_to(target.private, target.port) && rule.may_be_for(target.public)
}

fn both(a: Protocol, b: Protocol) -> Protocol {
    if a == b { a } else { Protocol::Any }
}

fn meet(a: Protocol, b: Protocol) -> bool {
    a == b || a == Protocol::Any || b == Protocol::Any
}
