use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ProblemBody;
use crate::{
    decision::Requester,
    grant::{GrantId, Lease},
    nsg::{RuleChange, proof::Proof},
    port::Port,
    request::Justification,
    source::Sources,
    vm::VmId,
    window::{AccessDuration, AccessWindow},
};

/// The body of `POST /api/grants`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateGrant {
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::request::AccessRequest::MAX)))]
    pub openings: Vec<OpeningForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
}

/// One port of one VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OpeningForm {
    pub vm: VmId,
    pub port: Port,
    /// Missing: the one address that the call comes from, as Azure has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Sources>,
    pub duration: AccessDuration,
}

/// The body of `POST /api/grants/{id}/move`: each living opening of a grant for other sources, to the same end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MoveGrant {
    /// Missing: the one address that the call comes from, as Azure has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Sources>,
}

/// The answer to `POST /api/grants/preview`: what the same body sent to `POST /api/grants` would come to now. Nothing
/// is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GrantPreview {
    /// Every reason why it would be denied; empty if it would be admitted.
    pub denials: Vec<ProblemBody>,
    /// What would stand in its way in Azure.
    pub obstacles: Vec<PreviewedObstacle>,
    /// The rules that would be written, in that order.
    pub changes: Vec<PreviewedChange>,
    /// Which packets these would open and close.
    pub proof: Proof,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreviewedObstacle {
    /// The NSG's or firewall's name.
    pub place: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreviewedChange {
    /// The NSG's name.
    pub nsg: String,
    #[serde(flatten)]
    pub change: RuleChange,
}

/// A lease with who holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LeaseView {
    pub grant: GrantId,
    pub requester: Requester,
    /// Whether the caller holds it.
    pub mine: bool,
    /// Whether the caller may close it now.
    pub revocable: bool,
    #[serde(flatten)]
    pub lease: Lease,
    /// What went wrong last, for people; it is tried again until it works.
    pub trouble: Option<String>,
}

/// A grant and how far it is: each lease says *pending*, *open* or *closed*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GrantView {
    pub id: GrantId,
    pub requester: Requester,
    pub justification: Option<Justification>,
    pub window: AccessWindow,
    pub leases: Vec<LeaseView>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

/// The caller's own grants, or all that the caller may see; newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GrantList {
    pub grants: Vec<GrantView>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}
