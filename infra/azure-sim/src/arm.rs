//! Azure Resource Manager: who calls, what for, may they, and the answer in ARM's shape.

mod activity;
mod authenticate;
mod authorization;
mod call;
mod dispatch;
mod effective_rules;
mod firewall_check;
mod firewalls;
mod interfaces;
mod machines;
mod networks;
mod nsg_view;
mod nsgs;
mod operations;
mod paging;
mod place;
mod prefix;
mod public_ips;
mod read;
mod rule_check;
mod rules;
mod write;

pub(crate) use authenticate::is_arm;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::app::App;
use crate::faults::{Dropped, Met, meet};
use crate::reply::Reply;
use crate::world::WriteRecord;
use authenticate::Caller;
use call::Call;
use place::Place;

/// ARM takes no body above 4 MB.
const BODY_LIMIT: usize = 4 << 20;

/// An answer, or the refusal in its place.
type Answer = Result<Reply, Reply>;

pub(crate) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let correlation_id = correlation_id(&app, &parts.headers);
    let met = meet(&app, &parts.method, parts.uri.path()).await;
    if let Met::DropBefore = met {
        return Dropped::response();
    }
    if let Met::Answer(reply) = met {
        record(&app, &parts, &correlation_id, &reply, None, (app.now(), None));
        return finish(&app, &parts, &correlation_id, reply);
    }
    let reply = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => answer(&app, &parts, &body, &correlation_id, matches!(met, Met::FailLate)),
        Err(_) => {
            Reply::error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "The body is above 4 MB.")
        }
    };
    if let Met::DropAfter = met {
        return Dropped::response();
    }
    finish(&app, &parts, &correlation_id, reply)
}

fn answer(app: &App, parts: &Parts, body: &Bytes, correlation_id: &str, fails_late: bool) -> Reply {
    let caller = match authenticate::authenticate(app, &parts.headers) {
        Ok(caller) => caller,
        Err(refusal) => return refusal,
    };
    let Some(place) = Place::parse(parts.uri.path()) else {
        let message = format!("The path '{}' is not a resource id.", parts.uri.path());
        return Reply::error(StatusCode::NOT_FOUND, "InvalidResourceId", message);
    };
    let mut core = app.core();
    let mut call = Call::new(app, &mut core, parts, place, &caller, body, fails_late);
    let mut reply = dispatch::dispatch(&mut call).unwrap_or_else(|refusal| refusal);
    if let Some(left) = call.quota_left {
        reply = reply.header(quota_header(&parts.method), left.to_string());
    }
    let (at, effect_at) = (call.now, call.effect_at);
    drop(core);
    record(app, parts, correlation_id, &reply, Some(&caller), (at, effect_at));
    reply
}

fn record(
    app: &App,
    parts: &Parts,
    correlation_id: &str,
    reply: &Reply,
    caller: Option<&Caller>,
    (at, effect_at): (Timestamp, Option<Timestamp>),
) {
    let is_question = parts.uri.path().to_ascii_lowercase().ends_with("/effectivenetworksecuritygroups");
    if matches!(parts.method, Method::GET | Method::HEAD) || is_question {
        return;
    }
    let record = WriteRecord {
        seq: 0,
        at,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        principal: caller.map(|caller| caller.object_id.clone()).unwrap_or_default(),
        principal_name: caller.map(|caller| caller.name.clone()).unwrap_or_default(),
        status: reply.status.as_u16(),
        correlation_id: correlation_id.to_owned(),
        effect_at,
    };
    app.core().world.record(record);
    app.changed.notify_one();
}

fn correlation_id(app: &App, headers: &HeaderMap) -> String {
    let sent = headers.get("x-ms-correlation-request-id").and_then(|value| value.to_str().ok());
    sent.map_or_else(|| app.core().ids.guid(), str::to_owned)
}

/// The headers that every answer of ARM carries.
fn finish(app: &App, parts: &Parts, correlation_id: &str, reply: Reply) -> Response {
    let (request_id, skew) = {
        let mut core = app.core();
        (core.ids.guid(), core.settings.date_skew)
    };
    let left = if parts.method == Method::GET { "249" } else { "199" };
    let shown = app.now().checked_add(skew).unwrap_or(app.now());
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&shown).unwrap_or_default();
    let mut response = reply.into_response();
    let headers = [
        ("x-ms-request-id", request_id.as_str()),
        ("x-ms-correlation-request-id", correlation_id),
        ("date", &date),
        ("cache-control", "no-cache"),
    ];
    let quota = HeaderName::from_static(quota_header(&parts.method));
    response.headers_mut().entry(quota).or_insert(HeaderValue::from_static(left));
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn quota_header(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "x-ms-ratelimit-remaining-subscription-reads",
        Method::DELETE => "x-ms-ratelimit-remaining-subscription-deletes",
        _ => "x-ms-ratelimit-remaining-subscription-writes",
    }
}
