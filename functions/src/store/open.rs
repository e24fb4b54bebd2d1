//! Opening a store: which engine its URL names, its schema brought up to date, its id.

mod postgres;
mod sqlite;

use shared::nsg::stamp::StoreId;
use sqlx::{AnyConnection, migrate::Migrator};

use super::{
    OpenError, Store,
    address::{Place, StoreAddress},
    audit,
    error::is_contention,
    named, sql,
};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

pub(super) async fn open(address: &StoreAddress, fresh_id: StoreId) -> Result<Store, OpenError> {
    sqlx::any::install_default_drivers();
    match &address.0 {
        Place::File(path) => sqlite::open(path, fresh_id).await,
        Place::Servers(database) => postgres::open(database, fresh_id).await,
    }
}

/// Gives rows of earlier versions the columns that they lack; each step begins a transaction like `begin`.
async fn fill(connection: &mut AnyConnection, begin: &'static str) -> Result<(), sqlx::Error> {
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
