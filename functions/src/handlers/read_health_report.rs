//! `GET /api/health`: how Postern is, for whoever may configure some VM.

use jiff::Timestamp;
use shared::{
    api::{ArmBudget, DriftNumbers, EventKind, HealthReport, LeaseNumbers, OldestOverdue},
    decision::Requester,
    rbac::{AccessRights, Right, action},
    vm::SubscriptionId,
};

use super::{read_session::silent_since, view::WEEK};
use crate::{
    app::App,
    caller::Principal,
    error::ApiError,
    store::{ListFilter, ListOrder, StoreError},
};

/// How many VMs are looked through at a time for one that the caller may configure.
const LOOKED_THROUGH: usize = 1000;

pub(crate) async fn read_health_report(
    axum::extract::State(app): axum::extract::State<App>,
    principal: Principal,
) -> Result<axum::Json<HealthReport>, ApiError> {
    let viewer = &principal.requester;
    if !configures_something(&app, viewer).await? {
        return Err(ApiError::forbidden("your Azure roles do not let you configure JIT on any VM"));
    }
    let (store, now) = (app.store(), app.now());
    let last_sweep_at = store.last_sweep().await?;
    let counts = store.counts(now).await?;
    Ok(axum::Json(HealthReport {
        last_sweep_at,
        timer_silent_since: silent_since(last_sweep_at, app.started_at, now),
        leases: LeaseNumbers { pending: counts.pending, open: counts.open, overdue: counts.overdue },
        oldest_overdue: oldest_overdue(&app, viewer, now).await?,
        drift: drift(&app, now).await?,
        arm_budgets: arm_budgets(&app),
        clock_ahead_millis: app
            .engine
            .fabric
            .clock_ahead()
            .and_then(|ahead| i64::try_from(ahead.as_millis()).ok()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        server_time: now,
    }))
}

/// A subscription whose rights cannot be read keeps nobody out who may configure something in another.
async fn configures_something(app: &App, viewer: &Requester) -> Result<bool, ApiError> {
    let mut unknown = None;
    for subscription in &app.subscriptions {
        match configures_in(app, *subscription, viewer).await {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => unknown = Some(error),
        }
    }
    unknown.map_or(Ok(false), Err)
}

async fn configures_in(
    app: &App,
    subscription: SubscriptionId,
    viewer: &Requester,
) -> Result<bool, ApiError> {
    let rights = app.rights.of(subscription, &viewer.id).await?;
    configures_by(app, subscription, &rights).await
}

/// Whether these rights let their holder configure some VM of the subscription.
pub(super) async fn configures_by(
    app: &App,
    subscription: SubscriptionId,
    rights: &AccessRights,
) -> Result<bool, ApiError> {
    let scope = format!("/subscriptions/{subscription}");
    if rights.has_below(Right::Configure, &scope) {
        return Ok(true);
    }
    app.store().label_machines(subscription).await?;
    if !configures_somewhere(rights) {
        return Ok(false);
    }
    let mut after = None;
    loop {
        let (filter, between) = (ListFilter::default(), (after.as_ref(), None));
        let listed =
            app.store().listed(subscription, &filter, ListOrder::BY_ID, between, LOOKED_THROUGH).await?;
        let Some(last) = listed.last() else { return Ok(false) };
        after = Some(last.place());
        if listed.iter().any(|one| rights.on_vm(&one.vm).configure) {
            return Ok(true);
        }
    }
}

/// Whether it is worth looking for a VM at all.
fn configures_somewhere(rights: &AccessRights) -> bool {
    rights.assignments.iter().any(|assignment| {
        let alone = AccessRights { assignments: vec![assignment.clone()], ..AccessRights::default() };
        alone.may(action::WRITE_POLICY, &assignment.scope)
    })
}

async fn oldest_overdue(
    app: &App,
    viewer: &Requester,
    now: Timestamp,
) -> Result<Option<OldestOverdue>, ApiError> {
    let Some(held) = app.store().due(now).await?.into_iter().next() else { return Ok(None) };
    let since = held.lease.expires_at;
    let rights = app.rights.on_vm(&held.lease.vm, &viewer.id).await;
    if !rights.is_ok_and(|rights| rights.read) {
        return Ok(Some(OldestOverdue { since, vm: None, reason: None }));
    }
    let reason = held.trouble.map(|trouble| trouble.message);
    Ok(Some(OldestOverdue { since, vm: Some(held.lease.vm), reason }))
}

async fn drift(app: &App, now: Timestamp) -> Result<DriftNumbers, StoreError> {
    let mut drift = DriftNumbers { last_7_days: 0, newest_at: None };
    for subscription in &app.subscriptions {
        let (number, newest) =
            app.store().count_of_kind(*subscription, EventKind::Drifted, now - WEEK).await?;
        drift.last_7_days += number;
        drift.newest_at = drift.newest_at.max(newest);
    }
    Ok(drift)
}

fn arm_budgets(app: &App) -> Vec<ArmBudget> {
    app.subscriptions.iter().filter_map(|one| app.engine.fabric.budget(*one)).collect()
}
