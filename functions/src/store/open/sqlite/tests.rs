use sqlx::sqlite::SqliteConnectOptions;

use super::*;
use crate::store::{StoreAddress, testing::*};

#[tokio::test]
async fn what_was_written_is_there_after_reopening_and_so_is_the_first_id() {
    let home = a_home();
    let store = Store::open(&file_url(&home), StoreId::new(0xbeef)).await.unwrap();
    store.put_policy(&a_policy("web-01"), &[]).await.unwrap();
    store.close().await;
    let again = Store::open(&file_url(&home), StoreId::new(7)).await.unwrap();
    assert_eq!(again.id().to_string(), "beef");
    assert_eq!(again.policy(&vm("web-01")).await.unwrap(), Some(a_policy("web-01")));
}

#[tokio::test]
async fn every_connection_waits_for_the_disk_and_readers_cannot_write() {
    let home = a_home();
    let store = opened(&file_url(&home)).await;
    for (pool, query_only) in [(&store.writer, 0), (&store.readers, 1)] {
        let mut connection = pool.acquire().await.unwrap();
        let mode: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap();
        assert_eq!(mode, "wal");
        for (pragma, expected) in [
            ("PRAGMA synchronous", 2_i64),
            ("PRAGMA foreign_keys", 0),
            ("PRAGMA busy_timeout", 5000),
            ("PRAGMA query_only", query_only),
        ] {
            let value: i64 = sqlx::query_scalar(pragma).fetch_one(&mut *connection).await.unwrap();
            assert_eq!(value, expected, "{pragma}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file_and_its_log() {
    use std::os::unix::fs::PermissionsExt;
    let home = a_home();
    let store = opened(&file_url(&home)).await;
    store.put_policy(&a_policy("web-01"), &[]).await.unwrap();
    let names: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    for name in names {
        assert_eq!(std::fs::metadata(&name).unwrap().permissions().mode() & 0o777, 0o600, "{name:?}");
    }
}

#[tokio::test]
async fn rejects_a_missing_folder_and_names_it() {
    let home = a_home();
    let folder = home.path().join("not-there");
    let error = refusal(&format!("sqlite:{}/postern.db", folder.display()).parse().unwrap()).await;
    let expected = format!(
        "the folder {} of the store does not exist; create it, or name another in the store's URL",
        folder.display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(!folder.exists());
}

#[tokio::test]
async fn rejects_a_file_that_is_no_database_and_leaves_it_alone() {
    let home = a_home();
    let path = home.path().join("postern.db");
    let text = "a letter to somebody ".repeat(500);
    std::fs::write(&path, &text).unwrap();
    let error = refusal(&file_url(&home)).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().starts_with(&path.display().to_string()));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn rejects_a_folder_in_the_files_place() {
    let home = a_home();
    std::fs::create_dir(home.path().join("postern.db")).unwrap();
    let error = refusal(&file_url(&home)).await;
    assert!(matches!(error, OpenError::File { .. }), "{error:?}");
}

#[tokio::test]
async fn rejects_a_store_whose_schema_was_made_otherwise() {
    let home = a_home();
    let store = opened(&file_url(&home)).await;
    let other = "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1";
    sqlx::query(other).execute(&store.writer).await.unwrap();
    // As if the last one had yet to be applied.
    sqlx::query("DROP INDEX policies_unnamed").execute(&store.writer).await.unwrap();
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 8").execute(&store.writer).await.unwrap();
    store.close().await;
    let error = refusal(&file_url(&home)).await;
    assert!(matches!(error, OpenError::OtherVersion { .. }), "{error:?}");
}

#[tokio::test]
async fn a_store_that_is_up_to_date_is_opened_without_waiting_for_its_lock() {
    let home = a_home();
    let store = opened(&file_url(&home)).await;
    let mut writing = store.writer.begin_with(Engine::Sqlite.begin()).await.unwrap();
    sqlx::query("UPDATE meta SET value = 'x'").execute(&mut *writing).await.unwrap();
    assert_eq!(opened(&file_url(&home)).await.id(), store.id());
}

#[tokio::test]
async fn rejects_an_id_that_is_none() {
    let home = a_home();
    let store = opened(&file_url(&home)).await;
    sqlx::query("UPDATE meta SET value = 'x' WHERE name = 'store_id'").execute(&store.writer).await.unwrap();
    store.close().await;
    let error = refusal(&file_url(&home)).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_folder_may_have_any_name() {
    let home = a_home();
    for (name, in_url) in
        [("a b", "a b"), ("a#b?c", "a%23b%3Fc"), ("100%25", "100%2525"), ("x/../ü", "x/../ü")]
    {
        let folder = home.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}/{in_url}/postern.db", home.path().display()).parse().unwrap();
        let store = Store::open(&url, StoreId::new(1)).await.unwrap();
        store.put_policy(&a_policy("web-01"), &[]).await.unwrap();
        assert!(std::fs::metadata(folder.join("postern.db-wal")).unwrap().len() > 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_open_a_new_store_at_once_and_agree_on_its_id() {
    let home = a_home();
    let url = file_url(&home);
    let opening = (0..8).map(|n| {
        let url = url.clone();
        tokio::spawn(async move { Store::open(&url, StoreId::new(n)).await.unwrap().id() })
    });
    let ids = futures::future::try_join_all(opening).await.unwrap();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn a_file_that_another_process_is_busy_with_is_waited_for() {
    let home = a_home();
    let other = SqliteConnectOptions::new().filename(home.path().join("postern.db")).create_if_missing(true);
    let mut other = other.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE t (a); BEGIN; SELECT * FROM t").execute(&mut other).await.unwrap();
    let url = file_url(&home);
    let opening =
        tokio::spawn(async move { Store::open(&url, StoreId::new(1)).await.map(|store| store.id()) });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!opening.is_finished());
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(opening.await.unwrap().unwrap(), StoreId::new(1));
}

async fn refusal(address: &StoreAddress) -> OpenError {
    Store::open(address, StoreId::new(1)).await.unwrap_err()
}
