//! What each NSG and each firewall was last read as.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use shared::{
    firewall::ObservedFirewall,
    nsg::ObservedNsg,
    vm::{FirewallId, NsgId, SubscriptionId},
};
use sqlx::AnyConnection;

use super::{
    Dated, Store, StoreError, Work, sql,
    text::{from_json, micros, timestamp, to_json},
};

/// The queries of one kind of reading.
struct Table {
    what: &'static str,
    put: &'static str,
    one: &'static str,
    all: &'static str,
    forget: &'static str,
}

macro_rules! table {
    ($what:literal, $table:literal, $id:literal) => {
        Table {
            what: $what,
            put: concat!(
                "INSERT INTO ",
                $table,
                " (",
                $id,
                ", subscription, data, at) VALUES ($1, $2, $3, $4) ",
                "ON CONFLICT (",
                $id,
                ", subscription) DO UPDATE SET data = excluded.data, at = excluded.at ",
                "WHERE ",
                $table,
                ".at <= excluded.at"
            ),
            one: concat!(
                "SELECT ",
                $id,
                ", data, at FROM ",
                $table,
                " WHERE ",
                $id,
                " = $1 AND subscription = $2"
            ),
            all: concat!(
                "SELECT ",
                $id,
                ", data, at FROM ",
                $table,
                " WHERE subscription = $1 ORDER BY ",
                $id
            ),
            forget: concat!("DELETE FROM ", $table, " WHERE ", $id, " = $1 AND subscription = $2"),
        }
    };
}

static NSGS: Table = table!("observation", "observations", "nsg");
static FIREWALLS: Table = table!("reading", "firewalls", "firewall");

impl Store {
    /// Keeps the last reading of an NSG; one that is older than what is there changes nothing.
    pub async fn put_observation(&self, observed: &ObservedNsg, at: Timestamp) -> Result<(), StoreError> {
        let key = Key { id: observed.id.key(), subscription: observed.id.subscription() };
        self.write(Put { table: &NSGS, key, data: to_json(observed), at }).await
    }

    /// The NSG does not exist any more.
    pub async fn forget_observation(&self, nsg: &NsgId) -> Result<(), StoreError> {
        self.write(Forget(&NSGS, Key { id: nsg.key(), subscription: nsg.subscription() })).await
    }

    pub async fn observation(&self, nsg: &NsgId) -> Result<Option<Dated<ObservedNsg>>, StoreError> {
        self.reading(&NSGS, Key { id: nsg.key(), subscription: nsg.subscription() }).await
    }

    pub async fn observations(
        &self,
        subscription: SubscriptionId,
    ) -> Result<BTreeMap<NsgId, Dated<ObservedNsg>>, StoreError> {
        let all: Vec<Dated<ObservedNsg>> = self.readings(&NSGS, subscription).await?;
        Ok(all.into_iter().map(|dated| (dated.0.id.clone(), dated)).collect())
    }

    /// As of an NSG.
    pub async fn put_firewall(&self, observed: &ObservedFirewall, at: Timestamp) -> Result<(), StoreError> {
        let key = Key { id: observed.id.key(), subscription: observed.id.subscription() };
        self.write(Put { table: &FIREWALLS, key, data: to_json(observed), at }).await
    }

    /// The firewall does not exist any more.
    pub async fn forget_firewall(&self, firewall: &FirewallId) -> Result<(), StoreError> {
        self.write(Forget(&FIREWALLS, Key { id: firewall.key(), subscription: firewall.subscription() }))
            .await
    }

    pub async fn firewalls(
        &self,
        subscription: SubscriptionId,
    ) -> Result<BTreeMap<FirewallId, Dated<ObservedFirewall>>, StoreError> {
        let all: Vec<Dated<ObservedFirewall>> = self.readings(&FIREWALLS, subscription).await?;
        Ok(all.into_iter().map(|dated| (dated.0.id.clone(), dated)).collect())
    }

    async fn reading<T: DeserializeOwned>(
        &self,
        table: &Table,
        key: Key,
    ) -> Result<Option<Dated<T>>, StoreError> {
        let row: Option<Row> = sql::query_as(table.one)
            .bind(key.id)
            .bind(key.subscription.to_string())
            .fetch_optional(&mut *self.read().await?)
            .await?;
        row.map(|row| row.parse(table)).transpose()
    }

    async fn readings<T: DeserializeOwned>(
        &self,
        table: &Table,
        subscription: SubscriptionId,
    ) -> Result<Vec<Dated<T>>, StoreError> {
        let rows: Vec<Row> = sql::query_as(table.all)
            .bind(subscription.to_string())
            .fetch_all(&mut *self.read().await?)
            .await?;
        rows.into_iter().map(|row| row.parse(table)).collect()
    }
}

/// What names a reading.
struct Key {
    id: String,
    subscription: SubscriptionId,
}

#[derive(sqlx::FromRow)]
struct Row(String, String, i64);

impl Row {
    fn parse<T: DeserializeOwned>(self, table: &Table) -> Result<Dated<T>, StoreError> {
        let Self(id, data, at) = self;
        let what = || format!("{} of {id}", table.what);
        Ok((from_json(what, &data)?, timestamp(what, at)?))
    }
}

struct Forget<'a>(&'a Table, Key);

impl Work for Forget<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let Self(table, Key { id, subscription }) = self;
        sql::query(table.forget).bind(id).bind(subscription.to_string()).execute(connection).await?;
        Ok(())
    }
}

struct Put<'a> {
    table: &'a Table,
    key: Key,
    data: String,
    at: Timestamp,
}

impl Work for Put<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let Self { table, key: Key { id, subscription }, data, at } = self;
        sql::query(table.put)
            .bind(id)
            .bind(subscription.to_string())
            .bind(data)
            .bind(micros(*at))
            .execute(connection)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[tokio::test]
    async fn the_last_reading_of_each_nsg_is_kept() {
        let home = a_home();
        let store = a_store(&home).await;
        for (name, rules, second) in
            [("web-nsg", 1, 5), ("web-nsg", 2, 4), ("db-nsg", 3, 1), ("db-nsg", 4, 2)]
        {
            store.put_observation(&an_observation(name, rules), at(second)).await.unwrap();
        }
        let read = store.observations(subscription()).await.unwrap();
        let read: Vec<_> = read.values().map(|(nsg, when)| (nsg.id.name(), nsg.rules.len(), *when)).collect();
        assert_eq!(read, [("db-nsg", 4, at(2)), ("web-nsg", 1, at(5))]);
        let (one, when) = store.observation(&nsg("db-nsg")).await.unwrap().unwrap();
        assert_eq!((one.rules.len(), when), (4, at(2)));
        assert_eq!(store.observation(&nsg("other")).await.unwrap(), None);
        store.forget_observation(&nsg("db-nsg")).await.unwrap();
        assert_eq!(store.observations(subscription()).await.unwrap().len(), 1);
        assert!(store.observations(a_vm_elsewhere("x").subscription()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_row_that_does_not_parse_is_an_error_that_names_it() {
        let home = a_home();
        let store = a_store(&home).await;
        store.put_observation(&an_observation("web-nsg", 1), at(0)).await.unwrap();
        sqlx::query("UPDATE observations SET data = '[]'").execute(&store.writer).await.unwrap();
        let error = store.observations(subscription()).await.unwrap_err().to_string();
        assert!(error.starts_with("the stored observation of /subscriptions/"), "{error}");
    }
}
