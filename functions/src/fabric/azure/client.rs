//! Requests to ARM: one at a time, and reads that are tried again.

use std::{
    collections::HashSet,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use azure_core::credentials::{AccessToken, TokenCredential};
use http::{HeaderMap, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{
    ArmEndpoint,
    answer::{Answer, is_passing},
    retry::backoff,
    token::Tokens,
};
use crate::{
    clock::{Clock, Ids},
    fabric::FabricError,
};

/// How often a read is tried again.
const RETRIES: u32 = 4;
/// A read that is to wait longer is given up instead: asking earlier than asked for only prolongs the wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const CORRELATION_ID: &str = "x-ms-correlation-request-id";
const CLIENT_REQUEST_ID: &str = "x-ms-client-request-id";

#[derive(Debug)]
pub(super) struct Client {
    base: Url,
    tokens: Tokens,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    clock_ahead: Mutex<Option<SignedDuration>>,
}

/// One request; its token is added when it is sent.
#[derive(Debug)]
pub(super) struct Request<'r> {
    pub(super) method: Method,
    pub(super) url: &'r Url,
    pub(super) body: Option<&'r Value>,
    /// Only if this is still the resource's version.
    pub(super) etag: Option<&'r str>,
    /// Under which the activity log knows all the attempts of one write.
    pub(super) correlation_id: Option<Uuid>,
}

/// Why there is no answer to a request.
#[derive(Debug)]
pub(super) enum NoAnswer {
    NoToken(FabricError),
    NotSent(String),
    /// Sent, wholly or in part.
    BrokenOff(String),
}

/// One page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    value: Vec<Value>,
    next_link: Option<String>,
}

impl Client {
    pub(super) fn new(
        endpoint: ArmEndpoint,
        credential: Arc<dyn TokenCredential>,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        let tokens = Tokens::new(credential, &endpoint.audience, Arc::clone(&clock));
        Self { base: endpoint.url, tokens, http, clock, ids, clock_ahead: Mutex::default() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// By how much our clock was ahead of ARM's when it last answered.
    pub(super) fn clock_ahead(&self) -> Option<SignedDuration> {
        *self.clock_ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn new_id(&self) -> Uuid {
        self.ids.uuid()
    }

    pub(super) async fn pause(&self, wait: Duration) {
        let until = SignedDuration::try_from(wait).ok().and_then(|wait| self.now().checked_add(wait).ok());
        self.clock.sleep_until(until.unwrap_or(Timestamp::MAX)).await;
    }

    /// The URL of a path below ARM's root.
    pub(super) fn url(&self, path: &str, api_version: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.query_pairs_mut().clear().append_pair("api-version", api_version).extend_pairs(query);
        url
    }

    /// A link out of an answer, if it leads to this ARM and nowhere else.
    pub(super) fn own_link(&self, link: &str) -> Result<Url, FabricError> {
        let url = Url::parse(link).ok().filter(|url| url.origin() == self.base.origin());
        url.ok_or_else(|| FabricError::Unintelligible {
            what: "a link that leads away from Azure".to_owned(),
        })
    }

    /// Reads a resource.
    pub(super) async fn get<T: DeserializeOwned>(&self, url: &Url, what: &str) -> Result<T, FabricError> {
        let answer = self.read(url).await?;
        if answer.status.is_success() { answer.json(what) } else { Err(answer.failure(self.now())) }
    }

    /// Reads a resource that may not exist.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        url: &Url,
        what: &str,
    ) -> Result<Option<T>, FabricError> {
        let answer = self.read(url).await?;
        match answer.status {
            status if status.is_success() => answer.json(what).map(Some),
            _ if answer.says_not_found() => Ok(None),
            _ => Err(answer.failure(self.now())),
        }
    }

    /// All pages of a list.
    pub(super) async fn list(&self, first: Url, what: &str) -> Result<Vec<Value>, FabricError> {
        let mut seen = HashSet::from([first.clone()]);
        let mut next = Some(first);
        let mut values = Vec::new();
        while let Some(url) = next {
            let page: Page = self.get(&url, what).await?;
            values.extend(page.value);
            next = page
                .next_link
                .filter(|link| !link.is_empty())
                .map(|link| self.own_link(&link))
                .transpose()?;
            if next.as_ref().is_some_and(|link| !seen.insert(link.clone())) {
                return Err(FabricError::Unintelligible {
                    what: format!("{what}: its pages go round in a circle"),
                });
            }
        }
        Ok(values)
    }

    /// Reads, and tries again what may pass: the answer is a success or a definite failure.
    pub(super) async fn read(&self, url: &Url) -> Result<Answer, FabricError> {
        let mut attempt = 0;
        loop {
            let request = Request { method: Method::GET, url, body: None, etag: None, correlation_id: None };
            let (error, asked) = match self.send(&request).await {
                Ok(answer) if !may_pass(answer.status) => return Ok(answer),
                Ok(answer) => (answer.failure(self.now()), answer.retry_after(self.now())),
                Err(NoAnswer::NoToken(error)) => return Err(error),
                Err(NoAnswer::NotSent(message) | NoAnswer::BrokenOff(message)) => {
                    (FabricError::Unreachable { message }, None)
                }
            };
            let wait = asked.unwrap_or_else(|| backoff(attempt));
            if attempt == RETRIES || wait > LONGEST_WAIT {
                return Err(error);
            }
            tracing::debug!(arm.path = url.path(), attempt, %error, "reading again");
            self.pause(wait).await;
            attempt += 1;
        }
    }

    /// Sends once; a refused token is renewed once, since a request with it had no effect.
    pub(super) async fn send(&self, request: &Request<'_>) -> Result<Answer, NoAnswer> {
        let token = self.tokens.current().await.map_err(NoAnswer::NoToken)?;
        let answer = self.send_with(request, &token).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        tracing::info!(arm.path = request.url.path(), "token refused, asking for another");
        let token = self.tokens.renewed(&token).await.map_err(NoAnswer::NoToken)?;
        self.send_with(request, &token).await
    }

    async fn send_with(&self, request: &Request<'_>, token: &AccessToken) -> Result<Answer, NoAnswer> {
        let (started, asked_at) = (Instant::now(), self.now());
        let mut builder = self
            .http
            .request(request.method.clone(), request.url.clone())
            .bearer_auth(token.token.secret())
            .header(CLIENT_REQUEST_ID, self.new_id().to_string());
        if let Some(id) = request.correlation_id {
            builder = builder.header(CORRELATION_ID, id.to_string());
        }
        if let Some(etag) = request.etag {
            builder = builder.header(http::header::IF_MATCH, etag);
        }
        if let Some(body) = request.body {
            builder = builder.json(body);
        }
        let response = builder.send().await.map_err(no_answer)?;
        self.compare_clocks(response.headers(), asked_at);
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(no_answer)?.to_vec();
        let answer = Answer { status, headers, body };
        tracing::debug!(
            http.method = %request.method,
            arm.path = request.url.path(),
            arm.status = status.as_u16(),
            arm.request_id = answer.header("x-ms-request-id"),
            duration_ms = started.elapsed().as_millis(),
            "ARM answered"
        );
        Ok(answer)
    }
}

impl Client {
    /// ARM's `Date` has whole seconds and was written between asking and now; only what lies outside is a difference.
    fn compare_clocks(&self, headers: &HeaderMap, asked_at: Timestamp) {
        let date = headers.get(http::header::DATE).and_then(|date| date.to_str().ok());
        let Some(arm) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|at| at.timestamp())
        else {
            return;
        };
        let latest = arm.checked_add(SignedDuration::from_secs(1)).unwrap_or(arm);
        let ahead = asked_at.duration_since(latest).max(SignedDuration::ZERO);
        let behind = arm.duration_since(self.now()).max(SignedDuration::ZERO);
        *self.clock_ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead - behind);
    }
}

impl From<NoAnswer> for FabricError {
    /// What it means for a write.
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::NoToken(error) => error,
            NoAnswer::NotSent(message) => Self::Unreachable { message },
            NoAnswer::BrokenOff(_) => Self::Lost,
        }
    }
}

impl Answer {
    pub(super) fn correlation_id(&self) -> Option<String> {
        self.header(CORRELATION_ID).map(str::to_owned)
    }
}

fn may_pass(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || is_passing(status)
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    let not_sent = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let message = cause.to_string();
    if not_sent { NoAnswer::NotSent(message) } else { NoAnswer::BrokenOff(message) }
}

#[cfg(test)]
mod tests;
