use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request};
use azure_sim::{Clock, Options, Sim};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(crate) use super::samples::{lease, lease_with, network, network_in, nsg, rule, vm};

pub(crate) const PROD: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590";
pub(crate) const DEV: &str = "/subscriptions/7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311";
pub(crate) const ARM_SCOPE: &str = "https://management.azure.com/.default";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/// A clock that only a test moves.
#[derive(Debug)]
pub(crate) struct HandClock(Mutex<Timestamp>);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl HandClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2030-01-15T09:00:00Z".parse().unwrap())))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(SignedDuration::try_from(by).unwrap()).unwrap();
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The names in a list.
    pub(crate) fn names(&self) -> Vec<String> {
        let body = self.json();
        let values = body["value"].as_array().expect("the answer is a list");
        values.iter().map(|value| value["name"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Http(Client<HttpConnector, Body>);

impl Http {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build(HttpConnector::new()))
    }

    /// `None` when the connection was closed instead of an answer.
    pub(crate) async fn try_send(&self, request: Request<Body>) -> Option<Answer> {
        let response = self.0.request(request).await.ok()?;
        let (parts, body) = response.into_parts();
        let bytes: Bytes = axum::body::to_bytes(Body::new(body), usize::MAX).await.ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Some(Answer { status: parts.status.as_u16(), headers: parts.headers, text })
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.try_send(request).await.expect("the simulator answers")
    }
}

/// A simulator with the demo fleet.
pub(crate) struct Azure {
    pub(crate) sim: Sim,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) http: Http,
    pub(crate) demo: Value,
}

impl Azure {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// Writes take effect a second after they were accepted.
    pub(crate) async fn start_slow() -> Self {
        Self::start_with(|options| options.latency = Duration::from_secs(1)).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let clock = HandClock::new();
        let mut options = Options::for_tests();
        options.clock = clock.clone();
        change(&mut options);
        let sim = azure_sim::start(options).await.unwrap();
        let http = Http::new();
        let demo = Request::get(format!("{}/sim/demo", sim.url())).body(Body::empty()).unwrap();
        let demo = http.send(demo).await.json();
        Self { sim, clock, http, demo }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.sim.url()) }
    }

    pub(crate) fn tenant(&self) -> &str {
        self.demo["tenant"].as_str().unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.http.send(Request::get(self.url(path)).body(Body::empty()).unwrap()).await
    }

    /// A call of the control interface.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(self.url(&format!("/sim{path}")));
        self.http.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A form posted to the token endpoint.
    pub(crate) async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(self.url(&format!("/{}/oauth2/v2.0/token", self.tenant())))
            .header("content-type", "application/x-www-form-urlencoded");
        self.http.send(request.body(Body::from(form)).unwrap()).await
    }

    /// An access token of a service principal, by client credentials.
    pub(crate) async fn token_of(&self, principal: &str, scope: &str) -> String {
        let app = &self.demo["service_principals"][principal];
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", app["client_id"].as_str().unwrap()),
            ("client_secret", app["client_secret"].as_str().unwrap()),
            ("scope", scope),
        ];
        self.token(&fields).await.json()["access_token"].as_str().expect("a token is issued").to_owned()
    }

    /// A service principal that calls ARM.
    pub(crate) async fn caller(&self, principal: &str) -> Caller<'_> {
        Caller { azure: self, token: self.token_of(principal, ARM_SCOPE).await }
    }

    /// The managed identity that calls ARM.
    pub(crate) async fn identity(&self) -> Caller<'_> {
        let answer = self.msi("https://management.azure.com", self.demo["identity"]["header"].as_str()).await;
        let token = answer.json()["access_token"].as_str().expect("a token is issued").to_owned();
        Caller { azure: self, token }
    }

    /// A service principal that may do everything.
    pub(crate) async fn owner(&self) -> Caller<'_> {
        self.assign("NOBODY", OWNER, PROD).await;
        self.caller("NOBODY").await
    }

    /// Gives a service principal a role at a scope, behind ARM's back.
    pub(crate) async fn assign(&self, principal: &str, role: &str, scope: &str) {
        let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{role}");
        let body = json!({"properties": {
            "principalId": self.demo["service_principals"][principal]["object_id"],
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalType": "ServicePrincipal", "scope": scope,
        }});
        self.put_resource(&id, body).await;
    }

    pub(crate) async fn put_resource(&self, id: &str, body: Value) {
        let answer = self.control("PUT", "/resources", json!({"id": id, "body": body})).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }

    pub(crate) async fn msi(&self, resource: &str, header: Option<&str>) -> Answer {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("api-version", "2019-08-01"), ("resource", resource)])
            .finish();
        let mut request = Request::get(self.url(&format!("/msi/token?{query}")));
        if let Some(header) = header {
            request = request.header("x-identity-header", header);
        }
        self.http.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn fault(&self, fault: Value) {
        let answer = self.control("POST", "/faults", fault).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }

    /// `open` or `shut` for a TCP packet, and the rules that decided.
    pub(crate) async fn probe(&self, vm: &str, port: u16, source: &str) -> (String, Vec<String>) {
        let packet = json!({"vm": vm, "port": port, "protocol": "tcp", "source": source});
        let answer = self.control("POST", "/probe", packet).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        let rules = body["decided_by"].as_array().unwrap().iter();
        let rules =
            rules.map(|one| format!("{}/{}", one["nsg"].as_str().unwrap(), one["rule"].as_str().unwrap()));
        (body["verdict"].as_str().unwrap().to_owned(), rules.collect())
    }

    pub(crate) async fn verdict(&self, vm: &str, port: u16, source: &str) -> String {
        self.probe(vm, port, source).await.0
    }
}

/// Somebody with a token for ARM.
pub(crate) struct Caller<'a> {
    azure: &'a Azure,
    pub(crate) token: String,
}

impl Caller<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.send("POST", path, None).await
    }

    /// A write that is to happen only if the resource still has that version.
    pub(crate) async fn put_if(&self, etag: &str, path: &str, body: &Value) -> Answer {
        let request = self.request("PUT", path).header("if-match", etag);
        self.azure.http.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.try_send(method, path, body).await.expect("the simulator answers")
    }

    pub(crate) async fn try_send(&self, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.azure.http.try_send(self.request(method, path).body(body).unwrap()).await
    }

    /// Adds an api-version unless the path has one already.
    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let mut url = self.azure.url(path);
        if !url.contains("api-version=") {
            url.push_str(if url.contains('?') { "&" } else { "?" });
            url.push_str("api-version=2024-05-01");
        }
        Request::builder()
            .method(method)
            .uri(url.replace(' ', "%20").replace('\'', "%27"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
    }
}
