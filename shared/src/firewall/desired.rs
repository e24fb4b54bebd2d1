//! What should be in our NAT collection of one firewall: a rule for each lease that lives.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use jiff::Timestamp;

use super::{Gate, NatRule};
use crate::{
    grant::{GrantId, Lease},
    inventory::Machine,
    nsg::{
        desired::{Author, fnv, free_stamp, whole_seconds},
        stamp::{Part, Purpose},
    },
    port::{Port, Protocol},
    rule::AddressMatch,
    source::SourcePrefix,
    vm::{FirewallId, VmId},
};

/// Everything that Postern wants of one firewall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredFirewall {
    pub author: Author,
    pub rules: Vec<DesiredNat>,
    /// Grants none of whose sources can send to the firewall: they are of the other address family.
    pub unreachable: BTreeSet<GrantId>,
    /// Some lease through this firewall is over and was not read back as closed.
    pub is_closing: bool,
}

/// A NAT rule that should be there; its port is found by `plan_firewall`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredNat {
    pub grant: GrantId,
    pub(super) target: Target,
    rule: NatRule,
}

impl DesiredNat {
    /// The rule with the port under which the VM's is reached.
    pub(super) fn at(&self, port: Port) -> NatRule {
        let ports = BTreeSet::from([crate::port::PortRange::single(port)]);
        NatRule { ports, ..self.rule.clone() }
    }

    /// The rule with no port yet.
    pub const fn anywhere(&self) -> &NatRule {
        &self.rule
    }
}

/// A port of a VM, and the address of the firewall that stands for the VM: it has one mapped port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) public: IpAddr,
    pub(super) private: IpAddr,
    pub(super) port: Port,
    /// Where the search for a free port begins: the same in every plan.
    pub(super) seed: u32,
}

/// What tells NAT rules apart: leases of which all this is equal share a rule.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct NatKey {
    grant: GrantId,
    ends_at: Timestamp,
    vm: VmId,
    port: Port,
    protocol: Protocol,
}

/// Puts together what `firewall` should have at `now`.
///
/// `machines` are all VMs of the subscription; `leases` are those not yet closed. A lease whose VM is not reached
/// through this firewall wants nothing here.
pub fn desired_firewall(
    author: &Author,
    firewall: &FirewallId,
    machines: &[Machine],
    leases: &[(GrantId, Lease)],
    now: Timestamp,
) -> DesiredFirewall {
    let gates: BTreeMap<&VmId, Gate<'_>> = machines
        .iter()
        .filter_map(|machine| Some((&machine.vm, machine.gate()?)))
        .filter(|(_, gate)| gate.firewall == firewall)
        .collect();
    let (mut sources, mut unreachable) = (BTreeMap::<NatKey, BTreeSet<SourcePrefix>>::new(), BTreeSet::new());
    let mut is_closing = false;
    for (grant, lease) in leases {
        let Some(gate) = gates.get(&lease.vm) else { continue };
        if !lease.lives(now) {
            is_closing |= !lease.is_closed();
            continue;
        }
        let of_family: BTreeSet<SourcePrefix> =
            lease.sources.iter().filter(|source| source.is_ipv6() == gate.public.is_ipv6()).collect();
        if of_family.is_empty() {
            unreachable.insert(*grant);
        } else {
            sources.entry(key(*grant, lease)).or_default().extend(of_family);
        }
    }
    let mut taken = BTreeSet::new();
    let rules = sources
        .into_iter()
        .filter_map(|(key, sources)| {
            gates.get(&key.vm).map(|gate| nat(author, &key, *gate, &sources, &mut taken))
        })
        .collect();
    DesiredFirewall { author: author.clone(), rules, unreachable, is_closing }
}

fn key(grant: GrantId, lease: &Lease) -> NatKey {
    let Lease { vm, port, protocol, expires_at, .. } = lease.clone();
    NatKey { grant, ends_at: expires_at, vm, port, protocol }
}

fn nat(
    author: &Author,
    key: &NatKey,
    gate: Gate<'_>,
    sources: &BTreeSet<SourcePrefix>,
    taken: &mut BTreeSet<String>,
) -> DesiredNat {
    let NatKey { grant, ends_at, vm, port, protocol } = key;
    let seed = fnv(&format!("{}/{port}", vm.key()));
    let part = hash_of(vm, *port, *protocol);
    let purpose = Purpose::Lease { grant: *grant, ends_at: whole_seconds(*ends_at) };
    let stamp = free_stamp(author, purpose, part, taken);
    let rule = NatRule {
        name: stamp.name(),
        description: stamp.description(),
        protocol: *protocol,
        sources: sources.iter().map(|source| AddressMatch::Prefix(source.net())).collect(),
        destinations: BTreeSet::from([AddressMatch::Prefix(gate.public.into())]),
        ports: BTreeSet::new(),
        translated_address: Some(gate.private),
        translated_port: Some(*port),
        vague: false,
    };
    let target = Target { public: gate.public, private: gate.private, port: *port, seed };
    DesiredNat { grant: *grant, target, rule }
}

/// What stands in the stamp of a lease's rule, unless two rules of its grant came to the same.
pub(crate) fn part_of(lease: &Lease) -> Part {
    Part(hash_of(&lease.vm, lease.port, lease.protocol) & 0xffff_0000)
}

fn hash_of(vm: &VmId, port: Port, protocol: Protocol) -> u32 {
    fnv(&format!("{}/{port}/{}", vm.key(), protocol.as_str()))
}
