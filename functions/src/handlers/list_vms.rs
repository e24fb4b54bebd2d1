//! `GET /api/vms`: the VMs that the caller may see, by what was last read.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use futures::future::join_all;
use jiff::Timestamp;
use shared::{
    api::{VmList, VmSummary},
    decision::Requester,
    policy::ProtectedVm,
    vm::{SubscriptionId, VmId},
};

use super::view::{Sight, WEEK, only, undated};
use crate::{app::App, caller::Principal, error::ApiError, inventory::refresh_if_stale, store::HeldLease};

pub(crate) async fn list_vms(State(app): State<App>, principal: Principal) -> Result<Json<VmList>, ApiError> {
    let viewer = &principal.requester;
    let mut unreadable = Vec::new();
    let refreshed = join_all(app.subscriptions.iter().map(|one| refresh_if_stale(&app.engine, *one))).await;
    for (subscription, outcome) in app.subscriptions.iter().zip(refreshed) {
        unreadable.extend(outcome.err().map(|error| format!("{subscription}: {error}")));
    }
    let mut vms = Vec::new();
    let mut inventory_at: Option<Timestamp> = None;
    for subscription in &app.subscriptions {
        if let Some((summaries, at)) = summaries(&app, *subscription, viewer).await? {
            vms.extend(summaries);
            inventory_at = Some(inventory_at.map_or(at, |oldest| oldest.min(at)));
        }
    }
    Ok(Json(VmList { vms, inventory_at, unreadable, server_time: app.now() }))
}

async fn summaries(
    app: &App,
    subscription: SubscriptionId,
    viewer: &Requester,
) -> Result<Option<(Vec<VmSummary>, Timestamp)>, ApiError> {
    let store = app.store();
    let Some((inventory, at)) = store.inventory(subscription).await? else { return Ok(None) };
    let rights = app.rights.of(subscription, &viewer.id).await?;
    let observed = only(store.observations(subscription).await?, |_| true);
    let firewalls = undated(store.firewalls(subscription).await?);
    let mut policies: BTreeMap<VmId, ProtectedVm> = BTreeMap::new();
    for policy in store.policies(subscription).await? {
        policies.insert(policy.vm.clone(), policy);
    }
    let mut held: BTreeMap<VmId, Vec<HeldLease>> = BTreeMap::new();
    for one in store.unclosed(subscription).await? {
        held.entry(one.lease.vm.clone()).or_default().push(one);
    }
    let now = app.now();
    let usage = store.usage(subscription, now - WEEK).await?;
    let mut summaries = Vec::new();
    for machine in &inventory.machines {
        let rights = rights.on_vm(&machine.vm);
        if !rights.read {
            continue;
        }
        let sight = Sight {
            machine,
            subscription_name: &inventory.subscription_name,
            policy: policies.get(&machine.vm),
            held: held.get(&machine.vm).map_or(&[], Vec::as_slice),
            observed: &observed,
            firewalls: &firewalls,
            usage: usage.get(&machine.vm.key()),
            rights,
            viewer,
            failure: None,
            now,
        };
        summaries.push(sight.summary(&sight.ports(app)));
    }
    Ok(Some((summaries, at)))
}
