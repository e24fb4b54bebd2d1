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

use super::{Object, Read, Value, field, fields, texts, words};
use crate::model::times;

impl<T: Read> Read for Option<T> {
    fn read(value: &Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::read(value).map(Some) }
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::read).collect()
    }
}

impl Read for Object {
    fn read(value: &Value) -> Option<Self> {
        value.as_object().cloned()
    }
}

impl Read for String {
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Read for bool {
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Read for u64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_u64()
    }
}

impl Read for u32 {
    fn read(value: &Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }
}

impl Read for i64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

impl Read for Timestamp {
    fn read(value: &Value) -> Option<Self> {
        times::read(value.as_str()?)
    }
}

impl Read for Port {
    fn read(value: &Value) -> Option<Self> {
        value.as_i64()?.try_into().ok()
    }
}

impl Read for RulePriority {
    fn read(value: &Value) -> Option<Self> {
        let number = value.as_u64()?.try_into().ok()?;
        Some(Self::new(number).unwrap_or(Self::of_default_rule(number)))
    }
}

impl Read for Sources {
    fn read(value: &Value) -> Option<Self> {
        Vec::<SourcePrefix>::read(value)?.try_into().ok()
    }
}

impl Read for AllowedSources {
    fn read(value: &Value) -> Option<Self> {
        if value.as_str() == Some("any") {
            return Some(Self::Any);
        }
        let object = value.as_object().filter(|object| object.len() == 1)?;
        field(object, "only").map(Self::Only)
    }
}

impl Read for PortRules {
    fn read(value: &Value) -> Option<Self> {
        Vec::<PortRule>::read(value)?.try_into().ok()
    }
}

impl Read for AccessWindow {
    fn read(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        Self::new(field(object, "start")?, field(object, "end")?).ok()
    }
}

fields! {
    PortRule { port, protocol, allowed_sources, max_duration }
}

texts!(
    AccessDuration,
    GrantId,
    IpAddr,
    Justification,
    LeaseId,
    MaxDuration,
    PortRange,
    SourcePrefix,
    SubscriptionId,
    VmId,
    VmPlace,
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
