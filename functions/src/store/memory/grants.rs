//! Grants and leases in memory.

use jiff::Timestamp;
use shared::{
    audit::Record,
    grant::{Grant, GrantId, Lease, LeaseState},
};

use super::{
    super::{
        Admitted, HeldLease, IdempotencyName, LeaseCounts, StoreError, Trouble,
        grants::{KEPT, admissible},
        text::micros_up,
    },
    MemoryLedger, Tables, kept,
};

/// A request that had a name.
#[derive(Debug)]
pub(super) struct Remembered {
    body_hash: String,
    grant: GrantId,
    admitted_at: Timestamp,
}

impl Tables {
    pub(super) fn admit(
        &mut self,
        grant: &Grant,
        name: Option<&IdempotencyName>,
        records: &[Record],
    ) -> Result<Admitted, StoreError> {
        admissible(grant)?;
        if let Some(earlier) = name.and_then(|name| self.earlier(name, grant.window.start())) {
            return Ok(earlier);
        }
        let is_taken = |lease: &Lease| self.leases.contains_key(&lease.id);
        if self.grants.contains_key(&grant.id) || grant.leases.iter().any(is_taken) {
            return Err(MemoryLedger::unavailable());
        }
        self.append(grant.subscription, records)?;
        if let Some(name) = name {
            let body_hash = name.body_hash.clone();
            let remembered =
                Remembered { body_hash, grant: grant.id, admitted_at: kept(grant.window.start()) };
            self.names.insert(key(name), remembered);
        }
        self.grants.insert(grant.id, Grant { leases: Vec::new(), ..grant.clone() });
        for lease in &grant.leases {
            let requester = grant.requester.clone();
            self.leases.insert(lease.id, HeldLease::new(grant.id, requester, lease.clone()));
        }
        Ok(Admitted::New)
    }

    fn earlier(&self, name: &IdempotencyName, now: Timestamp) -> Option<Admitted> {
        let remembered = self.names.get(&key(name))?;
        if remembered.admitted_at <= kept(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN)) {
            return None;
        }
        let is_same = remembered.body_hash == name.body_hash;
        Some(if is_same { Admitted::Repeated(remembered.grant) } else { Admitted::Mismatched })
    }

    /// The first to end comes first.
    pub(super) fn unclosed(&self, is_meant: impl Fn(&Lease) -> bool) -> Vec<HeldLease> {
        let meant = |held: &&HeldLease| !held.lease.is_closed() && is_meant(&held.lease);
        let mut found: Vec<HeldLease> = self.leases.values().filter(meant).cloned().collect();
        found.sort_by_key(|held| (micros_up(held.lease.expires_at), held.lease.id));
        found
    }

    pub(super) fn due(&self, now: Timestamp) -> Vec<HeldLease> {
        self.unclosed(|lease| ends(lease) <= kept(now))
    }

    pub(super) fn pending(&self) -> Vec<HeldLease> {
        self.unclosed(|lease| matches!(lease.state, LeaseState::Pending { .. }))
    }

    pub(super) fn next_due(&self, after: Timestamp) -> Option<Timestamp> {
        let open = self.leases.values().filter(|held| !held.lease.is_closed());
        open.map(|held| ends(&held.lease)).filter(|end| *end > kept(after)).min()
    }

    pub(super) fn counts(&self, now: Timestamp) -> LeaseCounts {
        let mut counts = LeaseCounts::default();
        for HeldLease { lease, .. } in self.leases.values() {
            match lease.state {
                LeaseState::Closed { .. } => {}
                _ if ends(lease) <= kept(now) => counts.overdue += 1,
                LeaseState::Pending { .. } => counts.pending += 1,
                LeaseState::Open { .. } => counts.open += 1,
            }
        }
        counts
    }

    pub(super) fn update_lease(
        &mut self,
        held: &HeldLease,
        lease: Lease,
        trouble: Option<Trouble>,
        records: &[Record],
    ) -> Result<bool, StoreError> {
        held.may_become(&lease)?;
        if self.leases.get(&lease.id).is_none_or(|row| row.version != held.version) {
            return Ok(false);
        }
        self.append(lease.vm.subscription(), records)?;
        if let Some(row) = self.leases.get_mut(&lease.id) {
            (row.lease, row.trouble, row.version) = (lease, trouble, row.version + 1);
        }
        Ok(true)
    }
}

fn key(name: &IdempotencyName) -> (String, String) {
    (name.requester_id.clone(), name.key.clone())
}

/// The end as the SQL store compares it: rounded up to a microsecond.
fn ends(lease: &Lease) -> Timestamp {
    Timestamp::from_microsecond(micros_up(lease.expires_at)).unwrap_or(lease.expires_at)
}
