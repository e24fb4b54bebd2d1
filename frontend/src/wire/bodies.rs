//! What the functions are asked with.

use shared::{
    api::{
        AddedPort, CreateGrant, MoveGrant, OpeningForm, PolicyPatch, PortPatch, PutPolicies, PutPolicy,
        ReadPolicies, RemovePolicies, VmIds,
    },
    policy::{JustificationRule, LiveSessions, PortRule, PortRules, Precedence},
    port::Port,
    request::Justification,
    source::{AllowedSources, SourcePrefix, Sources},
    vm::{Os, VmId},
    window::{AccessDuration, MaxDuration},
};

use super::{Value, Write, object, written};

impl<T: Write> Write for Option<T> {
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }
}

fn list<T: Write>(items: impl IntoIterator<Item = T>) -> Value {
    Value::Array(items.into_iter().map(|item| item.write()).collect())
}

macro_rules! texts {
    ($($type:ty),* $(,)?) => {$(
        impl Write for $type {
            fn write(&self) -> Value {
                Value::String(self.to_string())
            }
        }
    )*};
}

written! {
    CreateGrant { openings, justification }
    OpeningForm { vm, port, sources, duration }
    MoveGrant { sources }
    PutPolicy { ports, justification, precedence, live_sessions }
    PutPolicies { vms, policy, versions }
    ReadPolicies { vms }
    RemovePolicies { vms }
    PolicyPatch { ports, remove_ports, change_ports, add_ports, justification, precedence, live_sessions }
    PortPatch { port, protocol, allowed_sources, max_duration }
    AddedPort { rule, only_on }
    PortRule { port, protocol, allowed_sources, max_duration }
}

texts!(AccessDuration, Justification, MaxDuration, SourcePrefix, VmId);

impl<T: Write> Write for &T {
    fn write(&self) -> Value {
        (*self).write()
    }
}

impl<T: Write> Write for Vec<T> {
    fn write(&self) -> Value {
        list(self)
    }
}

impl Write for PortRules {
    fn write(&self) -> Value {
        list(self.iter())
    }
}

impl Write for Sources {
    fn write(&self) -> Value {
        list(self.iter())
    }
}

impl Write for VmIds {
    fn write(&self) -> Value {
        list(self.as_slice())
    }
}

impl Write for bool {
    fn write(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Write for String {
    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl Write for Port {
    fn write(&self) -> Value {
        Value::from(self.number())
    }
}

impl Write for AllowedSources {
    fn write(&self) -> Value {
        match self {
            Self::Any => Value::from("any"),
            Self::Only(sources) => object([("only", sources.write())]),
        }
    }
}

impl Write for shared::port::Protocol {
    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl Write for Os {
    fn write(&self) -> Value {
        Value::from(match self {
            Self::Linux => "linux",
            Self::Windows => "windows",
        })
    }
}

impl Write for JustificationRule {
    fn write(&self) -> Value {
        Value::from(match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        })
    }
}

impl Write for Precedence {
    fn write(&self) -> Value {
        Value::from(match self {
            Self::CustomerFirst => "customer_first",
            Self::GuardFirst => "guard_first",
        })
    }
}

impl Write for LiveSessions {
    fn write(&self) -> Value {
        Value::from(match self {
            Self::Never => "never",
            Self::OnRevoke => "on_revoke",
            Self::AtEnd => "at_end",
        })
    }
}
