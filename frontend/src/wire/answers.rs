//! What the functions answer with.

use shared::{
    api::{
        ArmBudget, Concern, ConfiguredVm, ConfiguredVms, Drift, DriftNumbers, Exposed, GrantList, GrantView,
        Health, HealthReport, LeaseNumbers, LeaseView, LeftOpen, ListCounts, Mapped, Network, OldestOverdue,
        Place, Places, PoliciesPreview, PolicyList, PortState, PortStatus, PreviewedObstacle, PreviewedRule,
        Problem, ProblemBody, RemovedPolicy, Session, SourceSeen, Support, ThroughFirewall, UnprotectedVm,
        UnprotectedVms, VmDetail, VmList, VmPage, VmPolicy, VmSummary,
    },
    decision::{Denial, Requester},
    firewall::NatRuleName,
    grant::{Lease, LeaseState, Sessions},
    nsg::proof::{Packets, Proof},
    policy::{LiveSessions, ProtectedVm},
    rbac::VmRights,
    rule::RuleName,
};

use super::{Read, Value, field, fields, tag};

fields! {
    Requester { id, name }
    Session {
        requester, expires_at, source, server_time, health, organisation_ranges, contact, configures, version,
    }
    SourceSeen { address, prefix, concern }
    Health { last_sweep_at, timer_silent_since, overdue }

    VmRights { read, request, configure, remove }
    VmSummary {
        vm, subscription_name, location, os, power, support, rights, firewall, ports, state, nsgs, open_until,
        warnings, approved_last_7_days, last_access_at, last_user,
    }
    VmList { vms, inventory_at, unreadable, server_time }
    VmPage { vms, next, counts, inventory_at, unreadable, server_time }
    ListCounts { configured, not_configured, unsupported }
    Places { subscriptions, server_time }
    Place { subscription, name, groups }
    VmDetail { summary, policy, network, ports, checked_at, drift, server_time }
    Drift { at, what }
    Network { private_addresses, public_addresses, nsgs, firewall, admin_user }
    ThroughFirewall { name, address }
    Mapped { address, port }
    PortStatus { rule, state, leases, exposed, mapped }
    Exposed { from, rule, nat, certain }
    RuleName { nsg, name, priority }
    NatRuleName { firewall, collection, name }

    ProtectedVm { vm, ports, justification, precedence, live_sessions }
    RemovedPolicy { vm }
    PolicyList { vms, server_time }
    VmPolicy { summary, policy, version }
    PoliciesPreview { obstacles, rules, proof, left_open, server_time }
    PreviewedRule { nsg, name, access, ports, before, after, rewritten }
    LeftOpen { vm, port, exposed }
    ConfiguredVms { vms, server_time }
    ConfiguredVm { summary, policy, ports, trouble }
    UnprotectedVms { vms, server_time }
    UnprotectedVm { vm, leases, trouble }

    GrantList { grants, server_time }
    GrantView { id, requester, justification, window, leases, server_time }
    PreviewedObstacle { place, reason }
    Proof { opens, closes }
    Packets { from, to, protocol, ports, certain }

    HealthReport {
        last_sweep_at, timer_silent_since, leases, oldest_overdue, drift, arm_budgets, clock_ahead_millis,
        version, server_time,
    }
    LeaseNumbers { pending, open, overdue }
    OldestOverdue { since, vm, reason }
    DriftNumbers { last_7_days, newest_at }
    ArmBudget { subscription, reads, writes, deletes }

    Problem { error }
}

impl Read for ProblemBody {
    fn read(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let details: Option<Vec<Self>> = field(object, "details")?;
        let (code, message) = (field(object, "code")?, field(object, "message")?);
        Some(Self { code, message, target: field(object, "target")?, details: details.unwrap_or_default() })
    }
}

impl Read for LeaseView {
    fn read(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        Some(Self {
            grant: field(object, "grant")?,
            requester: field(object, "requester")?,
            mine: field(object, "mine")?,
            revocable: field(object, "revocable")?,
            lease: Lease::read(value)?,
            trouble: field(object, "trouble")?,
        })
    }
}

impl Read for Lease {
    fn read(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        Some(Self {
            id: field(object, "id")?,
            vm: field(object, "vm")?,
            port: field(object, "port")?,
            protocol: field(object, "protocol")?,
            sources: field(object, "sources")?,
            expires_at: field(object, "expires_at")?,
            ends_as: field(object, "ends_as")?,
            live_sessions: field(object, "live_sessions")?,
            sessions: field(object, "sessions")?,
            state: LeaseState::read(value)?,
        })
    }
}

impl Read for LeaseState {
    fn read(value: &Value) -> Option<Self> {
        let (object, state) = tag(value, "state")?;
        Some(match state {
            "pending" => Self::Pending { written_at: field(object, "written_at")? },
            "open" => Self::Open { opened_at: field(object, "opened_at")? },
            "closed" => Self::Closed { at: field(object, "at")?, reason: field(object, "reason")? },
            _ => return None,
        })
    }
}

impl Read for Sessions {
    fn read(value: &Value) -> Option<Self> {
        let (object, sessions) = tag(value, "sessions")?;
        Some(match sessions {
            "untouched" => Self::Untouched,
            "cut" => Self::Cut,
            "left" => Self::Left { reason: field(object, "reason")? },
            _ => return None,
        })
    }

    fn missing() -> Option<Self> {
        Some(Self::Untouched)
    }
}

impl Read for LiveSessions {
    fn read(value: &Value) -> Option<Self> {
        Some(match value.as_str()? {
            "never" => Self::Never,
            "on_revoke" => Self::OnRevoke,
            "at_end" => Self::AtEnd,
            _ => return None,
        })
    }

    fn missing() -> Option<Self> {
        Some(Self::Never)
    }
}

impl Read for Support {
    fn read(value: &Value) -> Option<Self> {
        let (object, list) = tag(value, "list")?;
        Some(match list {
            "configured" => Self::Configured,
            "not_configured" => Self::NotConfigured,
            "unsupported" => Self::Unsupported { reasons: field(object, "reasons")? },
            _ => return None,
        })
    }
}

impl Read for PortState {
    fn read(value: &Value) -> Option<Self> {
        let (object, state) = tag(value, "state")?;
        Some(match state {
            "closed" => Self::Closed,
            "open" => Self::Open { until: field(object, "until")? },
            "possibly_open" => Self::PossiblyOpen { concerns: field(object, "concerns")? },
            _ => return None,
        })
    }
}

impl Read for Concern {
    fn read(value: &Value) -> Option<Self> {
        let (object, concern) = tag(value, "concern")?;
        Some(match concern {
            "foreign_rule" => Self::ForeignRule { rule: field(object, "rule")? },
            "foreign_nat" => Self::ForeignNat { nat: field(object, "nat")? },
            "guard_missing" => Self::GuardMissing,
            "overdue" => Self::Overdue { since: field(object, "since")? },
            "not_confirmed" => Self::NotConfirmed,
            "not_effective" => Self::NotEffective,
            "not_answering" => Self::NotAnswering { message: field(object, "message")? },
            "never_checked" => Self::NeverChecked,
            _ => return None,
        })
    }
}

impl Read for Denial {
    fn read(value: &Value) -> Option<Self> {
        let (object, code) = tag(value, "code")?;
        let vm = field(object, "vm")?;
        let port = || field(object, "port");
        Some(match code {
            "vm_not_protected" => Self::VmNotProtected { vm },
            "request_not_permitted" => Self::RequestNotPermitted { vm },
            "port_not_in_policy" => {
                Self::PortNotInPolicy { vm, port: port()?, allowed: field(object, "allowed")? }
            }
            "source_not_allowed" => {
                let (source_prefix, allowed) = (field(object, "source_prefix")?, field(object, "allowed")?);
                Self::SourceNotAllowed { vm, port: port()?, source_prefix, allowed }
            }
            "duration_over_maximum" => {
                let (asked, maximum) = (field(object, "asked")?, field(object, "maximum")?);
                Self::DurationOverMaximum { vm, port: port()?, asked, maximum }
            }
            "justification_required" => Self::JustificationRequired { vm },
            _ => return None,
        })
    }
}
