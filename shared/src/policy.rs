//! Policies: which VMs may be opened, and under which port rules.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    port::{Port, Protocol},
    source::AllowedSources,
    vm::{Os, VmId},
    window::MaxDuration,
};

/// Whether a request must say why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum JustificationRule {
    Off,
    Optional,
    Required,
}

/// Which wins where a customer's allow rule and our guard speak of the same packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Precedence {
    /// The customer's rule, as Azure documents it; Postern then says that the port is still open.
    CustomerFirst,
    /// Our guard stands before the customer's rules.
    GuardFirst,
}

/// What becomes of sessions that are established when their lease ends. An NSG by itself leaves them alone: its rules
/// are asked only when a connection begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LiveSessions {
    /// They go on until somebody ends them, as Azure has it.
    #[default]
    Never,
    /// Cut when somebody closes the lease before its end.
    OnRevoke,
    /// Cut whenever the lease ends.
    AtEnd,
}

/// Permission to ask for one port. It opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PortRule {
    pub port: Port,
    pub protocol: Protocol,
    pub allowed_sources: AllowedSources,
    pub max_duration: MaxDuration,
}

impl PortRule {
    /// Azure's default: any protocol, any source on request, 3 hours.
    pub fn with_defaults(port: Port) -> Self {
        Self {
            port,
            protocol: Protocol::Any,
            allowed_sources: AllowedSources::Any,
            max_duration: MaxDuration::DEFAULT,
        }
    }

    /// What *enable* with defaults protects: RDP on Windows, SSH on Linux.
    pub fn default_for(os: Os) -> Self {
        Self::with_defaults(match os {
            Os::Linux => Port::SSH,
            Os::Windows => Port::RDP,
        })
    }
}

/// The port rules of one VM: at least one, each port once, ordered by port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("minItems" = 1, "maxItems" = PortRules::MAX)))]
#[serde(try_from = "Vec<PortRule>", into = "Vec<PortRule>")]
pub struct PortRules(Vec<PortRule>);

/// A list of port rules that cannot protect a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPortRules {
    #[error("protect at least one port")]
    Empty,
    #[error("port {0} has more than one rule; give each port one")]
    Repeated(Port),
    #[error("protect at most {} ports of one VM", PortRules::MAX)]
    TooMany,
}

impl PortRules {
    pub const MAX: usize = 50;

    pub fn one(rule: PortRule) -> Self {
        Self(vec![rule])
    }

    pub fn iter(&self) -> impl Iterator<Item = &PortRule> {
        self.0.iter()
    }

    pub fn for_port(&self, port: Port) -> Option<&PortRule> {
        self.0.iter().find(|rule| rule.port == port)
    }
}

impl TryFrom<Vec<PortRule>> for PortRules {
    type Error = InvalidPortRules;

    fn try_from(mut rules: Vec<PortRule>) -> Result<Self, InvalidPortRules> {
        rules.sort_by_key(|rule| rule.port);
        if rules.is_empty() {
            return Err(InvalidPortRules::Empty);
        }
        if rules.len() > Self::MAX {
            return Err(InvalidPortRules::TooMany);
        }
        let mut seen = BTreeSet::new();
        match rules.iter().find(|rule| !seen.insert(rule.port)) {
            Some(repeated) => Err(InvalidPortRules::Repeated(repeated.port)),
            None => Ok(Self(rules)),
        }
    }
}

impl From<PortRules> for Vec<PortRule> {
    fn from(rules: PortRules) -> Self {
        rules.0
    }
}

/// A VM in a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProtectedVm {
    pub vm: VmId,
    pub ports: PortRules,
    pub justification: JustificationRule,
    pub precedence: Precedence,
    /// Policies of before there was a choice cut nothing.
    #[serde(default)]
    pub live_sessions: LiveSessions,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_azures() {
        let json = serde_json::to_value(PortRule::default_for(Os::Windows)).unwrap();
        let expected = r#"{"port":3389,"protocol":"any","allowed_sources":"any","max_duration":"PT3H"}"#;
        assert_eq!(json, serde_json::from_str::<serde_json::Value>(expected).unwrap());
        assert_eq!(PortRule::default_for(Os::Linux).port, Port::SSH);
    }

    #[test]
    fn rejects_no_ports_and_repeated_ports() {
        assert_eq!(PortRules::try_from(vec![]), Err(InvalidPortRules::Empty));
        let ssh = PortRule::with_defaults(Port::SSH);
        let twice = vec![ssh.clone(), PortRule::with_defaults(Port::RDP), ssh];
        assert_eq!(PortRules::try_from(twice), Err(InvalidPortRules::Repeated(Port::SSH)));
        assert!(serde_json::from_str::<PortRules>("[]").is_err());
    }

    #[test]
    fn a_missing_field_of_a_port_rule_never_means_any() {
        let whole = r#"{"port":22,"protocol":"tcp","allowed_sources":"any","max_duration":"PT3H"}"#;
        assert!(serde_json::from_str::<PortRule>(whole).is_ok());
        for field in ["port", "protocol", "allowed_sources", "max_duration"] {
            let mut map: serde_json::Map<_, _> = serde_json::from_str(whole).unwrap();
            map.remove(field);
            assert!(serde_json::from_value::<PortRule>(map.into()).is_err(), "without {field}");
        }
    }
}
