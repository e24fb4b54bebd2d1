//! An ARM that answers what a test has written down, and a clock that jumps ahead instead of waiting.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::OffsetDateTime,
};
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{ArmEndpoint, AzureFabric};
use crate::clock::{Clock, Ids};

/// One answer: status, headers, body.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    breaks_off: bool,
}

pub(crate) fn answer(status: u16, body: impl ToString) -> Scripted {
    Scripted { status, headers: Vec::new(), body: body.to_string(), breaks_off: false }
}

pub(crate) fn refusal(status: u16, code: &str) -> Scripted {
    answer(status, serde_json::json!({"error": {"code": code, "message": "because"}}))
}

/// The connection ends without an answer.
pub(crate) fn broken_off() -> Scripted {
    Scripted { breaks_off: true, ..answer(200, "") }
}

impl Scripted {
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }
}

/// What a request was.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) token: String,
    pub(crate) correlation_id: Option<String>,
    pub(crate) body: String,
}

type Script = dyn Fn(&str) -> Option<Scripted> + Send + Sync;

#[derive(Clone)]
struct Shared {
    script: Arc<Script>,
    queue: Arc<Mutex<VecDeque<Scripted>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A fabric over a scripted ARM.
pub(crate) struct Arm {
    pub(crate) fabric: AzureFabric,
    pub(crate) url: String,
    pub(crate) clock: Arc<Jumping>,
    pub(crate) credential: Arc<Counting>,
    shared: Shared,
}

impl Arm {
    /// Answers by the request's method, path and query; 404 to what the script has nothing for.
    pub(crate) async fn by(script: impl Fn(&str) -> Option<Scripted> + Send + Sync + 'static) -> Self {
        let shared = Shared { script: Arc::new(script), queue: Arc::default(), seen: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(respond).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (clock, credential) = (Arc::new(Jumping::default()), Arc::new(Counting::default()));
        let endpoint = ArmEndpoint { url: url.parse().unwrap(), audience: "https://arm.example".to_owned() };
        let ids = Arc::new(CountingIds::default());
        let fabric = AzureFabric::new(endpoint, credential.clone(), http_client(), clock.clone(), ids);
        Self { fabric, url, clock, credential, shared }
    }

    /// Answers in order, whatever is asked.
    pub(crate) async fn in_order(answers: impl IntoIterator<Item = Scripted>) -> Self {
        let arm = Self::by(|_| None).await;
        arm.then(answers);
        arm
    }

    pub(crate) fn then(&self, answers: impl IntoIterator<Item = Scripted>) {
        self.shared.queue.lock().unwrap().extend(answers);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

async fn respond(State(shared): State<Shared>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    let (parts, body) = request.into_parts();
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let (token, correlation_id) =
        (header("authorization").unwrap_or_default(), header("x-ms-correlation-request-id"));
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    shared.seen.lock().unwrap().push(Seen { line: line.clone(), token, correlation_id, body });
    let next = shared.queue.lock().unwrap().pop_front();
    let scripted =
        next.or_else(|| (shared.script)(&line)).unwrap_or_else(|| refusal(404, "ResourceNotFound"));
    let mut response = Response::builder().status(scripted.status);
    for (name, value) in scripted.headers {
        response = response.header(name, value);
    }
    if scripted.breaks_off {
        let broken = futures::stream::once(async { Err::<String, _>(std::io::Error::other("broken off")) });
        return response.header("content-length", 5).body(Body::from_stream(broken)).unwrap();
    }
    response.body(Body::from(scripted.body)).unwrap()
}

pub(crate) fn http_client() -> reqwest::Client {
    let roots = rustls::RootCertStore::empty();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(roots).with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

/// A clock on which waiting is moving it.
#[derive(Debug)]
pub(crate) struct Jumping {
    now: Mutex<Timestamp>,
    waits: Mutex<Vec<f64>>,
}

impl Default for Jumping {
    fn default() -> Self {
        Self { now: Mutex::new("2026-03-01T08:00:00Z".parse().unwrap()), waits: Mutex::default() }
    }
}

impl Jumping {
    /// The seconds of every wait.
    pub(crate) fn waits(&self) -> Vec<f64> {
        self.waits.lock().unwrap().clone()
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        let wait = at.duration_since(self.now());
        self.waits.lock().unwrap().push(wait.as_secs_f64());
        self.advance(wait);
        Box::pin(async {})
    }
}

/// Gives the tokens `t1`, `t2`… of an hour each.
#[derive(Debug, Default)]
pub(crate) struct Counting(pub(crate) Mutex<u32>);

#[async_trait]
impl TokenCredential for Counting {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://arm.example/.default"]);
        let mut count = self.0.lock().unwrap();
        *count += 1;
        let end = OffsetDateTime::from_unix_timestamp(Jumping::default().now().as_second() + 3600).unwrap();
        Ok(AccessToken::new(format!("t{count}"), end))
    }
}

#[derive(Debug, Default)]
struct CountingIds(Mutex<u128>);

impl Ids for CountingIds {
    fn uuid(&self) -> Uuid {
        let mut last = self.0.lock().unwrap();
        *last += 1;
        Uuid::from_u128(*last)
    }

    fn bytes(&self, _: &mut [u8]) {}
}

impl Arm {
    pub(crate) fn client(&self) -> &super::client::Client {
        &self.fabric.client
    }
}
