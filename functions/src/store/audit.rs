//! The audit's chains: one for each subscription, appended to in the transaction that the records tell of.

use std::collections::BTreeMap;

use shared::{
    audit::{Broken, Entry, GENESIS, Record, verify},
    vm::SubscriptionId,
};
use sqlx::{AnyConnection, Connection};

use super::{
    Store, StoreError, Work, sql,
    text::{from_json, micros, to_json, unsigned},
};

/// How many entries are checked at a time.
const PAGE: i64 = 1_000;
/// How many entries are given their columns at a time: others may write meanwhile.
const FILLED: i64 = 500;

impl Store {
    /// Writes records down; those of each subscription together, or not at all.
    pub async fn record(&self, records: &[Record]) -> Result<(), StoreError> {
        let mut chains: BTreeMap<SubscriptionId, Vec<Record>> = BTreeMap::new();
        for record in records {
            chains.entry(record.subscription).or_default().push(record.clone());
        }
        for (subscription, records) in chains {
            self.write(Append { subscription, records }).await?;
        }
        Ok(())
    }

    /// Reads a whole chain and says how many entries it has, or where it does not hold.
    pub async fn verify(&self, subscription: SubscriptionId) -> Result<Result<u64, Broken>, StoreError> {
        let (mut seq, mut hash) = (0, GENESIS.to_owned());
        loop {
            let entries = self.entries_after(subscription, seq).await?;
            if entries.is_empty() {
                return Ok(Ok(seq));
            }
            match verify((seq, &hash), &entries) {
                Ok((last_seq, last_hash)) => (seq, hash) = (last_seq, last_hash.to_owned()),
                Err(broken) => return Ok(Err(broken)),
            }
        }
    }

    async fn entries_after(&self, subscription: SubscriptionId, seq: u64) -> Result<Vec<Entry>, StoreError> {
        let page = "SELECT subscription, seq, entry FROM audit WHERE subscription = $1 AND seq > $2
                    ORDER BY seq LIMIT $3";
        let rows: Vec<EntryRow> = sql::query_as(page)
            .bind(subscription.to_string())
            .bind(signed(seq)?)
            .bind(PAGE)
            .fetch_all(&mut *self.read().await?)
            .await?;
        rows.into_iter().map(EntryRow::parse).collect()
    }
}

struct Append {
    subscription: SubscriptionId,
    records: Vec<Record>,
}

impl Work for Append {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        append(connection, self.subscription, &self.records).await
    }
}

/// Puts records behind the chain of `subscription`.
///
/// The key of the table keeps two writers from taking the same place; the later one is tried again.
pub(super) async fn append(
    connection: &mut AnyConnection,
    subscription: SubscriptionId,
    records: &[Record],
) -> Result<(), StoreError> {
    if records.iter().any(|record| record.subscription != subscription) {
        return Err(StoreError::Refused("the records of one write are of its subscription"));
    }
    if records.is_empty() {
        return Ok(());
    }
    let (mut seq, mut hash) = head(connection, subscription).await?;
    for record in records {
        let entry = Entry::after(seq, &hash, record.clone());
        insert(connection, &entry).await?;
        (seq, hash) = (entry.seq, entry.hash);
    }
    Ok(())
}

async fn head(
    connection: &mut AnyConnection,
    subscription: SubscriptionId,
) -> Result<(u64, String), StoreError> {
    let last = "SELECT seq, hash FROM audit WHERE subscription = $1 ORDER BY seq DESC LIMIT 1";
    let row: Option<(i64, String)> =
        sql::query_as(last).bind(subscription.to_string()).fetch_optional(connection).await?;
    match row {
        Some((seq, hash)) => Ok((unsigned(|| format!("audit of {subscription}"), seq)?, hash)),
        None => Ok((0, GENESIS.to_owned())),
    }
}

async fn insert(connection: &mut AnyConnection, entry: &Entry) -> Result<(), StoreError> {
    let insert = "INSERT INTO audit (subscription, seq, at, vm, entry, hash, kind, actor_id, actor_name)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (actor_id, actor_name) = actor(&entry.record);
    sql::query(insert)
        .bind(entry.record.subscription.to_string())
        .bind(signed(entry.seq)?)
        .bind(micros(entry.record.at))
        .bind(entry.record.vm.as_ref().map(shared::vm::VmId::key))
        .bind(to_json(entry))
        .bind(&entry.hash)
        .bind(entry.record.event.kind())
        .bind(actor_id)
        .bind(actor_name)
        .execute(connection)
        .await?;
    Ok(())
}

/// The id and the name of who did it, as they are compared.
pub(super) fn actor(record: &Record) -> (Option<String>, Option<String>) {
    let actor = record.actor.as_ref();
    (actor.map(|actor| actor.id.to_lowercase()), actor.map(|actor| actor.name.to_lowercase()))
}

/// Gives the entries that have no columns to be filtered by theirs. Those that cannot be read stay without.
pub(super) async fn fill(connection: &mut AnyConnection, begin: &'static str) -> Result<(), sqlx::Error> {
    let select = "SELECT subscription, seq, entry FROM audit WHERE kind IS NULL
                  ORDER BY subscription, seq LIMIT $1 OFFSET $2";
    let mut unreadable = 0_i64;
    loop {
        let mut transaction = connection.begin_with(begin).await?;
        let rows: Vec<EntryRow> =
            sql::query_as(select).bind(FILLED).bind(unreadable).fetch_all(&mut *transaction).await?;
        if rows.is_empty() {
            return transaction.rollback().await;
        }
        for row in rows {
            let (subscription, seq) = (row.subscription.clone(), row.seq);
            match row.parse() {
                Ok(entry) => fill_one(&mut transaction, (&subscription, seq), &entry.record).await?,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "an entry is not found by filters"
                    );
                    unreadable += 1;
                }
            }
        }
        transaction.commit().await?;
    }
}

async fn fill_one(
    connection: &mut AnyConnection,
    (subscription, seq): (&str, i64),
    record: &Record,
) -> Result<(), sqlx::Error> {
    let update =
        "UPDATE audit SET kind = $1, actor_id = $2, actor_name = $3 WHERE subscription = $4 AND seq = $5";
    let (actor_id, actor_name) = actor(record);
    sql::query(update)
        .bind(record.event.kind())
        .bind(actor_id)
        .bind(actor_name)
        .bind(subscription)
        .bind(seq)
        .execute(connection)
        .await?;
    Ok(())
}

fn signed(seq: u64) -> Result<i64, StoreError> {
    i64::try_from(seq).map_err(|_| StoreError::Refused("the audit is full"))
}

#[derive(sqlx::FromRow)]
pub(super) struct EntryRow {
    subscription: String,
    pub(super) seq: i64,
    entry: String,
}

impl EntryRow {
    pub(super) fn parse(self) -> Result<Entry, StoreError> {
        from_json(|| format!("entry {} of the audit of {}", self.seq, self.subscription), &self.entry)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[tokio::test]
    async fn each_subscription_has_a_chain_of_its_own() {
        let home = a_home();
        let store = a_store(&home).await;
        let (here, elsewhere) = (vm("web-01"), a_vm_elsewhere("web-01"));
        store.record(&[a_record(&here, 0), a_record(&elsewhere, 1), a_record(&here, 2)]).await.unwrap();
        assert_eq!(store.verify(here.subscription()).await.unwrap(), Ok(2));
        assert_eq!(store.verify(elsewhere.subscription()).await.unwrap(), Ok(1));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_chain_holds_under_many_appenders_with_stores_of_their_own() {
        let home = a_home();
        let stores = [a_store(&home).await, a_store(&home).await];
        let appending = (0..20).map(|n: i64| {
            let store = stores[usize::from(n % 2 == 0)].clone();
            tokio::spawn(async move {
                for m in 0..5 {
                    let record = a_record(&vm("web-01"), n * 5 + m);
                    store.record(&[record.clone(), record]).await.unwrap();
                }
            })
        });
        futures::future::try_join_all(appending).await.unwrap();
        assert_eq!(stores[0].verify(subscription()).await.unwrap(), Ok(200));
    }

    #[tokio::test]
    async fn a_chain_longer_than_a_page_is_read_to_its_end() {
        let home = a_home();
        let store = a_store(&home).await;
        let records: Vec<Record> = (0..PAGE + 1).map(|n| a_record(&vm("web-01"), n)).collect();
        store.record(&records).await.unwrap();
        assert_eq!(store.verify(subscription()).await.unwrap(), Ok(1_001));
    }

    #[tokio::test]
    async fn tampering_is_found() {
        for (tampering, broken) in [
            ("UPDATE audit SET entry = replace(entry, 'web-01', 'web-02') WHERE seq = 2", Broken::Changed(2)),
            ("DELETE FROM audit WHERE seq = 2", Broken::Gap { expected: 2, found: 3 }),
            ("DELETE FROM audit WHERE seq = 1", Broken::Gap { expected: 1, found: 2 }),
        ] {
            let home = a_home();
            let store = a_store(&home).await;
            store.record(&[0, 1, 2].map(|n| a_record(&vm("web-01"), n))).await.unwrap();
            sqlx::query(tampering).execute(&store.writer).await.unwrap();
            assert_eq!(store.verify(subscription()).await.unwrap(), Err(broken), "{tampering}");
        }
    }

    #[tokio::test]
    async fn an_entry_that_does_not_parse_is_an_error_that_names_it() {
        let home = a_home();
        let store = a_store(&home).await;
        store.record(&[a_record(&vm("web-01"), 0)]).await.unwrap();
        sqlx::query("UPDATE audit SET entry = 'x'").execute(&store.writer).await.unwrap();
        let error = store.verify(subscription()).await.unwrap_err().to_string();
        assert_eq!(error, format!("the stored entry 1 of the audit of {} cannot be read", subscription()));
    }
}
