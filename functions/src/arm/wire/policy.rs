//! A policy as Azure shows it.

use serde::{Deserialize, Serialize};
use shared::{
    audit::PolicySettings,
    policy::{JustificationRule, LiveSessions, PortRule, Precedence, ProtectedVm},
    policy_id::PolicyId,
    source::AllowedSources,
};

use super::{Prefixes, TYPE, protocol, request::RequestView};

#[derive(Debug, Serialize)]
pub(in crate::arm) struct PolicyList {
    pub(in crate::arm) value: Vec<PolicyView>,
    /// Absolute; followed as it stands.
    #[serde(rename = "nextLink", skip_serializing_if = "Option::is_none")]
    pub(in crate::arm) next_link: Option<String>,
}

#[derive(Debug, Serialize)]
pub(in crate::arm) struct PolicyView {
    id: String,
    name: String,
    #[serde(rename = "type")]
    of_type: &'static str,
    kind: &'static str,
    location: String,
    properties: Properties,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    virtual_machines: Vec<VmView>,
    requests: Vec<RequestView>,
    provisioning_state: &'static str,
}

impl PolicyView {
    pub(in crate::arm) fn new(
        id: &PolicyId,
        virtual_machines: Vec<VmView>,
        requests: Vec<RequestView>,
    ) -> Self {
        Self {
            id: id.to_string(),
            name: id.name().to_owned(),
            of_type: TYPE,
            kind: "Basic",
            location: id.location().to_string(),
            properties: Properties { virtual_machines, requests, provisioning_state: "Succeeded" },
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::arm) struct VmView {
    id: String,
    ports: Vec<PortRuleView>,
    /// Of the firewall in front, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_ip_address: Option<String>,
    postern: Settings,
}

impl VmView {
    pub(in crate::arm) fn new(policy: &ProtectedVm, public_ip_address: Option<String>) -> Self {
        let ports = policy.ports.iter().map(PortRuleView::of).collect();
        Self { id: policy.vm.to_string(), ports, public_ip_address, postern: Settings::of(policy) }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PortRuleView {
    number: u16,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_source_address_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_source_address_prefixes: Option<Vec<String>>,
    max_request_access_duration: String,
}

impl PortRuleView {
    fn of(rule: &PortRule) -> Self {
        let Prefixes { one, several } = match &rule.allowed_sources {
            AllowedSources::Any => Prefixes::any(),
            AllowedSources::Only(sources) => Prefixes::of(sources),
        };
        Self {
            number: rule.port.number(),
            protocol: protocol(rule.protocol),
            allowed_source_address_prefix: one,
            allowed_source_address_prefixes: several,
            max_request_access_duration: rule.max_duration.to_string(),
        }
    }
}

/// What Azure has no field for, in Postern's words. A body that leaves one out keeps what the VM has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::arm) struct Settings {
    #[serde(default)]
    justification: Option<JustificationRule>,
    #[serde(default)]
    precedence: Option<Precedence>,
    #[serde(default)]
    live_sessions: Option<LiveSessions>,
}

impl Settings {
    fn of(policy: &ProtectedVm) -> Self {
        Self {
            justification: Some(policy.justification),
            precedence: Some(policy.precedence),
            live_sessions: Some(policy.live_sessions),
        }
    }

    /// What is named here, else what the VM has, else the defaults.
    pub(in crate::arm) fn over(self, before: Option<&ProtectedVm>) -> PolicySettings {
        let before = before.map_or(PolicySettings::DEFAULT, |policy| PolicySettings {
            justification: policy.justification,
            precedence: policy.precedence,
            live_sessions: policy.live_sessions,
        });
        PolicySettings {
            justification: self.justification.unwrap_or(before.justification),
            precedence: self.precedence.unwrap_or(before.precedence),
            live_sessions: self.live_sessions.unwrap_or(before.live_sessions),
        }
    }
}
