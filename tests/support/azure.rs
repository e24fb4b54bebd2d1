use azure_sim::{Options, Sim};
use functions::auth::http_client;
use serde_json::{Value, json};
use shared::vm::VmId;

use crate::world::nsg;

/// Azure in a box, and what only it can say or do.
#[derive(Debug)]
pub struct Azure {
    pub sim: Sim,
    pub demo: Value,
    pub http: reqwest::Client,
}

impl Azure {
    pub async fn start(options: Options) -> Self {
        let sim = azure_sim::start(options).await.expect("azure-sim starts");
        let http = http_client(None).expect("a client");
        let demo: Value = get(&http, &format!("{}/sim/demo", sim.url())).await;
        Self { sim, demo, http }
    }

    /// What a Postern that looks after this Azure is told, but for its store and its credential.
    pub fn settings(&self) -> Vec<(String, String)> {
        let subscriptions = self.demo["subscriptions"].as_array().expect("a list").iter();
        let subscriptions = subscriptions.map(|one| text(&one["id"])).collect::<Vec<_>>().join(",");
        let variables = [
            ("POSTERN_PUBLIC_URL", "http://127.0.0.1:8080"),
            ("POSTERN_TENANT", self.text("tenant")),
            ("POSTERN_CLIENT_ID", text(&self.demo["portal"]["client_id"])),
            ("POSTERN_CLIENT_SECRET", text(&self.demo["portal"]["client_secret"])),
            ("POSTERN_AUDIENCE", self.text("audience")),
            ("POSTERN_AUTHORITY", self.text("authority")),
            ("POSTERN_ARM_URL", self.text("arm")),
            ("POSTERN_ARM_AUDIENCE", self.text("arm_audience")),
            ("POSTERN_SUBSCRIPTIONS", &subscriptions),
            ("POSTERN_COOKIE_KEY", &cookie_key(7)),
            ("POSTERN_TRUSTED_PROXIES", "1"),
            ("POSTERN_DEPLOYMENT", "test"),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    pub async fn token(&self, principal: &str, scope: &str) -> String {
        let one = &self.demo["service_principals"][principal];
        let url = format!("{}/{}/oauth2/v2.0/token", self.sim.url(), self.text("tenant"));
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", text(&one["client_id"])),
            ("client_secret", text(&one["client_secret"])),
            ("scope", scope),
        ];
        let answer: Value =
            self.http.post(url).form(&form).send().await.expect("Entra answers").json().await.expect("JSON");
        answer["access_token"].as_str().expect("Entra gives a token").to_owned()
    }

    /// Lets Postern's own identity do these actions only.
    pub async fn restrict_identity(&self, actions: &[String]) {
        self.sim_call(reqwest::Method::PUT, "identity", &json!({ "actions": actions })).await;
    }

    pub fn text(&self, field: &str) -> &str {
        text(&self.demo[field])
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

async fn get(http: &reqwest::Client, url: &str) -> Value {
    http.get(url).send().await.expect("azure-sim answers").json().await.expect("JSON")
}

fn cookie_key(byte: u8) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode([byte; 64])
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
