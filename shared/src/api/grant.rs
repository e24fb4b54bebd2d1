use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    decision::Requester,
    grant::{GrantId, Lease},
    port::Port,
    request::Justification,
    source::Sources,
    vm::VmId,
    window::{AccessDuration, AccessWindow},
};

/// The body of `POST /api/grants`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateGrant {
    pub openings: Vec<OpeningForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
}

/// One port of one VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningForm {
    pub vm: VmId,
    pub port: Port,
    /// Missing: the one address that the call comes from, as Azure has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Sources>,
    pub duration: AccessDuration,
}

/// A lease with who holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct GrantView {
    pub id: GrantId,
    pub requester: Requester,
    pub justification: Option<Justification>,
    pub window: AccessWindow,
    pub leases: Vec<LeaseView>,
    pub server_time: Timestamp,
}

/// The caller's own grants, or all that the caller may see; newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantList {
    pub grants: Vec<GrantView>,
    pub server_time: Timestamp,
}
