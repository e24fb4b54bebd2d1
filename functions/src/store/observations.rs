//! What each NSG was last read as.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::{
    nsg::ObservedNsg,
    vm::{NsgId, SubscriptionId},
};
use sqlx::AnyConnection;

use super::{
    Dated, Store, StoreError, Work,
    text::{from_json, micros, timestamp, to_json},
};

impl Store {
    /// Keeps the last reading of an NSG; one that is older than what is there changes nothing.
    pub async fn put_observation(&self, observed: &ObservedNsg, at: Timestamp) -> Result<(), StoreError> {
        self.write(Put { observed, at }).await
    }

    /// The NSG does not exist any more.
    pub async fn forget_observation(&self, nsg: &NsgId) -> Result<(), StoreError> {
        self.write(Forget(nsg)).await
    }

    pub async fn observation(&self, nsg: &NsgId) -> Result<Option<Dated<ObservedNsg>>, StoreError> {
        let row: Option<(String, i64)> =
            sqlx::query_as("SELECT data, at FROM observations WHERE nsg = $1 AND subscription = $2")
                .bind(nsg.key())
                .bind(nsg.subscription().to_string())
                .fetch_optional(&self.readers)
                .await?;
        let what = || format!("observation of {nsg}");
        row.map(|(data, at)| Ok((from_json(what, &data)?, timestamp(what, at)?))).transpose()
    }

    pub async fn observations(
        &self,
        subscription: SubscriptionId,
    ) -> Result<BTreeMap<NsgId, (ObservedNsg, Timestamp)>, StoreError> {
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as("SELECT nsg, data, at FROM observations WHERE subscription = $1 ORDER BY nsg")
                .bind(subscription.to_string())
                .fetch_all(&self.readers)
                .await?;
        let parse = |(nsg, data, at): (String, String, i64)| {
            let what = || format!("observation of {nsg}");
            let observed: ObservedNsg = from_json(what, &data)?;
            Ok((observed.id.clone(), (observed, timestamp(what, at)?)))
        };
        rows.into_iter().map(parse).collect()
    }
}

struct Forget<'a>(&'a NsgId);

impl Work for Forget<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM observations WHERE nsg = $1 AND subscription = $2")
            .bind(self.0.key())
            .bind(self.0.subscription().to_string())
            .execute(connection)
            .await?;
        Ok(())
    }
}

struct Put<'a> {
    observed: &'a ObservedNsg,
    at: Timestamp,
}

impl Work for Put<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let upsert = "INSERT INTO observations (nsg, subscription, data, at) VALUES ($1, $2, $3, $4)
                      ON CONFLICT (nsg, subscription) DO UPDATE SET data = excluded.data, at = excluded.at
                      WHERE observations.at <= excluded.at";
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
