//! What should be in one NSG: the guards of the configured VMs and the rules of the leases that live.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;
use jiff::Timestamp;

use super::stamp::{Deployment, Part, Purpose, Stamp, StoreId};
use crate::{
    grant::{GrantId, Lease},
    inventory::{Machine, WayIn},
    policy::{Precedence, ProtectedVm},
    port::{Port, PortRange, Protocol},
    rule::{Access, AddressMatch, Direction, NsgRule, RulePriority},
    vm::{NsgId, VmId},
};

/// Who writes: both stand in every stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    pub deployment: Deployment,
    pub store: StoreId,
}

/// Everything that Postern wants of one NSG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    pub author: Author,
    pub rules: Vec<DesiredRule>,
    /// Some protected VM is not known or could not be read, so no guard may be missed: what there is of them stays.
    pub keep_guards: bool,
}

/// A rule that should be there; its priority is found by `plan`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredRule {
    pub stamp: Stamp,
    /// For guards only: whether it must stand before customers' allows.
    pub precedence: Precedence,
    rule: NsgRule,
}

impl DesiredRule {
    pub fn at(&self, priority: RulePriority) -> NsgRule {
        NsgRule { priority, ..self.rule.clone() }
    }

    /// The rule at no particular place in the order.
    pub const fn anywhere(&self) -> &NsgRule {
        &self.rule
    }

    pub const fn is_guard(&self) -> bool {
        matches!(self.stamp.purpose, Purpose::Guard)
    }
}

/// What tells guards apart: VMs of which all this is equal share a rule.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct GuardKey {
    precedence: Precedence,
    protocol: Protocol,
    ports: BTreeSet<Port>,
    v6: bool,
}

/// What tells lease rules apart: leases of which all this is equal share a rule, so a request for many VMs is one write.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct LeaseKey {
    grant: GrantId,
    ends_at: Timestamp,
    protocol: Protocol,
    /// As the NSG sees them: behind a firewall, its subnet.
    sources: BTreeSet<IpNet>,
    ports: BTreeSet<Port>,
    v6: bool,
}

/// Puts together what `nsg` should have at `now`.
///
/// `machines` are at least the VMs behind `nsg`, and `policies` at least theirs and those of VMs that are not known or
/// could not be read, which must not be among `machines` as if they were read. A lease whose VM is not among `machines`
/// wants nothing here.
pub fn desired(
    author: &Author,
    nsg: &NsgId,
    machines: &[Machine],
    policies: &BTreeMap<VmId, ProtectedVm>,
    leases: &[(GrantId, Lease)],
    now: Timestamp,
) -> Desired {
    let mut guards: BTreeMap<GuardKey, BTreeSet<IpAddr>> = BTreeMap::new();
    let mut openings: BTreeMap<LeaseKey, BTreeSet<IpAddr>> = BTreeMap::new();
    for machine in machines {
        let destinations = machine.destinations_in(nsg);
        for v6 in [false, true] {
            let of_family: BTreeSet<IpAddr> =
                destinations.iter().copied().filter(|address| address.is_ipv6() == v6).collect();
            if of_family.is_empty() {
                continue;
            }
            if let Some(policy) = policies.get(&machine.vm) {
                for key in guard_keys(policy, v6) {
                    guards.entry(key).or_default().extend(&of_family);
                }
            }
            let reached: BTreeSet<IpAddr> = match machine.gate() {
                Some(gate) => of_family.iter().copied().filter(|one| *one == gate.private).collect(),
                None => of_family,
            };
            if reached.is_empty() {
                continue;
            }
            for key in lease_keys(machine, leases, v6, now) {
                openings.entry(key).or_default().extend(&reached);
            }
        }
    }
    let mut taken = BTreeSet::new();
    let mut rules: Vec<DesiredRule> =
        guards.into_iter().map(|(key, to)| guard_rule(author, key, to, &mut taken)).collect();
    rules.extend(openings.into_iter().map(|(key, to)| lease_rule(author, key, to, &mut taken)));
    let read: BTreeSet<&VmId> =
        machines.iter().filter(|one| one.way_in != WayIn::Unreadable).map(|one| &one.vm).collect();
    let keep_guards = !policies.keys().all(|vm| read.contains(vm));
    Desired { author: author.clone(), rules, keep_guards }
}

fn guard_keys(policy: &ProtectedVm, v6: bool) -> Vec<GuardKey> {
    let mut by_protocol: BTreeMap<Protocol, BTreeSet<Port>> = BTreeMap::new();
    for rule in policy.ports.iter() {
        by_protocol.entry(rule.protocol).or_default().insert(rule.port);
    }
    let precedence = policy.precedence;
    by_protocol.into_iter().map(|(protocol, ports)| GuardKey { precedence, protocol, ports, v6 }).collect()
}

fn lease_keys(machine: &Machine, leases: &[(GrantId, Lease)], v6: bool, now: Timestamp) -> Vec<LeaseKey> {
    type Alike = (GrantId, Timestamp, Protocol, BTreeSet<IpNet>);
    let mut ports: BTreeMap<Alike, BTreeSet<Port>> = BTreeMap::new();
    for (grant, lease) in leases.iter().filter(|(_, lease)| lease.vm == machine.vm && lease.lives(now)) {
        let sources = seen_sources(machine, lease, v6);
        if !sources.is_empty() {
            let alike = (*grant, lease.expires_at, lease.protocol, sources);
            ports.entry(alike).or_default().insert(lease.port);
        }
    }
    let key = |((grant, ends_at, protocol, sources), ports)| LeaseKey {
        grant,
        ends_at,
        protocol,
        sources,
        ports,
        v6,
    };
    ports.into_iter().map(key).collect()
}

/// From where the packets of a lease come, as the VM's NSGs see it. A firewall puts its own address in place of the
/// requester's, so that a rule for the requester would let nobody in.
fn seen_sources(machine: &Machine, lease: &Lease, v6: bool) -> BTreeSet<IpNet> {
    let granted: BTreeSet<IpNet> =
        lease.sources.iter().filter(|source| source.is_ipv6() == v6).map(|source| source.net()).collect();
    match machine.gate() {
        Some(gate) if !granted.is_empty() => gate.origins().collect(),
        _ => granted,
    }
}

fn guard_rule(
    author: &Author,
    key: GuardKey,
    to: BTreeSet<IpAddr>,
    taken: &mut BTreeSet<RuleNameText>,
) -> DesiredRule {
    let GuardKey { precedence, protocol, ports, v6 } = key;
    let order = match precedence {
        Precedence::CustomerFirst => "customer",
        Precedence::GuardFirst => "guard",
    };
    let text = format!("{order}/{}/{}/{v6}", protocol.as_str(), list(&ports));
    let stamp = free_stamp(author, Purpose::Guard, fnv(&text), taken);
    let rule = rule_of(&stamp, Access::Deny, protocol, BTreeSet::from([AddressMatch::Any]), &ports, to);
    DesiredRule { stamp, precedence, rule }
}

fn lease_rule(
    author: &Author,
    key: LeaseKey,
    to: BTreeSet<IpAddr>,
    taken: &mut BTreeSet<RuleNameText>,
) -> DesiredRule {
    let LeaseKey { grant, ends_at, protocol, sources, ports, v6 } = key;
    let from: Vec<String> = sources.iter().map(in_short).collect();
    let text = format!("{}/{}/{}/{v6}", protocol.as_str(), list(&ports), from.join(","));
    let stamp =
        free_stamp(author, Purpose::Lease { grant, ends_at: whole_seconds(ends_at) }, fnv(&text), taken);
    let from = sources.into_iter().map(AddressMatch::Prefix).collect();
    let rule = rule_of(&stamp, Access::Allow, protocol, from, &ports, to);
    DesiredRule { stamp, precedence: Precedence::CustomerFirst, rule }
}

/// A name that a stamp gives.
pub(crate) type RuleNameText = String;

/// Two different rules must not get one name, however their texts hash.
pub(crate) fn free_stamp(
    author: &Author,
    purpose: Purpose,
    hash: u32,
    taken: &mut BTreeSet<RuleNameText>,
) -> Stamp {
    let Author { deployment, store } = author.clone();
    let step = if matches!(purpose, Purpose::Guard) { 1 } else { 1 << 16 };
    let hash = if matches!(purpose, Purpose::Guard) { hash } else { hash & 0xffff_0000 };
    let mut stamp = Stamp { deployment, store, purpose, part: Part(hash) };
    while !taken.insert(stamp.name()) {
        stamp.part = Part(stamp.part.0.wrapping_add(step));
    }
    stamp
}

fn rule_of(
    stamp: &Stamp,
    access: Access,
    protocol: Protocol,
    sources: BTreeSet<AddressMatch>,
    ports: &BTreeSet<Port>,
    to: BTreeSet<IpAddr>,
) -> NsgRule {
    NsgRule {
        name: stamp.name(),
        description: stamp.description(),
        priority: RulePriority::LAST,
        direction: Direction::Inbound,
        access,
        protocol: protocol.into(),
        sources,
        source_ports: BTreeSet::from([PortRange::ALL]),
        destinations: to.into_iter().map(|address| AddressMatch::Prefix(IpNet::from(address))).collect(),
        destination_ports: ports.iter().copied().map(PortRange::single).collect(),
    }
}

/// One address without its length.
fn in_short(net: &IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

/// A stamp has whole seconds; an end between two is stamped as the later, since a rule is never closed early.
pub(crate) fn whole_seconds(at: Timestamp) -> Timestamp {
    let second = at.as_second() + i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second(second).unwrap_or(at)
}

fn list<T: ToString>(items: &BTreeSet<T>) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

/// FNV-1a: names must come out the same in every build, which the standard hasher does not promise.
pub(crate) fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests;
