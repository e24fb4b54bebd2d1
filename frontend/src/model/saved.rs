//! What saving policies came to.

use shared::api::VmSummary;

use crate::wire::fields;

/// The part of `PUT /api/policies`'s answer that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    pub vms: Vec<SavedVm>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedVm {
    pub summary: VmSummary,
    /// Why its NSGs are not yet as they should be.
    pub trouble: Option<String>,
}

fields! {
    Saved { vms }
    SavedVm { summary, trouble }
}

impl Saved {
    pub(crate) fn is_whole(&self) -> bool {
        self.vms.iter().all(|vm| vm.trouble.is_none())
    }
}
