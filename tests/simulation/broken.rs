//! The checks can fail: with a ledger or a fabric that is broken on purpose, they do.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use functions::{
    fabric::{Fabric, FabricError, FlushSet, WriteFailure, Written, memory::MemoryFabric},
    store::{
        Admitted, BehindNsg, Dated, HeldLease, IdempotencyName, LeaseCounts, Ledger, StoreError, Trouble,
        memory::MemoryLedger,
    },
};
use jiff::{SignedDuration, Timestamp};
use shared::{
    audit::{Broken, Record},
    firewall::{NatCollection, ObservedFirewall},
    grant::{Grant, Lease},
    inventory::{Inventory, Machine},
    nsg::{ObservedNsg, RuleChange},
    policy::ProtectedVm,
    rbac::AccessRights,
    vm::{FirewallId, NsgId, SubscriptionId, VmId},
};

use crate::{
    driver::run,
    run::{Breakage, unbroken},
};

/// Within so many seeds a breakage must show.
const SEEDS: u64 = 60;
const STEPS: u32 = 150;

#[test]
fn a_removal_that_is_only_claimed_is_reported() {
    let never_removes: Breakage = |ledger, memory| (Arc::new(ledger), Bad::new(memory, Flaw::NeverRemoves));
    assert!(shows(never_removes, "an NSG at rest has nothing of ours that is not wanted"));
}

#[test]
fn a_write_that_is_only_claimed_is_reported() {
    let writes_nothing: Breakage = |ledger, memory| (Arc::new(ledger), Bad::new(memory, Flaw::WritesNothing));
    assert!(shows(writes_nothing, "an NSG at rest has everything that is wanted"));
}

#[test]
fn a_foreign_rule_that_is_taken_along_is_reported() {
    let takes_another: Breakage = |ledger, memory| (Arc::new(ledger), Bad::new(memory, Flaw::TakesAnother));
    assert!(shows(takes_another, "foreign rules stay as they are"));
}

#[test]
fn a_lease_that_is_forgotten_is_reported() {
    let forgets: Breakage = |ledger, memory| (Arc::new(Forgetful(ledger)), Arc::new(memory));
    assert!(shows(forgets, "what is due is closed"));
}

/// Whether some run finds, with the breakage alone, that the invariant does not hold.
fn shows(breakage: Breakage, invariant: &str) -> bool {
    let is_found = |seed: &u64| {
        run(*seed, STEPS, false, breakage).failure.is_some_and(|one| one.violation.invariant == invariant)
    };
    let is_sound = |seed: &u64| run(*seed, STEPS, false, unbroken).failure.is_none();
    (0..SEEDS).any(|seed| is_found(&seed) && is_sound(&seed))
}

#[derive(Clone, Copy, Debug)]
enum Flaw {
    /// Says that a rule is removed, and leaves it.
    NeverRemoves,
    /// Removes another rule, too.
    TakesAnother,
    /// Says that a rule is written.
    WritesNothing,
}

/// A fabric with a flaw.
#[derive(Debug)]
struct Bad {
    inner: MemoryFabric,
    flaw: Flaw,
}

impl Bad {
    fn new(inner: MemoryFabric, flaw: Flaw) -> Arc<Self> {
        Arc::new(Self { inner, flaw })
    }
}

#[async_trait]
impl Fabric for Bad {
    async fn apply(&self, nsg: &NsgId, change: &RuleChange) -> Result<Written, WriteFailure> {
        let done = Ok(Written { correlation_id: None });
        match (self.flaw, change) {
            (Flaw::NeverRemoves, RuleChange::Remove(_)) | (Flaw::WritesNothing, RuleChange::Put(_)) => done,
            (Flaw::TakesAnother, RuleChange::Remove(_)) => {
                let rules = self.inner.nsg(nsg).into_iter().flat_map(|nsg| nsg.rules);
                if let Some(other) = rules.into_iter().find(|rule| !rule.name.starts_with("postern-sim")) {
                    self.inner.remove_rule(nsg, &other.name);
                }
                self.inner.apply(nsg, change).await
            }
            _ => self.inner.apply(nsg, change).await,
        }
    }

    async fn inventory(&self, subscription: SubscriptionId) -> Result<Inventory, FabricError> {
        self.inner.inventory(subscription).await
    }

    async fn marked_nsgs(
        &self,
        subscription: SubscriptionId,
    ) -> Result<std::collections::BTreeSet<NsgId>, FabricError> {
        self.inner.marked_nsgs(subscription).await
    }

    async fn machine(&self, vm: &VmId) -> Result<Option<Machine>, FabricError> {
        self.inner.machine(vm).await
    }

    async fn observe(&self, nsg: &NsgId) -> Result<Option<ObservedNsg>, FabricError> {
        self.inner.observe(nsg).await
    }

    async fn observe_firewall(&self, firewall: &FirewallId) -> Result<Option<ObservedFirewall>, FabricError> {
        self.inner.observe_firewall(firewall).await
    }

    async fn apply_firewall(
        &self,
        observed: &ObservedFirewall,
        collection: &NatCollection,
    ) -> Result<Written, WriteFailure> {
        self.inner.apply_firewall(observed, collection).await
    }

    async fn flushes(&self, nsg: &NsgId) -> Result<bool, FabricError> {
        self.inner.flushes(nsg).await
    }

    async fn set_flush(&self, nsg: &NsgId, on: bool) -> Result<FlushSet, WriteFailure> {
        self.inner.set_flush(nsg, on).await
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.inner.clock_ahead()
    }

    async fn rights(
        &self,
        subscription: SubscriptionId,
        principal: &str,
    ) -> Result<AccessRights, FabricError> {
        self.inner.rights(subscription, principal).await
    }
}

/// A ledger that loses sight of every third lease.
#[derive(Debug)]
struct Forgetful(MemoryLedger);

fn remembered(leases: Vec<HeldLease>) -> Vec<HeldLease> {
    leases.into_iter().filter(|held| held.lease.id.as_uuid().as_u128() % 3 != 0).collect()
}

macro_rules! faithful {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty $(, then $then:expr)?;)*) => {
        #[async_trait]
        impl Ledger for Forgetful {
            $(async fn $name(&self $(, $argument: $type)*) -> Result<$answer, StoreError> {
                let answer = self.0.$name($($argument),*).await;
                $(let answer = answer.map($then);)?
                answer
            })*
        }
    };
}

faithful! {
    put_policy(policy: &ProtectedVm, records: &[Record]) -> ();
    remove_policy(vm: &VmId, records: &[Record]) -> bool;
    policy(vm: &VmId) -> Option<ProtectedVm>;
    policies(subscription: SubscriptionId) -> Vec<ProtectedVm>;
    admit(grant: &Grant, name: Option<&IdempotencyName>, records: &[Record]) -> Admitted;
    unclosed(subscription: SubscriptionId) -> Vec<HeldLease>, then remembered;
    unclosed_of_vm(vm: &VmId) -> Vec<HeldLease>, then remembered;
    due(now: Timestamp) -> Vec<HeldLease>, then remembered;
    pending() -> Vec<HeldLease>, then remembered;
    next_due(after: Timestamp) -> Option<Timestamp>;
    counts(now: Timestamp) -> LeaseCounts;
    update_lease(held: &HeldLease, lease: Lease, trouble: Option<Trouble>, records: &[Record]) -> bool;
    record(records: &[Record]) -> ();
    verify(subscription: SubscriptionId) -> Result<u64, Broken>;
    put_inventory(inventory: &Inventory, at: Timestamp) -> ();
    inventory(subscription: SubscriptionId) -> Option<Dated<Inventory>>;
    machines(subscription: SubscriptionId) -> Vec<Machine>;
    behind(nsg: &NsgId) -> BehindNsg;
    machine(vm: &VmId) -> Option<(Machine, String, Timestamp)>;
    put_machine(machine: &Machine, at: Timestamp) -> ();
    forget_machine(vm: &VmId) -> ();
    put_observation(observed: &ObservedNsg, at: Timestamp) -> ();
    observation(nsg: &NsgId) -> Option<Dated<ObservedNsg>>;
    observations(subscription: SubscriptionId) -> BTreeMap<NsgId, Dated<ObservedNsg>>;
    forget_observation(nsg: &NsgId) -> ();
    put_firewall(observed: &ObservedFirewall, at: Timestamp) -> ();
    firewalls(subscription: SubscriptionId) -> BTreeMap<FirewallId, Dated<ObservedFirewall>>;
    forget_firewall(firewall: &FirewallId) -> ();
    put_flush(nsg: &NsgId, at: Timestamp) -> ();
    remove_flush(nsg: &NsgId) -> ();
    flushes(subscription: SubscriptionId) -> BTreeMap<NsgId, Timestamp>;
    note_sweep(at: Timestamp) -> ();
    last_sweep() -> Option<Timestamp>;
}
