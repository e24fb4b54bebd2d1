//! Opening a store: which engine its URL names, its schema brought up to date, its id.

mod postgres;
mod schema;
mod sqlite;

use std::time::Duration;

use shared::nsg::stamp::StoreId;
use sqlx::{AnyConnection, AnyPool};

use self::schema::{Schema, has_made, migrations, parse_id};
use super::{
    OpenError, Store, StoreError,
    address::{Place, StoreAddress},
    audit,
    engine::Engine,
    error::is_contention,
    named, sql,
};

/// How long the short way may take to connect: the long way says better what is in the way.
const SHORT: Duration = Duration::from_secs(2);

pub(super) async fn open(address: &StoreAddress, fresh_id: StoreId) -> Result<Store, OpenError> {
    sqlx::any::install_default_drivers();
    match &address.0 {
        Place::File(path) => sqlite::open(path, fresh_id).await,
        Place::Servers(database) => postgres::open(database, fresh_id).await,
    }
}

/// The id of a store that is up to date, by one statement on a connection that stays for later ones. `None`: there is
/// something to do or in the way.
async fn short_way(store: &str, readers: &AnyPool) -> Result<Option<StoreId>, OpenError> {
    let Ok(Ok(mut connection)) = tokio::time::timeout(SHORT, readers.acquire()).await else {
        return Ok(None);
    };
    let Ok(schema) = Schema::look(&mut connection).await else { return Ok(None) };
    schema.admit(store)?;
    if schema.is_current() { schema.id(store).map(Some) } else { Ok(None) }
}

/// Gives rows of earlier versions the columns that they lack. What another instance filled in meanwhile stays.
async fn fill(connection: &mut AnyConnection, engine: Engine) -> Result<(), sqlx::Error> {
    let begin = match engine {
        Engine::Sqlite => engine.begin(),
        Engine::Postgres => "BEGIN",
    };
    audit::fill(connection, begin).await?;
    named::fill(connection, begin).await
}

/// The id that the store has; `fresh_id` if it had none.
async fn keep_id(connection: &mut AnyConnection, fresh_id: StoreId) -> Result<String, sqlx::Error> {
    sql::query("INSERT INTO meta (name, value) VALUES ('store_id', $1) ON CONFLICT (name) DO NOTHING")
        .bind(fresh_id.to_string())
        .execute(&mut *connection)
        .await?;
    sql::query_scalar("SELECT value FROM meta WHERE name = 'store_id'").fetch_one(connection).await
}

impl Store {
    /// Completes what instances of an earlier version wrote since this one opened the store.
    pub(super) async fn complete(&self) -> Result<(), StoreError> {
        if schema::is_lacking(&mut *self.read().await?).await? {
            fill(&mut *self.writer.acquire().await?, self.engine).await?;
        }
        Ok(())
    }
}
