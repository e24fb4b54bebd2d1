//! `GET /api/vms`: the VMs that the caller may see, by what was last read. With a query: a page of them.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use futures::future::join_all;
use jiff::Timestamp;
use shared::{
    api::{VmList, VmQuery, VmSummary},
    decision::Requester,
    vm::SubscriptionId,
};

use super::{page_vms::page, scene::Scene};
use crate::{
    app::App,
    caller::Principal,
    enforce::EnforceError,
    error::{ApiError, Query},
    inventory::{may_be_shown, refresh_if_stale},
};

pub(crate) async fn list_vms(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<VmQuery>,
) -> Result<Response, ApiError> {
    let viewer = &principal.requester;
    if query == VmQuery::default() {
        return Ok(Json(whole(&app, viewer).await?).into_response());
    }
    Ok(Json(page(&app, viewer, &query).await?).into_response())
}

async fn whole(app: &App, viewer: &Requester) -> Result<VmList, ApiError> {
    let unreadable = refreshed(app).await;
    let mut vms = Vec::new();
    let mut inventory_at: Option<Timestamp> = None;
    for subscription in &app.subscriptions {
        if let Some((summaries, at)) = summaries(app, *subscription, viewer).await? {
            vms.extend(summaries);
            inventory_at = Some(inventory_at.map_or(at, |oldest| oldest.min(at)));
        }
    }
    Ok(VmList { vms, inventory_at, unreadable, server_time: app.now() })
}

/// Reads the inventories that are not fresh; gives what could not be read, and why. Nobody waits for what was read a
/// short while ago.
pub(super) async fn refreshed(app: &App) -> Vec<String> {
    let outcomes = join_all(app.subscriptions.iter().map(|one| refreshed_or_shown(app, *one))).await;
    let outcomes = app.subscriptions.iter().zip(outcomes);
    outcomes.filter_map(|(one, outcome)| Some(format!("{one}: {}", outcome.err()?))).collect()
}

async fn refreshed_or_shown(app: &App, subscription: SubscriptionId) -> Result<(), EnforceError> {
    if !(app.background && may_be_shown(&app.engine, app.store(), subscription).await?) {
        return refresh_if_stale(&app.engine, app.store(), subscription).await;
    }
    let app = app.clone();
    app.work.clone().spawn(async move {
        if let Err(error) = refresh_if_stale(&app.engine, app.store(), subscription).await {
            tracing::warn!(%subscription, %error, "the list is shown as it was last read");
        }
    });
    Ok(())
}

async fn summaries(
    app: &App,
    subscription: SubscriptionId,
    viewer: &Requester,
) -> Result<Option<(Vec<VmSummary>, Timestamp)>, ApiError> {
    let Some((inventory, at)) = app.store().inventory(subscription).await? else { return Ok(None) };
    let scene = Scene::whole(app, subscription, inventory.subscription_name, viewer).await?;
    let sights = inventory.machines.iter().map(|machine| scene.sight(machine, viewer, None));
    let seen = sights.filter(|sight| sight.rights.read);
    let summaries = seen.map(|sight| sight.summary(&sight.ports(app))).collect();
    Ok(Some((summaries, at)))
}
