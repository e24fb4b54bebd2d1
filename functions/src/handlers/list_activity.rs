//! `GET /api/activity`: the audit of what the caller may see, newest first.

use std::sync::Arc;

use axum::extract::State;
use shared::{
    api::{Activity, ActivityQuery, Step},
    audit::Entry,
    rbac::{AccessRights, Right},
    vm::SubscriptionId,
};

use super::vm_path::seen;
use crate::{
    app::App,
    caller::Principal,
    error::{ApiError, Query},
    store::{ActivityFilter, Cursor},
};

const MOST: u16 = 200;
const USUAL: u16 = 50;
const LONGEST_NAME: usize = 256;

/// Which entries a caller may see: those of readable VMs; those of no VM with a right to the whole subscription.
pub(super) struct Readable(Vec<(SubscriptionId, Arc<AccessRights>)>);

pub(crate) async fn list_activity(
    State(app): State<App>,
    principal: Principal,
    Query(query): Query<ActivityQuery>,
) -> Result<axum::Json<Activity>, ApiError> {
    let limit = query.limit.unwrap_or(USUAL);
    let (mut filter, readable) = filter(&app, &principal, &query).await?;
    filter.limit = u32::from(limit);
    let limit = usize::from(limit);
    let mut entries = Vec::new();
    // A page may hold only entries that the caller may not see; there is a next one where one more is to be seen.
    while entries.len() <= limit {
        let page = app.store().activity(&filter).await?;
        entries.extend(page.entries.into_iter().filter(|entry| readable.shows(entry)));
        filter.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|last| Cursor::of(last).to_string());
    let steps = entries.into_iter().map(step).collect();
    Ok(axum::Json(Activity { steps, next, server_time: app.now() }))
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
    Ok((parsed(subscriptions, query)?, Readable(rights)))
}

fn parsed(subscriptions: Vec<SubscriptionId>, query: &ActivityQuery) -> Result<ActivityFilter, ApiError> {
    let (vm, since, until) = (query.vm.clone(), query.since, query.until);
    if query.limit.is_some_and(|limit| !(1..=MOST).contains(&limit)) {
        return Err(ApiError::rejected("limit", format!("from 1 to {MOST}")));
    }
    if let Some(until) = until.filter(|until| since.is_some_and(|since| since > *until)) {
        return Err(ApiError::rejected("since", format!("not after until, which is {until}")));
    }
    let person = match query.person.as_deref().map(str::trim) {
        Some(person) if !(1..=LONGEST_NAME).contains(&person.chars().count()) => {
            let allowed = format!("an object id or a whole name, of 1 to {LONGEST_NAME} characters");
            return Err(ApiError::rejected("person", allowed));
        }
        person => person.map(str::to_owned),
    };
    let before = match &query.before {
        Some(text) => Some(text.parse().map_err(|error| ApiError::rejected("before", error))?),
        None => None,
    };
    let kinds = query.kind.as_ref().map(|kinds| kinds.as_slice().to_vec()).unwrap_or_default();
    let limit = u32::from(USUAL);
    Ok(ActivityFilter { subscriptions, vm, person, kinds, since, until, before, limit })
}

pub(super) fn step(entry: Entry) -> Step {
    Step { summary: entry.record.event.to_string(), entry }
}

impl Readable {
    pub(super) fn shows(&self, entry: &Entry) -> bool {
        let subscription = entry.record.subscription;
        self.0.iter().filter(|(one, _)| *one == subscription).any(|(_, rights)| match &entry.record.vm {
            Some(vm) => rights.on_vm(vm).read,
            None => rights.has_below(Right::Read, &format!("/subscriptions/{subscription}")),
        })
    }
}
