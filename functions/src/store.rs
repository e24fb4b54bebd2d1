//! The store: policies, grants and their leases, the audit and what ARM last said, durable before anything is enforced.
//!
//! Architecture invariant: no transaction crosses subscriptions, and every write that a person or Postern decides on
//! carries its audit records in the same transaction. Nothing here reads a clock; times come from the callers.
//!
//! Queries stay within what SQLite and PostgreSQL share, with the columns BIGINT and TEXT.

mod activity;
mod address;
mod audit;
mod behind;
#[cfg(test)]
mod conformance;
mod engine;
mod error;
mod flushes;
mod grants;
mod inventory;
mod leases;
mod ledger;
mod listing;
pub mod memory;
mod named;
mod observations;
mod open;
mod policies;
mod servers;
mod sql;
mod sweeps;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod usage;

use std::time::Duration;

use shared::nsg::stamp::StoreId;
use sqlx::{Any, AnyConnection, AnyPool, Transaction};

use engine::{Engine, Reading};
use error::is_absence;
use servers::Servers;

pub use activity::{ActivityFilter, ActivityPage, Cursor, InvalidCursor};
pub use address::{InvalidStoreAddress, StoreAddress};
pub use behind::BehindNsg;
pub use error::{OpenError, StoreError};
pub use grants::{Admitted, HeldGrant, IdempotencyName};
pub use leases::{HeldLease, LeaseCounts, Trouble};
pub use ledger::{Dated, Ledger};
pub use listing::{ListFilter, ListOrder, Listed, Rank};
pub use named::{NamedPolicy, PolicyScope, Replacement};
pub use usage::VmUsage;

/// How often a write is tried when other writers are in its way: half a second in all.
const ATTEMPTS: u32 = 10;

/// How often a server that is away is looked for.
const CALLS: u32 = 5;

/// A handle to the store; clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    id: StoreId,
    engine: Engine,
    servers: Servers,
    readers: AnyPool,
    /// One connection: SQLite has one writer, and waiting here is fair where its lock is not; of PostgreSQL's, those of
    /// one instance do not get in each other's way.
    writer: AnyPool,
}

impl Store {
    /// Opens the store, makes the file if it is one and missing, and brings its schema up to date. `fresh_id` becomes
    /// the store's id if it has none yet.
    pub async fn open(address: &StoreAddress, fresh_id: StoreId) -> Result<Self, OpenError> {
        open::open(address, fresh_id).await
    }

    /// The id that this store got when it was made.
    pub const fn id(&self) -> StoreId {
        self.id
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sql::query("SELECT value FROM meta WHERE name = 'store_id'")
            .fetch_one(&mut *self.read().await?)
            .await?;
        Ok(())
    }

    /// Lets running queries end and closes all connections; later calls fail.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Does `work` in one transaction, again from its start if another writer was in the way.
    async fn write<W: Work>(&self, work: W) -> Result<W::Outcome, StoreError> {
        let mut attempt = 1;
        loop {
            match self.try_write(&work).await {
                Err(error) if error.is_conflict() && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, "another writer was in the way");
                    tokio::time::sleep(Duration::from_millis(10) * attempt).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_write<W: Work>(&self, work: &W) -> Result<W::Outcome, StoreError> {
        let mut transaction = self.begin(&self.writer, self.engine.begin()).await?;
        let outcome = work.run(&mut transaction).await?;
        transaction.commit().await?;
        Ok(outcome)
    }

    /// A connection for one query.
    async fn read(&self) -> Result<Reading, StoreError> {
        match self.engine {
            Engine::Sqlite => Ok(Reading::Plain(self.readers.acquire().await?)),
            Engine::Postgres => {
                Ok(Reading::InTransaction(self.begin(&self.readers, "BEGIN READ ONLY").await?))
            }
        }
    }

    /// A server that is away is waited for, and looked for among the others: nothing is under way yet.
    async fn begin(
        &self,
        pool: &AnyPool,
        begin: &'static str,
    ) -> Result<Transaction<'static, Any>, StoreError> {
        let mut attempt = 1;
        loop {
            match pool.begin_with(begin).await {
                Err(error) if self.engine == Engine::Postgres && is_absence(&error) && attempt < CALLS => {
                    tracing::warn!(attempt, %error, "the database server is not there");
                    self.servers.lead([&self.readers, &self.writer]).await;
                    tokio::time::sleep(Duration::from_millis(100) * attempt).await;
                    attempt += 1;
                }
                outcome => return Ok(outcome?),
            }
        }
    }
}

/// What happens within one transaction. It may run more than once, so it changes nothing but the store.
trait Work: Sync {
    type Outcome: Send;

    fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> impl Future<Output = Result<Self::Outcome, StoreError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::testing::*;

    #[tokio::test]
    async fn a_store_that_was_closed_says_that_it_does_not_answer() {
        let home = a_home();
        let store = a_store(&home).await;
        store.ping().await.unwrap();
        store.close().await;
        assert_eq!(store.ping().await.unwrap_err().to_string(), "the store does not answer");
    }

    #[tokio::test]
    async fn a_write_that_fails_half_way_leaves_nothing() {
        let home = a_home();
        let store = a_store(&home).await;
        let foreign = a_record(&a_vm_elsewhere("web-09"), 0);
        assert!(store.put_policy(&a_policy("web-01"), &[a_record(&vm("web-01"), 0), foreign]).await.is_err());
        assert_eq!(store.policy(&vm("web-01")).await.unwrap(), None);
        assert_eq!(store.verify(subscription()).await.unwrap(), Ok(0));
    }

    #[tokio::test]
    async fn writes_can_run_on_other_threads() {
        let home = a_home();
        let store = a_store(&home).await;
        let task = {
            let store = store.clone();
            tokio::spawn(async move {
                let policy = a_policy("web-01");
                let grant = a_grant(1, "web-01", 0);
                store.put_policy(&policy, &[a_record(&policy.vm, 0)]).await?;
                store.admit(&grant, None, &[]).await?;
                let held = store.pending().await?.remove(0);
                store.update_lease(&held, held.lease.clone().opened(at(1)), None, &[]).await?;
                store.record(&[a_record(&policy.vm, 1)]).await?;
                store.remove_policy(&policy.vm, &[]).await
            })
        };
        assert!(task.await.unwrap().unwrap());
    }
}
