//! `DELETE /api/policies`: removes JIT from many VMs, all or none. What is open by a lease is closed first.

use std::collections::BTreeSet;

use axum::extract::State;
use shared::{
    api::{LeaseView, RemovePolicies, UnprotectedVm, UnprotectedVms, VmIds},
    audit::Event,
    vm::VmId,
};

use super::{
    many::{by_subscription, detail, may_remove, refuse_any, trouble_of},
    revoke_grant::end_lease,
    view::lease_view,
};
use crate::{
    app::App,
    caller::Principal,
    enforce::Settled,
    error::{ApiError, Json},
};

pub(crate) async fn remove_policies(
    State(app): State<App>,
    principal: Principal,
    Json(RemovePolicies { vms }): Json<RemovePolicies>,
) -> Result<axum::Json<UnprotectedVms>, ApiError> {
    may_remove(&app, &vms, &principal).await?;
    all_configured(&app, &vms).await?;
    for vm in vms.as_slice() {
        for held in app.store().unclosed_of_vm(vm).await? {
            end_lease(&app, &held, &[]).await?;
        }
    }
    remove(&app, &vms, &principal).await?;
    let settled = app.engine.settle(&vms.as_slice().iter().cloned().collect()).await?;
    shown(&app, &vms, &principal, &settled).await.map(axum::Json)
}

async fn all_configured(app: &App, vms: &VmIds) -> Result<(), ApiError> {
    let mut details = Vec::new();
    for (subscription, vms) in by_subscription(vms.as_slice()) {
        let policies = app.store().policies_of(subscription, &vms).await?;
        let configured: BTreeSet<VmId> = policies.into_iter().map(|policy| policy.vm).collect();
        let without = vms.iter().filter(|vm| !configured.contains(*vm));
        details
            .extend(without.map(|vm| detail("not_configured", vm, format!("{} has no policy", vm.name()))));
    }
    refuse_any(details, |message| ApiError::conflict("not_configured", message))
}

async fn remove(app: &App, vms: &VmIds, principal: &Principal) -> Result<(), ApiError> {
    let actor = Some(&principal.requester);
    for (subscription, vms) in by_subscription(vms.as_slice()) {
        let record = |vm: &VmId| app.engine.record(Some(vm), subscription, actor, Event::PolicyRemoved);
        let records: Vec<_> = vms.iter().map(record).collect();
        if !app.store().remove_policies(subscription, &vms, &records).await? {
            let message = "somebody else removed one of these policies meanwhile; read the list again";
            return Err(ApiError::conflict("not_configured", message));
        }
    }
    Ok(())
}

/// Shows what settling read back.
async fn shown(
    app: &App,
    vms: &VmIds,
    principal: &Principal,
    settled: &Settled,
) -> Result<UnprotectedVms, ApiError> {
    let viewer = &principal.requester;
    let mut left = Vec::with_capacity(vms.as_slice().len());
    for vm in vms.as_slice() {
        let rights = app.rights.on_vm(vm, &viewer.id).await?;
        let held = app.store().unclosed_of_vm(vm).await?;
        let leases: Vec<LeaseView> = held.iter().map(|held| lease_view(held, viewer, rights)).collect();
        left.push(UnprotectedVm { vm: vm.clone(), leases, trouble: trouble_of(app, vm, settled).await? });
    }
    Ok(UnprotectedVms { vms: left, server_time: app.now() })
}
