//! Writing: one rule, or what has no smaller part.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::Value;
use shared::{nsg::RuleChange, vm::NsgId};
use tracing::Instrument;
use url::Url;

use super::{
    answer::Answer,
    client::{Client, Request},
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
    let (method, body) = match change {
        RuleChange::Put(rule) => (Method::PUT, Some(rules::to_json(rule))),
        RuleChange::Remove(_) => (Method::DELETE, None),
    };
    send(client, &method, &url, body.as_ref(), None).instrument(span).await
}

/// One write, to its end; with an etag only if that is still the resource's version.
pub(super) async fn send(
    client: &Client,
    method: &Method,
    url: &Url,
    body: Option<&Value>,
    etag: Option<&str>,
) -> Result<Written, WriteFailure> {
    let id = client.new_id();
    let mut correlation_id = Some(id.to_string());
    let request = Request { method: method.clone(), url, body, etag, correlation_id: Some(id) };
    match persist(client, &request, &mut correlation_id).await {
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
