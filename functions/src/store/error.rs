//! What goes wrong with a store, in sentences for the people who run it.

use std::{error::Error, io, path::PathBuf};

use sqlx::migrate::MigrateError;

/// The store could not do what was asked of it; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// A row is not what this version of Postern writes.
    #[error("the stored {what} cannot be read")]
    Corrupt {
        what: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The caller asked for a write that must not be.
    #[error("this cannot be stored: {0}")]
    Refused(&'static str),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { index, source } => {
                Self::Corrupt { what: format!("column {index}"), source }
            }
            error => Self::Unavailable(error),
        }
    }
}

impl StoreError {
    pub(super) fn corrupt(what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Corrupt { what: what.into(), source: source.into() }
    }

    /// Whether the same write may well succeed at once: another writer held a lock or took the same key.
    pub(super) fn is_conflict(&self) -> bool {
        let Self::Unavailable(sqlx::Error::Database(error)) = self else { return false };
        error.is_unique_violation() || is_contention(error.code().as_deref())
    }
}

/// The server is away, going, coming or only a copy now; whatever was under way there is not done.
pub(super) fn is_absence(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("08") || ABSENT.contains(&&*code))
        }
        _ => false,
    }
}

/// PostgreSQL: a write to a copy, too many connections, shut down (three ways), starting.
const ABSENT: [&str; 6] = ["25006", "53300", "57P01", "57P02", "57P05", "57P03"];

/// SQLite: busy (5), and busy because of a stale snapshot (517). PostgreSQL: serialization failure, deadlock.
pub(super) fn is_contention(code: Option<&str>) -> bool {
    matches!(code, Some("5" | "517" | "40001" | "40P01"))
}

/// The store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the folder {} of the store does not exist; create it, or name another in the store's URL", .0.display())]
    FolderMissing(PathBuf),
    #[error("the file {} of the store cannot be opened; check its owner, its mode and its folder's", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "{store} is damaged or is no store of Postern; restore it from a backup, or move it away to begin anew"
    )]
    Damaged {
        store: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the store {store} belongs to another version of Postern; use that one or a newer")]
    OtherVersion {
        store: String,
        #[source]
        source: Box<MigrateError>,
    },
    #[error(
        "the store {store} was brought to schema {version} by a newer version of Postern, and only versions that know \
         schema {oldest} can work on it; this one knows {known}: start a newer one"
    )]
    TooNew { store: String, version: i64, oldest: i64, known: i64 },
    #[error("the folder of {} cannot hold a store, as its file system lacks write-ahead logging; use a local disk", .0.display())]
    NoWriteAheadLog(PathBuf),
    #[error(
        "the server does not let us use the store {store}; check the user, its password and its rights there"
    )]
    Refused {
        store: String,
        #[source]
        source: sqlx::Error,
    },
    #[error(
        "the store {store} does not answer; its server may be away, another process may hold it locked, or the disk is full"
    )]
    Unavailable {
        store: String,
        #[source]
        source: sqlx::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_contention_is_a_conflict() {
        for code in ["5", "517", "40001", "40P01"] {
            assert!(is_contention(Some(code)), "{code}");
        }
        for code in [None, Some("1"), Some("13"), Some("26"), Some("23502")] {
            assert!(!is_contention(code), "{code:?}");
        }
        assert!(!StoreError::Unavailable(sqlx::Error::PoolTimedOut).is_conflict());
    }
}
