//! What travels between the functions and their clients: Postern's own API in JSON.
//!
//! Refusals travel in one envelope, [`Problem`], which is ARM's: `{"error": {code, message, target, details}}`.

mod activity;
mod grant;
mod health;
mod policy;
mod session;
mod vm;
mod vm_page;

use serde::{Deserialize, Serialize};

pub use self::{
    activity::{Activity, ActivityQuery, EventKind, EventKinds, InvalidEventKind, Step},
    grant::{
        CreateGrant, GrantList, GrantPreview, GrantView, LeaseView, MoveGrant, OpeningForm, PreviewedChange,
        PreviewedObstacle,
    },
    health::{ArmBudget, DriftNumbers, HealthReport, LeaseNumbers, OldestOverdue},
    policy::{
        AddedPort, ConfiguredVm, ConfiguredVms, InvalidPatch, InvalidVmIds, LeftOpen, PoliciesPreview,
        PolicyList, PolicyPatch, PortPatch, PreviewedRule, PutPolicies, PutPolicy, ReadPolicies,
        RemovePolicies, RemovedPolicy, UnprotectedVm, UnprotectedVms, VmIds, VmPolicy,
    },
    session::{Health, Session, SourceConcern, SourceSeen},
    vm::{
        Concern, Drift, Exposed, Mapped, Network, PortState, PortStatus, Support, ThroughFirewall,
        Unsupported, VmDetail, VmList, VmState, VmSummary, Warning,
    },
    vm_page::{InvalidPlace, ListCounts, ListName, Place, Places, VmPage, VmPlace, VmQuery, VmSort},
};
use crate::{grant::GrantId, vm::VmId};

/// Where each operation answers.
pub mod route {
    pub const SESSION: &str = "/api/session";
    pub const VMS: &str = "/api/vms";
    pub const PLACES: &str = "/api/places";
    pub const POLICIES: &str = "/api/policies";
    pub const POLICIES_READ: &str = "/api/policies/read";
    pub const POLICIES_PREVIEW: &str = "/api/policies/preview";
    pub const GRANTS: &str = "/api/grants";
    pub const GRANT_PREVIEW: &str = "/api/grants/preview";
    pub const ACTIVITY: &str = "/api/activity";
    pub const ACTIVITY_CSV: &str = "/api/activity.csv";
    pub const HEALTH: &str = "/api/health";
    pub const SWEEPS: &str = "/api/sweeps";
    pub const SIGN_IN: &str = "/auth/sign-in";
    pub const CALLBACK: &str = "/auth/callback";
    pub const SIGN_OUT: &str = "/auth/sign-out";
}

/// The header that a browser can send only with the portal's own script: part of the same-origin proof.
pub const PORTAL_HEADER: &str = "x-postern-portal";

/// The header under which a client names a request, so that sending it twice is asking once: 1–100 visible characters.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";

/// `/api/vms/{subscription}/{resource group}/{name}`.
pub fn vm_path(vm: &VmId) -> String {
    format!("{}/{}/{}/{}", route::VMS, vm.subscription(), vm.resource_group(), vm.name())
}

/// `/api/vms/…/policy`.
pub fn policy_path(vm: &VmId) -> String {
    format!("{}/policy", vm_path(vm))
}

/// `/api/grants/{id}`.
pub fn grant_path(grant: GrantId) -> String {
    format!("{}/{grant}", route::GRANTS)
}

/// `/api/grants/{id}/revoke`.
pub fn revoke_path(grant: GrantId) -> String {
    format!("{}/revoke", grant_path(grant))
}

/// `/api/grants/{id}/move`.
pub fn move_path(grant: GrantId) -> String {
    format!("{}/move", grant_path(grant))
}

/// A refusal, in ARM's envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    pub error: ProblemBody,
}

/// What was refused, why, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProblemBody {
    /// For machines, in snake_case.
    pub code: String,
    /// For people: what happened, what is true now, what to do.
    pub message: String,
    /// The field or resource that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<ProblemBody>,
}

impl ProblemBody {
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), target: None, details: Vec::new() }
    }

    pub fn about(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }
}
