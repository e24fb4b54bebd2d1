use std::{sync::Arc, time::Duration};

use axum::Router;
use azure_core::credentials::TokenCredential;
use azure_sim::{Options, Sim};
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

use crate::{Client, credential::SimIdentity};

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
    pub sim: Sim,
    pub demo: Value,
    pub app: App,
    pub clock: Arc<ManualClock>,
    pub config: Config,
    pub http: reqwest::Client,
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
        let sim = azure_sim::start(options).await.expect("azure-sim starts");
        let data = TempDir::new().expect("a folder");
        let http = http_client(None).expect("a client");
        let demo: Value = get(&http, &format!("{}/sim/demo", sim.url())).await;
        let database = database.unwrap_or_else(|| store_url(&data, "postern.db"));
        let config = config(&demo, database);
        let app = application(&config, &demo, Arc::clone(&clock)).await;
        let _pass_time = AbortOnDrop::passing_time(Arc::clone(&clock));
        Self { sim, demo, router: router(app.clone()), app, clock, config, http, data, _pass_time }
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

    pub async fn token(&self, principal: &str, scope: &str) -> String {
        let one = &self.demo["service_principals"][principal];
        let url = format!("{}/{}/oauth2/v2.0/token", self.sim.url(), self.text("tenant"));
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", one["client_id"].as_str().expect("an id")),
            ("client_secret", one["client_secret"].as_str().expect("a secret")),
            ("scope", scope),
        ];
        let answer: Value =
            self.http.post(url).form(&form).send().await.expect("Entra answers").json().await.expect("JSON");
        answer["access_token"].as_str().expect("Entra gives a token").to_owned()
    }

    /// A token for ARM of Postern's own identity.
    pub async fn identity_token(&self) -> String {
        let token = identity(&self.demo, &self.http).get_token(&[self.text("arm_audience")], None).await;
        token.expect("the endpoint answers").token.secret().to_owned()
    }

    /// Lets Postern's own identity do these actions only.
    pub async fn restrict_identity(&self, actions: &[String]) {
        self.sim_call(reqwest::Method::PUT, "identity", &json!({ "actions": actions })).await;
    }

    pub fn text(&self, field: &str) -> &str {
        self.demo[field].as_str().expect("a text")
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

    /// Whether a packet would reach a VM now: `open` or `shut`, by azure-sim's own evaluation.
    pub async fn probe(&self, vm: &VmId, port: u16, source: &str) -> String {
        let body = json!({ "vm": vm.to_string(), "port": port, "protocol": "tcp", "source": source });
        let answer = self.sim_call(reqwest::Method::POST, "probe", &body).await;
        answer["verdict"].as_str().expect("azure-sim knows the VM").to_owned()
    }

    pub async fn fault(&self, fault: Value) {
        self.sim_call(reqwest::Method::POST, "faults", &fault).await;
    }

    /// Azure fails each write (`PUT`) or removal (`DELETE`) of a lease's rule, until the faults are cleared.
    pub async fn fail_leases(&self, method: &str) {
        let fault =
            json!({ "kind": "server_error", "method": method, "path_contains": "-lease-", "count": 10_000 });
        self.fault(fault).await;
    }

    pub async fn clear_faults(&self) {
        self.http.delete(format!("{}/sim/faults", self.sim.url())).send().await.expect("azure-sim answers");
    }

    /// Every write that azure-sim took, oldest first.
    pub async fn history(&self) -> Vec<Value> {
        let all: Value = get(&self.http, &format!("{}/sim/history?since=0", self.sim.url())).await;
        all.as_array().cloned().unwrap_or_default()
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

    /// Somebody else writes a rule to an NSG of `prod-rg`.
    pub async fn put_rule(&self, nsg_name: &str, rule: &str, properties: &Value) {
        let id = format!("{}/securityRules/{rule}", nsg(nsg_name));
        let body = json!({ "id": id, "body": { "properties": properties } });
        self.sim_call(reqwest::Method::PUT, "resources", &body).await;
    }

    /// Somebody else removes a rule from an NSG of `prod-rg`.
    pub async fn remove_rule(&self, nsg_name: &str, rule: &str) {
        let id = json!({ "id": format!("{}/securityRules/{rule}", nsg(nsg_name)) });
        self.sim_call(reqwest::Method::DELETE, "resources", &id).await;
    }

    pub async fn sim_call(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/sim/{path}", self.sim.url());
        let answer = self.http.request(method, url).json(body).send().await.expect("azure-sim answers");
        answer.json().await.unwrap_or(Value::Null)
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

async fn get(http: &reqwest::Client, url: &str) -> Value {
    http.get(url).send().await.expect("azure-sim answers").json().await.expect("JSON")
}

fn store_url(data: &TempDir, name: &str) -> String {
    let path = data.path().join(name).display().to_string();
    test_postgres::chosen(&path).unwrap_or_else(|| format!("sqlite:{path}"))
}

fn config(demo: &Value, database: String) -> Config {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let subscriptions = demo["subscriptions"].as_array().expect("a list").iter().map(|one| text(&one["id"]));
    let variables = [
        ("POSTERN_PUBLIC_URL", "http://127.0.0.1:8080".to_owned()),
        ("POSTERN_TENANT", text(&demo["tenant"])),
        ("POSTERN_CLIENT_ID", text(&demo["portal"]["client_id"])),
        ("POSTERN_CLIENT_SECRET", text(&demo["portal"]["client_secret"])),
        ("POSTERN_AUDIENCE", text(&demo["audience"])),
        ("POSTERN_AUTHORITY", text(&demo["authority"])),
        ("POSTERN_ARM_URL", text(&demo["arm"])),
        ("POSTERN_ARM_AUDIENCE", text(&demo["arm_audience"])),
        ("POSTERN_SUBSCRIPTIONS", subscriptions.collect::<Vec<_>>().join(",")),
        ("POSTERN_DATABASE", database),
        ("POSTERN_COOKIE_KEY", cookie_key(7)),
        ("POSTERN_TRUSTED_PROXIES", "1".to_owned()),
        ("POSTERN_DEPLOYMENT", "test".to_owned()),
        ("POSTERN_METRICS_TOKEN", METRICS_TOKEN.to_owned()),
        ("POSTERN_ORGANISATION_RANGES", "198.51.100.0/28".to_owned()),
        ("POSTERN_CONTACT", "vm-access@contoso.example".to_owned()),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    Config::from_vars(variables).expect("a configuration")
}

fn cookie_key(byte: u8) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode([byte; 64])
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

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
