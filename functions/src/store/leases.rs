//! Leases: rows of their own, each changed only by whoever saw its latest version.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    audit::Record,
    decision::Requester,
    grant::{Grant, GrantId, InvalidUuid, Lease, LeaseState},
    vm::{SubscriptionId, VmId},
};
use sqlx::AnyConnection;

use super::{
    Store, StoreError, Work,
    audit::append,
    sql,
    text::{from_json, micros, micros_up, timestamp, to_json, unsigned},
};

/// What a query reads of a lease, its table being `l`.
macro_rules! lease_columns {
    () => {
        "l.id, l.grant_id, l.state, l.expires_at, l.requester, l.data, l.trouble, l.version"
    };
}
pub(super) use lease_columns;

macro_rules! select_leases {
    ($condition:literal) => {
        concat!("SELECT ", lease_columns!(), " FROM leases l WHERE ", $condition)
    };
}

/// A lease with what the store knows about it.
#[derive(Clone, Debug)]
pub struct HeldLease {
    pub grant: GrantId,
    pub requester: Requester,
    pub lease: Lease,
    /// Set while its NSGs resist a change.
    pub trouble: Option<Trouble>,
    pub(super) version: i64,
}

impl HeldLease {
    /// A lease as it is when its grant has just been admitted.
    pub(super) const fn new(grant: GrantId, requester: Requester, lease: Lease) -> Self {
        Self { grant, requester, lease, trouble: None, version: 1 }
    }

    /// What every store asks of a lease that is to take its place.
    pub(super) fn may_become(&self, lease: &Lease) -> Result<(), StoreError> {
        if lease.id != self.lease.id || lease.vm != self.lease.vm {
            return Err(StoreError::Refused("a lease keeps its id and its VM"));
        }
        Ok(())
    }
}

/// Attempts that failed, and when to try again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub attempts: u32,
    pub message: String,
    pub retry_at: Timestamp,
}

/// How many leases are not closed; each counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeaseCounts {
    /// Not yet read back as open, before their end.
    pub pending: u64,
    /// Read back as open, before their end.
    pub open: u64,
    /// Past their end, whether they were ever open or not.
    pub overdue: u64,
}

impl Store {
    /// Every lease of a subscription that is not closed; the first to end comes first.
    pub async fn unclosed(&self, subscription: SubscriptionId) -> Result<Vec<HeldLease>, StoreError> {
        let select = select_leases!(
            "l.subscription = $1 AND l.state IN ('pending', 'open') ORDER BY l.expires_at, l.id"
        );
        let rows =
            sql::query_as(select).bind(subscription.to_string()).fetch_all(&mut *self.read().await?).await?;
        Ok(readable(rows))
    }

    pub async fn unclosed_of_vm(&self, vm: &VmId) -> Result<Vec<HeldLease>, StoreError> {
        let select = select_leases!(
            "l.vm = $1 AND l.subscription = $2 AND l.state IN ('pending', 'open') ORDER BY l.expires_at, l.id"
        );
        let rows = sql::query_as(select)
            .bind(vm.key())
            .bind(vm.subscription().to_string())
            .fetch_all(&mut *self.read().await?)
            .await?;
        Ok(readable(rows))
    }

    /// Every lease of any subscription whose time is over and that is not closed.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<HeldLease>, StoreError> {
        let select = select_leases!(
            "l.state IN ('pending', 'open') AND l.expires_at <= $1 ORDER BY l.expires_at, l.id"
        );
        let rows = sql::query_as(select).bind(micros(now)).fetch_all(&mut *self.read().await?).await?;
        Ok(readable(rows))
    }

    /// Every lease of any subscription that was not yet read back as open.
    pub async fn pending(&self) -> Result<Vec<HeldLease>, StoreError> {
        let select = select_leases!("l.state = 'pending' ORDER BY l.expires_at, l.id");
        Ok(readable(sql::query_as(select).fetch_all(&mut *self.read().await?).await?))
    }

    /// The first end after `after` among the leases that are not closed.
    pub async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let select =
            "SELECT MIN(expires_at) FROM leases WHERE state IN ('pending', 'open') AND expires_at > $1";
        let next: Option<i64> =
            sql::query_scalar(select).bind(micros(after)).fetch_one(&mut *self.read().await?).await?;
        next.map(|at| timestamp(|| "end of a lease".to_owned(), at)).transpose()
    }

    pub async fn counts(&self, now: Timestamp) -> Result<LeaseCounts, StoreError> {
        let select = "SELECT CASE WHEN expires_at <= $1 THEN 'overdue' ELSE state END AS stands, COUNT(*)
                      FROM leases WHERE state IN ('pending', 'open') GROUP BY stands";
        let rows: Vec<(String, i64)> =
            sql::query_as(select).bind(micros(now)).fetch_all(&mut *self.read().await?).await?;
        let mut counts = LeaseCounts::default();
        for (stands, number) in rows {
            let number = unsigned(|| "number of leases".to_owned(), number)?;
            match stands.as_str() {
                "pending" => counts.pending = number,
                "open" => counts.open = number,
                _ => counts.overdue = number,
            }
        }
        Ok(counts)
    }

    /// Puts `lease` in the place of what was read as `held`.
    ///
    /// `false`: somebody changed it meanwhile, and nothing is written, no record either. Read it again.
    pub async fn update_lease(
        &self,
        held: &HeldLease,
        lease: Lease,
        trouble: Option<Trouble>,
        records: &[Record],
    ) -> Result<bool, StoreError> {
        held.may_become(&lease)?;
        self.write(Swap { version: held.version, lease, trouble, records }).await
    }
}

struct Swap<'a> {
    version: i64,
    lease: Lease,
    trouble: Option<Trouble>,
    records: &'a [Record],
}

impl Work for Swap<'_> {
    type Outcome = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let swapped = swap(connection, self.version, &self.lease, self.trouble.as_ref()).await?;
        if swapped {
            append(connection, self.lease.vm.subscription(), self.records).await?;
        }
        Ok(swapped)
    }
}

async fn swap(
    connection: &mut AnyConnection,
    version: i64,
    lease: &Lease,
    trouble: Option<&Trouble>,
) -> Result<bool, StoreError> {
    let update = "UPDATE leases SET state = $1, expires_at = $2, ends_as = $3, data = $4, trouble = $5, version = version + 1
                  WHERE id = $6 AND subscription = $7 AND version = $8";
    let outcome = sql::query(update)
        .bind(state_name(&lease.state))
        .bind(micros_up(lease.expires_at))
        .bind(lease.ends_as.as_str())
        .bind(to_json(lease))
        .bind(trouble.map(to_json))
        .bind(lease.id.to_string())
        .bind(lease.vm.subscription().to_string())
        .bind(version)
        .execute(connection)
        .await?;
    Ok(outcome.rows_affected() == 1)
}

pub(super) async fn insert(
    connection: &mut AnyConnection,
    grant: &Grant,
    ordinal: i64,
    lease: &Lease,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO leases (id, subscription, grant_id, ordinal, vm, state, expires_at, ends_as,
                                      admitted_at, requester, data, version)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)";
    sql::query(insert)
        .bind(lease.id.to_string())
        .bind(grant.subscription.to_string())
        .bind(grant.id.to_string())
        .bind(ordinal)
        .bind(lease.vm.key())
        .bind(state_name(&lease.state))
        .bind(micros_up(lease.expires_at))
        .bind(lease.ends_as.as_str())
        .bind(micros(grant.window.start()))
        .bind(to_json(&grant.requester))
        .bind(to_json(lease))
        .execute(connection)
        .await?;
    Ok(())
}

const fn state_name(state: &LeaseState) -> &'static str {
    match state {
        LeaseState::Pending { .. } => "pending",
        LeaseState::Open { .. } => "open",
        LeaseState::Closed { .. } => "closed",
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct LeaseRow {
    id: String,
    grant_id: String,
    state: String,
    expires_at: i64,
    requester: String,
    data: String,
    trouble: Option<String>,
    version: i64,
}

impl LeaseRow {
    pub(super) fn parse(self) -> Result<HeldLease, StoreError> {
        let what = || format!("lease {}", self.id);
        let lease: Lease = from_json(what, &self.data)?;
        let columns = (self.id.as_str(), self.state.as_str(), self.expires_at);
        if columns != (lease.id.to_string().as_str(), state_name(&lease.state), micros_up(lease.expires_at)) {
            return Err(StoreError::corrupt(what(), "its columns do not say what its data says"));
        }
        Ok(HeldLease {
            grant: self.grant_id.parse().map_err(|error: InvalidUuid| StoreError::corrupt(what(), error))?,
            requester: from_json(what, &self.requester)?,
            trouble: self.trouble.as_deref().map(|trouble| from_json(what, trouble)).transpose()?,
            version: self.version,
            lease,
        })
    }
}

/// One row that cannot be read must not keep the others open; what it stands for, the sweep finds by the rules' stamps.
fn readable(rows: Vec<LeaseRow>) -> Vec<HeldLease> {
    let number = rows.len();
    let mut held = Vec::with_capacity(number);
    for row in rows {
        match row.parse() {
            Ok(lease) => held.push(lease),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "skipped a lease"),
        }
    }
    if held.len() < number {
        tracing::error!(
            corrupt = number - held.len(),
            of = number,
            "some leases in the store cannot be read"
        );
    }
    held
}

#[cfg(test)]
mod tests;
