//! In which order VMs are listed. The order of one subscription is the store's; [`ListOrder::compare`] has the same.

use std::cmp::Ordering;

use jiff::Timestamp;
use shared::{
    api::{VmPlace, VmSort},
    vm::{SubscriptionId, VmId},
};

use super::{Listed, Values};
use crate::store::text::micros;

/// An order, and since when approved requests count.
#[derive(Clone, Copy, Debug)]
pub struct ListOrder {
    /// `None`: by id.
    pub sort: Option<VmSort>,
    pub since: Timestamp,
}

/// What a VM is ordered by, before its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Nothing else than its id.
    Id,
    /// In lower case.
    Name(String),
    /// The microseconds since 1970 of the last access, or the number of approved requests; 0 if there is none.
    Number(i64),
}

impl ListOrder {
    pub const BY_ID: Self = Self { sort: None, since: Timestamp::UNIX_EPOCH };

    /// Whether VMs of two subscriptions may stand in turns.
    pub const fn mixes_subscriptions(self) -> bool {
        self.sort.is_some()
    }

    /// VMs of two subscriptions.
    pub fn compare(self, one: &Listed, other: &Listed) -> Ordering {
        let by_rank = one.rank.cmp(&other.rank);
        let by_rank = if self.is_descending() { by_rank.reverse() } else { by_rank };
        by_rank.then_with(|| one.vm.subscription().cmp(&other.vm.subscription()))
    }

    fn is_descending(self) -> bool {
        self.sort.is_some_and(VmSort::is_descending)
    }

    fn is_by_number(self) -> bool {
        !matches!(self.sort, None | Some(VmSort::Name | VmSort::NameDown))
    }

    pub(super) fn join(self, values: &mut Values, subscription: SubscriptionId) -> String {
        let (number, since) = match self.sort {
            None | Some(VmSort::Name | VmSort::NameDown) => return String::new(),
            Some(VmSort::LastAccess | VmSort::LastAccessDown) => ("MAX(admitted_at)", i64::MIN),
            Some(VmSort::Approved | VmSort::ApprovedDown) => ("COUNT(DISTINCT grant_id)", micros(self.since)),
        };
        format!(
            " LEFT JOIN (SELECT vm, {number} AS number FROM leases \
             WHERE subscription = {} AND admitted_at >= {} GROUP BY vm) u ON u.vm = m.vm",
            values.text(subscription.to_string()),
            values.number(since)
        )
    }

    /// The number that VMs are ordered by.
    pub(super) fn rank(self) -> &'static str {
        if self.is_by_number() { "COALESCE(u.number, 0)" } else { "CAST(0 AS BIGINT)" }
    }

    pub(super) fn rank_of(self, vm: &VmId, number: i64) -> Rank {
        match self.sort {
            None => Rank::Id,
            Some(VmSort::Name | VmSort::NameDown) => Rank::Name(vm.name().to_lowercase()),
            Some(_) => Rank::Number(number),
        }
    }

    pub(super) fn by(self) -> String {
        let way = if self.is_descending() { " DESC" } else { "" };
        match self.column() {
            Some(column) => format!("{column}{way}, m.vm"),
            None => "m.vm".to_owned(),
        }
    }

    /// The condition that a VM stands after `place`.
    pub(super) fn is_after(self, values: &mut Values, place: &VmPlace) -> String {
        let vm = values.text(place.vm.key());
        let Some(column) = self.column() else { return format!("m.vm > {vm}") };
        let rank = if self.is_by_number() {
            values.number(place.rank.unwrap_or_default())
        } else {
            values.text(place.vm.name().to_lowercase())
        };
        let beyond = if self.is_descending() { "<" } else { ">" };
        format!("({column} {beyond} {rank} OR ({column} = {rank} AND m.vm > {vm}))")
    }

    fn column(self) -> Option<&'static str> {
        match self.sort {
            None => None,
            Some(VmSort::Name | VmSort::NameDown) => Some("m.name"),
            Some(_) => Some(self.rank()),
        }
    }
}
