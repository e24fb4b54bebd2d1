use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    audit::{Entry, Event},
    text_serde,
    vm::{SubscriptionId, VmId},
};

/// Which part of the audit to show: entries that all the fields agree with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ActivityQuery {
    /// Only entries about this VM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vm: Option<VmId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionId>,
    /// Only what this person did: an object id or a whole name, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 256)))]
    pub person: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<EventKinds>,
    /// Only entries from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub since: Option<Timestamp>,
    /// Only entries before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub until: Option<Timestamp>,
    /// Only entries before this one: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// How many at most, 1–200; 50 if missing, and in a file all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    pub limit: Option<u16>,
}

macro_rules! event_kinds {
    ($($kind:ident = $name:literal,)*) => {
        /// What an entry of the audit tells of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum EventKind {
            $($kind,)*
        }

        impl EventKind {
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The same as in JSON.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }

        impl From<&Event> for EventKind {
            fn from(event: &Event) -> Self {
                match event {
                    $(Event::$kind { .. } => Self::$kind,)*
                }
            }
        }
    };
}

event_kinds! {
    PolicyPut = "policy_put",
    PolicyRemoved = "policy_removed",
    Asked = "asked",
    Denied = "denied",
    Granted = "granted",
    RevokeAsked = "revoke_asked",
    RuleWritten = "rule_written",
    RuleRemoved = "rule_removed",
    WriteFailed = "write_failed",
    Opened = "opened",
    Closed = "closed",
    Overdue = "overdue",
    Obstructed = "obstructed",
    Unproven = "unproven",
    Drifted = "drifted",
    OddRule = "odd_rule",
    SessionsCut = "sessions_cut",
    SessionsLeft = "sessions_left",
    NatWritten = "nat_written",
    NatFailed = "nat_failed",
}

/// At least one kind, each once; as text with commas between.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(from = "String", into = "String", extend("pattern" = pattern())))]
pub struct EventKinds(Vec<EventKind>);

#[cfg(feature = "schema")]
fn pattern() -> String {
    let kind = names(EventKind::ALL, "|");
    format!("^({kind})(,({kind}))*$")
}

/// The text names something that is no kind of event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of event; name some of {all}, with commas between", all = names(EventKind::ALL, ", "))]
pub struct InvalidEventKind(String);

impl EventKinds {
    pub fn one(kind: EventKind) -> Self {
        Self(vec![kind])
    }

    /// `None` if there is none.
    pub fn new(kinds: impl IntoIterator<Item = EventKind>) -> Option<Self> {
        let mut kinds: Vec<EventKind> = kinds.into_iter().collect();
        kinds.sort_unstable();
        kinds.dedup();
        (!kinds.is_empty()).then_some(Self(kinds))
    }

    pub fn as_slice(&self) -> &[EventKind] {
        &self.0
    }
}

impl FromStr for EventKinds {
    type Err = InvalidEventKind;

    fn from_str(text: &str) -> Result<Self, InvalidEventKind> {
        let kind = |name: &str| {
            let found = EventKind::ALL.iter().find(|kind| kind.as_str() == name.trim());
            found.copied().ok_or_else(|| InvalidEventKind(name.trim().to_owned()))
        };
        let kinds: Vec<EventKind> = text.split(',').map(kind).collect::<Result<_, _>>()?;
        Self::new(kinds).ok_or_else(|| InvalidEventKind(String::new()))
    }
}

impl fmt::Display for EventKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&names(&self.0, ","))
    }
}

text_serde!(EventKinds);

fn names(kinds: &[EventKind], between: &str) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(between)
}

/// A page of the audit, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Activity {
    pub steps: Vec<Step>,
    /// Where the next page starts; missing on the last.
    pub next: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

/// An audit entry with its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    pub entry: Entry,
    /// What happened, in words.
    pub summary: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_called_as_in_json() {
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        let event = serde_json::to_value(Event::PolicyRemoved).unwrap();
        assert_eq!(event["event"], EventKind::from(&Event::PolicyRemoved).as_str());
    }

    #[test]
    fn accepts_several_kinds_in_any_order_and_gives_each_once() {
        let kinds: EventKinds = "opened, asked,opened".parse().unwrap();
        assert_eq!(kinds.to_string(), "asked,opened");
        assert_eq!(kinds.to_string().parse(), Ok(kinds));
    }

    #[test]
    fn rejects_what_is_no_kind_and_names_those_there_are() {
        for text in ["", "opened,", "Opened", "opened;asked", "nothing"] {
            let error = text.parse::<EventKinds>().unwrap_err().to_string();
            assert!(error.contains("policy_put, ") && error.contains("nat_failed"), "{text}: {error}");
        }
    }
}
