//! What answers are made of.

use std::net::IpAddr;

use jiff::Timestamp;
use shared::{
    api::{ListName, SourceConcern, Unsupported, VmPlace, VmState, Warning},
    grant::{CloseReason, GrantId, LeaseId},
    policy::{JustificationRule, PortRule, PortRules, Precedence},
    port::{Port, PortRange, Protocol},
    request::Justification,
    rule::{Access, RulePriority},
    source::{AllowedSources, SourcePrefix, Sources},
    vm::{Os, PowerState, SubscriptionId, VmId},
    window::{AccessDuration, AccessWindow, MaxDuration},
};

use super::{Misfit, Object, Read, Value, fields, texts, words};
use crate::model::times;

impl<T: Read> Read for Option<T> {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        value.filter(|value| !value.is_null()).map(|value| T::read(Some(value), misfit))
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let items = misfit.or(value.and_then(Value::as_array).map(Vec::as_slice), &[]);
        items.iter().map(|item| T::read(Some(item), misfit)).collect()
    }
}

impl Read for Object {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        misfit.object(value).cloned().unwrap_or_default()
    }
}

impl Read for String {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        misfit.text(value).to_owned()
    }
}

impl Read for bool {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        misfit.or(value.and_then(Value::as_bool), false)
    }
}

impl Read for u64 {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        misfit.or(value.and_then(Value::as_u64), 0)
    }
}

impl Read for u32 {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        misfit.or(u64::read(value, misfit).try_into().ok(), 0)
    }
}

impl Read for i64 {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        misfit.or(value.and_then(Value::as_i64), 0)
    }
}

impl Read for Timestamp {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        misfit.or(times::read(misfit.text(value)), Self::UNIX_EPOCH)
    }
}

impl Read for Port {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        misfit.or(i64::read(value, misfit).try_into().ok(), Self::SSH)
    }
}

impl Read for RulePriority {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let number = misfit.or(u64::read(value, misfit).try_into().ok(), 0);
        Self::new(number).unwrap_or(Self::of_default_rule(number))
    }
}

impl Read for Sources {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let told: Vec<SourcePrefix> = Read::read(value, misfit);
        told.try_into().unwrap_or_else(|_| {
            misfit.note();
            Self::one(Read::read(None, misfit))
        })
    }
}

impl Read for AllowedSources {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        if value.and_then(Value::as_str) == Some("any") {
            return Self::Any;
        }
        let object = misfit.object(value);
        if object.is_some_and(|object| object.len() != 1) {
            misfit.note();
        }
        Self::Only(misfit.field(object, "only"))
    }
}

impl Read for PortRules {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let told: Vec<PortRule> = Read::read(value, misfit);
        told.try_into().unwrap_or_else(|_| {
            misfit.note();
            Self::one(PortRule::with_defaults(Port::SSH))
        })
    }
}

impl Read for AccessWindow {
    fn read(value: Option<&Value>, misfit: &Misfit) -> Self {
        let object = misfit.object(value);
        let [start, end] = ["start", "end"].map(|name| misfit.field(object, name));
        Self::new(start, end).unwrap_or_else(|_| {
            misfit.note();
            Self::new(Timestamp::MIN, Timestamp::MAX).expect("the calendar begins before it ends")
        })
    }
}

fields! {
    PortRule { port, protocol, allowed_sources, max_duration }
}

const A_VM: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/a/providers/Microsoft.Compute/virtualMachines/a";
const AN_ID: &str = "00000000-0000-0000-0000-000000000000";

texts!(
    AccessDuration = "PT1H",
    GrantId = AN_ID,
    IpAddr = "::",
    Justification = "-",
    LeaseId = AN_ID,
    MaxDuration = "PT3H",
    PortRange = "1",
    SourcePrefix = "192.0.2.1",
    SubscriptionId = AN_ID,
    VmId = A_VM,
    VmPlace = A_VM,
);

words! {
    Access { Allow = "allow", Deny = "deny" }
    CloseReason { Expired = "expired", Revoked = "revoked", Superseded = "superseded", Failed = "failed" }
    JustificationRule { Off = "off", Optional = "optional", Required = "required" }
    ListName { Configured = "configured", NotConfigured = "not_configured", Unsupported = "unsupported" }
    Os { Linux = "linux", Windows = "windows" }
    PowerState { Running = "running", Stopped = "stopped", Unknown = "unknown" }
    Precedence { CustomerFirst = "customer_first", GuardFirst = "guard_first" }
    Protocol { Any = "any", Tcp = "tcp", Udp = "udp" }
    SourceConcern { Private = "private", Unusable = "unusable", Proxied = "proxied" }
    Unsupported {
        NoNsg = "no_nsg",
        InterfaceWithoutNsg = "interface_without_nsg",
        Classic = "classic",
        FirewallOutOfReach = "firewall_out_of_reach",
        FirewallPolicy = "firewall_policy",
        NetworkUnreadable = "network_unreadable",
    }
    Warning {
        Overdue = "overdue",
        StillOpen = "still_open",
        GuardMissing = "guard_missing",
        Unread = "unread",
        NotEffective = "not_effective",
        NotConfirmed = "not_confirmed",
        Drifted = "drifted",
    }
    VmState {
        Unguarded = "unguarded",
        Closed = "closed",
        Open = "open",
        PossiblyOpen = "possibly_open",
    }
}
