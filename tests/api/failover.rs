//! A database on two servers, one of which dies while grants are asked for.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use functions::sweep;
use serde_json::json;
use shared::api::{IDEMPOTENCY_HEADER, route};
use test_postgres::Pair;
use tests::{Client, PRODUCTION, World, vm};

const VMS: [&str; 3] = ["web-01", "web-02", "win-01"];

/// How many grants each instance is asked for.
const GRANTS: usize = 8;

/// What is asked for once is asked for again until it is granted; the machine may be slow, but not for ever.
const TRIES: u32 = 600;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_what_was_granted_nothing_is_lost_or_doubled_when_the_server_dies_that_takes_writes() {
    let pair = tokio::task::spawn_blocking(Pair::start).await.expect("it starts");
    let world = World::start_on(Some(pair.url())).await;
    let admin = world.client("ADMIN").await;
    for name in VMS {
        admin.enable(&vm(name), 22).await.expect(200);
    }
    let (second, third) = (world.another(2).await, world.another(3).await);
    let token = world.token("REQUESTER", "api://postern/.default").await;
    let granted = Arc::new(AtomicUsize::new(0));
    let clients = [world.with_token(&token), second.with_token(&token), third.with_token(&token)];
    let asking = clients.into_iter().enumerate().map(|(n, client)| {
        let granted = Arc::clone(&granted);
        tokio::spawn(async move { asked(&client, n, &granted).await })
    });
    let asking = futures::future::try_join_all(asking);
    let crash = async {
        while granted.load(Ordering::SeqCst) < GRANTS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        pair.crash_first();
        granted.load(Ordering::SeqCst)
    };
    let (asked, before) = futures::future::join(asking, crash).await;
    let grants: BTreeMap<String, String> = asked.expect("all are granted").into_iter().flatten().collect();
    assert!(before < 3 * GRANTS, "the server dies while grants are asked for: {before}");
    all_are_there(&world, &pair, &grants).await;
    closes_on_time(&world).await;
}

/// Asks one after the other for the same ports from other addresses; the id of each grant by the name of its request.
async fn asked(client: &Client, instance: usize, granted: &AtomicUsize) -> Vec<(String, String)> {
    let mut grants = Vec::new();
    for n in 0..GRANTS {
        let name = format!("request-{instance}-{n}");
        let client = client.clone().with_header(IDEMPOTENCY_HEADER, &name);
        let source = format!("203.0.113.{}", 10 * (instance + 1) + n);
        let opening = json!({ "vm": vm(VMS[instance]).to_string(), "port": 22, "duration": "PT1H", "sources": [source] });
        let body = json!({ "openings": [opening] });
        let mut tries = 0;
        let id = loop {
            let answer = client.post(route::GRANTS, &body).await;
            if answer.status.is_success() {
                break answer.json["id"].as_str().expect("an id").to_owned();
            }
            tries += 1;
            assert!(answer.status.is_server_error() && tries < TRIES, "{} {}", answer.status, answer.text);
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        granted.fetch_add(1, Ordering::SeqCst);
        grants.push((name, id));
    }
    grants
}

async fn all_are_there(world: &World, pair: &Pair, grants: &BTreeMap<String, String>) {
    let admin = world.client("ADMIN").await;
    for id in grants.values() {
        admin.get(&format!("{}/{id}", route::GRANTS)).await.expect(200);
    }
    let expected = grants.len().to_string();
    for table in ["grants", "leases", "idempotency"] {
        assert_eq!(pair.run_on_second(&format!("SELECT COUNT(*) FROM {table}")), expected, "{table}");
    }
    assert_eq!(grants.len(), 3 * GRANTS);
    assert!(world.app.store().verify(PRODUCTION.parse().unwrap()).await.unwrap().is_ok());
}

async fn closes_on_time(world: &World) {
    let probes = || async {
        let mut found = Vec::new();
        for (n, name) in VMS.iter().enumerate() {
            found.push(world.probe(&vm(name), 22, &format!("203.0.113.{}", 10 * (n + 1))).await);
        }
        found
    };
    assert_eq!(probes().await, ["open"; 3]);
    world.pass(3_600);
    let report = sweep::run(&world.app.engine, &world.app.subscriptions, world.app.now()).await;
    let report = report.expect("the store answers");
    assert_eq!((report.overdue, report.failures), (0, Vec::new()));
    assert_eq!(probes().await, ["shut"; 3]);
}
