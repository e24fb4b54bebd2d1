//! What operations on many VMs have in common: one refusal tells of each VM that stands in the way.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    api::{ProblemBody, VmIds},
    rbac::Right,
    vm::{SubscriptionId, VmId},
};

use super::{
    policy_checks::{may_not_configure, may_not_remove},
    vm_path::seen,
};
use crate::{app::App, caller::Principal, enforce::Settled, error::ApiError, inventory::look_up_all};

/// Passes if the caller may configure every one of these VMs.
pub(super) async fn may_configure(app: &App, vms: &VmIds, principal: &Principal) -> Result<(), ApiError> {
    all_have(app, vms, principal, (Right::Configure, may_not_configure)).await
}

/// Passes if the caller may remove JIT from every one of these VMs.
pub(super) async fn may_remove(app: &App, vms: &VmIds, principal: &Principal) -> Result<(), ApiError> {
    all_have(app, vms, principal, (Right::Remove, may_not_remove)).await
}

/// What the caller may not see does not exist.
async fn all_have(
    app: &App,
    vms: &VmIds,
    principal: &Principal,
    (right, may_not): (Right, fn(&VmId) -> String),
) -> Result<(), ApiError> {
    let (mut missing, mut forbidden) = (Vec::new(), Vec::new());
    for vm in vms.as_slice() {
        match seen(app, vm, principal).await {
            Ok(rights) if rights.has(right) => {}
            Ok(_) => forbidden.push(detail("forbidden", vm, may_not(vm))),
            Err(error) if error.is_not_found() => missing.push(vm),
            Err(error) => return Err(error),
        }
    }
    all_found(missing)?;
    refuse_any(forbidden, ApiError::forbidden)
}

/// Passes if every VM is there.
pub(super) fn all_found(missing: Vec<&VmId>) -> Result<(), ApiError> {
    let Some(first) = missing.first() else { return Ok(()) };
    let message = |vm: &VmId| format!("there is no virtual machine {vm}, or you may not see it");
    let details = missing.iter().map(|vm| detail("not_found", vm, message(vm))).collect();
    Err(ApiError::not_found(format!("virtual machine {first}")).with_details(details))
}

/// The VMs, read anew; all of them are there.
pub(super) async fn read_all(
    app: &App,
    vms: &VmIds,
) -> Result<BTreeMap<VmId, shared::inventory::Machine>, ApiError> {
    let machines = look_up_all(&app.engine, vms.as_slice()).await?;
    all_found(vms.as_slice().iter().filter(|vm| !machines.contains_key(*vm)).collect())?;
    Ok(machines)
}

pub(crate) fn detail(code: &str, vm: &VmId, message: String) -> ProblemBody {
    ProblemBody::new(code, message).about(vm.to_string())
}

/// Passes if nothing stands in the way; else the refusal says the first and has all as details.
pub(crate) fn refuse_any(
    details: Vec<ProblemBody>,
    refusal: impl FnOnce(String) -> ApiError,
) -> Result<(), ApiError> {
    let Some(first) = details.first() else { return Ok(()) };
    let message = match details.len() {
        1 => first.message.clone(),
        number => format!("{} (and {} more); nothing was changed", first.message, number - 1),
    };
    Err(refusal(message).with_details(details))
}

pub(super) fn by_subscription(vms: &[VmId]) -> BTreeMap<SubscriptionId, Vec<VmId>> {
    let mut sorted: BTreeMap<SubscriptionId, Vec<VmId>> = BTreeMap::new();
    for vm in vms {
        sorted.entry(vm.subscription()).or_default().push(vm.clone());
    }
    sorted
}

/// Why what was just settled is not as it should be for a VM.
pub(super) async fn trouble_of(app: &App, vm: &VmId, settled: &Settled) -> Result<Option<String>, ApiError> {
    let nsgs: BTreeSet<_> = app.engine.nsgs_of(vm).await?;
    if let Some((nsg, error)) = settled.failures.iter().find(|(nsg, _)| nsgs.contains(*nsg)) {
        return Ok(Some(format!("{}: {error}", nsg.name())));
    }
    let firewalls = app.engine.firewalls_of(vm).await?;
    let failures = &settled.firewalls.failures;
    let failure = failures.iter().find(|(firewall, _)| firewalls.contains(*firewall));
    Ok(failure.map(|(firewall, error)| format!("{}: {error}", firewall.name())))
}
