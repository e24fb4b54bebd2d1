//! One NSG, from what is there to what should be there.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use shared::{
    audit::Event,
    grant::{GrantId, LeaseState},
    nsg::{
        ObservedNsg, RuleChange,
        plan::{Obstacle, plan},
        stamp::{Purpose, Stamp},
    },
    rule::{AddressMatch, NsgRule},
    vm::{NsgId, VmId},
};

use super::{EnforceError, Engine};
use crate::fabric::{FabricError, WriteFailure, Written};

/// How often a plan is made anew before the NSG is left to the next sweep.
const ROUNDS: u32 = 8;
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

impl Engine {
    /// Observes, plans and applies until there is nothing to do: the last look is the confirmation.
    pub(super) async fn reconcile(&self, nsg: &NsgId) -> Result<Reconciled, EnforceError> {
        let lock = self.lock_of(nsg);
        let _alone = lock.lock().await;
        let (mut last_error, mut obstacles) = (None, Vec::new());
        for round in 0..ROUNDS {
            let (observed, read_at) = self.read(nsg).await?;
            let now = self.clock.now();
            let desired = self.desired(nsg, (&[], &[]), now).await?;
            let plan = plan(&desired, &observed, now);
            obstacles = plan.obstacles;
            if plan.changes.is_empty() {
                return Ok(Reconciled { observed, read_at, obstacles, failure: None });
            }
            last_error = self.apply_all(nsg, &plan.changes).await?;
            match &last_error {
                None => {}
                Some(error) if may_pass(error) => self.wait(round, error).await,
                Some(_) => break,
            }
        }
        let (observed, read_at) = self.read(nsg).await?;
        let failure = last_error.map_or(EnforceError::Unsettled, EnforceError::Fabric);
        Ok(Reconciled { observed, read_at, obstacles, failure: Some(failure) })
    }

    async fn read(&self, nsg: &NsgId) -> Result<(ObservedNsg, Timestamp), EnforceError> {
        let read_at = self.clock.now();
        let observed = self.fabric.observe(nsg).await?.ok_or(EnforceError::Gone)?;
        self.store.put_observation(&observed, read_at).await?;
        Ok((observed, read_at))
    }

    /// Writes the changes in order. One that fails keeps no other from being tried: a close must not wait for an open.
    async fn apply_all(
        &self,
        nsg: &NsgId,
        changes: &[RuleChange],
    ) -> Result<Option<FabricError>, EnforceError> {
        let mut last_error = None;
        for change in changes {
            let stamp = change.rule().name.parse::<Stamp>().ok();
            // Waiting for other writes may have taken until after the end.
            let late = stamp.as_ref().is_some_and(|stamp| !stamp.lives(self.clock.now()));
            if late && matches!(change, RuleChange::Put(_)) {
                continue;
            }
            match self.fabric.apply(nsg, change).await {
                Ok(written) => self.note_written(nsg, change, stamp, written).await?,
                Err(failure) => {
                    self.note_failure(nsg, change, &failure).await?;
                    last_error = Some(failure.error);
                }
            }
        }
        Ok(last_error)
    }

    async fn note_written(
        &self,
        nsg: &NsgId,
        change: &RuleChange,
        stamp: Option<Stamp>,
        Written { correlation_id }: Written,
    ) -> Result<(), EnforceError> {
        let (nsg_id, rule) = (nsg.clone(), change.rule().clone());
        let put = matches!(change, RuleChange::Put(_));
        let event = if put {
            Event::RuleWritten { nsg: nsg_id, rule, correlation_id }
        } else {
            Event::RuleRemoved { nsg: nsg_id, rule, correlation_id }
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
        let guards = |to: &IpAddr| rule.destinations.contains(&AddressMatch::Prefix(IpNet::from(*to)));
        let machines = self.store.machines(nsg.subscription()).await?;
        let mut guarded = machines.iter().filter(|machine| machine.destinations_in(nsg).iter().any(guards));
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

    async fn wait(&self, round: u32, error: &FabricError) {
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

/// Whether trying again within this call makes sense; everything is tried again by the next sweep anyway.
fn may_pass(error: &FabricError) -> bool {
    match error {
        FabricError::Throttled { retry_after } => retry_after.is_none_or(|wait| wait <= LONGEST_WAIT),
        other => other.is_transient(),
    }
}
