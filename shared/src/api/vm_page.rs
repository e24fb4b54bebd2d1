use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Support, VmState, VmSummary};
use crate::{
    text_serde,
    vm::{InvalidId, Os, SubscriptionId, VmId},
};

/// Which VMs `GET /api/vms` shows: those that all the fields agree with. With no field at all, it answers with all VMs
/// and as [`VmList`](super::VmList).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VmQuery {
    /// Only VMs after this place: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<VmPlace>,
    /// Only VMs up to this place, and the one that stands there: the `next` of a page that is read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<VmPlace>,
    /// How many at most, 1–1000; 100 if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1000)))]
    pub limit: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<ListName>,
    /// A part of the name of the VM, of its resource group or of its subscription, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    pub search: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionId>,
    /// The name of a resource group, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<Os>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<VmState>,
    /// By subscription, resource group and name if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<VmSort>,
}

/// How a list of VMs is ordered; with a minus from the last to the first. VMs that are equal in it stand by their id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum VmSort {
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "-name")]
    NameDown,
    /// VMs that were never accessed come first.
    #[serde(rename = "last_access")]
    LastAccess,
    #[serde(rename = "-last_access")]
    LastAccessDown,
    #[serde(rename = "approved")]
    Approved,
    #[serde(rename = "-approved")]
    ApprovedDown,
}

impl VmSort {
    pub const ALL: [Self; 6] = [
        Self::Name,
        Self::NameDown,
        Self::LastAccess,
        Self::LastAccessDown,
        Self::Approved,
        Self::ApprovedDown,
    ];

    /// The same as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NameDown => "-name",
            Self::LastAccess => "last_access",
            Self::LastAccessDown => "-last_access",
            Self::Approved => "approved",
            Self::ApprovedDown => "-approved",
        }
    }

    pub const fn is_descending(self) -> bool {
        matches!(self, Self::NameDown | Self::LastAccessDown | Self::ApprovedDown)
    }
}

/// A place in a list of VMs: `{rank}@{id of a VM}`, the rank only where the list is ordered by a number.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(from = "String", into = "String", extend("pattern" = format!("^(-?[0-9]{{1,18}}@)?{}$", VmId::pattern()))))]
pub struct VmPlace {
    /// The microseconds since 1970 of the last access, or the number of approved requests.
    pub rank: Option<i64>,
    pub vm: VmId,
}

impl fmt::Display for VmPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rank {
            Some(rank) => write!(f, "{rank}@{}", self.vm),
            None => self.vm.fmt(f),
        }
    }
}

/// Why a text names no place in a list of VMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlace {
    #[error("the part before @ is a whole number")]
    Rank,
    #[error(transparent)]
    Vm(#[from] InvalidId),
}

impl FromStr for VmPlace {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let (rank, vm) = match text.split_once('@') {
            Some((rank, vm)) => (Some(rank.parse().map_err(|_| InvalidPlace::Rank)?), vm),
            None => (None, text),
        };
        Ok(Self { rank, vm: vm.parse()? })
    }
}

text_serde!(VmPlace);

/// The name of one of the three lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// Some VMs that the caller may see, in the order that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VmPage {
    pub vms: Vec<VmSummary>,
    /// After which place the next page starts; missing on the last.
    pub next: Option<VmPlace>,
    /// On the first page: how many VMs each list has that agree with everything but `list` and `state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<ListCounts>,
    /// When the inventory was last read from ARM; `None`: not yet.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub inventory_at: Option<Timestamp>,
    /// Subscriptions that could not be read, with the reason.
    pub unreadable: Vec<String>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListCounts {
    pub configured: u64,
    pub not_configured: u64,
    pub unsupported: u64,
}

/// The answer to `GET /api/places`: where the VMs are that the caller may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Places {
    pub subscriptions: Vec<Place>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

/// A subscription with the names of its resource groups that have VMs, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Place {
    pub subscription: SubscriptionId,
    pub name: String,
    pub groups: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::tests::vm;

    #[test]
    fn a_list_is_called_as_in_json() {
        for list in [ListName::Configured, ListName::NotConfigured, ListName::Unsupported] {
            assert_eq!(serde_json::to_value(list).unwrap(), list.as_str());
        }
        let support = Support::Unsupported { reasons: Vec::new() };
        assert_eq!(serde_json::to_value(&support).unwrap()["list"], ListName::from(&support).as_str());
    }

    #[test]
    fn an_order_is_called_as_in_json_and_a_minus_turns_it_round() {
        for sort in VmSort::ALL {
            assert_eq!(serde_json::to_value(sort).unwrap(), sort.as_str());
            assert_eq!(sort.is_descending(), sort.as_str().starts_with('-'));
        }
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for rank in [None, Some(0), Some(1_800_000_000_000_000)] {
            let place = VmPlace { rank, vm: vm("web-01") };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
    }

    #[test]
    fn rejects_a_place_without_a_vm_or_with_a_rank_that_is_no_number() {
        assert_eq!(
            "12@web-01".parse::<VmPlace>(),
            Err(InvalidPlace::Vm(InvalidId::Shape(VmId::RESOURCE_TYPE)))
        );
        assert_eq!(format!("soon@{}", vm("web-01")).parse::<VmPlace>(), Err(InvalidPlace::Rank));
    }
}
