//! What was read back decides what a lease is called.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shared::{
    audit::Event,
    exposure::{is_held, lets_in},
    grant::{CloseReason, Lease, LeaseState, Sessions},
    inventory::Machine,
    vm::{NsgId, VmId},
};

use super::{Engine, Settled, about, sessions::Cut, settled::Places};
use crate::store::{HeldLease, StoreError, Trouble};

const FIRST_RETRY: i64 = 2;
const LONGEST_RETRY: i64 = 300;

/// How often sessions are tried to be cut before the lease is called closed without.
const CUTS: u32 = 5;

/// A lease that was read back as closed.
struct Closable<'h> {
    held: &'h HeldLease,
    /// The NSGs whose sessions are to be cut first.
    cut_in: BTreeSet<NsgId>,
}

impl Engine {
    /// Opens and closes the unclosed leases of `vms` by what was read back; whatever was not read stays as it is, with
    /// its trouble written down.
    pub(crate) async fn confirm(&self, vms: &BTreeSet<VmId>, settled: &Settled) -> Result<(), StoreError> {
        let subscriptions: BTreeSet<_> = vms.iter().map(VmId::subscription).collect();
        for subscription in subscriptions {
            let held = self.store.unclosed(subscription).await?;
            let mut closable = Vec::new();
            for held in about(&held, vms) {
                let machine = self.store.machine(&held.lease.vm).await?.map(|(machine, ..)| machine);
                let now = self.clock.now();
                if held.lease.is_due(now) {
                    closable.extend(self.confirm_closed(held, machine.as_ref(), settled, now).await?);
                } else if matches!(held.lease.state, LeaseState::Pending { .. }) {
                    self.confirm_opened(held, machine.as_ref(), settled, now).await?;
                }
            }
            self.close(closable).await?;
        }
        Ok(())
    }

    async fn confirm_opened(
        &self,
        held: &HeldLease,
        machine: Option<&Machine>,
        settled: &Settled,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let HeldLease { grant, lease, .. } = held;
        if machine
            .is_some_and(|machine| lets_in(machine, lease, &settled.observed, &settled.firewalls.observed))
        {
            let (port, sources) = (lease.port, lease.sources.clone());
            let event = Event::Opened { grant: *grant, lease: lease.id, port, sources };
            return self.change(held, lease.clone().opened(now), None, vec![event]).await;
        }
        match settled.obstacle_of(*grant) {
            Some((place, event)) => self.give_up(held, &place, event, now).await,
            None => self.note_trouble(held, &settled.why(), now).await,
        }
    }

    async fn confirm_closed<'h>(
        &self,
        held: &'h HeldLease,
        machine: Option<&Machine>,
        settled: &Settled,
        now: Timestamp,
    ) -> Result<Option<Closable<'h>>, StoreError> {
        let HeldLease { grant, lease, .. } = held;
        let nsgs = self.nsgs_of(&lease.vm).await?;
        let places = Places { nsgs, firewalls: self.firewalls_of(&lease.vm).await? };
        if settled.is_older_than(lease.expires_at, &places) {
            return Ok(None);
        }
        let still_held = match machine {
            Some(_) => {
                let (nsgs, firewalls) = (&settled.observed, &settled.firewalls.observed);
                is_held(&self.author.deployment, *grant, lease, machine, nsgs, firewalls)
            }
            // Of a VM that is gone the address is not known; where everything is as it should be, nothing is for it.
            None => settled.is_amiss(&places),
        };
        if settled.has_read(&places) && !still_held {
            let cut_in = if lease.cuts_sessions() { places.nsgs } else { BTreeSet::new() };
            let cut_in = cut_in.into_iter().filter(|nsg| !settled.is_gone(nsg)).collect();
            return Ok(Some(Closable { held, cut_in }));
        }
        self.note_trouble(held, &settled.why(), now).await?;
        Ok(None)
    }

    /// Cuts what is to be cut, each NSG once, and calls the leases closed.
    async fn close(&self, closable: Vec<Closable<'_>>) -> Result<(), StoreError> {
        let nsgs: BTreeSet<&NsgId> = closable.iter().flat_map(|one| &one.cut_in).collect();
        let mut cuts = BTreeMap::new();
        for nsg in nsgs {
            cuts.insert(nsg.clone(), self.cut_sessions(nsg).await?);
        }
        for Closable { held, cut_in } in closable {
            let of_lease: Vec<(&NsgId, &Cut)> =
                cut_in.iter().filter_map(|nsg| cuts.get_key_value(nsg)).collect();
            self.close_one(held, &of_lease).await?;
        }
        Ok(())
    }

    async fn close_one(&self, held: &HeldLease, cuts: &[(&NsgId, &Cut)]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut sessions = if cuts.is_empty() { Sessions::Untouched } else { Sessions::Cut };
        let mut events = Vec::new();
        for (nsg, cut) in cuts {
            let nsg = (*nsg).clone();
            match cut {
                Cut::Done { correlation_id } => {
                    events.push(Event::SessionsCut { nsg, correlation_id: correlation_id.clone() });
                }
                Cut::Failed { reason } if attempts(held) < CUTS => {
                    let message = format!("the port is shut; sessions are not cut yet: {reason}");
                    return self.note_trouble(held, &message, now).await;
                }
                Cut::Failed { reason } | Cut::Refused { reason } => {
                    sessions = Sessions::Left { reason: reason.clone() };
                    events.push(Event::SessionsLeft { nsg, reason: reason.clone() });
                }
            }
        }
        let HeldLease { grant, lease, .. } = held;
        let (id, port, reason) = (lease.id, lease.port, lease.ends_as);
        // Why it could not be opened is worth knowing afterwards.
        let trouble = held.trouble.clone().filter(|_| reason == CloseReason::Failed);
        events.push(Event::Closed { grant: *grant, lease: id, port, reason });
        let closed = Lease { sessions, ..lease.clone() }.closed(now);
        self.change(held, closed, trouble, events).await
    }

    /// An opening that cannot come about ends at once. It is closed like any other, when that was read back.
    async fn give_up(
        &self,
        held: &HeldLease,
        place: &str,
        event: Event,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ended = held.lease.clone().ended(CloseReason::Failed, now);
        let message = place.to_owned();
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
