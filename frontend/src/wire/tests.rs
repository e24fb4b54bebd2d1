use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared::{
    api::{
        AddedPort, ArmBudget, Concern, ConfiguredVm, ConfiguredVms, CreateGrant, Drift, DriftNumbers,
        Exposed, GrantList, HealthReport, LeaseNumbers, LeftOpen, ListCounts, ListName, Mapped,
        OldestOverdue, OpeningForm, Place, Places, PoliciesPreview, PolicyList, PolicyPatch, PortPatch,
        PortState, PreviewedObstacle, PreviewedRule, Problem, ProblemBody, PutPolicies, PutPolicy,
        ReadPolicies, RemovePolicies, RemovedPolicy, SourceConcern, Support, ThroughFirewall, UnprotectedVm,
        UnprotectedVms, Unsupported, VmDetail, VmList, VmPage, VmPlace, VmPolicy, VmState, VmSummary,
        Warning,
    },
    decision::Denial,
    firewall::NatRuleName,
    grant::{CloseReason, LeaseState, Sessions},
    nsg::proof::{Packets, Proof},
    policy::{JustificationRule, LiveSessions, PortRule, Precedence},
    port::{Port, PortRange, Protocol},
    rule::{Access, RuleName, RulePriority},
    source::{AllowedSources, Sources},
    vm::{Os, PowerState},
    window::AccessDuration,
};

use super::{Read, Write, from_text};
use crate::model::samples::{
    a_detail, a_grant, a_lease, a_policy, a_session, a_status, a_summary, later, now, rui, unusable, web_01,
};

/// What serde writes is read, and reading notices each field that is taken away just as serde does.
fn reads<T: Read + Serialize + DeserializeOwned + PartialEq + Debug>(sample: T) {
    let written = serde_json::to_value(&sample).unwrap();
    let read = |value: &Value| from_text::<T>(&value.to_string());
    assert_eq!(read(&written).as_ref(), Some(&sample), "{written}");
    let Value::Object(fields) = &written else { return };
    for name in fields.keys() {
        let mut less = fields.clone();
        less.remove(name);
        let less = Value::Object(less);
        assert_eq!(read(&less), serde_json::from_value(less.clone()).ok(), "{written} without {name}");
    }
    assert_eq!(read(&json!([])), None, "a list is no object");
}

/// What is written is what the functions read with serde.
fn writes<T: Write + DeserializeOwned + PartialEq + Debug>(sample: T) {
    let written = sample.write().to_string();
    assert_eq!(serde_json::from_str::<T>(&written).unwrap(), sample, "{written}");
}

fn a_rule_name() -> RuleName {
    RuleName {
        nsg: "web-01-nsg".to_owned(),
        name: "allow-ssh".to_owned(),
        priority: RulePriority::new(300).unwrap(),
    }
}

fn a_nat() -> NatRuleName {
    NatRuleName { firewall: "fw".to_owned(), collection: "theirs".to_owned(), name: "ssh".to_owned() }
}

fn concerns() -> Vec<Concern> {
    vec![
        Concern::ForeignRule { rule: a_rule_name() },
        Concern::ForeignNat { nat: a_nat() },
        Concern::GuardMissing,
        Concern::Overdue { since: now() },
        Concern::NotConfirmed,
        Concern::NotEffective,
        Concern::NotAnswering { message: "busy".to_owned() },
        Concern::NeverChecked,
    ]
}

fn a_full_detail() -> VmDetail {
    let mut detail = a_detail();
    let mut status = a_status(PortState::PossiblyOpen { concerns: concerns() });
    status.leases = vec![a_lease(LeaseState::Open { opened_at: now() })];
    status.exposed = vec![Exposed {
        from: vec!["Internet".to_owned()],
        rule: a_rule_name(),
        nat: Some(a_nat()),
        certain: false,
    }];
    status.mapped =
        Some(Mapped { address: "20.1.2.3".parse().unwrap(), port: Port::try_from(40_022).unwrap() });
    detail.ports.push(status);
    detail.network.firewall =
        Some(ThroughFirewall { name: "fw".to_owned(), address: "2001:db8::1".parse().unwrap() });
    detail.drift = Some(Drift { at: now(), what: "it was changed".to_owned() });
    detail.summary.support = Support::Unsupported { reasons: Unsupported::ALL.to_vec() };
    detail.summary.open_until = Some(later(60));
    detail
}

#[test]
fn vms_are_read_as_serde_reads_them() {
    reads(a_full_detail());
    reads(a_summary());
    reads(VmSummary { warnings: Warning::ALL.to_vec(), ..a_summary() });
    reads(VmList {
        vms: vec![a_summary()],
        inventory_at: None,
        unreadable: vec!["x".to_owned()],
        server_time: now(),
    });
    let counts = Some(ListCounts { configured: 1, not_configured: 2, unsupported: 3 });
    reads(VmPage {
        vms: vec![],
        next: Some(VmPlace { rank: Some(7), vm: web_01() }),
        counts,
        inventory_at: Some(now()),
        unreadable: vec![],
        server_time: now(),
    });
    reads(Support::NotConfigured);
    reads(Support::Configured);
    reads(PortState::Closed);
    reads(PortState::Open { until: now() });
    concerns().into_iter().for_each(reads);
    let default_rule = RuleName { priority: RulePriority::of_default_rule(65_000), ..a_rule_name() };
    reads(default_rule);
}

#[test]
fn grants_are_read_as_serde_reads_them() {
    let states = [
        LeaseState::Pending { written_at: None },
        LeaseState::Pending { written_at: Some(now()) },
        LeaseState::Open { opened_at: now() },
        LeaseState::Closed { at: now(), reason: CloseReason::Failed },
    ];
    for state in states {
        reads(state.clone());
        let mut lease = a_lease(state);
        lease.lease.sessions = Sessions::Left { reason: "no flows".to_owned() };
        lease.lease.live_sessions = LiveSessions::AtEnd;
        reads(lease.lease.clone());
        reads(lease.clone());
        reads(GrantList { grants: vec![a_grant(lease, now())], server_time: now() });
    }
    reads(Sessions::Untouched);
    reads(Sessions::Cut);
    let packets = Packets {
        from: vec!["*".to_owned()],
        to: vec!["10.1.0.4".parse().unwrap()],
        protocol: Protocol::Udp,
        ports: vec![PortRange::ALL, PortRange::new(80, 90).unwrap()],
        certain: true,
    };
    reads(packets.clone());
    reads(Proof { opens: vec![packets], closes: vec![] });
}

#[test]
fn policies_are_read_as_serde_reads_them() {
    reads(a_policy());
    let only = AllowedSources::Only(Sources::one("198.51.100.0/24".parse().unwrap()));
    reads(only.clone());
    reads(AllowedSources::Any);
    reads(PortRule { allowed_sources: only, ..PortRule::with_defaults(Port::RDP) });
    reads(RemovedPolicy { vm: web_01() });
    let configured = ConfiguredVm {
        summary: a_summary(),
        policy: a_policy(),
        ports: vec![],
        trouble: Some("busy".to_owned()),
    };
    reads(ConfiguredVms { vms: vec![configured], server_time: now() });
    let lease = a_lease(LeaseState::Open { opened_at: now() });
    let unprotected = UnprotectedVm { vm: web_01(), leases: vec![lease], trouble: None };
    reads(PolicyList {
        vms: vec![VmPolicy { summary: a_summary(), policy: Some(a_policy()), version: "v1".to_owned() }],
        server_time: now(),
    });
    let rule = PreviewedRule {
        nsg: "web-01-nsg".to_owned(),
        name: "postern-guard".to_owned(),
        access: Access::Deny,
        ports: vec![PortRange::single(Port::SSH)],
        before: None,
        after: Some(RulePriority::LAST),
        rewritten: true,
    };
    reads(PoliciesPreview {
        obstacles: vec![PreviewedObstacle { place: "web-01-nsg".to_owned(), reason: "full".to_owned() }],
        rules: vec![rule],
        proof: Proof::default(),
        left_open: vec![LeftOpen { vm: web_01(), port: Port::SSH, exposed: vec![] }],
        server_time: now(),
    });
    let place = Place {
        subscription: web_01().subscription(),
        name: "Contoso Production".to_owned(),
        groups: vec!["prod-rg".to_owned()],
    };
    reads(Places { subscriptions: vec![place], server_time: now() });
    reads(UnprotectedVms { vms: vec![unprotected], server_time: now() });
}

#[test]
fn sessions_health_and_refusals_are_read_as_serde_reads_them() {
    reads(a_session());
    reads(unusable());
    reads(HealthReport {
        last_sweep_at: Some(now()),
        timer_silent_since: Some(now()),
        leases: LeaseNumbers { pending: 1, open: 2, overdue: 3 },
        oldest_overdue: Some(OldestOverdue { since: now(), vm: Some(web_01()), reason: None }),
        drift: DriftNumbers { last_7_days: 4, newest_at: None },
        arm_budgets: vec![ArmBudget {
            subscription: web_01().subscription(),
            reads: 1,
            writes: 2,
            deletes: 3,
        }],
        clock_ahead_millis: Some(-12),
        version: "0.1.0".to_owned(),
        server_time: now(),
    });
    let inner = ProblemBody::new("x", "this").about("vm");
    let mut outer = ProblemBody::new("denied", "that");
    outer.details.push(inner);
    reads(Problem { error: outer });
    let asked: AccessDuration = "PT2H".parse().unwrap();
    let (vm, port) = (web_01(), Port::SSH);
    reads(Denial::VmNotProtected { vm: vm.clone() });
    reads(Denial::RequestNotPermitted { vm: vm.clone() });
    reads(Denial::PortNotInPolicy { vm: vm.clone(), port, allowed: vec![Port::RDP] });
    let source_prefix = "203.0.113.7".parse().unwrap();
    reads(Denial::SourceNotAllowed { vm: vm.clone(), port, source_prefix, allowed: AllowedSources::Any });
    reads(Denial::DurationOverMaximum { vm: vm.clone(), port, asked, maximum: "PT1H".parse().unwrap() });
    reads(Denial::JustificationRequired { vm });
    reads(rui());
}

#[test]
fn words_are_read_as_serde_reads_them() {
    CloseReason::ALL.into_iter().for_each(reads);
    Unsupported::ALL.into_iter().for_each(reads);
    Warning::ALL.into_iter().for_each(reads);
    [Access::Allow, Access::Deny].into_iter().for_each(reads);
    Protocol::ALL.into_iter().for_each(reads);
    [JustificationRule::Off, JustificationRule::Optional, JustificationRule::Required]
        .into_iter()
        .for_each(reads);
    [LiveSessions::Never, LiveSessions::OnRevoke, LiveSessions::AtEnd].into_iter().for_each(reads);
    [Precedence::CustomerFirst, Precedence::GuardFirst].into_iter().for_each(reads);
    [ListName::Configured, ListName::NotConfigured, ListName::Unsupported].into_iter().for_each(reads);
    [Os::Linux, Os::Windows].into_iter().for_each(reads);
    [PowerState::Running, PowerState::Stopped, PowerState::Unknown].into_iter().for_each(reads);
    [SourceConcern::Private, SourceConcern::Unusable].into_iter().for_each(reads);
    [VmState::Unguarded, VmState::Closed, VmState::Open, VmState::PossiblyOpen].into_iter().for_each(reads);
}

#[test]
fn what_is_sent_is_what_the_functions_read() {
    let vms = vec![web_01()].try_into().unwrap();
    for sources in [None, Some(Sources::one("203.0.113.7".parse().unwrap()))] {
        let (vm, port, duration) = (web_01(), Port::SSH, "PT90M".parse().unwrap());
        let openings = vec![OpeningForm { vm, port, sources, duration }];
        writes(CreateGrant { openings, justification: Some("to look".parse().unwrap()) });
    }
    let only = AllowedSources::Only(Sources::one("198.51.100.0/24".parse().unwrap()));
    let rule = PortRule { allowed_sources: only, ..PortRule::with_defaults(Port::RDP) };
    let ports = vec![rule, PortRule::with_defaults(Port::SSH)].try_into().unwrap();
    let words = [
        (JustificationRule::Off, Precedence::CustomerFirst, LiveSessions::Never),
        (JustificationRule::Optional, Precedence::GuardFirst, LiveSessions::OnRevoke),
        (JustificationRule::Required, Precedence::GuardFirst, LiveSessions::AtEnd),
    ];
    for (justification, precedence, live_sessions) in words {
        let ports: shared::policy::PortRules = Clone::clone(&ports);
        writes(PutPolicy { ports, justification, precedence, live_sessions });
    }
    let policy = PolicyPatch {
        remove_ports: vec![Port::RDP],
        change_ports: vec![PortPatch {
            port: Port::SSH,
            protocol: Some(Protocol::Udp),
            allowed_sources: None,
            max_duration: None,
        }],
        add_ports: vec![AddedPort {
            rule: PortRule::with_defaults(Port::WINRM_HTTP),
            only_on: Some(Os::Windows),
        }],
        justification: Some(JustificationRule::Off),
        ..PolicyPatch::default()
    };
    writes(PutPolicies {
        vms: Clone::clone(&vms),
        policy: Clone::clone(&policy),
        versions: Some(vec!["v1".to_owned()]),
    });
    writes(PutPolicies { vms: Clone::clone(&vms), policy, versions: None });
    writes(ReadPolicies { vms: Clone::clone(&vms) });
    writes(RemovePolicies { vms });
}

#[test]
fn what_does_not_fit_is_not_read() {
    for text in
        [r#"{"nsg":1,"name":"x","priority":300}"#, r#"{"nsg":"x","name":"x","priority":70000}"#, "[", "null"]
    {
        assert_eq!(from_text::<RuleName>(text), None, "{text}");
    }
    assert_eq!(from_text::<Sources>("[]"), None);
    assert_eq!(from_text::<Sources>(r#"["0.0.0.0/0"]"#), None);
    assert_eq!(from_text::<AllowedSources>(r#"{"only":[]}"#), None);
    assert_eq!(from_text::<AllowedSources>(r#""all""#), None);
    assert_eq!(from_text::<Port>("0"), None);
    assert_eq!(from_text::<VmState>(r#""ajar""#), None);
    assert_eq!(from_text::<LeaseState>(r#"{"state":"ajar"}"#), None);
}
