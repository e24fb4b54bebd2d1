//! What was read back decides what a lease is called.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shared::{
    audit::Event,
    exposure::{is_held, lets_in},
    grant::{CloseReason, GrantId, Lease, LeaseState},
    inventory::Machine,
    nsg::plan::Obstacle,
    vm::{NsgId, VmId},
};

use super::{Engine, Settled, about};
use crate::store::{HeldLease, StoreError, Trouble};

const FIRST_RETRY: i64 = 2;
const LONGEST_RETRY: i64 = 300;

impl Engine {
    /// Opens and closes the unclosed leases of `vms` by what was read back; whatever was not read stays as it is, with
    /// its trouble written down.
    pub(crate) async fn confirm(&self, vms: &BTreeSet<VmId>, settled: &Settled) -> Result<(), StoreError> {
        let subscriptions: BTreeSet<_> = vms.iter().map(VmId::subscription).collect();
        for subscription in subscriptions {
            let held = self.store.unclosed(subscription).await?;
            for held in about(&held, vms) {
                let machine = self.store.machine(&held.lease.vm).await?.map(|(machine, ..)| machine);
                self.confirm_one(held, machine.as_ref(), settled).await?;
            }
        }
        Ok(())
    }

    async fn confirm_one(
        &self,
        held: &HeldLease,
        machine: Option<&Machine>,
        settled: &Settled,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        if held.lease.is_due(now) {
            return self.confirm_closed(held, machine, settled, now).await;
        }
        if !matches!(held.lease.state, LeaseState::Pending { .. }) {
            return Ok(());
        }
        let HeldLease { grant, lease, .. } = held;
        if machine.is_some_and(|machine| lets_in(machine, lease, &settled.observed)) {
            let (port, sources) = (lease.port, lease.sources.clone());
            let event = Event::Opened { grant: *grant, lease: lease.id, port, sources };
            return self.change(held, lease.clone().opened(now), None, vec![event]).await;
        }
        match obstacle_of(*grant, settled) {
            Some((nsg, obstacle)) => self.give_up(held, (nsg, &obstacle.reason.to_string()), now).await,
            None => self.note_trouble(held, &why(settled), now).await,
        }
    }

    async fn confirm_closed(
        &self,
        held: &HeldLease,
        machine: Option<&Machine>,
        settled: &Settled,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let HeldLease { grant, lease, .. } = held;
        let nsgs = self.nsgs_of(&lease.vm).await?;
        // A reading that began before the end may lack a rule that was written after it.
        let too_early = |nsg: &NsgId| settled.read_at.get(nsg).is_some_and(|at| *at < lease.expires_at);
        if nsgs.iter().any(too_early) {
            return Ok(());
        }
        let all_read = nsgs.iter().all(|nsg| settled.observed.contains_key(nsg) || is_gone(nsg, settled));
        if all_read && !is_held(&self.author.deployment, *grant, lease, machine, &settled.observed) {
            let (id, port, reason) = (lease.id, lease.port, lease.ends_as);
            // Why it could not be opened is worth knowing afterwards.
            let trouble = held.trouble.clone().filter(|_| reason == CloseReason::Failed);
            let event = Event::Closed { grant: *grant, lease: id, port, reason };
            return self.change(held, lease.clone().closed(now), trouble, vec![event]).await;
        }
        self.note_trouble(held, &why(settled), now).await
    }

    /// An opening that cannot come about ends at once. It is closed like any other, when that was read back.
    async fn give_up(
        &self,
        held: &HeldLease,
        (nsg, obstacle): (&NsgId, &str),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ended = held.lease.clone().ended(CloseReason::Failed, now);
        let grant = Some(held.grant);
        let event = Event::Obstructed { nsg: nsg.clone(), grant, obstacle: obstacle.to_owned() };
        let message = format!("in {}: {obstacle}", nsg.name());
        let trouble = Trouble { attempts: attempts(held), message, retry_at: now };
        self.change(held, ended, Some(trouble), vec![event]).await
    }

    async fn note_trouble(&self, held: &HeldLease, message: &str, now: Timestamp) -> Result<(), StoreError> {
        let HeldLease { grant, lease, .. } = held;
        let attempts = attempts(held);
        let retry_at = now.checked_add(backoff(attempts, lease)).unwrap_or(now);
        // Every attempt counts; the audit gets the first and then ever fewer.
        let event = (lease.is_due(now) && attempts.is_power_of_two()).then(|| Event::Overdue {
            grant: *grant,
            lease: lease.id,
            port: lease.port,
            attempts,
            error: message.to_owned(),
        });
        let trouble = Trouble { attempts, message: message.to_owned(), retry_at };
        self.change(held, lease.clone(), Some(trouble), event.into_iter().collect()).await
    }

    async fn change(
        &self,
        held: &HeldLease,
        lease: Lease,
        trouble: Option<Trouble>,
        events: Vec<Event>,
    ) -> Result<(), StoreError> {
        let vm = &held.lease.vm;
        let record = |event| self.record(Some(vm), vm.subscription(), None, event);
        let records: Vec<_> = events.into_iter().map(record).collect();
        let swapped = self.store.update_lease(held, lease, trouble, &records).await?;
        if !swapped {
            tracing::debug!(lease.id = %held.lease.id, "somebody else changed the lease meanwhile");
        }
        Ok(())
    }
}

fn attempts(held: &HeldLease) -> u32 {
    held.trouble.as_ref().map_or(0, |trouble| trouble.attempts).saturating_add(1)
}

/// Doubling from 2 s to 5 minutes, spread by the lease's id so that many do not come at once.
fn backoff(attempts: u32, lease: &Lease) -> SignedDuration {
    let seconds = FIRST_RETRY.saturating_mul(1 << attempts.saturating_sub(1).min(8)).min(LONGEST_RETRY);
    let spread = lease.id.as_uuid().as_u128() % 1000;
    let jitter = seconds * 250 * i64::try_from(spread).unwrap_or(0) / 1000;
    SignedDuration::from_millis(seconds * 1000 + jitter)
}

fn obstacle_of(grant: GrantId, settled: &Settled) -> Option<(&NsgId, &Obstacle)> {
    settled.obstacles.iter().find(|(_, obstacle)| obstacle.grant == Some(grant)).map(|(nsg, one)| (nsg, one))
}

fn is_gone(nsg: &NsgId, settled: &Settled) -> bool {
    matches!(settled.failures.get(nsg), Some(super::EnforceError::Gone))
}

fn why(settled: &Settled) -> String {
    let by_nsg: BTreeMap<&str, String> =
        settled.failures.iter().map(|(nsg, error)| (nsg.name(), error.to_string())).collect();
    match by_nsg.first_key_value() {
        Some((nsg, error)) => format!("{nsg}: {error}"),
        None => "Azure's answer did not show the change yet".to_owned(),
    }
}
