//! The enforcement loop: observe → plan → apply → confirm.
//!
//! Invariant: the NSG is read before the store. A grant is durable before its rule is written, so each rule that was
//! seen has its grant in what is read afterwards, and none is taken for an orphan.

mod confirm;
mod firewalls;
mod look;
mod preview;
mod reconcile;
mod sessions;
mod settled;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use shared::{
    audit::{Event, Record},
    decision::Requester,
    firewall::NatUnproven,
    grant::{CloseReason, GrantId},
    inventory::Machine,
    nsg::{
        desired::Author,
        proof::Unproven,
        stamp::{Purpose, Stamp},
    },
    vm::{FirewallId, NsgId, SubscriptionId, VmId},
};

pub use self::{
    look::Look,
    preview::Preview,
    sessions::Cut,
    settled::{Settled, SettledFirewalls},
};

use crate::{
    clock::Clock,
    fabric::{Fabric, FabricError},
    metrics::Metrics,
    store::{HeldLease, Ledger, StoreError},
};

/// How many NSGs are worked on at once.
const CONCURRENCY: usize = 16;
/// Unless the configuration says otherwise.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// Brings NSGs to what the store says they should be.
#[derive(Debug)]
pub struct Engine {
    pub store: Arc<dyn Ledger>,
    pub fabric: Arc<dyn Fabric>,
    pub clock: Arc<dyn Clock>,
    pub author: Author,
    /// How far our clock may be from Azure's before nothing new is opened. Closing goes on.
    pub clock_tolerance: SignedDuration,
    pub metrics: Arc<Metrics>,
    /// One writer for each NSG and firewall in this process; between processes ARM's own lock decides and plans are made anew.
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
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
    /// Nothing was written: the change would not have done what it should, and nothing else.
    #[error("not written: {0}")]
    Unproven(Unproven),
    #[error("not written: {0}")]
    NatUnproven(NatUnproven),
    #[error("this machine's clock is {}", apart(*.0))]
    ClockApart(SignedDuration),
}

fn apart(ahead: SignedDuration) -> String {
    let way = if ahead.is_negative() { "behind" } else { "ahead of" };
    format!("{} s {way} Azure's", ahead.as_secs().abs())
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

/// A time of our clock, and by how much it was known to be ahead of Azure's then.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    ahead: Option<SignedDuration>,
}

impl Engine {
    pub fn new(
        store: Arc<dyn Ledger>,
        fabric: Arc<dyn Fabric>,
        clock: Arc<dyn Clock>,
        author: Author,
    ) -> Self {
        Self {
            store,
            fabric,
            clock,
            author,
            clock_tolerance: CLOCK_TOLERANCE,
            metrics: Arc::new(Metrics::new()),
            locks: Mutex::default(),
            closing: tokio::sync::Mutex::default(),
        }
    }

    /// Works on every NSG and firewall that decides over `vms` and confirms their leases by what was read back.
    pub async fn settle(&self, vms: &BTreeSet<VmId>) -> Result<Settled, StoreError> {
        let nsgs: BTreeSet<NsgId> = self.nsgs_of_each(vms).await?.into_values().flatten().collect();
        let mut firewalls = BTreeSet::new();
        for vm in vms {
            firewalls.extend(self.firewalls_of(vm).await?);
        }
        let settled = self.settle_both(nsgs.clone(), firewalls.clone()).await;
        self.confirm(vms, &settled).await?;
        if !settled.obstructs_a_grant() {
            return Ok(settled);
        }
        // What was obstructed has ended now; whatever of it was written is taken away.
        let settled = self.settle_both(nsgs, firewalls).await;
        self.confirm(vms, &settled).await?;
        Ok(settled)
    }

    /// Brings NSGs and firewalls to what they should be, side by side.
    pub async fn settle_both(&self, nsgs: BTreeSet<NsgId>, firewalls: BTreeSet<FirewallId>) -> Settled {
        let (settled, firewalls) =
            futures::future::join(self.settle_nsgs(nsgs), self.settle_firewalls(firewalls)).await;
        Settled { firewalls, ..settled }
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

    /// The NSGs that decide over each VM, and those where a rule for one of its leases was last seen: the VM may have
    /// moved away from them, or be gone.
    pub async fn nsgs_of_each<'v>(
        &self,
        vms: impl IntoIterator<Item = &'v VmId>,
    ) -> Result<BTreeMap<VmId, BTreeSet<NsgId>>, StoreError> {
        let mut found = BTreeMap::new();
        let mut seen = BTreeMap::new();
        for vm in vms {
            let machine = self.store.machine(vm).await?.map(|(machine, ..)| machine);
            let mut nsgs: BTreeSet<NsgId> = machine.iter().flat_map(Machine::nsgs).cloned().collect();
            let held = self.store.unclosed_of_vm(vm).await?;
            if !held.is_empty() {
                let seen = match seen.entry(vm.subscription()) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => place.insert(self.seen_grants(vm.subscription()).await?),
                };
                let of_grant = |held: &HeldLease| seen.get(&held.grant);
                nsgs.extend(held.iter().filter_map(of_grant).flatten().cloned());
            }
            found.insert(vm.clone(), nsgs);
        }
        Ok(found)
    }

    /// The same of one VM.
    pub async fn nsgs_of(&self, vm: &VmId) -> Result<BTreeSet<NsgId>, StoreError> {
        Ok(self.nsgs_of_each([vm]).await?.remove(vm).unwrap_or_default())
    }

    /// Where rules for grants were last seen.
    async fn seen_grants(
        &self,
        subscription: SubscriptionId,
    ) -> Result<BTreeMap<GrantId, BTreeSet<NsgId>>, StoreError> {
        let mut seen: BTreeMap<GrantId, BTreeSet<NsgId>> = BTreeMap::new();
        for (nsg, (observed, _)) in self.store.observations(subscription).await? {
            for rule in &observed.rules {
                if let Ok(Stamp { purpose: Purpose::Lease { grant, .. }, .. }) = rule.name.parse::<Stamp>() {
                    seen.entry(grant).or_default().insert(nsg.clone());
                }
            }
        }
        Ok(seen)
    }

    /// The NSGs that were ever read and are still there. Their VMs may have moved away or be gone, and a rule that was
    /// written and never read back is in none of the readings.
    pub(crate) async fn known_nsgs(
        &self,
        subscription: SubscriptionId,
    ) -> Result<BTreeSet<NsgId>, StoreError> {
        Ok(self.store.observations(subscription).await?.into_keys().collect())
    }

    /// Moves a lease's end to now, whoever else changes it meanwhile. `false`: it kept changing, and was not ended.
    pub async fn end_lease(
        &self,
        held: &HeldLease,
        reason: CloseReason,
        records: &[Record],
    ) -> Result<bool, StoreError> {
        let mut current = held.clone();
        for _ in 0..20 {
            let ended = current.lease.clone().ended(reason, self.clock.now());
            if ended == current.lease || self.store.update_lease(&current, ended, None, records).await? {
                return Ok(true);
            }
            let all = self.store.unclosed_of_vm(&held.lease.vm).await?;
            match all.into_iter().find(|one| one.lease.id == held.lease.id) {
                Some(newer) => current = newer,
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Now, for what is about to be read.
    pub(crate) fn moment(&self) -> Moment {
        Moment { at: self.clock.now(), ahead: self.fabric.clock_ahead() }
    }

    /// The moment as Azure's clock has it, as far as that is known: what several machines date, so that the later
    /// reading wins, must not hang on whose clock is ahead. Ours may have been set since; then the earlier counts.
    pub(crate) fn dated(&self, moment: &Moment) -> Timestamp {
        let [before, after] = [moment.ahead, self.fabric.clock_ahead()].map(Option::unwrap_or_default);
        let ahead = before.max(after);
        moment.at.checked_sub(ahead).unwrap_or(moment.at)
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

    /// The lock of an NSG, a firewall or an inventory, by its key.
    pub(crate) fn lock_of(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(key.to_owned()).or_default())
    }
}

/// The leases of `held` that are about one of `vms`.
fn about<'h>(held: &'h [HeldLease], vms: &'h BTreeSet<VmId>) -> impl Iterator<Item = &'h HeldLease> {
    held.iter().filter(|held| vms.contains(&held.lease.vm))
}
