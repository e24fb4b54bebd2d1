use std::{sync::Arc, time::Duration};

use axum::Router;
use azure_core::credentials::TokenCredential;
use azure_sim::Options;
use functions::{
    app::App,
    auth::{Auth, http_client},
    clock::{Clock, Ids, ManualClock, SeededIds},
    config::Config,
    fabric::azure::{ArmEndpoint, AzureFabric},
    metrics::Metrics,
    router::router,
    store::Store,
    sweep::{self, SweepReport},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::{
    nsg::{ObservedNsg, stamp::StoreId},
    vm::{NsgId, VmId},
};
use tempfile::TempDir;

use crate::{
    Client,
    azure::{Azure, text},
    credential::SimIdentity,
};

pub const PRODUCTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
pub const DEVELOPMENT: &str = "7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311";
/// With which a test's Prometheus comes.
pub const METRICS_TOKEN: &str = "a-token-for-the-tests";
/// Where the tests' callers come from, as the trusted proxy in front says.
pub const CLIENT_ADDRESS: &str = "203.0.113.7";

/// A VM of the demo fleet's `prod-rg`.
pub fn vm(name: &str) -> VmId {
    VmId::new(PRODUCTION.parse().expect("a GUID"), "prod-rg", name).expect("a name")
}

/// An NSG of the demo fleet's `prod-rg`.
pub fn nsg(name: &str) -> NsgId {
    NsgId::new(PRODUCTION.parse().expect("a GUID"), "prod-rg", name).expect("a name")
}

/// An inbound rule in ARM's words, for every protocol and destination.
pub fn a_rule(priority: u16, access: &str, source: &str, port: &str) -> Value {
    json!({
        "protocol": "*", "access": access, "direction": "Inbound", "priority": priority,
        "sourceAddressPrefix": source, "sourcePortRange": "*",
        "destinationAddressPrefix": "*", "destinationPortRange": port,
    })
}

/// What Postern's own identity may do in Azure: what a deployment gives it, and so here too.
pub fn operator_actions() -> Vec<String> {
    let role: Value =
        serde_json::from_str(include_str!("../../infra/azure/postern-role.json")).expect("JSON");
    let actions = role["Actions"].as_array().expect("a list");
    actions.iter().map(|action| action.as_str().expect("an action").to_owned()).collect()
}

/// Postern and Azure, sharing one clock.
#[derive(Debug)]
pub struct World {
    azure: Azure,
    pub app: App,
    pub clock: Arc<ManualClock>,
    pub config: Config,
    router: Router,
    data: TempDir,
    _pass_time: AbortOnDrop,
}

/// Lets waits end: as soon as somebody sleeps, the clock goes there.
#[derive(Debug)]
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl AbortOnDrop {
    fn passing_time(clock: Arc<ManualClock>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(2)).await;
                clock.advance_to_next_sleeper();
            }
        }))
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl std::ops::Deref for World {
    type Target = Azure;

    fn deref(&self) -> &Azure {
        &self.azure
    }
}

#[derive(Debug)]
struct SimClock(Arc<ManualClock>);

impl azure_sim::Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl World {
    /// Starts both with the demo fleet and nothing configured.
    pub async fn start() -> Self {
        Self::start_on(None).await
    }

    /// Starts with this database for the store.
    pub async fn start_on(database: Option<String>) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).expect("a time")));
        let options = Options { clock: Arc::new(SimClock(Arc::clone(&clock))), ..Options::for_tests() };
        let azure = Azure::start(options).await;
        let data = TempDir::new().expect("a folder");
        let database = database.unwrap_or_else(|| store_url(&data, "postern.db"));
        let config = config(&azure, database);
        let app = application(&config, &azure.demo, Arc::clone(&clock)).await;
        let _pass_time = AbortOnDrop::passing_time(Arc::clone(&clock));
        Self { azure, router: router(app.clone()), app, clock, config, data, _pass_time }
    }

    /// Starts again with an empty store, as after the loss of the old one.
    pub async fn lose_store(&mut self) {
        let empty = store_url(&self.data, "another.db");
        self.config.database = empty.parse().expect("it is an address");
        self.app = application_with(&self.config, &self.demo, Arc::clone(&self.clock), (0xdead, 1)).await;
        self.router = router(self.app.clone());
    }

    /// Forgets everything that was in memory, as a killed process does; the store's file stays.
    pub async fn restart(&mut self) {
        self.app = application(&self.config, &self.demo, Arc::clone(&self.clock)).await;
        self.router = router(self.app.clone());
    }

    /// One more process on the same store, with random numbers of its own.
    pub async fn another(&self, seed: u64) -> Instance {
        let app = application_with(&self.config, &self.demo, Arc::clone(&self.clock), (0xbeef, seed)).await;
        Instance { router: router(app.clone()), app }
    }

    /// A client with a bearer token of one of the demo's service principals: ADMIN, REQUESTER, READER or NOBODY.
    pub async fn client(&self, principal: &str) -> Client {
        let token = self.token(principal, "api://postern/.default").await;
        Client::new(self.router.clone(), Some(token))
    }

    pub fn anonymous(&self) -> Client {
        Client::new(self.router.clone(), None)
    }

    pub fn with_token(&self, token: &str) -> Client {
        Client::new(self.router.clone(), Some(token.to_owned()))
    }

    /// A token for ARM of Postern's own identity.
    pub async fn identity_token(&self) -> String {
        let token = identity(&self.demo, &self.http).get_token(&[self.text("arm_audience")], None).await;
        token.expect("the endpoint answers").token.secret().to_owned()
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// One look at everything, as the timer function takes it.
    pub async fn sweep(&self) -> SweepReport {
        sweep::run(&self.app.engine, &self.app.subscriptions, self.app.now())
            .await
            .expect("the store answers")
    }

    /// The names of the rules in an NSG of `prod-rg`.
    pub async fn rules(&self, nsg: &str) -> Vec<String> {
        self.nsg(nsg).await.rules.into_iter().map(|rule| rule.name).collect()
    }

    /// An NSG of `prod-rg` as it is now.
    pub async fn nsg(&self, name: &str) -> ObservedNsg {
        let observed = self.app.engine.fabric.observe(&nsg(name)).await;
        observed.expect("ARM answers").expect("it exists")
    }
}

/// Another process.
#[derive(Debug)]
pub struct Instance {
    pub app: App,
    router: Router,
}

impl Instance {
    pub fn with_token(&self, token: &str) -> Client {
        Client::new(self.router.clone(), Some(token.to_owned()))
    }
}

fn store_url(data: &TempDir, name: &str) -> String {
    let path = data.path().join(name).display().to_string();
    test_postgres::chosen(&path).unwrap_or_else(|| format!("sqlite:{path}"))
}

fn config(azure: &Azure, database: String) -> Config {
    let more = [
        ("POSTERN_DATABASE", database.as_str()),
        ("POSTERN_METRICS_TOKEN", METRICS_TOKEN),
        ("POSTERN_ORGANISATION_RANGES", "198.51.100.0/28"),
        ("POSTERN_CONTACT", "vm-access@contoso.example"),
    ];
    let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::from_vars(azure.settings().into_iter().chain(more)).expect("a configuration")
}

async fn application(config: &Config, demo: &Value, clock: Arc<ManualClock>) -> App {
    application_with(config, demo, clock, (0xbeef, 1)).await
}

async fn application_with(
    config: &Config,
    demo: &Value,
    clock: Arc<ManualClock>,
    (fresh_store, seed): (u16, u64),
) -> App {
    let clock: Arc<dyn Clock> = clock;
    let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(seed));
    let http = http_client(None).expect("a client");
    let endpoint = ArmEndpoint { url: config.arm_url.clone(), audience: config.arm_audience.clone() };
    let credential = Arc::new(identity(demo, &http));
    let metrics = Arc::new(Metrics::new());
    let fabric = AzureFabric::new(endpoint, credential, http.clone(), Arc::clone(&clock), Arc::clone(&ids));
    let fabric = Arc::new(fabric.counted_in(&metrics));
    let store = Store::open(&config.database, StoreId::new(fresh_store)).await.expect("the store opens");
    let auth = Auth::new(config, http, Arc::clone(&clock), Arc::clone(&ids));
    App::new(config, auth, (store, fabric), (clock, ids), metrics, false)
}

fn identity(demo: &Value, http: &reqwest::Client) -> SimIdentity {
    let of = |field: &str| text(&demo["identity"][field]).to_owned();
    SimIdentity { endpoint: of("endpoint"), header: of("header"), http: http.clone() }
}
