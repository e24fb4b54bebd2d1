//! Opening a SQLite file so that a write that was acknowledged survives a power cut.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    str::FromStr,
    time::Duration,
};

use shared::nsg::stamp::StoreId;
use sqlx::{
    AnyConnection, AnyPool, ConnectOptions, Connection,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::MigrateError,
};
use url::Url;

use super::{
    super::{Store, engine::Engine, servers::Servers, sql},
    OpenError, Schema, fill, is_contention, keep_id, migrations, parse_id, short_way,
};

const READERS: u32 = 4;

/// A busy store answers late before it answers with an error.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);

/// Other processes may be opening the same new file, and its first switch to the write-ahead log does not always wait.
const OPEN_ATTEMPTS: u32 = 50;

const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;";

const READER_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA query_only = ON;";

pub(super) async fn open(path: &Path, fresh_id: StoreId) -> Result<Store, OpenError> {
    create(path)?;
    let options = connect_options(path)?;
    let readers = pool(&options, READERS, READER_SETTINGS);
    let is_known = if has_log(path) { short_way(&name(path), &readers).await? } else { None };
    let id = match is_known {
        Some(id) => id,
        None => long_way(path, &options, fresh_id).await?,
    };
    let writer = pool(&options, 1, SETTINGS);
    Ok(Store { id, engine: Engine::Sqlite, servers: Servers::none(), readers, writer })
}

async fn long_way(path: &Path, options: &AnyConnectOptions, fresh_id: StoreId) -> Result<StoreId, OpenError> {
    let mut attempt = 1;
    loop {
        match prepare(path, options, fresh_id).await {
            Err(OpenError::Unavailable { source, .. }) if is_busy(&source) && attempt < OPEN_ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

/// Whether the file's header says that it is a database with a write-ahead log, as every store is that was opened.
fn has_log(path: &Path) -> bool {
    let mut header = [0; 20];
    let is_read = File::open(path).and_then(|mut file| file.read_exact(&mut header)).is_ok();
    is_read && header.starts_with(b"SQLite format 3\0") && header.ends_with(&[2, 2])
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
    let url = Url::from_file_path(&full)
        .map_err(|()| unusable(path, sqlx::Error::Configuration("its name cannot be in a URL".into())))?;
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
        sql::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut connection).await.map_err(failed)?;
    if mode != "wal" {
        return Err(OpenError::NoWriteAheadLog(path.to_owned()));
    }
    migrate(path, &mut connection).await?;
    Schema::look(&mut connection).await.map_err(failed)?.admit(&name(path))?;
    fill(&mut connection, Engine::Sqlite).await.map_err(failed)?;
    let id = keep_id(&mut connection, fresh_id).await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    parse_id(&name(path), &id)
}

/// All migrations are one transaction, begun with the lock, so that two processes do not both apply them.
async fn migrate(path: &Path, connection: &mut AnyConnection) -> Result<(), OpenError> {
    let failed = |source| unusable(path, source);
    let mut transaction = connection.begin_with(Engine::Sqlite.begin()).await.map_err(failed)?;
    migrations().run_direct(None, &mut *transaction, false).await.map_err(|error| match error {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => unusable(path, source),
        source => OpenError::OtherVersion { store: name(path), source: Box::new(source) },
    })?;
    transaction.commit().await.map_err(failed)
}

fn is_busy(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| is_contention(error.code().as_deref()))
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

/// SQLite: an error of the schema (1), a malformed file (11), not a database (26); read-only (8), cannot open (14),
/// not authorised (23). Extended codes end in the same byte.
fn unusable(path: &Path, source: sqlx::Error) -> OpenError {
    let code: Option<i32> = source.as_database_error().and_then(|error| error.code()?.parse().ok());
    match code.map(|code| code & 0xff) {
        Some(1 | 11 | 26) => OpenError::Damaged { store: name(path), source: source.into() },
        Some(8 | 14 | 23) => OpenError::File { path: path.to_owned(), source: io::Error::other(source) },
        _ => OpenError::Unavailable { store: name(path), source },
    }
}

#[cfg(test)]
mod tests;
