//! One NSG, from what is there to what should be there.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use shared::{
    audit::Event,
    exposure::Observations,
    firewall::NatObstacleReason,
    grant::{GrantId, LeaseState},
    inventory::Machine,
    nsg::{
        ObservedNsg, RuleChange,
        plan::{Obstacle, ObstacleReason},
        proof::{Law, Proof, Unproven, versions},
        stamp::{Purpose, Stamp},
    },
    rule::NsgRule,
    vm::{NsgId, VmId},
};

use super::{EnforceError, Engine, look::Look, preview::grant_of};
use crate::{
    fabric::{FabricError, WriteFailure, Written},
    store::StoreError,
};

/// How often a plan is made anew before the NSG is left to the next sweep.
pub(super) const ROUNDS: u32 = 8;
/// A quota that asks for a longer wait is left to the next sweep.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// An NSG as it was read back after the last write.
#[derive(Debug)]
pub(super) struct Reconciled {
    pub(super) observed: ObservedNsg,
    /// When that reading began: what happened later is not in it.
    pub(super) read_at: Timestamp,
    pub(super) obstacles: Vec<Obstacle>,
    /// Why it is not yet all that it should be: what was read still tells which leases are open or closed.
    pub(super) failure: Option<EnforceError>,
}

/// A change that ARM took.
struct Done<'c> {
    change: &'c RuleChange,
    replaced: Option<Box<NsgRule>>,
    written: Written,
    proof: Proof,
}

impl Engine {
    /// Observes, plans, proves and applies until there is nothing to do: the last look is the confirmation.
    pub(super) async fn reconcile(&self, nsg: &NsgId) -> Result<Reconciled, EnforceError> {
        let lock = self.lock_of(&nsg.key());
        let _alone = lock.lock().await;
        let (mut last_error, mut obstacles) = (None, Vec::new());
        for round in 0..ROUNDS {
            let look = self.look(nsg).await?;
            obstacles.clone_from(&look.plan.obstacles);
            if look.plan.changes.is_empty() {
                let Look { observed, read_at, .. } = look;
                return Ok(Reconciled { observed, read_at, obstacles, failure: None });
            }
            let applied = self.apply_all(nsg, look).await?;
            obstacles.extend(applied.obstacles);
            last_error = applied.last_error;
            match &last_error {
                None => {}
                Some(EnforceError::Fabric(error)) if may_pass(error) => self.wait(round, error).await,
                Some(_) => break,
            }
        }
        let Look { observed, read_at, .. } = self.look(nsg).await?;
        let failure = Some(last_error.unwrap_or(EnforceError::Unsettled));
        Ok(Reconciled { observed, read_at, obstacles, failure })
    }

    /// Proves and writes the changes in order. One that fails keeps no other from being tried: a close must not wait
    /// for an open.
    async fn apply_all(&self, nsg: &NsgId, look: Look) -> Result<Applied, EnforceError> {
        let Look { observed, desired, plan, machines, .. } = look;
        let law = Law::of(&desired, &observed, &machines);
        let mut neighbours = self.neighbours(nsg, &machines).await?;
        let mut state = observed;
        let mut applied = Applied::default();
        for change in &plan.changes {
            let stamp = change.rule().name.parse::<Stamp>().ok();
            // Waiting for other writes may have taken until after the end.
            let late = stamp.as_ref().is_some_and(|stamp| !stamp.lives(self.clock.now()));
            if late && matches!(change, RuleChange::Put(_)) {
                continue;
            }
            neighbours.insert(nsg.clone(), state.clone());
            if let Some(reason) = self.lets_others_in(change, stamp.as_ref(), &machines, &neighbours).await? {
                applied.obstacles.push(Obstacle { grant: grant_of(change), reason });
                applied.last_error.get_or_insert(EnforceError::Unsettled);
                continue;
            }
            let after = match law.prove(&state, change) {
                Ok(after) => after,
                Err(unproven) => {
                    self.note_unproven(nsg, change, &unproven).await?;
                    let reason = ObstacleReason::Unproven { reason: unproven.to_string() };
                    applied.obstacles.push(Obstacle { grant: grant_of(change), reason });
                    applied.last_error = Some(EnforceError::Unproven(unproven));
                    continue;
                }
            };
            let proof = {
                let mut then = neighbours.clone();
                then.insert(nsg.clone(), after.clone());
                Proof::of(&machines, (&neighbours, &then), versions(&state, change))
            };
            match self.fabric.apply(nsg, change).await {
                Ok(written) => {
                    let done = Done { change, replaced: replaced(&state, change), written, proof };
                    self.note_written(nsg, stamp, done).await?;
                    state = after;
                }
                Err(failure) => {
                    self.note_failure(nsg, change, &failure).await?;
                    if leaves_doubt(&failure.error) {
                        (state, _) = self.read(nsg).await?;
                    }
                    applied.last_error = Some(EnforceError::Fabric(failure.error));
                }
            }
        }
        Ok(applied)
    }

    /// The other NSGs on the ways to these VMs, as they were last read.
    async fn neighbours(&self, nsg: &NsgId, machines: &[Machine]) -> Result<Observations, StoreError> {
        let others: BTreeSet<&NsgId> =
            machines.iter().flat_map(Machine::nsgs).filter(|one| *one != nsg).collect();
        let mut read = Observations::new();
        for other in others {
            if let Some((observed, _)) = self.store.observation(other).await? {
                read.insert(other.clone(), observed);
            }
        }
        Ok(read)
    }

    /// Behind a firewall an NSG cannot tell who comes through it: what customers' NAT rules lead to the port would get
    /// in too.
    async fn lets_others_in(
        &self,
        change: &RuleChange,
        stamp: Option<&Stamp>,
        machines: &[Machine],
        observed: &Observations,
    ) -> Result<Option<ObstacleReason>, StoreError> {
        let (RuleChange::Put(rule), Some(Stamp { purpose: Purpose::Lease { grant, .. }, .. })) =
            (change, stamp)
        else {
            return Ok(None);
        };
        let behind = |machine: &&Machine| {
            machine.firewall.is_some() && rule.names_any(machine.paths().map(|path| path.destination))
        };
        for machine in machines.iter().filter(behind) {
            let held = self.store.unclosed_of_vm(&machine.vm).await?;
            for held in held.into_iter().filter(|held| held.grant == *grant) {
                if let Some(rule) = self.led_in_besides(machine, &held.lease, observed).await?.pop() {
                    let reason = NatObstacleReason::LedInBesides { rule }.to_string();
                    return Ok(Some(ObstacleReason::Unproven { reason }));
                }
            }
        }
        Ok(None)
    }

    async fn note_unproven(
        &self,
        nsg: &NsgId,
        change: &RuleChange,
        unproven: &Unproven,
    ) -> Result<(), EnforceError> {
        let (rule, reason) = (change.rule().name.clone(), unproven.to_string());
        tracing::error!(nsg.name = nsg.name(), rule.name = rule, reason, "a change was not proven");
        self.metrics.proofs_refused.inc();
        let event = Event::Unproven { nsg: nsg.clone(), rule, reason };
        Ok(self.store.record(&[self.record(None, nsg.subscription(), None, event)]).await?)
    }

    async fn note_written(
        &self,
        nsg: &NsgId,
        stamp: Option<Stamp>,
        Done { change, replaced, written, proof }: Done<'_>,
    ) -> Result<(), EnforceError> {
        let (nsg_id, rule, proof) = (nsg.clone(), change.rule().clone(), Some(proof));
        let Written { correlation_id } = written;
        let put = matches!(change, RuleChange::Put(_));
        let event = if put {
            Event::RuleWritten { nsg: nsg_id, rule, replaced, correlation_id, proof }
        } else {
            Event::RuleRemoved { nsg: nsg_id, rule, correlation_id, proof }
        };
        tracing::info!(nsg.name = nsg.name(), rule.name = change.rule().name, "{}", event.kind());
        let vm = match &stamp {
            Some(Stamp { purpose: Purpose::Lease { grant, .. }, .. }) => {
                self.mark_written(nsg, *grant, put).await?
            }
            _ => self.only_vm_of(nsg, change.rule()).await?,
        };
        let record = self.record(vm.as_ref(), nsg.subscription(), None, event);
        Ok(self.store.record(&[record]).await?)
    }

    /// The one VM that a guard stands for; nothing if it is shared.
    async fn only_vm_of(&self, nsg: &NsgId, rule: &NsgRule) -> Result<Option<VmId>, EnforceError> {
        let machines = self.store.behind(nsg).await?.machines;
        let mut guarded = machines.iter().filter(|machine| rule.names_any(machine.destinations_in(nsg)));
        let first = guarded.next().map(|machine| machine.vm.clone());
        Ok(first.filter(|_| guarded.next().is_none()))
    }

    /// Marks a grant's pending leases as written; gives the VM if all are of one.
    async fn mark_written(
        &self,
        nsg: &NsgId,
        grant: GrantId,
        put: bool,
    ) -> Result<Option<VmId>, EnforceError> {
        let held = self.store.unclosed(nsg.subscription()).await?;
        let of_grant: Vec<_> = held.iter().filter(|held| held.grant == grant).collect();
        for held in &of_grant {
            if put && matches!(held.lease.state, LeaseState::Pending { .. }) {
                let written = held.lease.clone().written(self.clock.now());
                self.store.update_lease(held, written, held.trouble.clone(), &[]).await?;
            }
        }
        let first = of_grant.first().map(|held| &held.lease.vm);
        Ok(first.filter(|vm| of_grant.iter().all(|held| held.lease.vm == **vm)).cloned())
    }

    async fn note_failure(
        &self,
        nsg: &NsgId,
        change: &RuleChange,
        failure: &WriteFailure,
    ) -> Result<(), EnforceError> {
        let WriteFailure { error, correlation_id } = failure;
        tracing::warn!(nsg.name = nsg.name(), rule.name = change.rule().name, %error, "write failed");
        let event = Event::WriteFailed {
            nsg: nsg.clone(),
            rule: change.rule().name.clone(),
            error: error.to_string(),
            correlation_id: correlation_id.clone(),
        };
        let record = self.record(None, nsg.subscription(), None, event);
        Ok(self.store.record(&[record]).await?)
    }

    pub(super) async fn wait(&self, round: u32, error: &FabricError) {
        let backoff = Duration::from_millis(250 * 2u64.pow(round.min(5)));
        let asked = match error {
            FabricError::Throttled { retry_after } => *retry_after,
            _ => None,
        };
        let wait = asked.unwrap_or(backoff);
        let until =
            SignedDuration::try_from(wait).ok().and_then(|wait| self.clock.now().checked_add(wait).ok());
        if let Some(until) = until {
            self.clock.sleep_until(until).await;
        }
    }
}

/// What became of the changes to one NSG.
#[derive(Default)]
struct Applied {
    last_error: Option<EnforceError>,
    obstacles: Vec<Obstacle>,
}

/// Whether the NSG may be other than it was taken to be.
const fn leaves_doubt(error: &FabricError) -> bool {
    matches!(error, FabricError::Lost | FabricError::Conflict { .. } | FabricError::Unreachable { .. })
}

/// Whether trying again within this call makes sense; everything is tried again by the next sweep anyway.
fn may_pass(error: &FabricError) -> bool {
    match error {
        FabricError::Throttled { retry_after } => retry_after.is_none_or(|wait| wait <= LONGEST_WAIT),
        other => other.is_transient(),
    }
}

/// The rule in whose place a written one stands now.
fn replaced(before: &ObservedNsg, change: &RuleChange) -> Option<Box<NsgRule>> {
    let name = &change.rule().name;
    before.rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(name)).cloned().map(Box::new)
}
