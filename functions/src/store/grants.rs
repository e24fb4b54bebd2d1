//! Grants: admitted once, then read together with their leases.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shared::{
    audit::Record,
    grant::{Grant, GrantId},
    vm::{SubscriptionId, VmId},
};
use sqlx::AnyConnection;

use super::{
    HeldLease, Store, StoreError, Work,
    audit::append,
    leases::{self, LeaseRow},
    sql::{self, CHUNK, Values},
    text::{from_json, micros, to_json},
};

/// How long a repeated request is known as a repetition.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The name that a requester gave a request, so that sending it twice admits it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyName {
    pub requester_id: String,
    pub key: String,
    /// Tells apart two requests under one name.
    pub body_hash: String,
}

/// What became of an admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// The grant is durable.
    New,
    /// The same request was admitted before, as this grant; nothing was written.
    Repeated(GrantId),
    /// Another request was admitted under this name; nothing was written.
    Mismatched,
}

/// A grant with its leases as they stand now, in both forms.
#[derive(Clone, Debug)]
pub struct HeldGrant {
    pub grant: Grant,
    pub leases: Vec<HeldLease>,
}

/// What every store asks of a grant.
pub(super) fn admissible(grant: &Grant) -> Result<(), StoreError> {
    if grant.leases.is_empty() {
        return Err(StoreError::Refused("a grant has leases"));
    }
    if grant.leases.iter().any(|lease| lease.vm.subscription() != grant.subscription) {
        return Err(StoreError::Refused("the leases of a grant are of its subscription"));
    }
    Ok(())
}

impl Store {
    /// Makes a grant durable, unless its name was used in the 24 hours before.
    pub async fn admit(
        &self,
        grant: &Grant,
        name: Option<&IdempotencyName>,
        records: &[Record],
    ) -> Result<Admitted, StoreError> {
        admissible(grant)?;
        self.write(Admit { grant, name, records }).await
    }

    /// What was admitted under a name in the 24 hours before `now`, without admitting anything.
    pub async fn admitted(
        &self,
        name: &IdempotencyName,
        now: Timestamp,
    ) -> Result<Option<Admitted>, StoreError> {
        let earlier: Option<(String, String)> = sql::query_as(
            "SELECT body_hash, grant_id FROM idempotency
             WHERE requester_id = $1 AND name = $2 AND admitted_at > $3",
        )
        .bind(&name.requester_id)
        .bind(&name.key)
        .bind(micros(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN)))
        .fetch_optional(&mut *self.read().await?)
        .await?;
        earlier.map(|earlier| under_name(name, earlier)).transpose()
    }

    pub async fn grant(&self, id: GrantId) -> Result<Option<HeldGrant>, StoreError> {
        let select = concat!(
            "SELECT g.data AS grant_data, ",
            leases::lease_columns!(),
            " FROM grants g JOIN leases l ON l.grant_id = g.id AND l.subscription = g.subscription
             WHERE g.id = $1 ORDER BY l.ordinal"
        );
        let rows: Vec<GrantRow> =
            sql::query_as(select).bind(id.to_string()).fetch_all(&mut *self.read().await?).await?;
        Ok(together(rows)?.pop())
    }

    /// The latest grants of one requester, and all older ones that still live, newest first.
    pub async fn grants_of(&self, requester_id: &str, limit: u32) -> Result<Vec<HeldGrant>, StoreError> {
        let select = concat!(
            "SELECT g.data AS grant_data, ",
            leases::lease_columns!(),
            " FROM (SELECT id, subscription, admitted_at, data FROM grants WHERE requester_id = $1 AND (
                      id IN (SELECT id FROM grants WHERE requester_id = $1
                             ORDER BY admitted_at DESC, id DESC LIMIT $2)
                      OR id IN (SELECT grant_id FROM leases WHERE state IN ('pending', 'open')))) g
             JOIN leases l ON l.grant_id = g.id AND l.subscription = g.subscription
             ORDER BY g.admitted_at DESC, g.id DESC, l.ordinal"
        );
        let rows: Vec<GrantRow> = sql::query_as(select)
            .bind(requester_id)
            .bind(i64::from(limit))
            .fetch_all(&mut *self.read().await?)
            .await?;
        together(rows)
    }
}

impl Store {
    /// The grants that let somebody reach one of these VMs, admitted from `since` on, oldest first; each with just its
    /// leases on these VMs.
    pub async fn grants_on(
        &self,
        subscription: SubscriptionId,
        vms: &[VmId],
        since: Timestamp,
    ) -> Result<Vec<HeldGrant>, StoreError> {
        let mut grants: BTreeMap<(Timestamp, GrantId), HeldGrant> = BTreeMap::new();
        for vms in vms.chunks(CHUNK) {
            let mut values = Values::default();
            let sql = format!(
                "SELECT g.data AS grant_data, {} FROM leases l \
                 JOIN grants g ON g.id = l.grant_id AND g.subscription = l.subscription \
                 WHERE l.subscription = {} AND l.admitted_at >= {} AND l.vm IN ({}) \
                 ORDER BY l.grant_id, l.ordinal",
                leases::lease_columns!(),
                values.text(subscription.to_string()),
                values.number(micros(since)),
                values.texts(vms.iter().map(VmId::key))
            );
            let rows: Vec<GrantRow> = values.query_as(sql).fetch_all(&mut *self.read().await?).await?;
            for HeldGrant { grant, leases } in together(rows)? {
                let held = grants.entry((grant.window.start(), grant.id)).or_insert_with(|| HeldGrant {
                    grant: Grant { leases: Vec::new(), ..grant.clone() },
                    leases: Vec::new(),
                });
                held.grant.leases.extend(grant.leases);
                held.leases.extend(leases);
            }
        }
        Ok(grants.into_values().collect())
    }
}

struct Admit<'a> {
    grant: &'a Grant,
    name: Option<&'a IdempotencyName>,
    records: &'a [Record],
}

impl Work for Admit<'_> {
    type Outcome = Admitted;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Admitted, StoreError> {
        let grant = self.grant;
        if let Some(name) = self.name
            && let Some(earlier) = claim(connection, name, grant).await?
        {
            return Ok(earlier);
        }
        insert(connection, grant).await?;
        for (ordinal, lease) in (0..).zip(&grant.leases) {
            leases::insert(connection, grant, ordinal, lease).await?;
        }
        append(connection, grant.subscription, self.records).await?;
        Ok(Admitted::New)
    }
}

/// Takes a name for a grant, or says what took it before.
async fn claim(
    connection: &mut AnyConnection,
    name: &IdempotencyName,
    grant: &Grant,
) -> Result<Option<Admitted>, StoreError> {
    let now = grant.window.start();
    forget_old(connection, name, grant, now).await?;
    let earlier: Option<(String, String)> =
        sql::query_as("SELECT body_hash, grant_id FROM idempotency WHERE requester_id = $1 AND name = $2")
            .bind(&name.requester_id)
            .bind(&name.key)
            .fetch_optional(&mut *connection)
            .await?;
    match earlier {
        Some(earlier) => under_name(name, earlier).map(Some),
        None => {
            remember(connection, name, grant, now).await?;
            Ok(None)
        }
    }
}

fn under_name(name: &IdempotencyName, (body_hash, id): (String, String)) -> Result<Admitted, StoreError> {
    if body_hash != name.body_hash {
        return Ok(Admitted::Mismatched);
    }
    let id = id.parse().map_err(|error: shared::grant::InvalidUuid| {
        StoreError::corrupt(format!("name {} of a request", name.key), error)
    })?;
    Ok(Admitted::Repeated(id))
}

async fn forget_old(
    connection: &mut AnyConnection,
    name: &IdempotencyName,
    grant: &Grant,
    now: Timestamp,
) -> Result<(), StoreError> {
    let oldest = micros(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN));
    let delete = "DELETE FROM idempotency WHERE admitted_at <= $1
                  AND (subscription = $2 OR (requester_id = $3 AND name = $4))";
    sql::query(delete)
        .bind(oldest)
        .bind(grant.subscription.to_string())
        .bind(&name.requester_id)
        .bind(&name.key)
        .execute(connection)
        .await?;
    Ok(())
}

async fn remember(
    connection: &mut AnyConnection,
    name: &IdempotencyName,
    grant: &Grant,
    now: Timestamp,
) -> Result<(), StoreError> {
    let insert =
        "INSERT INTO idempotency (requester_id, name, subscription, body_hash, grant_id, admitted_at)
                  VALUES ($1, $2, $3, $4, $5, $6)";
    sql::query(insert)
        .bind(&name.requester_id)
        .bind(&name.key)
        .bind(grant.subscription.to_string())
        .bind(&name.body_hash)
        .bind(grant.id.to_string())
        .bind(micros(now))
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert(connection: &mut AnyConnection, grant: &Grant) -> Result<(), StoreError> {
    let insert = "INSERT INTO grants (id, subscription, requester_id, admitted_at, data)
                  VALUES ($1, $2, $3, $4, $5)";
    sql::query(insert)
        .bind(grant.id.to_string())
        .bind(grant.subscription.to_string())
        .bind(&grant.requester.id)
        .bind(micros(grant.window.start()))
        .bind(to_json(&Grant { leases: Vec::new(), ..grant.clone() }))
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct GrantRow {
    grant_data: String,
    #[sqlx(flatten)]
    lease: LeaseRow,
}

/// Puts rows of the same grant together; they come one after the other.
fn together(rows: Vec<GrantRow>) -> Result<Vec<HeldGrant>, StoreError> {
    let mut grants: Vec<HeldGrant> = Vec::new();
    for GrantRow { grant_data, lease: row } in rows {
        let lease = row.parse()?;
        if grants.last().is_none_or(|held| held.grant.id != lease.grant) {
            let grant = from_json(|| format!("grant {}", lease.grant), &grant_data)?;
            grants.push(HeldGrant { grant, leases: Vec::new() });
        }
        if let Some(held) = grants.last_mut() {
            held.grant.leases.push(lease.lease.clone());
            held.leases.push(lease);
        }
    }
    Ok(grants)
}

#[cfg(test)]
mod tests;
