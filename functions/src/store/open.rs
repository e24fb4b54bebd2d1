//! Opening a SQLite file so that a write that was acknowledged survives a power cut.

use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use shared::nsg::stamp::StoreId;
use sqlx::{
    AnyConnection, AnyPool, ConnectOptions, Connection,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::{MigrateError, Migrator},
    sqlite::SqliteConnectOptions,
};
use url::Url;

use super::{OpenError, Store, audit, error::is_contention, named};

/// Takes the write lock at once: a transaction that reads first and then fails to get it could not be waited for.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

const READERS: u32 = 4;

/// A busy store answers late before it answers with an error.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);

/// Other processes may be opening the same new file, and its first switch to the write-ahead log does not always wait.
const OPEN_ATTEMPTS: u32 = 50;

const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;";

const READER_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA query_only = ON;";

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

pub(super) async fn open(url: &str, fresh_id: StoreId) -> Result<Store, OpenError> {
    sqlx::any::install_default_drivers();
    let path = file_of(url)?;
    create(&path)?;
    let options = connect_options(&path)?;
    let mut attempt = 1;
    let id = loop {
        match prepare(&path, &options, fresh_id).await {
            Err(OpenError::Unavailable { source, .. }) if is_busy(&source) && attempt < OPEN_ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                attempt += 1;
            }
            outcome => break outcome?,
        }
    };
    let readers = pool(&options, READERS, READER_SETTINGS);
    let writer = pool(&options, 1, SETTINGS);
    Ok(Store { id, readers, writer })
}

/// The file that a URL names.
fn file_of(url: &str) -> Result<PathBuf, OpenError> {
    let temporary = url.contains(":memory:") || url.contains("mode=memory");
    if !url.starts_with("sqlite:") || temporary {
        return Err(OpenError::Url);
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
    let path = options.get_filename();
    if path.file_name().is_none() { Err(OpenError::Url) } else { Ok(path.to_owned()) }
}

/// Makes a missing file that only its owner can read; SQLite gives its log the same mode.
fn create(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(OpenError::FolderMissing(folder.to_owned()));
    }
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(source) => Err(OpenError::File { path: path.to_owned(), source }),
    }
}

/// By the file's full name: a relative one would not survive being a URL.
fn connect_options(path: &Path) -> Result<AnyConnectOptions, OpenError> {
    let full = path.canonicalize().map_err(|source| OpenError::File { path: path.to_owned(), source })?;
    let url = Url::from_file_path(full).map_err(|()| OpenError::Url)?;
    AnyConnectOptions::from_str(&format!("sqlite://{}", url.path())).map_err(|source| unusable(path, source))
}

fn pool(options: &AnyConnectOptions, connections: u32, settings: &'static str) -> AnyPool {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(move |connection, _| {
            Box::pin(async move { sqlx::raw_sql(settings).execute(connection).await.map(drop) })
        })
        .connect_lazy_with(options.clone())
}

/// The first connection does by itself what a pool would hide behind a timeout if it failed.
async fn prepare(path: &Path, options: &AnyConnectOptions, fresh_id: StoreId) -> Result<StoreId, OpenError> {
    let failed = |source| unusable(path, source);
    let mut connection = options.connect().await.map_err(failed)?;
    sqlx::raw_sql(SETTINGS).execute(&mut connection).await.map_err(failed)?;
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut connection).await.map_err(failed)?;
    if mode != "wal" {
        return Err(OpenError::NoWriteAheadLog(path.to_owned()));
    }
    migrate(path, &mut connection).await?;
    audit::fill(&mut connection).await.map_err(failed)?;
    named::fill(&mut connection).await.map_err(failed)?;
    let id = keep_id(&mut connection, fresh_id).await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    let damaged = |source: shared::nsg::stamp::InvalidStamp| OpenError::Damaged {
        path: path.to_owned(),
        source: source.into(),
    };
    id.parse().map_err(damaged)
}

/// All migrations are one transaction, begun with the lock, so that two processes do not both apply them.
async fn migrate(path: &Path, connection: &mut AnyConnection) -> Result<(), OpenError> {
    let failed = |source| unusable(path, source);
    let mut transaction = connection.begin_with(BEGIN).await.map_err(failed)?;
    MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(|error| match error {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => unusable(path, source),
        source => OpenError::OtherVersion { path: path.to_owned(), source: Box::new(source) },
    })?;
    transaction.commit().await.map_err(failed)
}

async fn keep_id(connection: &mut AnyConnection, fresh_id: StoreId) -> Result<String, sqlx::Error> {
    sqlx::query("INSERT INTO meta (name, value) VALUES ('store_id', $1) ON CONFLICT (name) DO NOTHING")
        .bind(fresh_id.to_string())
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar("SELECT value FROM meta WHERE name = 'store_id'").fetch_one(connection).await
}

fn is_busy(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| is_contention(error.code().as_deref()))
}

/// SQLite: an error of the schema (1), a malformed file (11), not a database (26); read-only (8), cannot open (14),
/// not authorised (23). Extended codes end in the same byte.
fn unusable(path: &Path, source: sqlx::Error) -> OpenError {
    let path = path.to_owned();
    let code: Option<i32> = source.as_database_error().and_then(|error| error.code()?.parse().ok());
    match code.map(|code| code & 0xff) {
        Some(1 | 11 | 26) => OpenError::Damaged { path, source: source.into() },
        Some(8 | 14 | 23) => OpenError::File { path, source: io::Error::other(source) },
        _ => OpenError::Unavailable { path, source },
    }
}

#[cfg(test)]
mod tests;
