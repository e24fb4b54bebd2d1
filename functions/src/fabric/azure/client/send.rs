//! A single request: held back for its quota, sent with a token, and counted.

use std::{
    error::Error,
    sync::PoisonError,
    time::{Duration, Instant},
};

use azure_core::credentials::AccessToken;
use http::{HeaderMap, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{
    super::{
        answer::Answer,
        limiter::{Errand, Urgency},
    },
    Client,
};
use crate::{fabric::FabricError, metrics::Outcome};

const CORRELATION_ID: &str = "x-ms-correlation-request-id";
const CLIENT_REQUEST_ID: &str = "x-ms-client-request-id";

/// One request; its token is added when it is sent.
#[derive(Debug)]
pub(in super::super) struct Request<'r> {
    pub(in super::super) method: Method,
    pub(in super::super) url: &'r Url,
    pub(in super::super) body: Option<&'r Value>,
    /// Only if this is still the resource's version.
    pub(in super::super) etag: Option<&'r str>,
    /// Under which the activity log knows all the attempts of one write.
    pub(in super::super) correlation_id: Option<Uuid>,
    pub(in super::super) urgency: Urgency,
    /// The longest wait for a quota before it is sent.
    pub(in super::super) patience: Duration,
    /// From when on it is not to be sent any more.
    pub(in super::super) until: Option<Timestamp>,
}

/// Why there is no answer to a request.
#[derive(Debug)]
pub(in super::super) enum NoAnswer {
    NoToken(FabricError),
    /// Not sent: ARM would refuse it, or it is too late.
    Held(FabricError),
    NotSent(String),
    /// Sent, wholly or in part.
    BrokenOff(String),
}

impl Client {
    /// Sends once; a refused token is renewed once, since a request with it had no effect.
    pub(in super::super) async fn send(&self, request: &Request<'_>) -> Result<Answer, NoAnswer> {
        self.admit(request).await?;
        let token = self.tokens.current().await.map_err(NoAnswer::NoToken)?;
        let answer = self.send_with(request, &token).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        tracing::info!(arm.path = request.url.path(), "token refused, asking for another");
        self.admit(request).await?;
        let token = self.tokens.renewed(&token).await.map_err(NoAnswer::NoToken)?;
        self.send_with(request, &token).await
    }

    async fn admit(&self, request: &Request<'_>) -> Result<(), NoAnswer> {
        let asked_at = self.now();
        let admitted = self.limiter.admit(&request.errand(), request.patience).await;
        let waited = Duration::try_from(self.now().duration_since(asked_at)).unwrap_or_default();
        self.metrics.count_wait(waited);
        admitted.map_err(NoAnswer::Held)?;
        if request.until.is_some_and(|until| self.now() >= until) {
            let message = "the end of what it would open has come meanwhile".to_owned();
            return Err(NoAnswer::Held(FabricError::Conflict { message }));
        }
        Ok(())
    }

    async fn send_with(&self, request: &Request<'_>, token: &AccessToken) -> Result<Answer, NoAnswer> {
        let started = Instant::now();
        let outcome = self.exchange(request, token).await;
        let took = started.elapsed();
        let counted = outcome.as_ref().map_or(Outcome::NoAnswer, Answer::outcome);
        self.metrics.count_request(&request.method, counted, took);
        let answer = outcome?;
        let errand = request.errand();
        self.limiter.heed(&errand, &answer.headers);
        if counted == Outcome::Throttled {
            self.limiter.hold(&errand, answer.retry_after(self.now()));
        }
        tracing::debug!(
            http.method = %request.method,
            arm.path = request.url.path(),
            arm.status = answer.status.as_u16(),
            arm.request_id = answer.header("x-ms-request-id"),
            duration_ms = took.as_millis(),
            "ARM answered"
        );
        Ok(answer)
    }

    async fn exchange(&self, request: &Request<'_>, token: &AccessToken) -> Result<Answer, NoAnswer> {
        let asked_at = self.now();
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
        Ok(Answer { status, headers, body })
    }
    /// ARM's `Date` has whole seconds and was written between asking and now; only what lies outside is a difference.
    pub(super) fn compare_clocks(&self, headers: &HeaderMap, asked_at: Timestamp) {
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

impl Request<'_> {
    fn errand(&self) -> Errand {
        Errand::new(&self.method, self.url, self.urgency)
    }
}

impl From<NoAnswer> for FabricError {
    /// What it means for a write.
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::NoToken(error) | NoAnswer::Held(error) => error,
            NoAnswer::NotSent(message) => Self::Unreachable { message },
            NoAnswer::BrokenOff(_) => Self::Lost,
        }
    }
}

impl Answer {
    pub(in super::super) fn correlation_id(&self) -> Option<String> {
        self.header(CORRELATION_ID).map(str::to_owned)
    }
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
