//! Writing: one rule, or what has no smaller part.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shared::{
    nsg::{
        RuleChange,
        stamp::{Purpose, Stamp},
    },
    rule::Access,
    vm::NsgId,
};
use tracing::Instrument;
use url::Url;

use super::{
    answer::Answer,
    client::{Client, Request},
    limiter::Urgency,
    operation,
    resource::version,
    retry::backoff,
    rules,
};
use crate::fabric::{FabricError, WriteFailure, Written};

/// For how long a lock is waited out.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// A quota that asks for a longer wait is the caller's to wait out.
const LONGEST_QUOTA: Duration = Duration::from_secs(10);

pub(super) async fn apply(
    client: &Client,
    nsg: &NsgId,
    change: &RuleChange,
) -> Result<Written, WriteFailure> {
    let span = tracing::info_span!("write_rule", nsg.name = nsg.name(), rule.name = change.rule().name);
    let url = url(client, nsg, &change.rule().name);
    let (name, method, body) = match change {
        RuleChange::Put(rule) => ("put", Method::PUT, Some(rules::to_json(rule))),
        RuleChange::Remove(_) => ("remove", Method::DELETE, None),
    };
    let request = request(client, urgency(change), (&method, &url), body.as_ref(), None);
    let written = write(client, &Request { until: end(change), ..request }).instrument(span).await;
    client.metrics().count_rule_write(name, written.as_ref().err().map(|failure| &failure.error));
    written
}

/// What takes access away comes before what gives it.
fn urgency(change: &RuleChange) -> Urgency {
    match change {
        RuleChange::Put(rule) if rule.access == Access::Allow => Urgency::Usual,
        RuleChange::Put(_) | RuleChange::Remove(_) => Urgency::Urgent,
    }
}

/// When a rule that is put has no meaning any more: waiting for a lock or a quota may take until then.
fn end(change: &RuleChange) -> Option<Timestamp> {
    let RuleChange::Put(rule) = change else { return None };
    match rule.name.parse::<Stamp>().ok()?.purpose {
        Purpose::Lease { ends_at, .. } => Some(ends_at),
        Purpose::Guard => None,
    }
}

/// One write, to its end; with an etag only if that is still the resource's version.
pub(super) async fn send(
    client: &Client,
    method: &Method,
    url: &Url,
    body: Option<&Value>,
    etag: Option<&str>,
) -> Result<Written, WriteFailure> {
    let urgency = if method == Method::DELETE { Urgency::Urgent } else { Urgency::Usual };
    send_as(client, urgency, (method, url), body, etag).await
}

/// The same for a write that closes, or does not.
pub(super) async fn send_as(
    client: &Client,
    urgency: Urgency,
    target: (&Method, &Url),
    body: Option<&Value>,
    etag: Option<&str>,
) -> Result<Written, WriteFailure> {
    write(client, &request(client, urgency, target, body, etag)).await
}

fn request<'r>(
    client: &Client,
    urgency: Urgency,
    (method, url): (&Method, &'r Url),
    body: Option<&'r Value>,
    etag: Option<&'r str>,
) -> Request<'r> {
    let (method, correlation_id) = (method.clone(), Some(client.new_id()));
    Request { method, url, body, etag, correlation_id, urgency, patience: LONGEST_QUOTA, until: None }
}

async fn write(client: &Client, request: &Request<'_>) -> Result<Written, WriteFailure> {
    let mut correlation_id = request.correlation_id.map(|id| id.to_string());
    match persist(client, request, &mut correlation_id).await {
        Ok(()) => Ok(Written { correlation_id }),
        Err(error) => Err(WriteFailure { error, correlation_id }),
    }
}

/// The rule's URL; its name is one segment, whatever is in it.
fn url(client: &Client, nsg: &NsgId, rule: &str) -> Url {
    let mut url = client.url(&format!("{nsg}/securityRules"), version::NETWORK, &[]);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(rule);
    }
    url
}

/// Writes, waiting out what surely had no effect and will pass.
async fn persist(
    client: &Client,
    request: &Request<'_>,
    correlation_id: &mut Option<String>,
) -> Result<(), FabricError> {
    let deadline = client.now().saturating_add(PATIENCE).unwrap_or(client.now());
    let mut attempt = 0;
    loop {
        let answer = client.send(request).await?;
        if let Some(id) = answer.correlation_id() {
            *correlation_id = Some(id);
        }
        let Err(error) = outcome(client, request, &answer).await else {
            return Ok(());
        };
        let asked = answer.retry_after(client.now());
        let wait = match &error {
            FabricError::Locked { .. } | FabricError::Throttled { .. } => {
                asked.unwrap_or_else(|| backoff(attempt)).max(backoff(0))
            }
            _ => return Err(error),
        };
        let is_long = matches!(error, FabricError::Throttled { .. }) && wait > LONGEST_QUOTA;
        let ends = SignedDuration::try_from(wait).ok().and_then(|wait| client.now().checked_add(wait).ok());
        if is_long || ends.is_none_or(|ends| ends > deadline) {
            return Err(error);
        }
        tracing::debug!(attempt, %error, "writing again");
        client.pause(wait).await;
        attempt += 1;
    }
}

async fn outcome(client: &Client, request: &Request<'_>, answer: &Answer) -> Result<(), FabricError> {
    match answer.status {
        status if status.is_success() => operation::end_of(client, answer).await,
        _ if request.method == Method::DELETE && answer.says_not_found() => Ok(()),
        // A gateway gave up waiting for what is behind it.
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Err(FabricError::Lost),
        _ => Err(answer.failure(client.now())),
    }
}

#[cfg(test)]
mod tests;
