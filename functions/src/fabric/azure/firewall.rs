//! Azure Firewalls: they have no sub-resource for a rule, so the whole object is written.
//!
//! Invariant: what is not ours goes back to ARM just as it came. The firewall is written only if nobody changed it since
//! it was observed.

mod read;
mod write;

use std::time::Duration;

use http::Method;
use jiff::SignedDuration;
use serde_json::Value;
use shared::{
    firewall::{NatCollection, ObservedFirewall},
    vm::FirewallId,
};
use tracing::Instrument;
use url::Url;

use super::{client::Client, limiter::Urgency, resource::version, rules, write::send_as};
use crate::fabric::{FabricError, WriteFailure, Written};

/// Between two looks at a firewall that is being changed, which takes minutes.
const NEXT_LOOK: Duration = Duration::from_secs(1);
/// For how long a change by somebody else is waited out.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

/// Reads the firewall, once no write to it is under way: until then ARM lists rules that are not in effect.
pub(super) async fn observe(
    client: &Client,
    firewall: &FirewallId,
) -> Result<Option<ObservedFirewall>, FabricError> {
    let url = url(client, firewall);
    let deadline = client.now().saturating_add(PATIENCE).unwrap_or(client.now());
    loop {
        let Some(body) = client.find::<Value>(&url, "a firewall").await? else {
            return Ok(None);
        };
        if !is_changing(&body) {
            return read::firewall(firewall, &body).map(Some);
        }
        if client.now() >= deadline {
            return Err(under_change(firewall));
        }
        client.pause(NEXT_LOOK).await;
    }
}

/// Puts `collection` in place of the one of its name, in the object as ARM has it now.
pub(super) async fn apply(
    client: &Client,
    observed: &ObservedFirewall,
    collection: &NatCollection,
) -> Result<Written, WriteFailure> {
    let span = tracing::info_span!("write_firewall", firewall.name = observed.id.name());
    let (url, body, etag) = prepared(client, observed, collection)
        .instrument(span.clone())
        .await
        .map_err(|error| WriteFailure { error, correlation_id: None })?;
    let urgency = urgency(observed, collection);
    send_as(client, urgency, (&Method::PUT, &url), Some(&body), Some(&etag)).instrument(span).await
}

async fn prepared(
    client: &Client,
    observed: &ObservedFirewall,
    collection: &NatCollection,
) -> Result<(Url, Value, String), FabricError> {
    let url = url(client, &observed.id);
    let what = || observed.id.name().to_owned();
    let etag = observed.etag.clone().ok_or_else(|| FabricError::Unintelligible {
        what: format!("the firewall {} without etag", what()),
    })?;
    let mut body: Value = client.get(&url, "a firewall").await?;
    if is_changing(&body) {
        return Err(under_change(&observed.id));
    }
    if body["etag"].as_str() != Some(&etag) {
        return Err(FabricError::Conflict { message: format!("{} was changed meanwhile", what()) });
    }
    write::put_collection(&mut body, collection)?;
    Ok((url, body, etag))
}

/// What takes rules away comes before what only adds some.
fn urgency(observed: &ObservedFirewall, collection: &NatCollection) -> Urgency {
    let before = observed.collections.iter().find(|one| one.name.eq_ignore_ascii_case(&collection.name));
    let is_left = |name: &str| collection.rules.iter().any(|rule| rule.name == name);
    let takes_away = before.is_some_and(|before| before.rules.iter().any(|rule| !is_left(&rule.name)));
    if takes_away { Urgency::Urgent } else { Urgency::Usual }
}

fn url(client: &Client, firewall: &FirewallId) -> Url {
    client.url(&firewall.to_string(), version::NETWORK, &[])
}

fn is_changing(body: &Value) -> bool {
    body["properties"]["provisioningState"].as_str().is_some_and(rules::is_changing)
}

fn under_change(firewall: &FirewallId) -> FabricError {
    FabricError::Locked { message: format!("{} is still being changed", firewall.name()) }
}

#[cfg(test)]
mod tests;
