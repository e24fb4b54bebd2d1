use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    audit::Entry,
    vm::{SubscriptionId, VmId},
};

/// Which part of the audit to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityQuery {
    /// Only entries about this VM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vm: Option<VmId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionId>,
    /// Only entries before this one: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// How many at most, 1–200; 50 if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// A page of the audit, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    pub steps: Vec<Step>,
    /// Where the next page starts; missing on the last.
    pub next: Option<String>,
    pub server_time: Timestamp,
}

/// An audit entry with its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub entry: Entry,
    /// What happened, in words.
    pub summary: String,
}
