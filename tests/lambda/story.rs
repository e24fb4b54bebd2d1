use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use azure_sim::Options;
use functions::clock::{Clock, SystemClock};
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::{Value, json};
use shared::vm::VmId;
use tests::{Azure, CLIENT_ADDRESS, Client, vm};
use tokio::task::JoinHandle;

use crate::{
    functions::{Emulator, Function},
    gate::Gate,
};

/// The VM that is closed while all is well, and the one whose end comes while the sweeps are frozen.
const PUNCTUAL: &str = "web-01";
const FROZEN: &str = "win-01";

/// How late a rule may be seen closed: the machine of the tests may be busy.
const LATE: Duration = Duration::from_secs(15);

/// As EventBridge writes it.
const EVERY_MINUTE: &str = r#"{"version":"0","id":"53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa","detail-type":"Scheduled Event","source":"aws.events","account":"123456789012","time":"2026-08-17T12:00:00Z","region":"eu-central-1","resources":["arn:aws:events:eu-central-1:123456789012:rule/postern"],"detail":{}}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs the emulator, which cargo xtask test starts"]
async fn what_lambda_opened_it_closes_on_its_second_whatever_is_frozen_cut_or_invoked_twice() {
    let scene = Scene::set().await;
    let (punctual, frozen) = (vm(PUNCTUAL), vm(FROZEN));
    let first = scene.open(&punctual).await;
    scene.freeze_the_api_and_cut_its_connections(&first).await;
    // Twice, as a schedule may deliver it.
    let sweeps = [scene.sweep(), scene.sweep()];
    tokio::time::sleep(Duration::from_secs(8)).await;
    let second = scene.open(&frozen).await;

    scene.is_open_until(&punctual, &first).await;
    scene.closes(&punctual).await;
    assert!(scene.is_open(&frozen).await, "a grant's end closed another's");

    scene.freeze_the_sweeps_until_after(&second).await;
    scene.closes(&frozen).await;
    for sweep in sweeps {
        sweep.await.unwrap();
    }
    for grant in [&first, &second] {
        let lease = scene.lease(grant).await;
        assert_eq!((&lease["state"], &lease["reason"]), (&json!("closed"), &json!("expired")), "{lease}");
    }

    // An event that comes late or again finds nothing to do.
    let written = scene.writes().await;
    let late = scene.sweep();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(scene.writes().await, written);
    late.abort();
}

struct Grant {
    id: String,
    ends_at: Timestamp,
}

struct Scene {
    emulator: Arc<Emulator>,
    azure: Azure,
    requester: Client,
    /// In front of the store and of Azure.
    gates: [Gate; 2],
    api: Function,
    sweeps: [Function; 2],
}

impl Scene {
    async fn set() -> Self {
        let emulator = Arc::new(Emulator::of_this_run());
        let azure = Azure::start(Options::for_tests()).await;
        let database: Url = test_postgres::database("lambda").parse().unwrap();
        let arm: Url = azure.text("arm").parse().unwrap();
        let gates = [Gate::before(port(&database)).await, Gate::before(port(&arm)).await];
        let mut settings = azure.settings();
        settings.retain(|(name, _)| name != "POSTERN_ARM_URL");
        let identity = |field: &str| azure.demo["identity"][field].as_str().unwrap().to_owned();
        settings.extend(
            [
                ("POSTERN_DATABASE", gated(&database, &gates[0])),
                ("POSTERN_ARM_URL", gated(&arm, &gates[1])),
                ("IDENTITY_ENDPOINT", identity("endpoint")),
                ("IDENTITY_HEADER", identity("header")),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let start = |name| emulator.start(name, &settings);
        let (api, sweeps) = (start("lambda_api"), [start("lambda_sweep"), start("lambda_sweep")]);
        let caller = async |principal| {
            let token = azure.token(principal, "api://postern/.default").await;
            Client::of_process(emulator.url(), token)
        };
        let (admin, requester) = (caller("ADMIN").await, caller("REQUESTER").await);
        admin.get("/readyz").await.expect(200);
        for (vm, port) in [(vm(PUNCTUAL), 22), (vm(FROZEN), 3389)] {
            admin.enable(&vm, port).await.expect(200);
        }
        Self { emulator, azure, requester, gates, api, sweeps }
    }

    async fn open(&self, vm: &VmId) -> Grant {
        let grant = self.requester.open(vm, port_of(vm), "PT1M").await.expect(201);
        assert_eq!(grant.json["leases"][0]["state"], "open", "{}", grant.text);
        assert!(self.is_open(vm).await);
        let ends_at = grant.json["window"]["end"].as_str().unwrap().parse().unwrap();
        Grant { id: grant.json["id"].as_str().unwrap().to_owned(), ends_at }
    }

    /// All that the functions are connected with goes away while they are frozen.
    fn cut(&self) {
        self.gates.iter().for_each(Gate::cut);
    }

    async fn freeze_the_api_and_cut_its_connections(&self, grant: &Grant) {
        self.api.freeze();
        self.cut();
        tokio::time::sleep(Duration::from_secs(3)).await;
        self.api.thaw();
        let read = self.requester.get(&format!("/api/grants/{}", grant.id)).await.expect(200);
        assert_eq!(read.json["leases"][0]["state"], "open", "{}", read.text);
    }

    /// What the schedule does each minute; a run that breaks off is invoked again, as Lambda does it.
    fn sweep(&self) -> JoinHandle<()> {
        let emulator = Arc::clone(&self.emulator);
        tokio::spawn(async move {
            let mut failures = Vec::new();
            while failures.len() < 3 {
                match emulator.invoke("lambda_sweep", &EVERY_MINUTE.parse().unwrap()).await {
                    Ok(_) => return,
                    Err(failure) => failures.push(failure),
                }
            }
            panic!("the sweep failed each time: {failures:?}");
        })
    }

    async fn is_open_until(&self, vm: &VmId, grant: &Grant) {
        // What is written close to the end may be read before it.
        let end = grant.ends_at - SignedDuration::from_millis(500);
        while now() < end {
            let is_open = self.is_open(vm).await;
            assert!(is_open || now() >= end, "{vm} was closed before its end");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn freeze_the_sweeps_until_after(&self, grant: &Grant) {
        self.sweeps.iter().for_each(Function::freeze);
        self.cut();
        while now() < grant.ends_at + SignedDuration::from_secs(3) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(self.is_open(&vm(FROZEN)).await, "somebody else closed it");
        self.sweeps.iter().for_each(Function::thaw);
    }

    async fn closes(&self, vm: &VmId) {
        let start = Instant::now();
        while self.is_open(vm).await {
            assert!(start.elapsed() < LATE, "{vm} stays open");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn is_open(&self, vm: &VmId) -> bool {
        self.azure.probe(vm, port_of(vm), CLIENT_ADDRESS).await == "open"
    }

    /// How much was ever written to Azure.
    async fn writes(&self) -> usize {
        self.azure.history().await.len()
    }

    /// The lease of a grant as Postern knows it.
    async fn lease(&self, grant: &Grant) -> Value {
        let read = self.requester.get(&format!("/api/grants/{}", grant.id)).await.expect(200);
        read.json["leases"][0].clone()
    }
}

fn port_of(vm: &VmId) -> u16 {
    if vm.name() == FROZEN { 3389 } else { 22 }
}

fn port(url: &Url) -> u16 {
    url.port().unwrap()
}

fn gated(url: &Url, gate: &Gate) -> String {
    let mut gated = url.clone();
    gated.set_port(Some(gate.port())).unwrap();
    gated.into()
}

fn now() -> Timestamp {
    SystemClock.now()
}
