use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::{parse, refusal};
use crate::app::{App, Core};
use crate::limits::Rates;
use crate::reply::Reply;

const LONGEST_SKEW_S: u64 = 366 * 24 * 3_600;

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSettings {
    latency_ms: Option<u32>,
    page_size: Option<usize>,
    flush_connection: Option<bool>,
    stale_reads_ms: Option<u32>,
    location_only: Option<bool>,
    date_skew_seconds: Option<i64>,
    /// `null` takes all limits away.
    #[serde(default, deserialize_with = "even_null")]
    limits: Option<Option<Rates>>,
}

fn even_null<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Option<Rates>>, D::Error> {
    Option::deserialize(source).map(Some)
}

pub(super) async fn show(State(app): State<Arc<App>>) -> Reply {
    shown(&app.core())
}

pub(super) async fn change(State(app): State<Arc<App>>, body: Bytes) -> Result<Reply, Reply> {
    let new: NewSettings = parse(&body)?;
    if new.page_size == Some(0) {
        return Err(refusal(StatusCode::BAD_REQUEST, "page_size must be at least 1"));
    }
    if new.date_skew_seconds.is_some_and(|skew| skew.unsigned_abs() > LONGEST_SKEW_S) {
        return Err(refusal(StatusCode::BAD_REQUEST, "date_skew_seconds must be within a year"));
    }
    let mut core = app.core();
    let settings = &mut core.settings;
    let millis = |millis: u32| SignedDuration::from_millis(i64::from(millis));
    settings.latency = new.latency_ms.map_or(settings.latency, millis);
    settings.page_size = new.page_size.unwrap_or(settings.page_size);
    settings.flush_connection = new.flush_connection.unwrap_or(settings.flush_connection);
    settings.stale_reads = new.stale_reads_ms.map_or(settings.stale_reads, millis);
    settings.location_only = new.location_only.unwrap_or(settings.location_only);
    settings.date_skew = new.date_skew_seconds.map_or(settings.date_skew, SignedDuration::from_secs);
    if let Some(rates) = new.limits {
        core.limits.set(rates);
    }
    Ok(shown(&core))
}

fn shown(core: &Core) -> Reply {
    let millis = |duration: SignedDuration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let settings = &core.settings;
    Reply::ok(json!({
        "latency_ms": millis(settings.latency),
        "page_size": settings.page_size,
        "flush_connection": settings.flush_connection,
        "stale_reads_ms": millis(settings.stale_reads),
        "location_only": settings.location_only,
        "date_skew_seconds": settings.date_skew.as_secs(),
        "limits": core.limits.rates(),
    }))
}
