//! `POST /api/policies/read`: the policies of many VMs as they are stored, to be changed together. Azure is not asked.

use std::collections::BTreeMap;

use axum::extract::State;
use shared::{
    api::{PolicyList, ReadPolicies, VmIds, VmPolicy},
    inventory::Machine,
    vm::VmId,
};

use super::{
    many::{all_found, by_subscription},
    policy_change::version,
    scene::Scene,
    vm_path::seen,
};
use crate::{
    app::App,
    caller::Principal,
    error::{ApiError, Json},
    inventory::look_up_all,
};

pub(crate) async fn read_policies(
    State(app): State<App>,
    principal: Principal,
    Json(ReadPolicies { vms }): Json<ReadPolicies>,
) -> Result<axum::Json<PolicyList>, ApiError> {
    all_seen(&app, &vms, &principal).await?;
    let viewer = &principal.requester;
    let mut read = BTreeMap::new();
    for (subscription, vms) in by_subscription(vms.as_slice()) {
        let machines = known(&app, subscription, &vms).await?;
        let scene = Scene::around(&app, subscription, &machines, viewer).await?;
        for machine in &machines {
            let sight = scene.sight(machine, viewer, None);
            let summary = sight.summary(&sight.ports(&app));
            let policy = scene.policy(&machine.vm).cloned();
            let version = version(policy.as_ref())?;
            read.insert(machine.vm.clone(), VmPolicy { summary, policy, version });
        }
    }
    all_found(vms.as_slice().iter().filter(|vm| !read.contains_key(*vm)).collect())?;
    let vms = vms.as_slice().iter().filter_map(|vm| read.remove(vm)).collect();
    Ok(axum::Json(PolicyList { vms, server_time: app.now() }))
}

async fn all_seen(app: &App, vms: &VmIds, principal: &Principal) -> Result<(), ApiError> {
    let mut missing = Vec::new();
    for vm in vms.as_slice() {
        match seen(app, vm, principal).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => missing.push(vm),
            Err(error) => return Err(error),
        }
    }
    all_found(missing)
}

/// VMs of the stored inventory; only those that are not in it are looked for in Azure.
async fn known(
    app: &App,
    subscription: shared::vm::SubscriptionId,
    vms: &[VmId],
) -> Result<Vec<Machine>, ApiError> {
    let mut machines = app.store().machines_of(subscription, vms).await?;
    let new = vms.iter().filter(|vm| !machines.iter().any(|machine| machine.vm == **vm));
    let found = look_up_all(&app.engine, new.collect::<Vec<_>>()).await?;
    machines.extend(found.into_values());
    Ok(machines)
}
