//! The schema of a store: how far it was brought, and whether this version of Postern can work on it.
//!
//! Migrations only add. A version that knows fewer of them works on what a newer one made of the store, so that instances
//! of both run side by side and an upgrade can be taken back. A migration that older versions cannot work with says so:
//! it writes its own number as `oldest_schema` into `meta`, and who does not know it stays away.

use shared::nsg::stamp::{InvalidStamp, StoreId};
use sqlx::{AnyConnection, Row as _, migrate::Migrator};

use super::{super::OpenError, sql};

/// All that this version knows. Those that a newer one applied are not missed.
pub(super) fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("./migrations");
    migrations.set_ignore_missing(true);
    migrations
}

macro_rules! lacking {
    () => {
        "CAST(CASE WHEN EXISTS (SELECT 1 FROM audit WHERE kind IS NULL)
                     OR EXISTS (SELECT 1 FROM policies WHERE policy_key IS NULL) THEN 1 ELSE 0 END AS BIGINT)"
    };
}

/// One statement, so that opening an up-to-date store takes one.
const LOOK: &str = concat!(
    "SELECT (SELECT MAX(version) FROM _sqlx_migrations) AS version,
            (SELECT value FROM meta WHERE name = 'oldest_schema') AS oldest,
            (SELECT value FROM meta WHERE name = 'store_id') AS id, ",
    lacking!(),
    " AS lacking"
);

/// What a store says of itself.
#[derive(Debug)]
pub(super) struct Schema {
    version: i64,
    /// Who does not know this migration must not work on it.
    oldest: Option<String>,
    id: Option<String>,
    /// Whether rows lack columns that a version wrote which did not know them.
    is_lacking: bool,
}

impl Schema {
    /// An error, if there is no schema of ours yet, or an early one.
    pub(super) async fn look(connection: &mut AnyConnection) -> Result<Self, sqlx::Error> {
        let row = sqlx::raw_sql(LOOK).fetch_one(connection).await?;
        Ok(Self {
            version: row.try_get::<Option<i64>, _>("version")?.unwrap_or(0),
            oldest: row.try_get("oldest")?,
            id: row.try_get("id")?,
            is_lacking: row.try_get::<i64, _>("lacking")? != 0,
        })
    }

    /// Whether there is nothing to bring up to date.
    pub(super) fn is_current(&self) -> bool {
        self.version >= known() && self.id.is_some() && !self.is_lacking
    }

    /// Refuses a store whose schema this version must not work on.
    pub(super) fn admit(&self, store: &str) -> Result<(), OpenError> {
        let Some(oldest) = &self.oldest else { return Ok(()) };
        let oldest = oldest.parse().map_err(|source: std::num::ParseIntError| OpenError::Damaged {
            store: store.to_owned(),
            source: source.into(),
        })?;
        let known = known();
        if known < oldest {
            return Err(OpenError::TooNew { store: store.to_owned(), version: self.version, oldest, known });
        }
        Ok(())
    }

    pub(super) fn id(&self, store: &str) -> Result<StoreId, OpenError> {
        parse_id(store, self.id.as_deref().unwrap_or_default())
    }
}

pub(super) fn parse_id(store: &str, id: &str) -> Result<StoreId, OpenError> {
    id.parse()
        .map_err(|source: InvalidStamp| OpenError::Damaged { store: store.to_owned(), source: source.into() })
}

/// The newest migration that this version knows.
fn known() -> i64 {
    migrations().iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Whether a table is one that our migrations make.
pub(super) fn has_made(table: &str) -> bool {
    let makes = format!("CREATE TABLE {table} (");
    migrations().iter().any(|migration| migration.sql.as_str().contains(&makes))
}

/// Whether rows lack columns, see `Schema`.
pub(super) async fn is_lacking(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let lacking: i64 = sql::query_scalar(concat!("SELECT ", lacking!())).fetch_one(connection).await?;
    Ok(lacking != 0)
}
