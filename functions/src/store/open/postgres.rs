//! Opening a database of PostgreSQL, which other instances may be opening too.

use std::time::Duration;

use shared::nsg::stamp::StoreId;
use sqlx::{
    AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions as _, Connection as _,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::MigrateError,
};

use super::{
    super::{
        Store,
        address::Database,
        engine::Engine,
        servers::{Servers, takes_writes},
        sql,
    },
    OpenError, Schema, fill, has_made, keep_id, migrations, parse_id, short_way,
};

/// One of several tries, see `Store::begin`.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

const OPEN_ATTEMPTS: u32 = 5;

/// The lock under which one instance brings the schema up to date: `postern` in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(31647957138010734)";

/// Applying migrations prepares statements by name. A pooler lends the connection on which they stay to others, for whom
/// the names would be taken.
const FORGET: &str = "DEALLOCATE ALL";

/// Texts are compared byte by byte, as SQLite and this code do, whatever the database is set to.
const COLUMNS: &str = "SELECT CAST(c.table_name AS TEXT), CAST(c.column_name AS TEXT)
    FROM information_schema.columns c JOIN pg_database d ON d.datname = CURRENT_DATABASE()
    WHERE c.table_schema = CURRENT_SCHEMA() AND c.data_type = 'text' AND c.table_name NOT LIKE '\\_sqlx%'
      AND COALESCE(CAST(c.collation_name AS TEXT), CAST(d.datcollate AS TEXT)) NOT IN ('C', 'POSIX')
    ORDER BY 1, 2";

pub(super) async fn open(database: &Database, fresh_id: StoreId) -> Result<Store, OpenError> {
    let failed = |source| unusable(database, source);
    let options = database.urls.iter().map(|url| url.as_str().parse::<AnyConnectOptions>());
    let servers = Servers::new(options.collect::<Result<_, _>>().map_err(failed)?);
    if let Some(first) = servers.primary().await {
        let readers = pool(&servers, first, database.connections - 1);
        if let Some(id) = short_way(&database.to_string(), &readers).await? {
            let writer = pool(&servers, first, 1);
            return Ok(Store { id, engine: Engine::Postgres, servers, readers, writer });
        }
    }
    let mut attempt = 1;
    let (primary, id) = loop {
        match prepare(database, &servers, fresh_id).await {
            Err(OpenError::Unavailable { .. }) if attempt < OPEN_ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(200) * attempt).await;
                attempt += 1;
            }
            outcome => break outcome?,
        }
    };
    let readers = pool(&servers, &primary, database.connections - 1);
    let writer = pool(&servers, &primary, 1);
    Ok(Store { id, engine: Engine::Postgres, servers, readers, writer })
}

fn pool(servers: &Servers, primary: &AnyConnectOptions, connections: u32) -> AnyPool {
    let options = AnyPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT);
    let options = if servers.are_several() {
        // A server that became a copy of another one is left for that one.
        options
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(takes_writes(connection)))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    if takes_writes(connection).await? { Ok(()) } else { Err(sqlx::Error::WorkerCrashed) }
                })
            })
    } else {
        options
    };
    options.connect_lazy_with(primary.clone())
}

async fn prepare(
    database: &Database,
    servers: &Servers,
    fresh_id: StoreId,
) -> Result<(AnyConnectOptions, StoreId), OpenError> {
    let failed = |source| unusable(database, source);
    let primary = servers.primary().await.ok_or_else(|| failed(sqlx::Error::PoolTimedOut))?;
    let mut connection = primary.connect().await.map_err(failed)?;
    migrate(database, &mut connection).await?;
    Schema::look(&mut connection).await.map_err(failed)?.admit(&database.to_string())?;
    fill(&mut connection, Engine::Postgres).await.map_err(failed)?;
    let mut transaction = connection.begin().await.map_err(failed)?;
    let id = keep_id(&mut transaction, fresh_id).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    Ok((primary.clone(), parse_id(&database.to_string(), &id)?))
}

async fn migrate(database: &Database, connection: &mut AnyConnection) -> Result<(), OpenError> {
    let failed = |source| unusable(database, source);
    let mut transaction = connection.begin().await.map_err(failed)?;
    sqlx::raw_sql(LOCK).execute(&mut *transaction).await.map_err(failed)?;
    sqlx::raw_sql(FORGET).execute(&mut *transaction).await.map_err(failed)?;
    migrations().run_direct(None, &mut *transaction, false).await.map_err(|error| match error {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => failed(source),
        source => OpenError::OtherVersion { store: database.to_string(), source: Box::new(source) },
    })?;
    sqlx::raw_sql(FORGET).execute(&mut *transaction).await.map_err(failed)?;
    let columns: Vec<(String, String)> =
        sql::query_as(COLUMNS).fetch_all(&mut *transaction).await.map_err(failed)?;
    // Tables and views of others are left alone.
    for (table, column) in columns.into_iter().filter(|(table, _)| has_made(table)) {
        let alter = format!(r#"ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE TEXT COLLATE "C""#);
        sqlx::raw_sql(AssertSqlSafe(alter)).execute(&mut *transaction).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// What the server refused for good is not tried again: a wrong password (28), a database that is not there (3D), a
/// right that is missing (42501), a schema that is not ours (42).
fn unusable(database: &Database, source: sqlx::Error) -> OpenError {
    let store = database.to_string();
    let code = source.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
    match code.get(..2) {
        Some("28" | "3D") => OpenError::Refused { store, source },
        Some("42") if code == "42501" => OpenError::Refused { store, source },
        Some("42") => OpenError::Damaged { store, source: source.into() },
        _ => OpenError::Unavailable { store, source },
    }
}

#[cfg(test)]
mod tests;
