//! The enforcement loop: observe → plan → apply → confirm.
//!
//! Invariant: the NSG is read before the store. A grant is durable before its rule is written, so each rule that was
//! seen has its grant in what is read afterwards, and none is taken for an orphan.

mod confirm;
mod reconcile;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use shared::{
    audit::{Event, Record},
    decision::Requester,
    exposure::Observations,
    grant::{GrantId, Lease},
    inventory::Machine,
    nsg::{
        desired::{Author, Desired, desired},
        plan::{Obstacle, plan},
        stamp::{Purpose, Stamp},
    },
    policy::ProtectedVm,
    vm::{NsgId, SubscriptionId, VmId},
};

use crate::{
    clock::Clock,
    fabric::{Fabric, FabricError},
    store::{HeldLease, Ledger, StoreError},
};

/// How many NSGs are worked on at once.
const CONCURRENCY: usize = 16;

/// Brings NSGs to what the store says they should be.
#[derive(Debug)]
pub struct Engine {
    pub store: Arc<dyn Ledger>,
    pub fabric: Arc<dyn Fabric>,
    pub clock: Arc<dyn Clock>,
    pub author: Author,
    /// One writer for each NSG in this process; between processes ARM's own lock decides and plans are made anew.
    locks: Mutex<HashMap<NsgId, Arc<tokio::sync::Mutex<()>>>>,
    /// Held while a call looks after what is due, so that many calls at once do not.
    pub(crate) closing: tokio::sync::Mutex<()>,
}

/// Why an NSG could not be brought to what it should be.
#[derive(Debug, thiserror::Error)]
pub enum EnforceError {
    #[error("{0}")]
    Fabric(FabricError),
    #[error("{0}")]
    Store(StoreError),
    #[error("the NSG kept changing while it was written to; it is tried again")]
    Unsettled,
    #[error("Azure says that the NSG does not exist")]
    Gone,
}

impl From<FabricError> for EnforceError {
    fn from(error: FabricError) -> Self {
        Self::Fabric(error)
    }
}

impl From<StoreError> for EnforceError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What working on several NSGs came to; one that fails keeps no other from being done.
#[derive(Debug, Default)]
pub struct Settled {
    /// The NSGs as they were read back.
    pub observed: Observations,
    /// When each of those readings began.
    pub read_at: BTreeMap<NsgId, Timestamp>,
    pub obstacles: Vec<(NsgId, Obstacle)>,
    /// The NSGs that are not as they should be, or could not be read.
    pub failures: BTreeMap<NsgId, EnforceError>,
}

impl Engine {
    pub fn new(
        store: Arc<dyn Ledger>,
        fabric: Arc<dyn Fabric>,
        clock: Arc<dyn Clock>,
        author: Author,
    ) -> Self {
        Self { store, fabric, clock, author, locks: Mutex::default(), closing: tokio::sync::Mutex::default() }
    }

    /// Works on every NSG that decides over `vms` and confirms their leases by what was read back.
    pub async fn settle(&self, vms: &BTreeSet<VmId>) -> Result<Settled, StoreError> {
        let mut nsgs = BTreeSet::new();
        for vm in vms {
            nsgs.extend(self.nsgs_of(vm).await?);
        }
        let settled = self.settle_nsgs(nsgs.clone()).await;
        self.confirm(vms, &settled).await?;
        if settled.obstacles.iter().all(|(_, obstacle)| obstacle.grant.is_none()) {
            return Ok(settled);
        }
        // What was obstructed has ended now; whatever of it was written is taken away.
        let settled = self.settle_nsgs(nsgs).await;
        self.confirm(vms, &settled).await?;
        Ok(settled)
    }

    /// Brings each NSG to what it should be.
    pub async fn settle_nsgs(&self, nsgs: BTreeSet<NsgId>) -> Settled {
        let work = nsgs.into_iter().map(|nsg| async move {
            let outcome = self.reconcile(&nsg).await;
            (nsg, outcome)
        });
        let mut outcomes = stream::iter(work).buffer_unordered(CONCURRENCY);
        let mut settled = Settled::default();
        while let Some((nsg, outcome)) = outcomes.next().await {
            let failure = match outcome {
                Ok(done) => {
                    settled.obstacles.extend(done.obstacles.into_iter().map(|one| (nsg.clone(), one)));
                    settled.observed.insert(nsg.clone(), done.observed);
                    settled.read_at.insert(nsg.clone(), done.read_at);
                    done.failure
                }
                Err(error) => Some(error),
            };
            if let Some(error) = failure {
                tracing::warn!(nsg.name = nsg.name(), %error, "NSG not settled");
                settled.failures.insert(nsg, error);
            }
        }
        settled
    }

    /// What would stand in the way of `leases` and `policies` beside everything that is there: asked before anything
    /// is made durable or written. Reads the NSGs anew.
    pub async fn obstacles(
        &self,
        machines: &[Machine],
        policies: &[ProtectedVm],
        leases: &[(GrantId, Lease)],
    ) -> Result<Vec<(NsgId, Obstacle)>, EnforceError> {
        let nsgs: BTreeSet<&NsgId> = machines.iter().flat_map(Machine::nsgs).collect();
        let mut found = Vec::new();
        for nsg in nsgs {
            let observed = self.fabric.observe(nsg).await?.ok_or(EnforceError::Gone)?;
            let now = self.clock.now();
            let desired = self.desired(nsg, (policies, leases), now).await?;
            let plan = plan(&desired, &observed, now);
            self.store.put_observation(&observed, now).await?;
            found.extend(plan.obstacles.into_iter().map(|one| (nsg.clone(), one)));
        }
        Ok(found)
    }

    /// What the store wants of an NSG, and what is asked for besides.
    async fn desired(
        &self,
        nsg: &NsgId,
        (more_policies, more_leases): (&[ProtectedVm], &[(GrantId, Lease)]),
        now: Timestamp,
    ) -> Result<Desired, StoreError> {
        let subscription = nsg.subscription();
        let machines = self.store.machines(subscription).await?;
        let stored = self.store.policies(subscription).await?;
        let both = stored.into_iter().chain(more_policies.iter().cloned());
        let policies: BTreeMap<VmId, ProtectedVm> = both.map(|policy| (policy.vm.clone(), policy)).collect();
        let held = self.store.unclosed(subscription).await?;
        let mut leases: Vec<(GrantId, Lease)> =
            held.into_iter().map(|held| (held.grant, held.lease)).collect();
        leases.extend_from_slice(more_leases);
        Ok(desired(&self.author, nsg, &machines, &policies, &leases, now))
    }

    /// The NSGs that decide over a VM, and those where a rule for one of its leases was last seen: the VM may have
    /// moved away from them, or be gone.
    pub async fn nsgs_of(&self, vm: &VmId) -> Result<BTreeSet<NsgId>, StoreError> {
        let machine = self.store.machine(vm).await?.map(|(machine, ..)| machine);
        let mut nsgs: BTreeSet<NsgId> = machine.iter().flat_map(Machine::nsgs).cloned().collect();
        let grants: BTreeSet<GrantId> =
            self.store.unclosed_of_vm(vm).await?.into_iter().map(|held| held.grant).collect();
        if !grants.is_empty() {
            let seen = self.store.observations(vm.subscription()).await?;
            nsgs.extend(
                seen.into_values().filter(|(nsg, _)| has_rule_of(nsg, &grants)).map(|(nsg, _)| nsg.id),
            );
        }
        Ok(nsgs)
    }

    pub(crate) fn record(
        &self,
        vm: Option<&VmId>,
        subscription: SubscriptionId,
        actor: Option<&Requester>,
        event: Event,
    ) -> Record {
        Record { subscription, at: self.clock.now(), actor: actor.cloned(), vm: vm.cloned(), event }
    }

    fn lock_of(&self, nsg: &NsgId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(nsg.clone()).or_default())
    }
}

fn has_rule_of(nsg: &shared::nsg::ObservedNsg, grants: &BTreeSet<GrantId>) -> bool {
    nsg.rules.iter().any(|rule| {
        rule.name.parse::<Stamp>().is_ok_and(
            |stamp| matches!(stamp.purpose, Purpose::Lease { grant, .. } if grants.contains(&grant)),
        )
    })
}

/// The leases of `held` that are about one of `vms`.
fn about<'h>(held: &'h [HeldLease], vms: &'h BTreeSet<VmId>) -> impl Iterator<Item = &'h HeldLease> {
    held.iter().filter(|held| vms.contains(&held.lease.vm))
}
