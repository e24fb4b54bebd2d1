//! When the sweep last ran to its end.

use jiff::Timestamp;
use sqlx::AnyConnection;

use super::{
    Store, StoreError, Work, sql,
    text::{micros, timestamp},
};

impl Store {
    /// A sweep that ended earlier than the last one noted changes nothing. Also completes what instances of an earlier
    /// version wrote since this one opened the store.
    pub async fn note_sweep(&self, at: Timestamp) -> Result<(), StoreError> {
        self.write(Note(at)).await?;
        self.complete().await
    }

    pub async fn last_sweep(&self) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sql::query_scalar("SELECT at FROM sweeps WHERE name = 'last'")
            .fetch_optional(&mut *self.read().await?)
            .await?;
        at.map(|at| timestamp(|| "time of the last sweep".to_owned(), at)).transpose()
    }
}

struct Note(Timestamp);

impl Work for Note {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let upsert = "INSERT INTO sweeps (name, at) VALUES ('last', $1)
                      ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE sweeps.at < excluded.at";
        sql::query(upsert).bind(micros(self.0)).execute(connection).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[tokio::test]
    async fn the_latest_sweep_is_remembered() {
        let home = a_home();
        let store = a_store(&home).await;
        assert_eq!(store.last_sweep().await.unwrap(), None);
        for (noted, expected) in [(5, 5), (9, 9), (7, 9)] {
            store.note_sweep(at(noted)).await.unwrap();
            assert_eq!(store.last_sweep().await.unwrap(), Some(at(expected)));
        }
    }
}
