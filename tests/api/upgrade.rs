//! Upgrade and rollback while grants live: what one version wrote, another goes on with.

use functions::{
    clock::{Ids as _, SeededIds},
    store::{OpenError, Store},
};
use shared::{
    api::{self, route},
    nsg::stamp::StoreId,
};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};
use tempfile::TempDir;
use tests::{Client, Instance, PRODUCTION, World, migrations, take_back_to, vm};

const SOURCE: &str = "203.0.113.7";

/// What the next version adds: to a table, beside it, and to what is there.
const LATER: &str = "
    CREATE TABLE approvals (id TEXT NOT NULL PRIMARY KEY, subscription TEXT NOT NULL);
    ALTER TABLE leases ADD COLUMN approval TEXT;
    ALTER TABLE grants ADD COLUMN weight BIGINT NOT NULL DEFAULT 1;
    CREATE INDEX leases_by_approval ON leases (subscription, approval);
    UPDATE leases SET approval = 'none';";

const LATER_VERSION: i64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn grants_live_through_an_upgrade_from_every_earlier_schema() {
    let (_home, url) = a_database();
    let world = World::start_on(Some(url.clone())).await;
    let admin = world.client("ADMIN").await;
    for name in ["web-01", "web-02"] {
        admin.enable(&vm(name), 22).await.expect(200);
    }
    let requester = world.client("REQUESTER").await;
    let grant = requester.open(&vm("web-01"), 22, "PT1H").await.expect(201).json;
    requester.open(&vm("web-02"), 22, "PT1H").await.expect(201);
    let steps = admin.get(route::ACTIVITY).await.expect(200).json;
    let token = world.token("ADMIN", "api://postern/.default").await;
    let all = migrations();
    let mut upgraded = None;
    for earlier in all.iter().rev().skip(1) {
        write(&url, &take_back_to(earlier.version)).await;
        let instance = world.another(u64::try_from(earlier.version).unwrap() + 10).await;
        let admin = instance.with_token(&token);
        shows(&admin, &grant, &steps).await;
        upgraded = Some(instance);
    }
    let upgraded = upgraded.expect("there are earlier schemas");
    let token = world.token("REQUESTER", "api://postern/.default").await;
    upgraded.with_token(&token).open(&vm("web-02"), 22, "PT2H").await.expect(201);
    closes_on_time(&world, &upgraded).await;
}

/// The grant, and all that was on record before it was looked at again.
async fn shows(admin: &Client, grant: &serde_json::Value, steps: &serde_json::Value) {
    let id = grant["id"].as_str().expect("an id");
    let shown = admin.get(&format!("{}/{id}", route::GRANTS)).await.expect(200).json;
    assert_eq!(shown["leases"][0]["state"], "open", "{shown}");
    let now = admin.get(route::ACTIVITY).await.expect(200).json;
    assert_eq!(now["steps"], steps["steps"]);
    let detail = admin.get(&api::vm_path(&vm("web-01"))).await.expect(200).json;
    assert_eq!(detail["ports"][0]["state"]["state"], "open", "{detail}");
}

/// One lease after the hour that it was asked for, the other after the two to which it was extended.
async fn closes_on_time(world: &World, instance: &Instance) {
    for (passed, first, second) in [(3_599, "open", "open"), (1, "shut", "open"), (3_600, "shut", "shut")] {
        world.pass(passed);
        let report =
            functions::sweep::run(&instance.app.engine, &instance.app.subscriptions, world.app.now());
        let report = report.await.expect("the store answers");
        assert_eq!((report.overdue, report.failures), (0, Vec::new()));
        assert_eq!(world.probe(&vm("web-01"), 22, SOURCE).await, first);
        assert_eq!(world.probe(&vm("web-02"), 22, SOURCE).await, second);
    }
    assert!(instance.app.store().verify(PRODUCTION.parse().unwrap()).await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn this_version_works_on_what_a_newer_one_made_of_the_store_and_beside_it() {
    let (_home, url) = a_database();
    let world = World::start_on(Some(url.clone())).await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    apply(&url, LATER).await;
    // One instance that had opened the store before, and one that opens it now.
    let rolled_back = world.another(2).await;
    let token = world.token("REQUESTER", "api://postern/.default").await;
    world.client("ADMIN").await.enable(&vm("web-02"), 22).await.expect(200);
    rolled_back.with_token(&token).open(&vm("web-02"), 22, "PT2H").await.expect(201);
    let leases = "SELECT COUNT(*) FROM leases WHERE approval IS NULL AND state = 'open'";
    assert_eq!(number(&url, leases).await, 1, "the newer one sees by its own column what it has to fill in");
    assert_eq!(number(&url, "SELECT COUNT(*) FROM grants WHERE weight = 1").await, 2);
    closes_on_time(&world, &rolled_back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_only_newer_versions_can_work_on_is_refused_and_left_alone() {
    let (_home, url) = a_database();
    let world = World::start_on(Some(url.clone())).await;
    let before = number(&url, "SELECT COUNT(*) FROM meta").await;
    let away = format!("INSERT INTO meta (name, value) VALUES ('oldest_schema', '{LATER_VERSION}')");
    apply(&url, &format!("{LATER} {away}")).await;
    let fresh = SeededIds::new(3);
    let mut bytes = [0; 2];
    fresh.bytes(&mut bytes);
    let error =
        Store::open(&world.config.database, StoreId::new(u16::from_be_bytes(bytes))).await.unwrap_err();
    assert!(matches!(error, OpenError::TooNew { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("schema 1000") && text.ends_with("start a newer one"), "{text}");
    assert_eq!(number(&url, "SELECT COUNT(*) FROM meta").await, before + 1);
}

/// A new one on the engine that the tests run on.
fn a_database() -> (TempDir, String) {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("postern.db").display().to_string();
    let url = test_postgres::chosen(&path).unwrap_or_else(|| format!("sqlite:{path}"));
    (home, url)
}

/// As the next version does when it opens the store.
async fn apply(url: &str, sql: &str) {
    let applied = format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         SELECT {LATER_VERSION}, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1"
    );
    write(url, &[sql.to_owned(), applied]).await;
}

async fn write(url: &str, statements: &[String]) {
    let mut connection = connect(url).await;
    for statement in statements {
        let done = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut connection).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    connection.close().await.expect("it closes");
}

async fn number(url: &str, sql: &'static str) -> i64 {
    let mut connection = connect(url).await;
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("a number")
}

async fn connect(url: &str) -> AnyConnection {
    AnyConnection::connect(url).await.expect("the database answers")
}
