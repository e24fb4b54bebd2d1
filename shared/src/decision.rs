//! The decision: the same code is the preview in the browser and the law in the functions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    grant::{Admission, AdmittedOpening},
    policy::{JustificationRule, PortRule, ProtectedVm},
    port::Port,
    rbac::VmRights,
    request::{AccessRequest, Opening},
    source::{AllowedSources, SourcePrefix},
    vm::VmId,
    window::{AccessDuration, AccessWindow, MaxDuration},
};

/// A person or an application, by the directory's own immutable names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Requester {
    /// The object id (`oid`); identity is never taken from a name or an e-mail address.
    pub id: String,
    /// For people to read: the user principal name, or the application's id.
    pub name: String,
}

/// The authenticated principal of this call, with what Azure's roles let it do to each VM of the request.
#[derive(Clone, Debug)]
pub struct Caller {
    pub requester: Requester,
    /// A VM that is missing here is one to which the caller has no right.
    pub rights: BTreeMap<VmId, VmRights>,
}

/// One reason why a request is not admitted; all that apply are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Denial {
    #[error("no policy protects {vm}, so there is nothing to ask for", vm = .vm.name())]
    VmNotProtected { vm: VmId },
    #[error("your Azure roles do not let you request access to {vm}", vm = .vm.name())]
    RequestNotPermitted { vm: VmId },
    #[error("port {port} of {vm} is not in its policy; it has {}", list(.allowed), vm = .vm.name())]
    PortNotInPolicy { vm: VmId, port: Port, allowed: Vec<Port> },
    #[error("{source_prefix} may not ask for port {port} of {vm}; allowed: {}", sources(.allowed), vm = .vm.name())]
    SourceNotAllowed { vm: VmId, port: Port, source_prefix: SourcePrefix, allowed: AllowedSources },
    #[error("{asked} is longer than the {maximum} that port {port} of {vm} allows", vm = .vm.name())]
    DurationOverMaximum { vm: VmId, port: Port, asked: AccessDuration, maximum: MaxDuration },
    #[error("the policy of {vm} asks why: add a justification", vm = .vm.name())]
    JustificationRequired { vm: VmId },
}

impl Denial {
    /// The machine's name of the reason, the same as in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::VmNotProtected { .. } => "vm_not_protected",
            Self::RequestNotPermitted { .. } => "request_not_permitted",
            Self::PortNotInPolicy { .. } => "port_not_in_policy",
            Self::SourceNotAllowed { .. } => "source_not_allowed",
            Self::DurationOverMaximum { .. } => "duration_over_maximum",
            Self::JustificationRequired { .. } => "justification_required",
        }
    }

    pub const fn vm(&self) -> &VmId {
        match self {
            Self::VmNotProtected { vm }
            | Self::RequestNotPermitted { vm }
            | Self::PortNotInPolicy { vm, .. }
            | Self::SourceNotAllowed { vm, .. }
            | Self::DurationOverMaximum { vm, .. }
            | Self::JustificationRequired { vm } => vm,
        }
    }
}

fn list(ports: &[Port]) -> String {
    ports.iter().map(Port::to_string).collect::<Vec<_>>().join(", ")
}

fn sources(allowed: &AllowedSources) -> String {
    match allowed {
        AllowedSources::Any => "any".to_owned(),
        AllowedSources::Only(only) => only.to_string(),
    }
}

/// Everything that speaks against a request; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} reason(s) against this request", .0.len())]
pub struct Denials(Vec<Denial>);

impl Denials {
    pub fn as_slice(&self) -> &[Denial] {
        &self.0
    }

    pub fn into_vec(self) -> Vec<Denial> {
        self.0
    }
}

/// Says whether a request is admitted, or every reason why not.
///
/// `policy` holds the protected VMs; one that is missing there is not protected. Pure: the window starts at `now`, in
/// whole seconds since a rule's stamp has no finer.
pub fn decide(
    policy: &BTreeMap<VmId, ProtectedVm>,
    request: &AccessRequest,
    caller: &Caller,
    now: Timestamp,
) -> Result<Admission, Denials> {
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let mut admitted = Vec::new();
    let may_ask = |vm: &VmId| caller.rights.get(vm).is_some_and(|rights| rights.request);
    let unique = judged(&|vm| policy.get(vm), &may_ask, request, &mut |opening, protected, rule| {
        admitted.extend(admit(opening, protected, rule, now));
    });
    let requester = caller.requester.clone();
    let justification = request.justification().cloned();
    match Admission::new(requester, justification, now, admitted) {
        Some(admission) if unique.is_empty() => Ok(admission),
        _ => Err(Denials(unique)),
    }
}

/// The reasons that [`decide`] gives, for what is at hand one by one.
pub fn denials<'p>(
    policy: &dyn Fn(&VmId) -> Option<&'p ProtectedVm>,
    may_ask: &dyn Fn(&VmId) -> bool,
    request: &AccessRequest,
) -> Option<Denials> {
    let denials = judged(policy, may_ask, request, &mut |_, _, _| {});
    (!denials.is_empty()).then_some(Denials(denials))
}

fn judged<'p>(
    policy: &dyn Fn(&VmId) -> Option<&'p ProtectedVm>,
    may_ask: &dyn Fn(&VmId) -> bool,
    request: &AccessRequest,
    admitted: &mut dyn FnMut(&Opening, &'p ProtectedVm, &'p PortRule),
) -> Vec<Denial> {
    let mut unique: Vec<Denial> = Vec::new();
    for opening in request.openings() {
        match judge(policy(&opening.vm), may_ask(&opening.vm), request, opening) {
            Ok((protected, rule)) => admitted(opening, protected, rule),
            Err(reasons) => {
                for denial in reasons {
                    if !unique.contains(&denial) {
                        unique.push(denial);
                    }
                }
            }
        }
    }
    unique
}

fn admit(
    opening: &Opening,
    protected: &ProtectedVm,
    rule: &PortRule,
    now: Timestamp,
) -> Option<AdmittedOpening> {
    let window = AccessWindow::lasting(now, opening.duration)?;
    Some(AdmittedOpening {
        vm: opening.vm.clone(),
        port: opening.port,
        protocol: rule.protocol,
        sources: opening.sources.clone(),
        expires_at: window.end(),
        live_sessions: protected.live_sessions,
    })
}

fn judge<'p>(
    policy: Option<&'p ProtectedVm>,
    may_ask: bool,
    request: &AccessRequest,
    opening: &Opening,
) -> Result<(&'p ProtectedVm, &'p PortRule), Vec<Denial>> {
    let vm = opening.vm.clone();
    let mut denials = Vec::new();
    if !may_ask {
        denials.push(Denial::RequestNotPermitted { vm: vm.clone() });
    }
    let Some(protected) = policy else {
        denials.push(Denial::VmNotProtected { vm });
        return Err(denials);
    };
    if protected.justification == JustificationRule::Required && request.justification().is_none() {
        denials.push(Denial::JustificationRequired { vm: vm.clone() });
    }
    let Some(rule) = protected.ports.for_port(opening.port) else {
        let allowed = protected.ports.iter().map(|rule| rule.port).collect();
        denials.push(Denial::PortNotInPolicy { vm, port: opening.port, allowed });
        return Err(denials);
    };
    denials.extend(judge_against_rule(opening, rule));
    if denials.is_empty() { Ok((protected, rule)) } else { Err(denials) }
}

fn judge_against_rule(opening: &Opening, rule: &PortRule) -> Vec<Denial> {
    let Opening { vm, port, sources, duration } = opening;
    let outside = sources.iter().filter(|source| !rule.allowed_sources.permits(*source));
    let mut denials: Vec<Denial> = outside
        .map(|source_prefix| Denial::SourceNotAllowed {
            vm: vm.clone(),
            port: *port,
            source_prefix,
            allowed: rule.allowed_sources.clone(),
        })
        .collect();
    if !duration.is_within(rule.max_duration) {
        denials.push(Denial::DurationOverMaximum {
            vm: vm.clone(),
            port: *port,
            asked: *duration,
            maximum: rule.max_duration,
        });
    }
    denials
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        policy::{LiveSessions, PortRules, Precedence},
        port::Protocol,
        source::Sources,
    };

    #[test]
    fn accepts_what_the_policy_allows() {
        let admission = decided(a_policy(), an_opening("web-01", 22), None).unwrap();
        let lease = &admission.openings()[0];
        assert_eq!(lease.expires_at.as_second(), now().as_second() + 3600);
        assert_eq!(lease.protocol, Protocol::Tcp);
        assert_eq!(lease.sources.to_string(), "203.0.113.7");
    }

    #[test]
    fn rejects_a_port_that_is_not_in_the_policy() {
        let denials = decided(a_policy(), an_opening("web-01", 443), None).unwrap_err();
        let [Denial::PortNotInPolicy { port, allowed, .. }] = denials.as_slice() else {
            panic!("{denials:?}")
        };
        assert_eq!((port.number(), allowed.as_slice()), (443, &[Port::SSH][..]));
    }

    #[test]
    fn accepts_the_longest_duration_and_rejects_a_second_more() {
        let lasting = |seconds| Opening {
            duration: AccessDuration::from_seconds(seconds).unwrap(),
            ..an_opening("web-01", 22)
        };
        assert!(decided(a_policy(), lasting(10_800), None).is_ok());
        assert_eq!(codes(decided(a_policy(), lasting(10_801), None)), ["duration_over_maximum"]);
    }

    #[test]
    fn accepts_sources_inside_the_allowed_ones_and_rejects_each_outside() {
        let mut policy = a_policy();
        let mut rule = PortRule::with_defaults(Port::SSH);
        rule.allowed_sources = AllowedSources::Only(Sources::one("203.0.113.0/24".parse().unwrap()));
        policy.ports = PortRules::try_from(vec![rule]).unwrap();
        assert!(decided(policy.clone(), an_opening("web-01", 22), None).is_ok());
        let outside = vec!["198.51.100.7".parse().unwrap(), "203.0.0.0/16".parse().unwrap()];
        let opening = Opening { sources: Sources::try_from(outside).unwrap(), ..an_opening("web-01", 22) };
        assert_eq!(codes(decided(policy, opening, None)), ["source_not_allowed"; 2]);
    }

    #[test]
    fn rejects_a_vm_without_a_policy() {
        let denials = decided(a_policy(), an_opening("web-02", 22), None).unwrap_err();
        assert!(denials.as_slice().contains(&Denial::VmNotProtected { vm: vm("web-02") }));
    }

    #[test]
    fn a_required_justification_is_required_and_an_optional_one_is_not() {
        let mut policy = a_policy();
        policy.justification = JustificationRule::Required;
        assert_eq!(
            codes(decided(policy.clone(), an_opening("web-01", 22), None)),
            ["justification_required"]
        );
        assert!(decided(policy.clone(), an_opening("web-01", 22), Some("incident 7")).is_ok());
        policy.justification = JustificationRule::Optional;
        assert!(decided(policy, an_opening("web-01", 22), None).is_ok());
    }

    #[test]
    fn a_missing_right_denies() {
        let policy = BTreeMap::from([(vm("web-01"), a_policy())]);
        let request = AccessRequest::new(vec![an_opening("web-01", 22)], None).unwrap();
        let mut caller = a_caller("web-01");
        assert!(decide(&policy, &request, &caller, now()).is_ok());
        caller
            .rights
            .insert(vm("web-01"), VmRights { read: true, request: false, configure: true, remove: true });
        assert_eq!(codes(decide(&policy, &request, &caller, now())), ["request_not_permitted"]);
        caller.rights.clear();
        assert_eq!(codes(decide(&policy, &request, &caller, now())), ["request_not_permitted"]);
    }

    #[test]
    fn all_reasons_are_given_at_once_and_one_bad_opening_denies_the_whole() {
        let mut policy = a_policy();
        policy.justification = JustificationRule::Required;
        let too_long = Opening { duration: "PT4H".parse().unwrap(), ..an_opening("web-01", 22) };
        let request = AccessRequest::new(vec![too_long, an_opening("web-01", 443)], None).unwrap();
        let policies = BTreeMap::from([(vm("web-01"), policy)]);
        let outcome = decide(&policies, &request, &a_caller("web-01"), now());
        assert_eq!(codes(outcome), ["justification_required", "duration_over_maximum", "port_not_in_policy"]);
    }

    fn decided(policy: ProtectedVm, opening: Opening, why: Option<&str>) -> Result<Admission, Denials> {
        let caller = a_caller(opening.vm.name());
        let request = AccessRequest::new(vec![opening], why.map(|text| text.parse().unwrap())).unwrap();
        decide(&BTreeMap::from([(policy.vm.clone(), policy)]), &request, &caller, now())
    }

    fn codes(outcome: Result<Admission, Denials>) -> Vec<&'static str> {
        outcome.unwrap_err().as_slice().iter().map(Denial::code).collect()
    }

    pub(crate) fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }

    pub(crate) fn vm(name: &str) -> VmId {
        VmId::new("0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap(), "prod-rg", name).unwrap()
    }

    pub(crate) fn an_opening(name: &str, port: i64) -> Opening {
        Opening {
            vm: vm(name),
            port: port.try_into().unwrap(),
            sources: Sources::one("203.0.113.7".parse().unwrap()),
            duration: "PT1H".parse().unwrap(),
        }
    }

    pub(crate) fn a_policy() -> ProtectedVm {
        let ssh = PortRule { protocol: Protocol::Tcp, ..PortRule::with_defaults(Port::SSH) };
        ProtectedVm {
            vm: vm("web-01"),
            ports: PortRules::try_from(vec![ssh]).unwrap(),
            justification: JustificationRule::Optional,
            precedence: Precedence::CustomerFirst,
            live_sessions: LiveSessions::Never,
        }
    }

    pub(crate) fn a_caller(name: &str) -> Caller {
        let requester = Requester { id: "oid-rui".to_owned(), name: "rui@contoso.example".to_owned() };
        let rights = VmRights { read: true, request: true, configure: false, remove: false };
        Caller { requester, rights: BTreeMap::from([(vm(name), rights)]) }
    }
}
