//! `GET /api/activity`: the audit of what the caller may see, newest first.

use std::sync::Arc;

use axum::extract::State;
use shared::{
    api::{Activity, ActivityQuery, Step},
    audit::Entry,
    rbac::{AccessRights, action},
    vm::SubscriptionId,
};

use super::vm_path::seen;
use crate::{
    app::App,
    caller::Principal,
    error::{ApiError, Query},
    store::ActivityFilter,
};

const MOST: u16 = 200;
const USUAL: u16 = 50;

/// Which entries a caller may see: those of readable VMs; those of no VM with a right to the whole subscription.
pub(super) struct Readable(Vec<(SubscriptionId, Arc<AccessRights>)>);

pub(crate) async fn list_activity(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<ActivityQuery>,
) -> Result<axum::Json<Activity>, ApiError> {
    let limit = query.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::rejected("limit", format!("from 1 to {MOST}")));
    }
    let (mut filter, readable) = filter(&app, &principal, &query).await?;
    filter.limit = u32::from(limit);
    let mut steps = Vec::new();
    let next = loop {
        let page = app.store().activity(&filter).await?;
        steps.extend(page.entries.into_iter().filter(|entry| readable.shows(entry)).map(step));
        filter.before = page.next;
        // A page may hold only entries that the caller may not see.
        if page.next.is_none() || steps.len() >= usize::from(limit) {
            break page.next;
        }
    };
    Ok(axum::Json(Activity { steps, next: next.map(|cursor| cursor.to_string()), server_time: app.now() }))
}

pub(super) async fn filter(
    app: &App,
    principal: &Principal,
    query: &ActivityQuery,
) -> Result<(ActivityFilter, Readable), ApiError> {
    if let Some(vm) = &query.vm {
        seen(app, vm, principal).await?;
    }
    let wanted = query.subscription.or(query.vm.as_ref().map(shared::vm::VmId::subscription));
    let served = app.subscriptions.iter().copied();
    let subscriptions: Vec<SubscriptionId> =
        served.filter(|one| wanted.is_none_or(|wanted| wanted == *one)).collect();
    let mut rights = Vec::with_capacity(subscriptions.len());
    for subscription in &subscriptions {
        rights.push((*subscription, app.rights.of(*subscription, &principal.requester.id).await?));
    }
    let before = match &query.before {
        Some(text) => Some(text.parse().map_err(|error| ApiError::rejected("before", error))?),
        None => None,
    };
    let filter = ActivityFilter { subscriptions, vm: query.vm.clone(), before, limit: u32::from(USUAL) };
    Ok((filter, Readable(rights)))
}

pub(super) fn step(entry: Entry) -> Step {
    Step { summary: entry.record.event.to_string(), entry }
}

impl Readable {
    pub(super) fn shows(&self, entry: &Entry) -> bool {
        let subscription = entry.record.subscription;
        self.0.iter().filter(|(one, _)| *one == subscription).any(|(_, rights)| match &entry.record.vm {
            Some(vm) => rights.on_vm(vm).read,
            None => rights.may(action::READ_VM, &format!("/subscriptions/{subscription}")),
        })
    }
}
