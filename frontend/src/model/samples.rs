//! What the tests start from.

use jiff::{SignedDuration, Timestamp};
use shared::{
    api::{
        GrantView, Health, LeaseView, Network, PortState, PortStatus, Session, SourceConcern, SourceSeen,
        Support, VmDetail, VmState, VmSummary,
    },
    decision::Requester,
    grant::{CloseReason, Lease, LeaseState},
    policy::{JustificationRule, LiveSessions, PortRule, PortRules, Precedence, ProtectedVm},
    port::{Port, Protocol},
    rbac::VmRights,
    source::Sources,
    vm::{Os, PowerState, VmId},
    window::AccessWindow,
};

use super::{form::RequestForm, prefill::Prefill};

pub(crate) fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

pub(crate) fn web_01() -> VmId {
    VmId::new("0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap(), "prod-rg", "web-01").unwrap()
}

pub(crate) fn rui() -> Requester {
    Requester { id: "oid-rui".to_owned(), name: "rui@contoso.example".to_owned() }
}

pub(crate) fn seen() -> SourceSeen {
    let address = "203.0.113.7".parse().unwrap();
    SourceSeen { address, prefix: Some("203.0.113.7".parse().unwrap()), concern: None }
}

pub(crate) fn unusable() -> SourceSeen {
    let concern = Some(SourceConcern::Unusable);
    SourceSeen { address: "127.0.0.1".parse().unwrap(), prefix: None, concern }
}

pub(crate) fn a_session() -> Session {
    let health = Health { last_sweep_at: Some(now()), timer_silent_since: None, overdue: 0 };
    Session {
        requester: rui(),
        expires_at: later(3600),
        source: seen(),
        organisation_ranges: vec!["198.51.100.0/28".parse().unwrap()],
        contact: Some("vm-access@contoso.example".to_owned()),
        server_time: now(),
        health,
        configures: Some(false),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

pub(crate) fn a_policy() -> ProtectedVm {
    ProtectedVm {
        vm: web_01(),
        ports: PortRules::try_from(vec![PortRule::with_defaults(Port::SSH)]).unwrap(),
        justification: JustificationRule::Optional,
        precedence: Precedence::CustomerFirst,
        live_sessions: LiveSessions::Never,
    }
}

pub(crate) fn a_form() -> RequestForm {
    RequestForm::starting(&a_policy(), &seen(), &Prefill::default()).unwrap()
}

pub(crate) fn a_summary() -> VmSummary {
    VmSummary {
        vm: web_01(),
        subscription_name: "Contoso Production".to_owned(),
        location: "westeurope".to_owned(),
        os: Some(Os::Linux),
        power: PowerState::Running,
        support: Support::Configured,
        rights: VmRights { read: true, request: true, configure: false, remove: false },
        firewall: None,
        nsgs: vec!["web-01-nsg".to_owned()],
        ports: vec![Port::SSH],
        state: VmState::Closed,
        open_until: None,
        warnings: Vec::new(),
        approved_last_7_days: 0,
        last_access_at: None,
        last_user: None,
    }
}

pub(crate) fn a_status(state: PortState) -> PortStatus {
    let rule = PortRule::with_defaults(Port::SSH);
    PortStatus { rule, state, leases: vec![], exposed: vec![], mapped: None }
}

pub(crate) fn a_detail() -> VmDetail {
    VmDetail {
        drift: None,
        summary: a_summary(),
        policy: Some(a_policy()),
        network: Network {
            private_addresses: vec!["10.1.0.4".parse().unwrap()],
            public_addresses: vec!["20.51.3.9".parse().unwrap()],
            nsgs: vec!["web-01-nsg".to_owned()],
            firewall: None,
            admin_user: Some("azureuser".to_owned()),
        },
        ports: vec![a_status(PortState::Closed)],
        checked_at: Some(now()),
        server_time: now(),
    }
}

/// One's own lease of an hour from `now()`.
pub(crate) fn a_lease(state: LeaseState) -> LeaseView {
    LeaseView {
        grant: "01936b1e-7a3c-7000-8000-3f1de2c4b901".parse().unwrap(),
        requester: rui(),
        mine: true,
        revocable: true,
        lease: Lease {
            live_sessions: LiveSessions::Never,
            sessions: shared::grant::Sessions::Untouched,
            id: "01936b1e-7a3c-7000-8000-3f1de2c4b902".parse().unwrap(),
            vm: web_01(),
            port: Port::SSH,
            protocol: Protocol::Any,
            sources: Sources::one("203.0.113.7".parse().unwrap()),
            expires_at: later(3600),
            ends_as: CloseReason::Expired,
            state,
        },
        trouble: None,
    }
}

pub(crate) fn a_grant(lease: LeaseView, server_time: Timestamp) -> GrantView {
    let window = AccessWindow::new(now(), later(3600)).unwrap();
    let id = lease.grant;
    GrantView { id, requester: rui(), justification: None, window, leases: vec![lease], server_time }
}
