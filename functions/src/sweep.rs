//! The sweep: closes what is due, repairs what drifted, whatever happened before.
//!
//! It takes no input and may overlap with another of itself. A run first looks at every NSG, then stays until it is
//! relieved by the next run and closes each lease on its second.

use std::{collections::BTreeSet, sync::Arc};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use shared::{
    audit::Event,
    inventory::Machine,
    vm::{NsgId, SubscriptionId, VmId},
};
use tokio::task::{JoinError, JoinSet};

use crate::{
    enforce::Engine,
    inventory::{look_up, refresh},
    store::{HeldLease, StoreError},
};

/// How often the store is asked for leases that came about since the run started.
const POLL: SignedDuration = SignedDuration::from_millis(500);

/// How often the timer runs, and so how far a run looks ahead.
pub const TIMER_PERIOD: SignedDuration = SignedDuration::from_secs(60);

/// What one run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SweepReport {
    pub nsgs: usize,
    pub failures: Vec<String>,
    /// How many times leases that fell due were worked on after the first look.
    pub rounds: u64,
    pub overdue: u64,
}

/// Looks at everything once, and meanwhile and until `until` closes each lease on its second.
///
/// What takes long holds up nothing else: leases that share no NSG are worked on side by side, and none waits for the
/// look at everything.
pub async fn run(
    engine: &Arc<Engine>,
    subscriptions: &[SubscriptionId],
    until: Timestamp,
) -> Result<SweepReport, StoreError> {
    let looks_ahead = engine.clock.now() < until;
    let mut run = Run::start(engine, subscriptions);
    loop {
        run.take_up(left_over(engine).await?).await?;
        if run.is_idle() && engine.clock.now() >= until {
            break;
        }
        let now = engine.clock.now();
        let soon = now.checked_add(POLL).unwrap_or(until);
        let next = engine.store.next_due(now).await?.map_or(soon, |due| due.min(soon));
        tokio::select! {
            Some(look) = run.looks.join_next(), if !run.looks.is_empty() => run.note(look).await?,
            Some(group) = run.work.join_next(), if !run.work.is_empty() => run.lay_down(group),
            () = engine.clock.sleep_until(next), if looks_ahead => {}
        }
    }
    run.report.overdue = engine.store.counts(engine.clock.now()).await?.overdue;
    Ok(run.report)
}

/// One run at work. Its parts are tasks of their own: a part that waits for Azure must not sit on the store's
/// connections while the run waits for them.
struct Run<'e> {
    engine: &'e Arc<Engine>,
    looks: JoinSet<Result<Look, StoreError>>,
    work: JoinSet<BTreeSet<VmId>>,
    busy: BTreeSet<VmId>,
    report: SweepReport,
}

impl<'e> Run<'e> {
    fn start(engine: &'e Arc<Engine>, subscriptions: &[SubscriptionId]) -> Self {
        let mut looks = JoinSet::new();
        for subscription in subscriptions.iter().copied() {
            let engine = Arc::clone(engine);
            looks.spawn(async move { look_at(&engine, subscription).await });
        }
        Self { engine, looks, work: JoinSet::new(), busy: BTreeSet::new(), report: SweepReport::default() }
    }

    fn is_idle(&self) -> bool {
        self.looks.is_empty() && self.work.is_empty()
    }

    async fn take_up(&mut self, leases: Vec<HeldLease>) -> Result<(), StoreError> {
        for group in groups(self.engine, leases, &self.busy).await? {
            self.report.rounds += 1;
            self.busy.extend(group.iter().cloned());
            let engine = Arc::clone(self.engine);
            self.work.spawn(async move { work_on(&engine, group).await });
        }
        Ok(())
    }

    fn lay_down(&mut self, group: Result<BTreeSet<VmId>, JoinError>) {
        match group {
            Ok(done) => self.busy.retain(|vm| !done.contains(vm)),
            Err(error) => {
                tracing::error!(%error, "work on some leases broke off");
                // Which ones is not known; taking up others twice does no harm.
                self.busy.clear();
            }
        }
    }

    async fn note(&mut self, look: Result<Result<Look, StoreError>, JoinError>) -> Result<(), StoreError> {
        match look {
            Ok(look) => {
                let look = look?;
                self.report.nsgs += look.nsgs;
                self.report.failures.extend(look.failures);
            }
            Err(error) => self.report.failures.push(format!("a look broke off: {error}")),
        }
        if self.looks.is_empty() {
            self.engine.store.note_sweep(self.engine.clock.now()).await?;
        }
        Ok(())
    }
}

/// Works on the leases that are due, cheaply if there are none; one such call at a time is enough.
pub async fn work_off_due(engine: &Engine) -> Result<(), StoreError> {
    let Ok(_alone) = engine.closing.try_lock() else { return Ok(()) };
    let due = engine.store.due(engine.clock.now()).await?;
    let groups = groups(engine, due, &BTreeSet::new()).await?;
    join_all(groups.into_iter().map(|group| work_on(engine, group))).await;
    Ok(())
}

/// The leases that are due, and those that were left pending.
async fn left_over(engine: &Engine) -> Result<Vec<HeldLease>, StoreError> {
    let mut leases = engine.store.due(engine.clock.now()).await?;
    leases.extend(engine.store.pending().await?);
    Ok(leases)
}

/// The VMs of these leases, together where they share an NSG, so that it is written to once; without those that are
/// being worked on, and those whose retry lies ahead.
async fn groups(
    engine: &Engine,
    leases: Vec<HeldLease>,
    busy: &BTreeSet<VmId>,
) -> Result<Vec<BTreeSet<VmId>>, StoreError> {
    let now = engine.clock.now();
    let is_time = |held: &HeldLease| held.trouble.as_ref().is_none_or(|trouble| trouble.retry_at <= now);
    let vms: BTreeSet<VmId> = leases.into_iter().filter(is_time).map(|held| held.lease.vm).collect();
    let mut groups: Vec<(BTreeSet<NsgId>, BTreeSet<VmId>)> = Vec::new();
    for vm in vms.difference(busy) {
        let mut joined = (engine.nsgs_of(vm).await?, BTreeSet::from([vm.clone()]));
        for group in groups.extract_if(.., |(nsgs, _)| !nsgs.is_disjoint(&joined.0)).collect::<Vec<_>>() {
            joined.0.extend(group.0);
            joined.1.extend(group.1);
        }
        groups.push(joined);
    }
    Ok(groups.into_iter().map(|(_, vms)| vms).collect())
}

/// Gives the group back when it is done with, well or not: what failed is written down, and tried again later.
async fn work_on(engine: &Engine, group: BTreeSet<VmId>) -> BTreeSet<VmId> {
    if let Err(error) = engine.settle(&group).await {
        tracing::error!(%error, "leases are left to the next try");
        engine.clock.sleep_until(engine.clock.now() + POLL).await;
    }
    group
}

/// What the look at one subscription came to.
#[derive(Default)]
struct Look {
    nsgs: usize,
    failures: Vec<String>,
}

async fn look_at(engine: &Engine, subscription: SubscriptionId) -> Result<Look, StoreError> {
    let mut look = Look::default();
    if let Err(error) = refresh(engine, subscription).await {
        tracing::warn!(%subscription, %error, "inventory not read; going on with the last one");
        look.failures.push(format!("{subscription}: {error}"));
    }
    let machines = engine.store.machines(subscription).await?;
    let mut nsgs: BTreeSet<NsgId> = machines.iter().flat_map(Machine::nsgs).cloned().collect();
    drop_policies_of_deleted_vms(engine, subscription, &machines).await?;
    let held = engine.store.unclosed(subscription).await?;
    let vms: BTreeSet<VmId> = held.into_iter().map(|held| held.lease.vm).collect();
    for vm in &vms {
        nsgs.extend(engine.nsgs_of(vm).await?);
    }
    look.nsgs = nsgs.len();
    let settled = engine.settle_nsgs(nsgs).await;
    look.failures.extend(settled.failures.iter().map(|(nsg, error)| format!("{}: {error}", nsg.name())));
    engine.confirm(&vms, &settled).await?;
    Ok(look)
}

/// A VM that was not listed is asked for by name; if Azure says that it does not exist, nothing of it is left behind.
async fn drop_policies_of_deleted_vms(
    engine: &Engine,
    subscription: SubscriptionId,
    machines: &[Machine],
) -> Result<(), StoreError> {
    for policy in engine.store.policies(subscription).await? {
        if machines.iter().any(|machine| machine.vm == policy.vm) {
            continue;
        }
        if let Ok(None) = look_up(engine, &policy.vm).await {
            tracing::info!(vm.id = %policy.vm, "the VM is gone, and so is its policy");
            let record = engine.record(Some(&policy.vm), subscription, None, Event::PolicyRemoved);
            engine.store.remove_policy(&policy.vm, &[record]).await?;
        }
    }
    Ok(())
}
