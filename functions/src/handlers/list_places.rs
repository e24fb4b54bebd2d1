//! `GET /api/places`: the subscriptions and resource groups of the VMs that the caller may see.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use shared::{
    api::{Place, Places},
    vm::SubscriptionId,
};

use super::page_vms::sees_all;
use crate::{
    app::App,
    caller::Principal,
    error::ApiError,
    store::{ListFilter, ListOrder, Listed},
};

/// How many VMs are looked through at a time for those that the caller may see.
const LOOKED_THROUGH: usize = 1000;

pub(crate) async fn list_places(
    State(app): State<App>,
    principal: Principal,
) -> Result<Json<Places>, ApiError> {
    let mut subscriptions = Vec::new();
    for subscription in app.subscriptions.iter().copied() {
        let Some((name, _)) = app.store().inventory_head(subscription).await? else { continue };
        app.store().label_machines(subscription).await?;
        let groups = groups(&app, subscription, &principal).await?;
        if !groups.is_empty() {
            subscriptions.push(Place { subscription, name, groups });
        }
    }
    subscriptions.sort_by_cached_key(|place| (place.name.to_lowercase(), place.subscription));
    Ok(Json(Places { subscriptions, server_time: app.now() }))
}

/// Each group once, however often and in whatever case Azure spells it.
async fn groups(
    app: &App,
    subscription: SubscriptionId,
    principal: &Principal,
) -> Result<Vec<String>, ApiError> {
    let rights = app.rights.of(subscription, &principal.requester.id).await?;
    let names = if sees_all(&rights, subscription) {
        app.store().resource_groups(subscription).await?
    } else {
        let (mut names, mut after) = (Vec::new(), None);
        let (filter, order) = (ListFilter::default(), ListOrder::BY_ID);
        loop {
            let between = (after.as_ref(), None);
            let rows = app.store().listed(subscription, &filter, order, between, LOOKED_THROUGH).await?;
            let Some(last) = rows.last() else { break names };
            after = Some(Listed::place(last));
            let seen = rows.iter().filter(|row| rights.on_vm(&row.vm).read);
            names.extend(seen.map(|row| row.vm.resource_group().to_owned()));
            names.dedup();
        }
    };
    let by_key: BTreeMap<String, String> =
        names.into_iter().map(|name| (name.to_lowercase(), name)).collect();
    Ok(by_key.into_values().collect())
}
