use serde::{Deserialize, Serialize};

use crate::{
    policy::{JustificationRule, LiveSessions, PortRules, Precedence},
    vm::VmId,
};

/// The body of `PUT /api/vms/…/policy`: enables JIT on a VM, or changes its port rules. No field has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutPolicy {
    pub ports: PortRules,
    pub justification: JustificationRule,
    pub precedence: Precedence,
    pub live_sessions: LiveSessions,
}

/// The answer to `DELETE /api/vms/…/policy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedPolicy {
    pub vm: VmId,
}
