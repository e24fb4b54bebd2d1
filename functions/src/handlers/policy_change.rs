//! The change of many policies, found valid for all of them before anything is done; and the versions of policies.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use shared::{
    api::{InvalidPatch, PolicyPatch, VmIds},
    inventory::Machine,
    policy::ProtectedVm,
    vm::VmId,
};

use super::{
    many::{by_subscription, detail, read_all, refuse_any},
    policy_checks::unsupported,
};
use crate::{app::App, error::ApiError};

/// The VMs of one call with what they have and what they shall have.
pub(crate) struct Change {
    pub(crate) machines: Vec<Machine>,
    pub(crate) before: BTreeMap<VmId, ProtectedVm>,
    /// In the order of the call.
    pub(crate) after: Vec<ProtectedVm>,
}

/// Reads the VMs anew.
pub(super) async fn change(app: &App, vms: &VmIds, patch: &PolicyPatch) -> Result<Change, ApiError> {
    if patch.is_empty() {
        return Err(ApiError::rejected("policy", "name at least one field to change"));
    }
    let before = stored(app, vms).await?;
    let machines = read_all(app, vms).await?;
    let after = after(vms, patch, &before, &machines)?;
    let machines: Vec<Machine> = machines.into_values().collect();
    let not_supported = machines.iter().filter_map(|machine| {
        unsupported(machine).map(|message| detail("vm_unsupported", &machine.vm, message))
    });
    refuse_any(not_supported.collect(), |message| ApiError::conflict("vm_unsupported", message))?;
    Ok(Change { machines, before, after })
}

/// The policies that there are.
pub(super) async fn stored(app: &App, vms: &VmIds) -> Result<BTreeMap<VmId, ProtectedVm>, ApiError> {
    let mut stored = BTreeMap::new();
    for (subscription, vms) in by_subscription(vms.as_slice()) {
        let policies = app.store().policies_of(subscription, &vms).await?;
        stored.extend(policies.into_iter().map(|policy| (policy.vm.clone(), policy)));
    }
    Ok(stored)
}

fn after(
    vms: &VmIds,
    patch: &PolicyPatch,
    before: &BTreeMap<VmId, ProtectedVm>,
    machines: &BTreeMap<VmId, Machine>,
) -> Result<Vec<ProtectedVm>, ApiError> {
    let (mut after, mut impossible) = (Vec::new(), Vec::new());
    for vm in vms.as_slice() {
        let os = machines.get(vm).and_then(|machine| machine.os);
        match patch.applied_to(vm, os, before.get(vm)) {
            Ok(policy) => after.push(policy),
            Err(reason) => impossible.push(detail("rejected", vm, in_words(vm, &reason))),
        }
    }
    refuse_any(impossible, |message| ApiError::rejected("policy", message))?;
    Ok(after)
}

fn in_words(vm: &VmId, reason: &InvalidPatch) -> String {
    match reason {
        InvalidPatch::Missing(fields) => {
            format!("{} has no policy yet, so it needs {} too", vm.name(), fields.join(", "))
        }
        InvalidPatch::Ports(reason) => format!("{}: {reason}", vm.name()),
    }
}

/// Names what a policy says: two versions are equal just when the policies say the same. `None`: there is none.
pub(super) fn version(policy: Option<&ProtectedVm>) -> Result<String, ApiError> {
    let said = policy.map(|policy| {
        let ProtectedVm { vm: _, ports, justification, precedence, live_sessions } = policy;
        (ports, justification, precedence, live_sessions)
    });
    let text = serde_json::to_vec(&said).map_err(ApiError::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..9]))
}

/// Passes if each VM has the policy that the caller has read.
pub(super) fn unchanged(
    vms: &VmIds,
    versions: Option<&[String]>,
    before: &BTreeMap<VmId, ProtectedVm>,
) -> Result<(), ApiError> {
    let Some(versions) = versions else { return Ok(()) };
    if versions.len() != vms.as_slice().len() {
        return Err(ApiError::rejected("versions", "give one for each VM, in the order of vms"));
    }
    let mut changed = Vec::new();
    for (vm, read) in vms.as_slice().iter().zip(versions) {
        if version(before.get(vm))? != *read {
            let message =
                format!("somebody else changed the policy of {} since you read it; read it again", vm.name());
            changed.push(detail(CHANGED, vm, message));
        }
    }
    refuse_any(changed, |message| ApiError::changed(CHANGED, message))
}

/// The code of a refusal because somebody else was faster.
pub(crate) const CHANGED: &str = "policy_changed";
