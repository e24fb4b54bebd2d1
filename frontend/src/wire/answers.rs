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

use super::{Misfit, Read, Value, fields};

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
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let object = misfit.object(value);
        let details: Option<Vec<Self>> = misfit.field(object, "details");
        let (code, message) = (misfit.field(object, "code"), misfit.field(object, "message"));
        Self { code, message, target: misfit.field(object, "target"), details: details.unwrap_or_default() }
    }
}

impl Read for LeaseView {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let object = misfit.object(value);
        Self {
            grant: misfit.field(object, "grant"),
            requester: misfit.field(object, "requester"),
            mine: misfit.field(object, "mine"),
            revocable: misfit.field(object, "revocable"),
            lease: Read::read(value, misfit),
            trouble: misfit.field(object, "trouble"),
        }
    }
}

impl Read for Lease {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let object = misfit.object(value);
        Self {
            id: misfit.field(object, "id"),
            vm: misfit.field(object, "vm"),
            port: misfit.field(object, "port"),
            protocol: misfit.field(object, "protocol"),
            sources: misfit.field(object, "sources"),
            expires_at: misfit.field(object, "expires_at"),
            ends_as: misfit.field(object, "ends_as"),
            live_sessions: misfit.field(object, "live_sessions"),
            sessions: misfit.field(object, "sessions"),
            state: Read::read(value, misfit),
        }
    }
}

impl Read for LeaseState {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let (object, state) = misfit.tagged(value, "state");
        match state {
            "pending" => Self::Pending { written_at: misfit.field(object, "written_at") },
            "open" => Self::Open { opened_at: misfit.field(object, "opened_at") },
            "closed" => {
                Self::Closed { at: misfit.field(object, "at"), reason: misfit.field(object, "reason") }
            }
            _ => {
                misfit.note();
                Self::Closed { at: misfit.field(object, "at"), reason: misfit.field(object, "reason") }
            }
        }
    }
}

impl Read for Sessions {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        if value.is_none() {
            return Self::Untouched;
        }
        let (object, sessions) = misfit.tagged(value, "sessions");
        match sessions {
            "untouched" => Self::Untouched,
            "cut" => Self::Cut,
            "left" => Self::Left { reason: misfit.field(object, "reason") },
            _ => {
                misfit.note();
                Self::Cut
            }
        }
    }
}

impl Read for LiveSessions {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        const ALL: [LiveSessions; 3] = [LiveSessions::Never, LiveSessions::OnRevoke, LiveSessions::AtEnd];
        match value {
            Some(_) => ALL[misfit.word(value, &["never", "on_revoke", "at_end"])],
            None => Self::Never,
        }
    }
}

impl Read for Support {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let (object, list) = misfit.tagged(value, "list");
        match list {
            "configured" => Self::Configured,
            "not_configured" => Self::NotConfigured,
            "unsupported" => Self::Unsupported { reasons: misfit.field(object, "reasons") },
            _ => {
                misfit.note();
                Self::Configured
            }
        }
    }
}

impl Read for PortState {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let (object, state) = misfit.tagged(value, "state");
        match state {
            "closed" => Self::Closed,
            "open" => Self::Open { until: misfit.field(object, "until") },
            "possibly_open" => Self::PossiblyOpen { concerns: misfit.field(object, "concerns") },
            _ => {
                misfit.note();
                Self::Closed
            }
        }
    }
}

impl Read for Concern {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let (object, concern) = misfit.tagged(value, "concern");
        match concern {
            "foreign_rule" => Self::ForeignRule { rule: misfit.field(object, "rule") },
            "foreign_nat" => Self::ForeignNat { nat: misfit.field(object, "nat") },
            "guard_missing" => Self::GuardMissing,
            "overdue" => Self::Overdue { since: misfit.field(object, "since") },
            "not_confirmed" => Self::NotConfirmed,
            "not_effective" => Self::NotEffective,
            "not_answering" => Self::NotAnswering { message: misfit.field(object, "message") },
            "never_checked" => Self::NeverChecked,
            _ => {
                misfit.note();
                Self::NeverChecked
            }
        }
    }
}

impl Read for Denial {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let (object, code) = misfit.tagged(value, "code");
        let vm = misfit.field(object, "vm");
        let port = || misfit.field(object, "port");
        match code {
            "vm_not_protected" => Self::VmNotProtected { vm },
            "request_not_permitted" => Self::RequestNotPermitted { vm },
            "port_not_in_policy" => {
                Self::PortNotInPolicy { vm, port: port(), allowed: misfit.field(object, "allowed") }
            }
            "source_not_allowed" => {
                let (source_prefix, allowed) =
                    (misfit.field(object, "source_prefix"), misfit.field(object, "allowed"));
                Self::SourceNotAllowed { vm, port: port(), source_prefix, allowed }
            }
            "duration_over_maximum" => {
                let (asked, maximum) = (misfit.field(object, "asked"), misfit.field(object, "maximum"));
                Self::DurationOverMaximum { vm, port: port(), asked, maximum }
            }
            "justification_required" => Self::JustificationRequired { vm },
            _ => {
                misfit.note();
                Self::JustificationRequired { vm }
            }
        }
    }
}
