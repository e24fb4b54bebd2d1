//! Azure Functions: what its host asks a custom handler for beside HTTP calls, which it forwards as they are.
//!
//! The host calls a function by its name, as a path of this process; the forwarded calls of outsiders may have the same
//! path. They are told apart by what no outsider can leave out: Azure's front end writes `X-Forwarded-For` into each call
//! that comes from outside, and the host into none of its own. Were one mistaken for the timer's, it would only sweep: the
//! sweep takes no input, and one runs at a time.

mod invocation;

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderMap, Method, header::HOST};
use jiff::SignedDuration;
use tokio::sync::{Mutex, OwnedMutexGuard};

use self::invocation::{Outcome, Timer};
use crate::{
    app::App,
    error::ApiError,
    store::StoreError,
    sweep::{self, SweepReport, TIMER_PERIOD},
};

/// Where the host calls the timer's function: its name, which is that of its folder.
const TIMER_PATH: &str = "/sweep";

/// What the host gives each of its own calls.
const INVOCATION_ID: &str = "x-azure-functions-invocationid";

/// What calls from outside carry: all of them the first, most of them the others.
const FROM_OUTSIDE: [&str; 5] =
    ["x-forwarded-for", "forwarded", "x-arr-log-id", "client-ip", "x-original-url"];

/// Whom the host's own calls are for; most of those from outside keep the name that they were sent to.
const THIS_MACHINE: [&str; 2] = ["127.0.0.1", "localhost"];

/// When the host is answered at the latest. It would end the whole process at its function timeout, which is five minutes.
const ANSWER_WITHIN: SignedDuration = SignedDuration::from_mins(4);

/// What the host calls beside the router's own operations.
pub(crate) fn routes() -> Router<App> {
    let alone = Arc::new(Mutex::new(()));
    let timer = move |State(app): State<App>, method: Method, headers: HeaderMap, body: Bytes| {
        let alone = Arc::clone(&alone);
        async move {
            if method == Method::POST && is_from_host(&headers) {
                fired(&app, alone, &body).await.into_response()
            } else {
                ApiError::not_found(format!("a page at {TIMER_PATH}")).into_response()
            }
        }
    };
    Router::new().route(TIMER_PATH, any(timer))
}

fn is_from_host(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    THIS_MACHINE.contains(&name)
        && headers.get_all(INVOCATION_ID).iter().count() == 1
        && !FROM_OUTSIDE.iter().any(|name| headers.contains_key(*name))
}

/// One run, which looks at everything at once and stays for a period. It goes on if the host does not wait for it.
async fn fired(app: &App, alone: Arc<Mutex<()>>, body: &[u8]) -> Result<Response, ApiError> {
    let mut logs = Vec::new();
    match Timer::parse(body) {
        Ok(timer) if timer.is_past_due => {
            let due = timer.due_at().unwrap_or("a time that is not known");
            tracing::warn!(due, "the timer is past due");
            logs.push(format!("past due: this run should have begun at {due}"));
        }
        Ok(_) => {}
        // Closing takes no input, so that nothing in it can keep a port open.
        Err(error) => {
            tracing::warn!(%error, "the host's word is not understood; sweeping all the same");
            logs.push(format!("what the host sent is not understood: {error}"));
        }
    }
    let Ok(alone) = alone.try_lock_owned() else {
        logs.push("an earlier run is still at work, and closes what falls due".to_owned());
        return Ok(answer(logs));
    };
    let latest = app.now() + ANSWER_WITHIN;
    let run = app.work.spawn(run(app.clone(), alone));
    tokio::select! {
        ended = run => logs.extend(told(&ended.map_err(ApiError::internal)??)),
        () = app.engine.clock.sleep_until(latest) => {
            logs.push("this run goes on without an answer, and closes what falls due".to_owned());
        }
    }
    Ok(answer(logs))
}

async fn run(app: App, _alone: OwnedMutexGuard<()>) -> Result<SweepReport, StoreError> {
    let until = app.now() + TIMER_PERIOD;
    sweep::run_unless(&app.engine, &app.subscriptions, until, app.work.stopping()).await
}

fn told(report: &SweepReport) -> Vec<String> {
    let SweepReport { nsgs, failures, rounds, overdue } = report;
    let summary = format!("looked at {nsgs} NSGs; {rounds} times at leases that fell due; {overdue} overdue");
    std::iter::once(summary).chain(failures.iter().map(|failure| format!("failed: {failure}"))).collect()
}

fn answer(logs: Vec<String>) -> Response {
    Json(Outcome::new(logs)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_hosts_own_call_and_no_forwarded_one() {
        const ID: (&str, &str) = (INVOCATION_ID, "7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311");
        const TO_US: (&str, &str) = ("host", "127.0.0.1:34963");
        assert!(says(&[ID, TO_US, ("user-agent", "Azure-Functions-Host/4.1048.200.26180")]));
        for name in FROM_OUTSIDE {
            assert!(!says(&[ID, TO_US, (name, "203.0.113.7:50123")]), "{name}");
            assert!(!says(&[ID, TO_US, (name, "")]), "{name}");
        }
        assert!(!says(&[TO_US]) && !says(&[ID, ID, TO_US]) && !says(&[ID]));
        assert!(!says(&[ID, ("host", "postern.contoso.example")]));
    }

    fn says(lines: &[(&str, &str)]) -> bool {
        let lines = lines.iter().map(|(name, value)| {
            (name.parse::<http::HeaderName>().unwrap(), value.parse::<http::HeaderValue>().unwrap())
        });
        is_from_host(&lines.collect())
    }
}
