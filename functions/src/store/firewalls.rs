//! What each firewall was last read as.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::{
    firewall::ObservedFirewall,
    vm::{FirewallId, SubscriptionId},
};
use sqlx::AnyConnection;

use super::{
    Store, StoreError, Work,
    ledger::Dated,
    text::{from_json, micros, timestamp, to_json},
};

impl Store {
    /// Keeps the last reading of a firewall; one that is older than what is there changes nothing.
    pub async fn put_firewall(&self, observed: &ObservedFirewall, at: Timestamp) -> Result<(), StoreError> {
        self.write(Put { observed, at }).await
    }

    /// The firewall does not exist any more.
    pub async fn forget_firewall(&self, firewall: &FirewallId) -> Result<(), StoreError> {
        self.write(Forget(firewall)).await
    }

    pub async fn firewalls(
        &self,
        subscription: SubscriptionId,
    ) -> Result<BTreeMap<FirewallId, Dated<ObservedFirewall>>, StoreError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT firewall, data, at FROM firewalls WHERE subscription = $1 ORDER BY firewall",
        )
        .bind(subscription.to_string())
        .fetch_all(&self.readers)
        .await?;
        let parse = |(firewall, data, at): (String, String, i64)| {
            let what = || format!("reading of {firewall}");
            let observed: ObservedFirewall = from_json(what, &data)?;
            Ok((observed.id.clone(), (observed, timestamp(what, at)?)))
        };
        rows.into_iter().map(parse).collect()
    }
}

struct Forget<'a>(&'a FirewallId);

impl Work for Forget<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM firewalls WHERE firewall = $1 AND subscription = $2")
            .bind(self.0.key())
            .bind(self.0.subscription().to_string())
            .execute(connection)
            .await?;
        Ok(())
    }
}

struct Put<'a> {
    observed: &'a ObservedFirewall,
    at: Timestamp,
}

impl Work for Put<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let upsert = "INSERT INTO firewalls (firewall, subscription, data, at) VALUES ($1, $2, $3, $4)
                      ON CONFLICT (firewall, subscription) DO UPDATE SET data = excluded.data, at = excluded.at
                      WHERE firewalls.at <= excluded.at";
        sqlx::query(upsert)
            .bind(self.observed.id.key())
            .bind(self.observed.id.subscription().to_string())
            .bind(to_json(self.observed))
            .bind(micros(self.at))
            .execute(connection)
            .await?;
        Ok(())
    }
}
