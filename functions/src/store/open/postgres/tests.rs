use test_postgres::Server;

use super::*;
use crate::store::{StoreAddress, testing::*};

/// A server of the test's own.
struct Own {
    server: Server,
    address: StoreAddress,
}

fn a_server() -> Own {
    let server = Server::start();
    let address = server.create("postern").parse().unwrap();
    Own { server, address }
}

fn new_database(key: &str) -> StoreAddress {
    test_postgres::database(key).parse().unwrap()
}

async fn refusal(url: &str) -> OpenError {
    Store::open(&url.parse().unwrap(), StoreId::new(1)).await.unwrap_err()
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening_and_so_is_the_first_id() {
    let address = new_database("reopening");
    let store = Store::open(&address, StoreId::new(0xbeef)).await.unwrap();
    store.put_policy(&a_policy("web-01"), &[]).await.unwrap();
    store.close().await;
    let again = Store::open(&address, StoreId::new(7)).await.unwrap();
    assert_eq!(again.id().to_string(), "beef");
    assert_eq!(again.policy(&vm("web-01")).await.unwrap(), Some(a_policy("web-01")));
}

#[tokio::test]
async fn opening_a_store_that_is_up_to_date_takes_one_statement() {
    let own = a_server();
    Store::open(&own.address, StoreId::new(1)).await.unwrap().close().await;
    own.server.run("ALTER SYSTEM SET log_statement = 'all'");
    own.server.run("SELECT pg_reload_conf()");
    let logged = || {
        own.server.log().matches("LOG:  statement: ").count()
            + own.server.log().matches("LOG:  execute ").count()
    };
    while logged() == 0 {
        own.server.run("SELECT 1");
    }
    let before = logged();
    Store::open(&own.address, StoreId::new(2)).await.unwrap();
    assert_eq!(logged() - before, 1, "{}", own.server.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_open_a_new_database_at_once_and_agree_on_its_id() {
    let address = new_database("many");
    let opening = (0..8).map(|n| {
        let address = address.clone();
        tokio::spawn(async move { Store::open(&address, StoreId::new(n)).await.unwrap().id() })
    });
    let ids = futures::future::try_join_all(opening).await.unwrap();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn texts_are_ordered_by_their_bytes_whatever_the_database_is_set_to() {
    let store = Store::open(&new_database("order"), StoreId::new(1)).await.unwrap();
    for name in ["a_4", "a-4"] {
        store.put_policy(&a_policy(name), &[]).await.unwrap();
    }
    let policies = store.policies(subscription()).await.unwrap();
    let mut keys: Vec<String> = policies.iter().map(|policy| policy.vm.key()).collect();
    let listed = keys.clone();
    keys.sort();
    assert_eq!(listed, keys);
    let by_the_database: Vec<String> =
        sqlx::query_scalar("SELECT x FROM (VALUES ('a-4'), ('a_4')) AS v (x) ORDER BY x")
            .fetch_all(&store.readers)
            .await
            .unwrap();
    assert_eq!(by_the_database, ["a_4", "a-4"], "the server orders as English does, else this shows nothing");
}

#[tokio::test]
async fn tables_and_views_of_others_stay_as_they_are() {
    let own = a_server();
    own.server
        .run_in("postern", "CREATE TABLE notes (text TEXT); CREATE VIEW kept AS SELECT text FROM notes");
    Store::open(&own.address, StoreId::new(1)).await.unwrap();
    let collations = "SELECT table_name FROM information_schema.columns WHERE collation_name = 'C' AND table_schema = 'public'
                      AND table_name IN ('notes', 'kept', 'policies') GROUP BY 1";
    assert_eq!(own.server.run_in("postern", collations), "policies");
}

#[tokio::test]
async fn readers_cannot_write() {
    let store = Store::open(&new_database("readers"), StoreId::new(1)).await.unwrap();
    let mut reading = store.read().await.unwrap();
    let error = sqlx::query("DELETE FROM meta").execute(&mut *reading).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "25006");
}

#[tokio::test]
async fn rejects_a_database_that_is_not_there_and_a_user_that_may_not() {
    let there = test_postgres::database("rejects");
    let missing = there.rsplit_once('/').unwrap().0.to_owned() + "/not-there";
    assert!(matches!(refusal(&missing).await, OpenError::Refused { .. }));
    let stranger = there.replace("postgres@", "stranger:hidden@");
    let error = refusal(&stranger).await;
    assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hidden"));
}

#[tokio::test]
async fn rejects_a_database_of_somebody_else_and_leaves_it_alone() {
    let own = a_server();
    own.server.run_in("postern", "CREATE TABLE policies (name TEXT); INSERT INTO policies VALUES ('x')");
    let error = Store::open(&own.address, StoreId::new(1)).await.unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert_eq!(own.server.run_in("postern", "SELECT name FROM policies"), "x");
}

#[tokio::test]
async fn a_server_that_crashed_and_came_back_is_used_again() {
    let mut own = a_server();
    let store = Store::open(&own.address, StoreId::new(1)).await.unwrap();
    store.put_policy(&a_policy("web-01"), &[]).await.unwrap();
    own.server.restart();
    store.put_policy(&a_policy("web-02"), &[]).await.unwrap();
    assert_eq!(store.policies(subscription()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_server_that_takes_writes_is_found_wherever_it_stands_in_the_list() {
    let own = a_server();
    // The first has nobody listening, the second only copies.
    let copy = a_server();
    copy.server.run("ALTER SYSTEM SET default_transaction_read_only = on");
    copy.server.run("SELECT pg_reload_conf()");
    let list = format!("127.0.0.1:1,127.0.0.1:{},127.0.0.1:{}", copy.server.port(), own.server.port());
    let address: StoreAddress = format!("postgres://postgres@{list}/postern").parse().unwrap();
    let store = Store::open(&address, StoreId::new(1)).await.unwrap();
    store.put_policy(&a_policy("web-01"), &[]).await.unwrap();
    assert_eq!(own.server.run_in("postern", "SELECT COUNT(*) FROM policies"), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn works_behind_a_pooler_that_lends_its_connections_for_one_transaction() {
    let own = a_server();
    let pooler = test_postgres::Pooler::start(&own.server);
    let address = pooler.url("postern").parse().unwrap();
    // Those that start later find what earlier ones left on the connections that they are lent.
    let mut stores = Vec::new();
    for _ in 0..4 {
        let opening = [1, 2].map(async |n| Store::open(&address, StoreId::new(n)).await.unwrap());
        stores = futures::future::join_all(opening).await;
    }
    let working = (0..40_i64).map(|n| {
        let store = stores[usize::from(n % 2 == 0)].clone();
        tokio::spawn(async move {
            store.put_policy(&a_policy(&format!("web-{n}")), &[a_record(&vm("web-01"), n)]).await.unwrap();
            store.policies(subscription()).await.unwrap().len()
        })
    });
    futures::future::try_join_all(working).await.unwrap();
    assert_eq!(stores[0].policies(subscription()).await.unwrap().len(), 40);
    assert_eq!(stores[1].verify(subscription()).await.unwrap(), Ok(40));
}
