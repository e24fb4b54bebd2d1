//! The NSGs that Postern made cut established flows, until that is undone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::vm::{NsgId, SubscriptionId};
use sqlx::AnyConnection;

use super::{
    Store, StoreError, Work, sql,
    text::{micros, timestamp},
};

impl Store {
    /// Notes it before it is done, so that a crash cannot make it be forgotten.
    pub async fn put_flush(&self, nsg: &NsgId, at: Timestamp) -> Result<(), StoreError> {
        self.write(Change { nsg, at: Some(at) }).await
    }

    pub async fn remove_flush(&self, nsg: &NsgId) -> Result<(), StoreError> {
        self.write(Change { nsg, at: None }).await
    }

    pub async fn flushes(
        &self,
        subscription: SubscriptionId,
    ) -> Result<BTreeMap<NsgId, Timestamp>, StoreError> {
        let rows: Vec<(String, i64)> = sql::query_as("SELECT nsg, at FROM flushes WHERE subscription = $1")
            .bind(subscription.to_string())
            .fetch_all(&mut *self.read().await?)
            .await?;
        let parse = |(nsg, at): (String, i64)| {
            let what = || format!("flush of {nsg}");
            let id = nsg.parse::<NsgId>().map_err(|error| StoreError::corrupt(what(), error))?;
            Ok((id, timestamp(what, at)?))
        };
        rows.into_iter().map(parse).collect()
    }
}

struct Change<'a> {
    nsg: &'a NsgId,
    /// `None`: no longer.
    at: Option<Timestamp>,
}

impl Work for Change<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let (nsg, subscription) = (self.nsg.key(), self.nsg.subscription().to_string());
        let insert = "INSERT INTO flushes (nsg, subscription, at) VALUES ($1, $2, $3) ON CONFLICT (nsg, subscription) DO NOTHING";
        let query = match self.at {
            Some(at) => sql::query(insert).bind(nsg).bind(subscription).bind(micros(at)),
            None => sql::query("DELETE FROM flushes WHERE nsg = $1 AND subscription = $2")
                .bind(nsg)
                .bind(subscription),
        };
        query.execute(connection).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[tokio::test]
    async fn a_flush_is_known_from_its_first_note_until_it_is_removed() {
        let home = a_home();
        let store = a_store(&home).await;
        for second in [5, 9] {
            store.put_flush(&nsg("web-nsg"), at(second)).await.unwrap();
        }
        let known = store.flushes(subscription()).await.unwrap();
        assert_eq!(known.into_iter().collect::<Vec<_>>(), [(nsg("web-nsg"), at(5))]);
        store.remove_flush(&nsg("web-nsg")).await.unwrap();
        assert!(store.flushes(subscription()).await.unwrap().is_empty());
    }
}
