use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{LeaseView, PortStatus, VmSummary};
use crate::{
    policy::{JustificationRule, LiveSessions, PortRules, Precedence, ProtectedVm},
    vm::VmId,
};

mod patch;
mod preview;

pub use self::{
    patch::{AddedPort, InvalidPatch, PolicyPatch, PortPatch},
    preview::{LeftOpen, PoliciesPreview, PreviewedRule},
};

/// The body of `PUT /api/vms/…/policy`: enables JIT on a VM, or changes its port rules. No field has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PutPolicy {
    pub ports: PortRules,
    pub justification: JustificationRule,
    pub precedence: Precedence,
    pub live_sessions: LiveSessions,
}

/// The answer to `DELETE /api/vms/…/policy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RemovedPolicy {
    pub vm: VmId,
}

/// The body of `PUT /api/policies`: enables JIT on many VMs, or changes how they are protected; all of them or none.
/// `POST /api/policies/preview` takes the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PutPolicies {
    pub vms: VmIds,
    pub policy: PolicyPatch,
    /// What was read of each VM before, in the order of `vms`: nothing is changed where one has another policy now.
    /// Missing: whatever they have is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Vec<String>>,
}

/// The body of `POST /api/policies/read`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadPolicies {
    pub vms: VmIds,
}

/// The answer to `POST /api/policies/read`: one for each VM, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyList {
    pub vms: Vec<VmPolicy>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

/// How a VM is to be protected, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VmPolicy {
    pub summary: VmSummary,
    pub policy: Option<ProtectedVm>,
    /// Names what the policy says; another one means that it was changed.
    pub version: String,
}

/// The body of `DELETE /api/policies`: all of them or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RemovePolicies {
    pub vms: VmIds,
}

/// VMs of one call: 1–500, each once. They may be of several subscriptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("minItems" = 1, "maxItems" = VmIds::MAX, "uniqueItems" = true)))]
#[serde(try_from = "Vec<VmId>", into = "Vec<VmId>")]
pub struct VmIds(Vec<VmId>);

/// VMs that cannot be named in one call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVmIds {
    #[error("name at least one VM")]
    Empty,
    #[error("name at most {} VMs at once", VmIds::MAX)]
    TooMany,
    #[error("{} is named twice", .0.name())]
    Repeated(VmId),
}

impl VmIds {
    pub const MAX: usize = 500;

    pub fn as_slice(&self) -> &[VmId] {
        &self.0
    }
}

impl TryFrom<Vec<VmId>> for VmIds {
    type Error = InvalidVmIds;

    fn try_from(vms: Vec<VmId>) -> Result<Self, InvalidVmIds> {
        if vms.is_empty() {
            return Err(InvalidVmIds::Empty);
        }
        if vms.len() > Self::MAX {
            return Err(InvalidVmIds::TooMany);
        }
        let mut seen = BTreeSet::new();
        match vms.iter().find(|vm| !seen.insert(*vm)) {
            Some(again) => Err(InvalidVmIds::Repeated(again.clone())),
            None => Ok(Self(vms)),
        }
    }
}

impl From<VmIds> for Vec<VmId> {
    fn from(vms: VmIds) -> Self {
        vms.0
    }
}

/// The answer to `PUT /api/policies`: one for each VM, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfiguredVms {
    pub vms: Vec<ConfiguredVm>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

/// How a VM is protected now, as its NSGs were read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfiguredVm {
    pub summary: VmSummary,
    pub policy: ProtectedVm,
    pub ports: Vec<PortStatus>,
    /// Why its NSGs are not yet as they should be, for people; it is tried again until they are.
    pub trouble: Option<String>,
}

/// The answer to `DELETE /api/policies`: one for each VM, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnprotectedVms {
    pub vms: Vec<UnprotectedVm>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

/// What is left of a VM's protection, as its NSGs were read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnprotectedVm {
    pub vm: VmId,
    /// The leases that were not yet read back as closed.
    pub leases: Vec<LeaseView>,
    /// Why its NSGs are not yet as they should be, for people; it is tried again until they are.
    pub trouble: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::tests::vm;

    #[test]
    fn accepts_each_vm_once_and_rejects_none_and_too_many() {
        assert!(VmIds::try_from(vec![vm("web-01"), vm("web-02")]).is_ok());
        assert_eq!(VmIds::try_from(Vec::new()), Err(InvalidVmIds::Empty));
        let again = VmIds::try_from(vec![vm("web-01"), vm("WEB-01")]).unwrap_err();
        assert_eq!(again.to_string(), "WEB-01 is named twice");
        let many =
            |count: usize| VmIds::try_from((0..count).map(|n| vm(&format!("web-{n}"))).collect::<Vec<_>>());
        assert!(many(VmIds::MAX).is_ok());
        assert_eq!(many(VmIds::MAX + 1), Err(InvalidVmIds::TooMany));
    }
}
