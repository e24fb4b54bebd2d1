//! Policies: which VMs may be opened, and under which port rules.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    port::{Port, Protocol},
    source::AllowedSources,
    text_serde,
    vm::{Os, SubscriptionId, VmId},
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

/// Azure's name of a region, as the policy resource has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location(String);

/// Why a text is not a name for a policy or a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name here has 1 to 80 letters, digits, and . _ -")]
pub struct InvalidPolicyName;

impl FromStr for Location {
    type Err = InvalidPolicyName;

    /// Regions are written *West Europe* and *westeurope*; both name the same.
    fn from_str(text: &str) -> Result<Self, InvalidPolicyName> {
        let name: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_lowercase()).collect();
        let good = (1..=80).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
        if good { Ok(Self(name)) } else { Err(InvalidPolicyName) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_serde!(Location);

/// Where a policy lives. The portal keeps all VMs of one resource group and location in the policy `default`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PolicyId {
    pub subscription: SubscriptionId,
    /// In lower case: ARM ignores case.
    pub resource_group: String,
    pub location: Location,
    pub name: String,
}

impl PolicyId {
    /// The policy that the portal puts a VM into.
    pub fn default_for(vm: &VmId, location: Location) -> Self {
        Self {
            subscription: vm.subscription(),
            resource_group: vm.resource_group().to_lowercase(),
            location,
            name: "default".to_owned(),
        }
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subscription, resource_group, location, name } = self;
        write!(
            f,
            "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.Security\
             /locations/{location}/jitNetworkAccessPolicies/{name}"
        )
    }
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

    #[test]
    fn both_spellings_of_a_location_are_the_same() {
        assert_eq!("West Europe".parse::<Location>(), "westeurope".parse());
        assert!("west/europe".parse::<Location>().is_err());
    }
}
