//! Requests to ARM: one at a time, and reads that are tried again.

mod send;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use azure_core::credentials::TokenCredential;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use shared::{api::ArmBudget, vm::SubscriptionId};
use url::Url;
use uuid::Uuid;

pub(super) use self::send::{NoAnswer, Request};
use super::{
    ArmEndpoint,
    answer::{Answer, is_passing},
    limiter::{Limiter, Urgency},
    retry::backoff,
    token::Tokens,
};
use crate::{
    clock::{Clock, Ids},
    fabric::FabricError,
    metrics::{ArmMetrics, Metrics},
};

/// How often a read is tried again.
const RETRIES: u32 = 4;
/// A read that is to wait longer is given up instead: asking earlier than asked for only prolongs the wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A poll that is kept waiting is better than one that is given up: the write goes on meanwhile.
const POLL_PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(super) struct Client {
    base: Url,
    tokens: Tokens,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    clock_ahead: Mutex<Option<SignedDuration>>,
    limiter: Limiter,
    metrics: ArmMetrics,
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
        let (limiter, metrics) = (Limiter::new(Arc::clone(&clock)), Metrics::new().arm);
        let clock_ahead = Mutex::default();
        Self { base: endpoint.url, tokens, http, clock, ids, clock_ahead, limiter, metrics }
    }

    pub(super) fn budget(&self, subscription: SubscriptionId) -> Option<ArmBudget> {
        self.limiter.budget(subscription)
    }

    pub(super) fn count_in(&mut self, metrics: ArmMetrics) {
        self.metrics = metrics;
    }

    pub(super) const fn metrics(&self) -> &ArmMetrics {
        &self.metrics
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
        self.read_as(url, Urgency::Usual, LONGEST_WAIT).await
    }

    /// Asks how an operation gets on: before all other reads.
    pub(super) async fn poll(&self, url: &Url) -> Result<Answer, FabricError> {
        self.read_as(url, Urgency::Urgent, POLL_PATIENCE).await
    }

    async fn read_as(&self, url: &Url, urgency: Urgency, patience: Duration) -> Result<Answer, FabricError> {
        let mut attempt = 0;
        let (method, correlation_id) = (Method::GET, None);
        let request =
            Request { method, url, body: None, etag: None, correlation_id, urgency, patience, until: None };
        loop {
            let (error, asked) = match self.send(&request).await {
                Ok(answer) if !may_pass(answer.status) => return Ok(answer),
                Ok(answer) => (answer.failure(self.now()), answer.retry_after(self.now())),
                Err(NoAnswer::NoToken(error) | NoAnswer::Held(error)) => return Err(error),
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
}

fn may_pass(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || is_passing(status)
}

#[cfg(test)]
mod tests;
