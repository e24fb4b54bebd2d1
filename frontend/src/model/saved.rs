//! What saving policies came to.

use serde::Deserialize;
use shared::api::VmSummary;

/// The part of `PUT /api/policies`'s answer that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Saved {
    pub vms: Vec<SavedVm>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct SavedVm {
    pub summary: VmSummary,
    /// Why its NSGs are not yet as they should be.
    pub trouble: Option<String>,
}

impl Saved {
    pub(crate) fn is_whole(&self) -> bool {
        self.vms.iter().all(|vm| vm.trouble.is_none())
    }
}
