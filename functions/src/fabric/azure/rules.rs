//! NSG rules in ARM's JSON and back.
//!
//! Invariant: a rule that cannot be read exactly is an error. Left out, it could hide an open port.

mod read;
mod write;

use serde::Deserialize;

pub(super) use self::{
    read::{default_rule, rule},
    write::to_json,
};

/// A rule as ARM lists it.
#[derive(Debug, Deserialize)]
pub(super) struct RuleJson {
    name: String,
    properties: Properties,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    provisioning_state: Option<String>,
    protocol: String,
    access: String,
    direction: String,
    priority: u16,
    #[serde(flatten)]
    matches: Matches,
}

/// What a rule matches: each side in a singular field, a plural one, or both.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matches {
    source_port_range: Option<String>,
    source_port_ranges: Option<Vec<String>>,
    destination_port_range: Option<String>,
    destination_port_ranges: Option<Vec<String>>,
    source_address_prefix: Option<String>,
    source_address_prefixes: Option<Vec<String>>,
    source_application_security_groups: Option<Vec<GroupJson>>,
    destination_address_prefix: Option<String>,
    destination_address_prefixes: Option<Vec<String>>,
    destination_application_security_groups: Option<Vec<GroupJson>>,
}

#[derive(Debug, Deserialize)]
struct GroupJson {
    id: String,
}

impl RuleJson {
    /// Whether ARM still works on the rule: it is not in effect yet, or still is.
    pub(super) fn is_changing(&self) -> bool {
        self.properties.provisioning_state.as_deref().is_some_and(is_changing)
    }
}

/// Whether a `provisioningState` is one that ends by itself.
pub(super) fn is_changing(state: &str) -> bool {
    !["succeeded", "failed", "canceled"].contains(&state.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests;
