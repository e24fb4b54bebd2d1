//! The sweep: closes what is due, repairs what drifted, whatever happened before.
//!
//! It takes no input and may overlap with another of itself. A run first looks at every NSG, then stays until it is
//! relieved by the next run and closes each lease on its second.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use shared::{
    audit::Event,
    inventory::Machine,
    vm::{NsgId, SubscriptionId, VmId},
};

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

/// Looks at everything once, then closes what falls due before `until`.
pub async fn run(
    engine: &Engine,
    subscriptions: &[SubscriptionId],
    until: Timestamp,
) -> Result<SweepReport, StoreError> {
    let mut report = SweepReport::default();
    // What is due is not kept waiting by the look at everything.
    work_off(engine).await?;
    for subscription in subscriptions {
        look_at_all(engine, *subscription, &mut report).await?;
    }
    engine.store.note_sweep(engine.clock.now()).await?;
    while engine.clock.now() < until {
        report.rounds += u64::from(work_off(engine).await?);
        let now = engine.clock.now();
        let soon = now.checked_add(POLL).unwrap_or(until).min(until);
        let next = engine.store.next_due(now).await?.map_or(soon, |due| due.min(soon));
        engine.clock.sleep_until(next).await;
    }
    report.overdue = engine.store.counts(engine.clock.now()).await?.overdue;
    Ok(report)
}

/// Works on the leases that are due or were left pending; `false` if there were none.
pub async fn work_off(engine: &Engine) -> Result<bool, StoreError> {
    let mut waiting = engine.store.due(engine.clock.now()).await?;
    waiting.extend(engine.store.pending().await?);
    work_on(engine, waiting).await
}

/// As before for those that are due alone: cheap when there are none.
pub async fn work_off_due(engine: &Engine) -> Result<bool, StoreError> {
    let waiting = engine.store.due(engine.clock.now()).await?;
    work_on(engine, waiting).await
}

/// Leaves out those whose retry lies ahead.
async fn work_on(engine: &Engine, waiting: Vec<HeldLease>) -> Result<bool, StoreError> {
    let now = engine.clock.now();
    let is_time = |held: &HeldLease| held.trouble.as_ref().is_none_or(|trouble| trouble.retry_at <= now);
    let vms: BTreeSet<VmId> = waiting.into_iter().filter(is_time).map(|held| held.lease.vm).collect();
    if vms.is_empty() {
        return Ok(false);
    }
    engine.settle(&vms).await?;
    Ok(true)
}

async fn look_at_all(
    engine: &Engine,
    subscription: SubscriptionId,
    report: &mut SweepReport,
) -> Result<(), StoreError> {
    if let Err(error) = refresh(engine, subscription).await {
        tracing::warn!(%subscription, %error, "inventory not read; going on with the last one");
        report.failures.push(format!("{subscription}: {error}"));
    }
    let machines = engine.store.machines(subscription).await?;
    let mut nsgs: BTreeSet<NsgId> = machines.iter().flat_map(Machine::nsgs).cloned().collect();
    drop_policies_of_deleted_vms(engine, subscription, &machines).await?;
    let held = engine.store.unclosed(subscription).await?;
    let vms: BTreeSet<VmId> = held.into_iter().map(|held| held.lease.vm).collect();
    for vm in &vms {
        nsgs.extend(engine.nsgs_of(vm).await?);
    }
    report.nsgs += nsgs.len();
    let settled = engine.settle_nsgs(nsgs).await;
    report.failures.extend(settled.failures.iter().map(|(nsg, error)| format!("{}: {error}", nsg.name())));
    engine.confirm(&vms, &settled).await
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
