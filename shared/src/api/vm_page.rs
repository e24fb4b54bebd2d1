use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Support, VmState, VmSummary};
use crate::vm::{Os, VmId};

/// Which VMs `GET /api/vms` shows: those that all the fields agree with. With no field at all, it answers with all VMs
/// and as [`VmList`](super::VmList).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VmQuery {
    /// Only VMs after this one: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<VmId>,
    /// How many at most, 1–1000; 100 if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<ListName>,
    /// A part of the name of the VM, of its resource group or of its subscription, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<Os>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<VmState>,
}

/// The name of one of the three lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListName {
    Configured,
    NotConfigured,
    Unsupported,
}

impl ListName {
    /// The same as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::NotConfigured => "not_configured",
            Self::Unsupported => "unsupported",
        }
    }
}

impl From<&Support> for ListName {
    fn from(support: &Support) -> Self {
        match support {
            Support::Configured => Self::Configured,
            Support::NotConfigured => Self::NotConfigured,
            Support::Unsupported { .. } => Self::Unsupported,
        }
    }
}

/// Some VMs that the caller may see, ordered by subscription, resource group and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmPage {
    pub vms: Vec<VmSummary>,
    /// After which VM the next page starts; missing on the last.
    pub next: Option<VmId>,
    /// On the first page: how many VMs each list has that agree with `search` and `os`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<ListCounts>,
    /// When the inventory was last read from ARM; `None`: not yet.
    pub inventory_at: Option<Timestamp>,
    /// Subscriptions that could not be read, with the reason.
    pub unreadable: Vec<String>,
    pub server_time: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListCounts {
    pub configured: u64,
    pub not_configured: u64,
    pub unsupported: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_called_as_in_json() {
        for list in [ListName::Configured, ListName::NotConfigured, ListName::Unsupported] {
            assert_eq!(serde_json::to_value(list).unwrap(), list.as_str());
        }
        let support = Support::Unsupported { reasons: Vec::new() };
        assert_eq!(serde_json::to_value(&support).unwrap()["list"], ListName::from(&support).as_str());
    }
}
