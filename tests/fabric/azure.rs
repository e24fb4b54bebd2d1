//! Azure in a box with a fabric on it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::OffsetDateTime,
};
use azure_sim::{Options, Sim};
use functions::{
    clock::{SystemClock, SystemIds},
    fabric::azure::{ArmEndpoint, AzureFabric},
};
use serde_json::{Value, json};
use shared::{
    rule::{Access, AddressMatch, Direction, NsgRule, RulePriority, RuleProtocol},
    vm::{NsgId, SubscriptionId, VmId},
};

pub(crate) const PRODUCTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
pub(crate) const DEVELOPMENT: &str = "7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311";
/// From where the tests' leases let packets in.
pub(crate) const CLIENT: &str = "203.0.113.7";

pub(crate) struct Azure {
    pub(crate) sim: Sim,
    pub(crate) fabric: AzureFabric,
    pub(crate) demo: Value,
    http: reqwest::Client,
}

impl Azure {
    /// The demo fleet, written to as fast as it can be; the fabric is Postern's own identity.
    pub(crate) async fn start() -> Self {
        Self::with_latency(Duration::ZERO).await
    }

    /// Every write takes that long.
    pub(crate) async fn with_latency(latency: Duration) -> Self {
        let sim = azure_sim::start(Options { latency, ..Options::for_tests() }).await.unwrap();
        let http = http_client();
        let demo: Value =
            http.get(format!("{}/sim/demo", sim.url())).send().await.unwrap().json().await.unwrap();
        let identity =
            Principal::Identity { header: demo["identity"]["header"].as_str().unwrap().to_owned() };
        let fabric = fabric_of(&sim, &http, identity);
        Self { sim, fabric, demo, http }
    }

    /// A fabric that is one of the demo's service principals.
    pub(crate) fn fabric_as(&self, name: &str) -> AzureFabric {
        let text = |field: &str| self.demo["service_principals"][name][field].as_str().unwrap().to_owned();
        let tenant = self.demo["tenant"].as_str().unwrap().to_owned();
        let principal = Principal::Service { tenant, id: text("client_id"), secret: text("client_secret") };
        fabric_of(&self.sim, &self.http, principal)
    }

    pub(crate) fn object_id_of(&self, person: &str) -> String {
        let people = self.demo["people"].as_array().unwrap();
        let is_it = |one: &&Value| one["name"].as_str().unwrap().starts_with(person);
        people.iter().find(is_it).unwrap()["object_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn order(&self, fault: Value) {
        self.sim_call(reqwest::Method::POST, "faults", fault).await;
    }

    pub(crate) async fn set(&self, settings: Value) {
        self.sim_call(reqwest::Method::PUT, "settings", settings).await;
    }

    /// Changes Azure behind ARM's back.
    pub(crate) async fn edit(&self, id: &str, body: Value) {
        self.sim_call(reqwest::Method::PUT, "resources", json!({"id": id, "body": body})).await;
    }

    /// Deletes something behind ARM's back.
    pub(crate) async fn remove(&self, id: &str) {
        self.sim_call(reqwest::Method::DELETE, "resources", json!({"id": id})).await;
    }

    /// Whether an SSH packet from the tests' client reaches the VM now.
    pub(crate) async fn lets_ssh_in(&self, vm: &str) -> bool {
        self.lets_in(json!({"vm": vm, "port": 22, "protocol": "tcp", "source": CLIENT})).await
    }

    pub(crate) async fn lets_in(&self, packet: Value) -> bool {
        let answer: Value = self.sim_call(reqwest::Method::POST, "probe", packet).await.json().await.unwrap();
        answer["verdict"] == "open"
    }

    async fn sim_call(&self, method: reqwest::Method, path: &str, body: Value) -> reqwest::Response {
        let url = format!("{}/sim/{path}", self.sim.url());
        let response = self.http.request(method, url).json(&body).send().await.unwrap();
        response.error_for_status().unwrap()
    }
}

fn fabric_of(sim: &Sim, http: &reqwest::Client, principal: Principal) -> AzureFabric {
    let credential = Arc::new(Token { url: sim.url().to_owned(), http: http.clone(), principal });
    AzureFabric::new(
        endpoint(sim.url()),
        credential,
        http.clone(),
        Arc::new(SystemClock),
        Arc::new(SystemIds),
    )
}

pub(crate) fn endpoint(url: &str) -> ArmEndpoint {
    ArmEndpoint { url: url.parse().unwrap(), audience: "https://management.azure.com".to_owned() }
}

pub(crate) fn http_client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

#[derive(Debug)]
enum Principal {
    Identity { header: String },
    Service { tenant: String, id: String, secret: String },
}

/// Asks the simulator for tokens; the library's own credentials want TLS or the process's environment.
#[derive(Debug)]
struct Token {
    url: String,
    http: reqwest::Client,
    principal: Principal,
}

#[async_trait]
impl TokenCredential for Token {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let request = match &self.principal {
            Principal::Identity { header } => {
                let resource = scopes[0].trim_end_matches("/.default");
                let query = [("api-version", "2019-08-01"), ("resource", resource)];
                self.http
                    .get(format!("{}/msi/token", self.url))
                    .query(&query)
                    .header("x-identity-header", header)
            }
            Principal::Service { tenant, id, secret } => {
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", id),
                    ("client_secret", secret),
                    ("scope", scopes[0]),
                ];
                self.http.post(format!("{}/{tenant}/oauth2/v2.0/token", self.url)).form(&form)
            }
        };
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Ok(AccessToken::new(token, OffsetDateTime::now_utc() + azure_core::time::Duration::HOUR))
    }
}

pub(crate) fn production() -> SubscriptionId {
    PRODUCTION.parse().unwrap()
}

pub(crate) fn development() -> SubscriptionId {
    DEVELOPMENT.parse().unwrap()
}

pub(crate) fn vm(name: &str) -> VmId {
    VmId::new(production(), "prod-rg", name).unwrap()
}

pub(crate) fn nsg(name: &str) -> NsgId {
    NsgId::new(production(), "prod-rg", name).unwrap()
}

/// Lets SSH in to web-01 from the tests' client.
pub(crate) fn ssh_rule(name: &str, priority: u16) -> NsgRule {
    let any = "*".parse().unwrap();
    let prefix = |text: &str| AddressMatch::Prefix(text.parse().unwrap());
    NsgRule {
        name: name.to_owned(),
        description: "of a test".to_owned(),
        priority: RulePriority::new(priority).unwrap(),
        direction: Direction::Inbound,
        access: Access::Allow,
        protocol: RuleProtocol::Tcp,
        sources: [prefix("203.0.113.7/32"), prefix("198.51.100.0/24")].into(),
        source_ports: [any].into(),
        destinations: [prefix("10.1.0.4/32")].into(),
        destination_ports: ["22".parse().unwrap()].into(),
    }
}
