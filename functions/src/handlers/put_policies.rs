//! `PUT /api/policies`: enables JIT on many VMs, or changes how they are protected. Everything is checked for all of
//! them before the first policy is durable; those of one subscription are durable together.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use shared::{
    api::{ConfiguredVm, ConfiguredVms, ProblemBody, PutPolicies, VmIds},
    inventory::Machine,
    policy::{LiveSessions, ProtectedVm},
    vm::{NsgId, VmId},
};

use super::{
    many::{by_subscription, detail, may_configure, refuse_any, trouble_of},
    policy_change::{CHANGED, Change, change, unchanged},
    policy_checks::{cannot_cut_sessions, obstructed, record},
    scene::Scene,
};
use crate::{
    app::App,
    caller::Principal,
    enforce::Settled,
    error::{ApiError, Json},
};

pub(crate) async fn put_policies(
    State(app): State<App>,
    principal: Principal,
    Json(PutPolicies { vms, policy: patch, versions }): Json<PutPolicies>,
) -> Result<axum::Json<ConfiguredVms>, ApiError> {
    may_configure(&app, &vms, &principal).await?;
    let change = change(&app, &vms, &patch).await?;
    unchanged(&vms, versions.as_deref(), &change.before)?;
    unobstructed(&app, &change).await?;
    can_cut_sessions(&app, &change).await?;
    keep(&app, &vms, &change, &principal).await?;
    let settled = app.engine.settle(&vms.as_slice().iter().cloned().collect()).await?;
    shown(&app, &vms, &principal, &settled).await.map(axum::Json)
}

pub(crate) async fn unobstructed(app: &App, change: &Change) -> Result<(), ApiError> {
    let preview = app.engine.preview(&change.machines, &change.after, &[]).await?;
    let of_guards = preview.obstacles.iter().filter(|(_, obstacle)| obstacle.grant.is_none());
    let details = of_guards.flat_map(|(nsg, obstacle)| {
        let message = obstructed(nsg.name(), &obstacle.reason.to_string());
        behind(&change.machines, nsg).map(move |vm| detail("obstructed", vm, message.clone()))
    });
    refuse_any(details.collect(), |message| ApiError::conflict("obstructed", message))
}

/// Asks only the NSGs of VMs whose sessions were not to be cut before.
pub(crate) async fn can_cut_sessions(app: &App, change: &Change) -> Result<(), ApiError> {
    let is_new = |policy: &&ProtectedVm| {
        let before = change.before.get(&policy.vm).map(|before| before.live_sessions);
        policy.live_sessions != LiveSessions::Never
            && before.is_none_or(|before| before == LiveSessions::Never)
    };
    let vms: BTreeSet<&VmId> = change.after.iter().filter(is_new).map(|policy| &policy.vm).collect();
    let machines = change.machines.iter().filter(|machine| vms.contains(&machine.vm));
    let nsgs: BTreeSet<&NsgId> = machines.flat_map(Machine::nsgs).collect();
    let unable = cannot_cut_sessions(app, nsgs).await?;
    let details: Vec<ProblemBody> = unable
        .into_iter()
        .flat_map(|(nsg, message)| {
            let vms = behind(&change.machines, nsg).filter(|vm| vms.contains(vm));
            vms.map(move |vm| detail("sessions_cannot_be_cut", vm, message.clone()))
        })
        .collect();
    refuse_any(details, |message| ApiError::conflict("sessions_cannot_be_cut", message))
}

fn behind<'m>(machines: &'m [Machine], nsg: &'m NsgId) -> impl Iterator<Item = &'m VmId> {
    machines.iter().filter(move |machine| machine.nsgs().contains(nsg)).map(|machine| &machine.vm)
}

/// Between reading the policies and writing them somebody else may change one; that is not undone.
async fn keep(app: &App, vms: &VmIds, change: &Change, principal: &Principal) -> Result<(), ApiError> {
    let mut kept = Vec::new();
    for subscription in by_subscription(vms.as_slice()).into_keys() {
        let of_it = change.after.iter().filter(|policy| policy.vm.subscription() == subscription);
        let policies: Vec<ProtectedVm> = of_it.cloned().collect();
        let records: Vec<_> = policies.iter().map(|policy| record(app, policy, principal)).collect();
        if !app.store().put_policies(subscription, &change.before, &policies, &records).await? {
            return Err(ApiError::changed(CHANGED, overtaken(&kept)));
        }
        kept.push(subscription.to_string());
    }
    Ok(())
}

fn overtaken(kept: &[String]) -> String {
    let done = match kept {
        [] => "nothing was changed".to_owned(),
        kept => format!("only the policies of subscription {} were changed", kept.join(", ")),
    };
    format!("somebody else changed one of these policies in this moment; {done}; read them again")
}

/// Shows what settling read back; nothing is read from Azure again.
async fn shown(
    app: &App,
    vms: &VmIds,
    principal: &Principal,
    settled: &Settled,
) -> Result<ConfiguredVms, ApiError> {
    let viewer = &principal.requester;
    let mut configured = BTreeMap::new();
    for (subscription, vms) in by_subscription(vms.as_slice()) {
        let machines = app.store().machines_of(subscription, &vms).await?;
        let scene = Scene::around(app, subscription, &machines, viewer).await?;
        for machine in &machines {
            let Some(policy) = scene.policy(&machine.vm).cloned() else { continue };
            let trouble = trouble_of(app, &machine.vm, settled).await?;
            let sight = scene.sight(machine, viewer, trouble.clone());
            let ports = sight.ports(app);
            let summary = sight.summary(&ports);
            configured.insert(machine.vm.clone(), ConfiguredVm { summary, policy, ports, trouble });
        }
    }
    let vms = vms.as_slice().iter().filter_map(|vm| configured.remove(vm)).collect();
    Ok(ConfiguredVms { vms, server_time: app.now() })
}
