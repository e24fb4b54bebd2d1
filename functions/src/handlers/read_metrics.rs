//! `GET /metrics`: what was counted, for a Prometheus that has the token.

use axum::{extract::State, response::IntoResponse};
use http::{
    HeaderMap,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;

use crate::{
    app::App,
    error::ApiError,
    metrics::{self, Gauges, Stored},
    store::StoreError,
};

pub(crate) async fn read_metrics(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    may_read(&app, &headers)?;
    let stored = stored(&app, app.now()).await;
    let stored =
        stored.inspect_err(|error| tracing::warn!(%error, "metrics without what the store says")).ok();
    let gauges = Gauges { stored, clock_ahead: app.engine.fabric.clock_ahead() };
    let text = app.engine.metrics.text(&gauges).map_err(ApiError::internal)?;
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text))
}

/// Where no token is set there is no such operation.
fn may_read(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(expected) = &app.metrics_token else {
        return Err(ApiError::not_found("an operation at /metrics"));
    };
    let given = headers.get(AUTHORIZATION).ok_or_else(ApiError::not_signed_in)?;
    let token = given.as_bytes().strip_prefix(b"Bearer ").unwrap_or_default();
    if token.ct_eq(expected.expose().as_bytes()).into() {
        return Ok(());
    }
    Err(ApiError::unauthenticated("token_invalid", "this is not the token that reads the metrics"))
}

async fn stored(app: &App, now: Timestamp) -> Result<Stored, StoreError> {
    let store = app.store();
    let first_due = store.due(now).await?.iter().map(|held| held.lease.expires_at).min();
    let oldest_overdue = first_due.map_or(SignedDuration::ZERO, |end| now.duration_since(end));
    Ok(Stored { leases: store.counts(now).await?, oldest_overdue, last_sweep: store.last_sweep().await? })
}
