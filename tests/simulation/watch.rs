//! What holds after every step, checked at each effect and each change of the ledger.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use functions::{fabric::memory::MemoryFabric, store::memory::MemoryLedger};
use ipnet::IpNet;
use shared::{
    audit::{Entry, Event, GENESIS, verify},
    exposure::Observations,
    grant::{CloseReason, GrantId, Lease, LeaseId, LeaseState},
    inventory::{Machine, Path},
    nsg::{
        ObservedNsg, RuleChange,
        evaluate::{Target, Transport, evaluate},
        stamp::{Deployment, Purpose, Stamp},
    },
    rule::{Access, NsgRule, RulePriority},
    vm::{NsgId, VmId},
};

use crate::{
    scenario::{DEPLOYMENT, subscription},
    time::Time,
};

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) invariant: &'static str,
    pub(crate) detail: String,
}

#[derive(Debug)]
pub(crate) struct Watch {
    ledger: MemoryLedger,
    memory: MemoryFabric,
    time: Arc<Time>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The rules of other hands, as they made them.
    foreign: BTreeMap<NsgId, BTreeMap<String, NsgRule>>,
    /// VMs that another hand changed since the world was last at rest.
    disturbed: BTreeSet<VmId>,
    /// VMs of which somebody asked to close a lease.
    asked: BTreeSet<VmId>,
    leases: BTreeMap<LeaseId, Lease>,
    closed_entries: BTreeSet<LeaseId>,
    seq: u64,
    hash: String,
    violation: Option<Violation>,
}

impl Watch {
    pub(crate) fn new(ledger: MemoryLedger, memory: MemoryFabric, time: Arc<Time>) -> Self {
        let state = State { hash: GENESIS.to_owned(), ..State::default() };
        Self { ledger, memory, time, state: Mutex::new(state) }
    }

    pub(crate) fn report(&self, invariant: &'static str, detail: String) {
        self.state().violation.get_or_insert(Violation { invariant, detail });
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.state().violation.clone()
    }

    pub(crate) fn foreign_put(&self, nsg: &NsgId, rule: &NsgRule) {
        self.state().foreign.entry(nsg.clone()).or_default().insert(rule.name.clone(), rule.clone());
    }

    pub(crate) fn foreign_removed(&self, nsg: &NsgId, name: &str) {
        if let Some(rules) = self.state().foreign.get_mut(nsg) {
            rules.remove(name);
        }
    }

    pub(crate) fn nsg_removed(&self, nsg: &NsgId) {
        self.state().foreign.remove(nsg);
    }

    pub(crate) fn disturb(&self, vm: &VmId) {
        self.state().disturbed.insert(vm.clone());
    }

    pub(crate) fn ask_to_end(&self, vm: &VmId) {
        self.state().asked.insert(vm.clone());
    }

    pub(crate) fn rested(&self) {
        self.state().disturbed.clear();
    }

    pub(crate) fn has_closed_entry(&self, lease: LeaseId) -> bool {
        self.state().closed_entries.contains(&lease)
    }

    /// A change of ours had its effect.
    pub(crate) fn judge(
        &self,
        before: Option<&ObservedNsg>,
        after: Option<&ObservedNsg>,
        change: &RuleChange,
    ) {
        let (Some(before), Some(after)) = (before, after) else { return };
        self.order(after);
        self.foreign(after);
        self.durable(change);
        self.early(before, after);
    }

    fn order(&self, nsg: &ObservedNsg) {
        let mut taken = BTreeSet::new();
        for rule in &nsg.rules {
            let is_inbound = rule.direction == shared::rule::Direction::Inbound;
            let in_range = (RulePriority::FIRST..=RulePriority::LAST).contains(&rule.priority);
            if !in_range || !taken.insert((is_inbound, rule.priority)) {
                let detail = format!("{} ({}) in {}", rule.name, rule.priority, nsg.id.name());
                self.report("priorities are unique and in range", detail);
            }
        }
    }

    pub(crate) fn foreign(&self, nsg: &ObservedNsg) {
        let is: BTreeMap<String, NsgRule> = nsg
            .rules
            .iter()
            .filter(|rule| stamp_of(rule).is_none())
            .map(|rule| (rule.name.clone(), rule.clone()))
            .collect();
        let should = self.state().foreign.get(&nsg.id).cloned().unwrap_or_default();
        if is != should {
            let detail = format!("{}: {is:?} instead of {should:?}", nsg.id.name());
            self.report("foreign rules stay as they are", detail);
        }
    }

    fn durable(&self, change: &RuleChange) {
        let RuleChange::Put(rule) = change else { return };
        let Some(Purpose::Lease { grant, .. }) = stamp_of(rule).map(|stamp| stamp.purpose) else { return };
        if !self.ledger.grants().iter().any(|known| known.id == grant) {
            self.report("a grant is durable before its rule is written", rule.name.clone());
        }
    }

    /// A lease that lives by every clock, of a VM that nobody else changed, is not cut.
    fn early(&self, before: &ObservedNsg, after: &ObservedNsg) {
        let latest = self.time.latest();
        let living = self.ledger.leases().into_iter().filter(|held| held.lease.lives(latest));
        for held in living {
            if self.state().disturbed.contains(&held.lease.vm) {
                continue;
            }
            let Some(machine) = self.machine(&held.lease.vm) else { continue };
            for packet in packets_of(&machine, &held.lease).filter(|one| one.path.nsgs.contains(&&before.id))
            {
                let (source, target) = (packet.source, packet.target());
                let was = evaluate(before, source, target);
                let Some((Access::Allow, Some(rule))) = was else { continue };
                let by_it = grant_of(rule) == Some(held.grant);
                let is = evaluate(after, source, target);
                if by_it && !matches!(is, Some((Access::Allow, _))) {
                    let detail = format!(
                        "lease {} of grant {} until {}: {source} to {}:{} in {}, now {is:?}",
                        held.lease.id,
                        held.grant,
                        held.lease.expires_at,
                        target.destination,
                        target.port,
                        before.id.name()
                    );
                    self.report("nothing is closed early", detail);
                }
            }
        }
    }

    pub(crate) fn machine(&self, vm: &VmId) -> Option<Machine> {
        self.memory.machines().into_iter().find(|machine| machine.vm == *vm)
    }

    /// Checks what was written to the ledger since the last call.
    pub(crate) fn read_ledger(&self) {
        self.read_audit();
        let latest = self.time.latest();
        let held = self.ledger.leases();
        let mut complaints = Vec::new();
        {
            let mut state = self.state();
            for held in &held {
                let lease = &held.lease;
                if let Some(known) = state.leases.get(&lease.id) {
                    let asked = state.asked.contains(&lease.vm) || state.disturbed.contains(&lease.vm);
                    complaints.extend(complaint(known, lease, asked).map(|what| (what, lease.clone())));
                    if !known.is_closed() && lease.is_closed() && latest < lease.expires_at {
                        complaints.push(("nothing is closed early", lease.clone()));
                    }
                }
                if state.leases.get(&lease.id) != Some(lease) {
                    state.leases.insert(lease.id, lease.clone());
                }
            }
        }
        for (invariant, lease) in complaints {
            self.report(invariant, format!("{lease:?}"));
        }
        let mut requesters = BTreeSet::new();
        for grant in self.ledger.grants() {
            if !requesters.insert(grant.requester.id.clone()) {
                let detail = format!("{} of {}", grant.id, grant.requester.id);
                self.report("a request under one name is admitted once", detail);
            }
        }
    }

    fn read_audit(&self) {
        let mut state = self.state();
        let entries = self.ledger.entries_after(subscription(), state.seq);
        let checked = verify((state.seq, &state.hash), &entries).map(|(seq, hash)| (seq, hash.to_owned()));
        match checked {
            Ok((seq, hash)) => {
                (state.seq, state.hash) = (seq, hash);
                state.closed_entries.extend(entries.iter().filter_map(closed_lease));
            }
            Err(broken) => {
                let detail = broken.to_string();
                state.violation.get_or_insert(Violation { invariant: "the audit holds", detail });
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn closed_lease(entry: &Entry) -> Option<LeaseId> {
    match &entry.record.event {
        Event::Closed { lease, .. } => Some(*lease),
        _ => None,
    }
}

/// What is wrong with how a lease changed.
fn complaint(known: &Lease, is: &Lease, asked: bool) -> Option<&'static str> {
    if known.is_closed() && known != is {
        return Some("what is closed stays closed");
    }
    let moved = known.expires_at != is.expires_at;
    let pending = matches!(known.state, LeaseState::Pending { .. });
    let allowed = match is.ends_as {
        CloseReason::Revoked => asked,
        CloseReason::Failed => pending,
        CloseReason::Expired | CloseReason::Superseded => false,
    };
    (moved && !allowed).then_some("a lease ends early only for a reason")
}

/// A packet that a lease grants, or another at its edge.
pub(crate) struct Packet<'m> {
    pub(crate) source: IpAddr,
    pub(crate) path: Path<'m>,
    pub(crate) transport: Transport,
    pub(crate) port: u16,
}

impl Packet<'_> {
    pub(crate) fn target(&self) -> Target<'_> {
        Target {
            destination: self.path.destination,
            transport: self.transport,
            port: self.port,
            virtual_network: self.path.virtual_network,
        }
    }

    /// Whether all NSGs of the way let it in; and if not, the rule that keeps it out.
    pub(crate) fn gets_in<'o>(&self, observed: &'o Observations) -> Result<(), Option<&'o NsgRule>> {
        for nsg in &self.path.nsgs {
            let Some(observed) = observed.get(*nsg) else { continue };
            match evaluate(observed, self.source, self.target()) {
                Some((Access::Allow, _)) => {}
                Some((Access::Deny, rule)) => return Err(rule),
                None => return Err(None),
            }
        }
        Ok(())
    }
}

/// The first and last packets of each source of a lease, to each address that it reaches.
pub(crate) fn packets_of<'m>(machine: &'m Machine, lease: &Lease) -> impl Iterator<Item = Packet<'m>> {
    let (port, protocol) = (lease.port.number(), lease.protocol);
    let nets = sources_of(machine, lease);
    let reached = machine.gate().map(|gate| gate.private);
    let paths = machine.paths().filter(move |path| reached.is_none_or(|private| private == path.destination));
    paths.flat_map(move |path| {
        let of_family = nets.iter().filter(|net| net.addr().is_ipv6() == path.destination.is_ipv6());
        let ends: BTreeSet<IpAddr> = of_family.flat_map(|net| [net.network(), net.broadcast()]).collect();
        let packet = move |source: IpAddr, transport| Packet { source, path: path.clone(), transport, port };
        ends.into_iter()
            .flat_map(move |source| {
                Transport::of(protocol).iter().map(|transport| packet(source, *transport)).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    })
}

/// From where the NSGs see a lease's packets come: behind a firewall, from its subnet.
pub(crate) fn sources_of(machine: &Machine, lease: &Lease) -> Vec<IpNet> {
    match machine.gate() {
        Some(gate) => gate.origins().collect(),
        None => lease.sources.iter().map(|source| source.net()).collect(),
    }
}

/// Of a rule that has our name on it.
pub(crate) fn stamp_of(rule: &NsgRule) -> Option<Stamp> {
    let ours: Deployment = DEPLOYMENT.parse().unwrap();
    rule.name.parse::<Stamp>().ok().filter(|stamp| stamp.deployment == ours)
}

pub(crate) fn grant_of(rule: &NsgRule) -> Option<GrantId> {
    match stamp_of(rule)?.purpose {
        Purpose::Guard => None,
        Purpose::Lease { grant, .. } => Some(grant),
    }
}
