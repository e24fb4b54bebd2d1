//! Reading an NSG.

use std::{collections::BTreeSet, time::Duration};

use jiff::SignedDuration;
use serde::Deserialize;
use shared::{
    nsg::{ObservedNsg, stamp::Stamp},
    vm::{InvalidId, NsgId, SubscriptionId},
};

use super::{
    client::Client,
    resource::version,
    rules::{self, RuleJson},
};
use crate::fabric::FabricError;

/// Between two looks at an NSG that is being changed.
const NEXT_LOOK: Duration = Duration::from_millis(500);
/// For how long a change by somebody else is waited out.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

#[derive(Deserialize)]
struct NsgJson {
    properties: NsgProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NsgProperties {
    #[serde(default)]
    provisioning_state: Option<String>,
    security_rules: Vec<RuleJson>,
    default_security_rules: Vec<RuleJson>,
}

/// Reads the NSG, once no write to it is under way: until then ARM lists rules that are not in effect.
pub(super) async fn observe(client: &Client, nsg: &NsgId) -> Result<Option<ObservedNsg>, FabricError> {
    let url = client.url(&nsg.to_string(), version::NETWORK, &[]);
    let deadline = client.now().saturating_add(PATIENCE).unwrap_or(client.now());
    loop {
        let Some(NsgJson { properties }) = client.find(&url, "an NSG").await? else {
            return Ok(None);
        };
        if !properties.is_changing() {
            return properties.observed(nsg).map(Some);
        }
        if client.now() >= deadline {
            return Err(FabricError::Locked { message: format!("{} is still being changed", nsg.name()) });
        }
        client.pause(NEXT_LOOK).await;
    }
}

/// As much of an NSG as tells whether Postern was there.
#[derive(Deserialize)]
struct NsgNames {
    id: String,
    properties: RuleNames,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleNames {
    security_rules: Vec<RuleName>,
}

#[derive(Deserialize)]
struct RuleName {
    name: String,
}

/// The NSGs of a subscription with a rule that a Postern named, by one list.
pub(super) async fn marked(
    client: &Client,
    subscription: SubscriptionId,
) -> Result<BTreeSet<NsgId>, FabricError> {
    let path = format!("/subscriptions/{subscription}/providers/{}", NsgId::RESOURCE_TYPE);
    let mut marked = BTreeSet::new();
    for value in client.list(client.url(&path, version::NETWORK, &[]), "the NSGs").await? {
        let NsgNames { id, properties } = serde_json::from_value(value)
            .map_err(|error| FabricError::Unintelligible { what: format!("an NSG in the list: {error}") })?;
        if properties.security_rules.iter().any(|rule| rule.name.parse::<Stamp>().is_ok()) {
            let unknown =
                |error: InvalidId| FabricError::Unintelligible { what: format!("the NSG {id}: {error}") };
            marked.insert(id.parse().map_err(unknown)?);
        }
    }
    Ok(marked)
}

impl NsgProperties {
    fn is_changing(&self) -> bool {
        self.provisioning_state.as_deref().is_some_and(rules::is_changing)
            || self.security_rules.iter().any(RuleJson::is_changing)
    }

    fn observed(self, nsg: &NsgId) -> Result<ObservedNsg, FabricError> {
        Ok(ObservedNsg {
            id: nsg.clone(),
            rules: self.security_rules.into_iter().map(rules::rule).collect::<Result<_, _>>()?,
            default_rules: self
                .default_security_rules
                .into_iter()
                .map(rules::default_rule)
                .collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests;
