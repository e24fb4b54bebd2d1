//! Several processes on one database: nothing is lost, nothing happens twice.

use std::{collections::BTreeMap, time::Duration};

use functions::{app::App, sweep};
use shared::{api::route, vm::VmId};
use test_postgres::Server;
use tests::{PRODUCTION, World, vm};

const VMS: [&str; 3] = ["web-01", "web-02", "win-01"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn overlapping_sweeps_of_three_instances_close_each_lease_once() {
    let server = Server::start();
    let world = on(&server).await;
    let (second, third) = (world.another(2).await, world.another(3).await);
    let token = world.token("REQUESTER", "api://postern/.default").await;
    let clients = [world.with_token(&token), second.with_token(&token), third.with_token(&token)];
    let asking = VMS.iter().enumerate().map(|(n, name)| {
        let client = clients[n % 3].clone();
        async move { client.open(&vm(name), 22, "PT1H").await.expect(201) }
    });
    futures::future::join_all(asking).await;
    world.pass(3600);
    let apps = [&world.app, &second.app, &third.app];
    let reports = futures::future::join_all(apps.map(swept)).await;
    assert!(
        reports.iter().all(|report| report.as_ref().is_ok_and(|it| it.failures.is_empty())),
        "{reports:?}"
    );
    all_are_shut(&world).await;
    assert_eq!(closings(&world).await, VMS.map(|name| (vm(name).key(), 1)).into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_killed_instance_had_in_hand_the_others_bring_to_its_end() {
    let server = Server::start();
    let world = on(&server).await;
    let (doomed, other) = (world.another(2).await, world.another(3).await);
    let token = world.token("REQUESTER", "api://postern/.default").await;
    for (n, name) in VMS.into_iter().enumerate() {
        let client = doomed.with_token(&token);
        let asking = tokio::spawn(async move { client.open(&vm(name), 22, "PT1H").await });
        // Each is cut at another point of its way.
        tokio::time::sleep(Duration::from_millis(8 * n as u64)).await;
        asking.abort();
    }
    drop(doomed);
    world.pass(60);
    swept(&other.app).await.expect("the store answers");
    agreed(&world).await;
    world.pass(3600);
    futures::future::join_all([swept(&other.app), swept(&world.app)]).await;
    all_are_shut(&world).await;
    assert!(closings(&world).await.values().all(|times| *times == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_crashes_in_mid_sweep_delays_and_loses_nothing() {
    let mut server = Server::start();
    let world = on(&server).await;
    let requester = world.client("REQUESTER").await;
    for name in VMS {
        requester.open(&vm(name), 22, "PT1H").await.expect(201);
    }
    world.pass(3600);
    let app = world.app.clone();
    let sweeping = tokio::spawn(async move { swept(&app).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(30)).await;
    let server = tokio::task::spawn_blocking(move || {
        server.restart();
        server
    });
    let _server = server.await.expect("it comes back");
    // Whatever became of that one, those after it finish the work.
    _ = sweeping.await.expect("it does not panic");
    world.pass(600);
    swept(&world.app).await.expect("the store answers again");
    all_are_shut(&world).await;
    assert_eq!(closings(&world).await, VMS.map(|name| (vm(name).key(), 1)).into());
}

/// JIT is on for all the VMs.
async fn on(server: &Server) -> World {
    let world = World::start_on(Some(server.create("postern"))).await;
    let admin = world.client("ADMIN").await;
    for name in VMS {
        admin.enable(&vm(name), 22).await.expect(200);
    }
    world
}

async fn swept(app: &App) -> Result<sweep::SweepReport, functions::store::StoreError> {
    sweep::run(&app.engine, &app.subscriptions, app.now()).await
}

async fn all_are_shut(world: &World) {
    for name in VMS {
        assert_eq!(world.probe(&vm(name), 22, "203.0.113.7").await, "shut", "{name}");
    }
    assert!(world.app.store().verify(PRODUCTION.parse().unwrap()).await.unwrap().is_ok());
}

/// What Azure lets through is what the store knows to be open.
async fn agreed(world: &World) {
    for name in VMS {
        let held = world.app.store().unclosed_of_vm(&vm(name)).await.unwrap();
        let known = if held.is_empty() { "shut" } else { "open" };
        assert_eq!(world.probe(&vm(name), 22, "203.0.113.7").await, known, "{name}");
    }
}

/// How often the audit says that a lease of each VM was closed.
async fn closings(world: &World) -> BTreeMap<String, usize> {
    let answer = world.client("ADMIN").await.get(&format!("{}?limit=200", route::ACTIVITY)).await.expect(200);
    let steps = answer.json["steps"].as_array().expect("a list").iter();
    let closed = steps.filter(|step| step["entry"]["event"] == "closed");
    let mut times = BTreeMap::new();
    for step in closed {
        let vm: VmId = step["entry"]["vm"].as_str().expect("an id").parse().expect("an id");
        *times.entry(vm.key()).or_default() += 1;
    }
    times
}
