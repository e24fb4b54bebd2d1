use serde::{Deserialize, Serialize};

use crate::{
    policy::{
        InvalidPortRules, JustificationRule, LiveSessions, PortRule, PortRules, Precedence, ProtectedVm,
    },
    port::{Port, Protocol},
    source::AllowedSources,
    vm::{Os, VmId},
    window::MaxDuration,
};

/// What to change of policies. A missing field keeps what each VM has; a VM without a policy needs them all.
///
/// Ports are replaced, removed, changed and added in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyPatch {
    /// Takes the place of all the port rules of each VM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<PortRules>,
    /// A VM that does not have such a port stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_ports: Vec<Port>,
    /// A VM that does not have such a port stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub change_ports: Vec<PortPatch>,
    /// A VM that has such a port keeps its rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_ports: Vec<AddedPort>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<JustificationRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precedence: Option<Precedence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_sessions: Option<LiveSessions>,
}

/// What to change of the rule for a port; a missing field keeps what each VM has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PortPatch {
    pub port: Port,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_sources: Option<AllowedSources>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_duration: Option<MaxDuration>,
}

/// A rule for VMs that have none for its port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AddedPort {
    pub rule: PortRule,
    /// Leaves out VMs of another operating system; an unknown one counts as Linux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_on: Option<Os>,
}

/// Why a patch does not make a policy of what a VM has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPatch {
    #[error("it has no policy yet, so it needs {} too", .0.join(", "))]
    Missing(Vec<&'static str>),
    #[error("{0}")]
    Ports(InvalidPortRules),
}

impl PolicyPatch {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The policy of `vm` after the change.
    pub fn applied_to(
        &self,
        vm: &VmId,
        os: Option<Os>,
        before: Option<&ProtectedVm>,
    ) -> Result<ProtectedVm, InvalidPatch> {
        let ports = self.ports_of(os, before.map(|policy| &policy.ports))?;
        let justification = self.justification.or(before.map(|policy| policy.justification));
        let precedence = self.precedence.or(before.map(|policy| policy.precedence));
        let live_sessions = self.live_sessions.or(before.map(|policy| policy.live_sessions));
        let missing = [
            ("ports", ports.is_none()),
            ("justification", justification.is_none()),
            ("precedence", precedence.is_none()),
            ("live_sessions", live_sessions.is_none()),
        ];
        match (ports, justification, precedence, live_sessions) {
            (Some(ports), Some(justification), Some(precedence), Some(live_sessions)) => {
                Ok(ProtectedVm { vm: vm.clone(), ports, justification, precedence, live_sessions })
            }
            _ => {
                let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing);
                Err(InvalidPatch::Missing(missing.map(|(name, _)| name).collect()))
            }
        }
    }

    /// `None`: there were none, and none come.
    fn ports_of(
        &self,
        os: Option<Os>,
        before: Option<&PortRules>,
    ) -> Result<Option<PortRules>, InvalidPatch> {
        let os = os.unwrap_or(Os::Linux);
        let start = self.ports.as_ref().or(before);
        let mut rules: Vec<PortRule> = start.map(|rules| rules.clone().into()).unwrap_or_default();
        rules.retain(|rule| !self.remove_ports.contains(&rule.port));
        for patch in &self.change_ports {
            rules.iter_mut().filter(|rule| rule.port == patch.port).for_each(|rule| patch.change(rule));
        }
        for AddedPort { rule, only_on } in &self.add_ports {
            let is_for_it = only_on.is_none_or(|only| only == os);
            if is_for_it && !rules.iter().any(|one| one.port == rule.port) {
                rules.push(rule.clone());
            }
        }
        if rules.is_empty() && start.is_none() {
            return Ok(None);
        }
        PortRules::try_from(rules).map(Some).map_err(InvalidPatch::Ports)
    }
}

impl PortPatch {
    fn change(&self, rule: &mut PortRule) {
        let Self { protocol, allowed_sources, max_duration, .. } = self;
        if let Some(protocol) = protocol {
            rule.protocol = *protocol;
        }
        if let Some(sources) = allowed_sources {
            rule.allowed_sources.clone_from(sources);
        }
        if let Some(longest) = max_duration {
            rule.max_duration = *longest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{decision::tests::vm, source::Sources};

    #[test]
    fn a_missing_field_keeps_what_the_vm_has() {
        let patch = PolicyPatch { precedence: Some(Precedence::GuardFirst), ..PolicyPatch::default() };
        let before = a_policy(&[Port::SSH]);
        let after = patch.applied_to(&before.vm, None, Some(&before)).unwrap();
        assert_eq!(after, ProtectedVm { precedence: Precedence::GuardFirst, ..before });
    }

    #[test]
    fn a_vm_without_a_policy_needs_every_field() {
        let ProtectedVm { vm, ports, justification, precedence, live_sessions } = a_policy(&[Port::SSH]);
        let whole = PolicyPatch {
            ports: Some(ports),
            justification: Some(justification),
            precedence: Some(precedence),
            live_sessions: Some(live_sessions),
            ..PolicyPatch::default()
        };
        assert_eq!(whole.applied_to(&vm, None, None), Ok(a_policy(&[Port::SSH])));
        let part = PolicyPatch { ports: None, live_sessions: None, ..whole.clone() };
        let missing = InvalidPatch::Missing(vec!["ports", "live_sessions"]);
        assert_eq!(part.applied_to(&vm, None, None), Err(missing));
        let added = PolicyPatch { ports: None, add_ports: vec![added(Port::SSH, None)], ..whole };
        assert_eq!(added.applied_to(&vm, None, None), Ok(a_policy(&[Port::SSH])));
    }

    #[test]
    fn changing_a_port_changes_the_named_fields_of_the_vms_that_have_it_and_nothing_else() {
        let change = PortPatch {
            port: Port::SSH,
            protocol: None,
            allowed_sources: None,
            max_duration: Some("PT45M".parse().unwrap()),
        };
        let patch = PolicyPatch { change_ports: vec![change], ..PolicyPatch::default() };
        let mut both = a_policy(&[Port::SSH, Port::RDP]);
        let only = AllowedSources::Only(Sources::one("203.0.113.0/24".parse().unwrap()));
        both.ports = with(&both.ports, |rule| rule.allowed_sources.clone_from(&only));
        let after = patch.applied_to(&both.vm, None, Some(&both)).unwrap();
        let expected = with(&both.ports, |rule| {
            if rule.port == Port::SSH {
                rule.max_duration = "PT45M".parse().unwrap();
            }
        });
        assert_eq!(after.ports, expected);
        let other = a_policy(&[Port::RDP]);
        assert_eq!(patch.applied_to(&other.vm, None, Some(&other)), Ok(other));
    }

    #[test]
    fn an_added_port_leaves_the_rule_of_a_vm_that_has_one() {
        let mut before = a_policy(&[Port::SSH]);
        before.ports = with(&before.ports, |rule| rule.protocol = Protocol::Tcp);
        let patch = PolicyPatch {
            add_ports: vec![added(Port::SSH, None), added(Port::RDP, None)],
            ..PolicyPatch::default()
        };
        let after = patch.applied_to(&before.vm, None, Some(&before)).unwrap();
        assert_eq!(after.ports.for_port(Port::SSH), before.ports.for_port(Port::SSH));
        assert_eq!(after.ports.iter().count(), 2);
    }

    #[test]
    fn a_port_may_be_added_to_the_vms_of_one_operating_system() {
        let patch = PolicyPatch {
            add_ports: vec![added(Port::SSH, Some(Os::Linux)), added(Port::RDP, Some(Os::Windows))],
            justification: Some(JustificationRule::Off),
            precedence: Some(Precedence::CustomerFirst),
            live_sessions: Some(LiveSessions::Never),
            ..PolicyPatch::default()
        };
        for (os, port) in [(Some(Os::Linux), Port::SSH), (Some(Os::Windows), Port::RDP), (None, Port::SSH)] {
            let after = patch.applied_to(&vm("web-01"), os, None).unwrap();
            assert_eq!(after.ports.iter().map(|rule| rule.port).collect::<Vec<_>>(), [port]);
        }
    }

    #[test]
    fn rejects_taking_the_last_port_away() {
        let patch = PolicyPatch { remove_ports: vec![Port::SSH], ..PolicyPatch::default() };
        let (one, two) = (a_policy(&[Port::SSH]), a_policy(&[Port::SSH, Port::RDP]));
        let empty = InvalidPatch::Ports(InvalidPortRules::Empty);
        assert_eq!(patch.applied_to(&one.vm, None, Some(&one)), Err(empty));
        let left = patch.applied_to(&two.vm, None, Some(&two)).unwrap();
        assert_eq!(left, a_policy(&[Port::RDP]));
    }

    fn added(port: Port, only_on: Option<Os>) -> AddedPort {
        AddedPort { rule: PortRule::with_defaults(port), only_on }
    }

    fn with(ports: &PortRules, change: impl Fn(&mut PortRule)) -> PortRules {
        let mut rules: Vec<PortRule> = ports.clone().into();
        rules.iter_mut().for_each(change);
        PortRules::try_from(rules).unwrap()
    }

    fn a_policy(ports: &[Port]) -> ProtectedVm {
        let rules: Vec<PortRule> = ports.iter().map(|port| PortRule::with_defaults(*port)).collect();
        ProtectedVm {
            vm: vm("web-01"),
            ports: PortRules::try_from(rules).unwrap(),
            justification: JustificationRule::Required,
            precedence: Precedence::CustomerFirst,
            live_sessions: LiveSessions::AtEnd,
        }
    }
}
