//! The sweep: closes what is due, repairs what drifted, whatever happened before.
//!
//! It takes no input and may overlap with another of itself. A run first looks at every NSG, then stays until it is
//! relieved by the next run and closes each lease on its second.

mod look;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    pin::pin,
    sync::Arc,
};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    grant::LeaseId,
    vm::{NsgId, SubscriptionId, VmId},
};
use tokio::task::{JoinError, JoinSet};

use self::look::{Behind, Look, look_at, settle_behind};
use crate::{
    enforce::Engine,
    store::{HeldLease, StoreError},
};

/// How often the store is asked for leases that came about since the run started.
const POLL: SignedDuration = SignedDuration::from_millis(500);

/// How often the timer runs, and so how far a run looks ahead.
pub const TIMER_PERIOD: SignedDuration = SignedDuration::from_secs(60);

/// What one run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
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
    run_unless(engine, subscriptions, until, pending()).await
}

/// As [`run`]; but from when `stopped` returns it takes up nothing more, and ends when what it has in hand is done.
pub async fn run_unless(
    engine: &Arc<Engine>,
    subscriptions: &[SubscriptionId],
    until: Timestamp,
    stopped: impl Future<Output = ()>,
) -> Result<SweepReport, StoreError> {
    let looks_ahead = engine.clock.now() < until;
    let mut run = Run::start(engine, subscriptions);
    let (mut stopped, mut is_stopped) = (pin!(stopped), false);
    loop {
        if !is_stopped {
            run.take_up(left_over(engine).await?).await?;
        }
        // The clock may have been set back since the run began.
        if run.is_idle() && (is_stopped || !looks_ahead || engine.clock.now() >= until) {
            break;
        }
        let now = engine.clock.now();
        let soon = now.checked_add(POLL).unwrap_or(until);
        let next = engine.store.next_due(now).await?.map_or(soon, |due| due.min(soon));
        tokio::select! {
            // In order, so that a run can be replayed.
            biased;
            () = &mut stopped, if !is_stopped => is_stopped = true,
            Some(look) = run.looks.join_next(), if !run.looks.is_empty() => run.note(look).await?,
            Some(group) = run.work.join_next(), if !run.work.is_empty() => run.lay_down(group),
            () = engine.clock.sleep_until(next), if looks_ahead && !is_stopped => {}
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
    work: JoinSet<BTreeSet<LeaseId>>,
    /// By lease, not by VM: a firewall takes minutes for one lease, and another of the same VM may fall due meanwhile.
    busy: BTreeSet<LeaseId>,
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
            self.busy.extend(&group.leases);
            let engine = Arc::clone(self.engine);
            self.work.spawn(async move { work_on(&engine, group).await });
        }
        Ok(())
    }

    /// They take minutes, which must not make the look at everything else late.
    fn take_up_firewalls(&mut self, behind: Behind) {
        if behind.firewalls.is_empty() {
            return;
        }
        let engine = Arc::clone(self.engine);
        self.work.spawn(async move {
            if let Err(error) = settle_behind(&engine, behind).await {
                tracing::error!(%error, "firewalls are left to the next sweep");
            }
            BTreeSet::new()
        });
    }

    fn lay_down(&mut self, leases: Result<BTreeSet<LeaseId>, JoinError>) {
        match leases {
            Ok(done) => self.busy.retain(|lease| !done.contains(lease)),
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
                self.engine.metrics.sweep_failures.inc_by(look.failures.len().try_into().unwrap_or(0));
                self.report.failures.extend(look.failures);
                self.take_up_firewalls(look.behind_firewalls);
            }
            Err(error) => {
                self.engine.metrics.sweep_failures.inc();
                self.report.failures.push(format!("a look broke off: {error}"));
            }
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

/// Leases that are worked on together.
#[derive(Default)]
struct Group {
    leases: BTreeSet<LeaseId>,
    vms: BTreeSet<VmId>,
    nsgs: BTreeSet<NsgId>,
}

/// These leases, together where their VMs share an NSG, so that it is written to once; without those that are being
/// worked on, and those whose retry lies ahead.
async fn groups(
    engine: &Engine,
    leases: Vec<HeldLease>,
    busy: &BTreeSet<LeaseId>,
) -> Result<Vec<Group>, StoreError> {
    let now = engine.clock.now();
    let is_time = |held: &HeldLease| held.trouble.as_ref().is_none_or(|trouble| trouble.retry_at <= now);
    let mut by_vm: BTreeMap<VmId, BTreeSet<LeaseId>> = BTreeMap::new();
    for held in leases.into_iter().filter(is_time).filter(|held| !busy.contains(&held.lease.id)) {
        by_vm.entry(held.lease.vm).or_default().insert(held.lease.id);
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut nsgs_of = engine.nsgs_of_each(by_vm.keys()).await?;
    for (vm, leases) in by_vm {
        let nsgs = nsgs_of.remove(&vm).unwrap_or_default();
        let mut joined = Group { leases, vms: BTreeSet::from([vm]), nsgs };
        for group in groups.extract_if(.., |group| !group.nsgs.is_disjoint(&joined.nsgs)).collect::<Vec<_>>()
        {
            joined.leases.extend(group.leases);
            joined.vms.extend(group.vms);
            joined.nsgs.extend(group.nsgs);
        }
        groups.push(joined);
    }
    Ok(groups)
}

/// Gives the leases back when they are done with, well or not: what failed is written down, and tried again later.
async fn work_on(engine: &Engine, group: Group) -> BTreeSet<LeaseId> {
    if let Err(error) = engine.settle(&group.vms).await {
        tracing::error!(%error, "leases are left to the next try");
        engine.clock.sleep_until(engine.clock.now() + POLL).await;
    }
    group.leases
}
