//! Failures that a test has ordered.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::reply::Reply;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    Throttle,
    Locked,
    Conflict,
    ServerError,
    /// The connection closes and nothing was done.
    DropBefore,
    /// It was done, but the connection closes instead of an answer.
    DropAfter,
    Slow,
    /// The write is accepted, but its operation ends as a failure.
    FailLate,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(skip_deserializing)]
    pub(crate) id: u64,
    kind: FaultKind,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    path_contains: Option<String>,
    /// How many requests it still meets.
    #[serde(default = "once")]
    count: u32,
    #[serde(default)]
    retry_after_s: Option<u32>,
    #[serde(default)]
    delay_ms: Option<u64>,
}

fn once() -> u32 {
    1
}

impl Fault {
    fn concerns(&self, method: &Method, path: &str) -> bool {
        let is_action = *method == Method::POST && path.contains("/providers/");
        let is_write = *method == Method::PUT || *method == Method::DELETE || is_action;
        let method_fits = self.method.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(method.as_str()));
        let path = path.to_ascii_lowercase();
        let path_fits =
            self.path_contains.as_ref().is_none_or(|part| path.contains(&part.to_ascii_lowercase()));
        method_fits && path_fits && (is_write || self.kind != FaultKind::FailLate)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    ordered: Vec<Fault>,
    last_id: u64,
}

impl Faults {
    pub(crate) fn order(&mut self, mut fault: Fault) -> u64 {
        self.last_id += 1;
        fault.id = self.last_id;
        self.ordered.push(fault);
        self.last_id
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.ordered
    }

    pub(crate) fn clear(&mut self) {
        self.ordered.clear();
    }

    /// The first ordered fault that concerns the request; it is used up by one.
    fn take(&mut self, method: &Method, path: &str) -> Option<Fault> {
        self.ordered.retain(|fault| fault.count > 0);
        let fault = self.ordered.iter_mut().find(|fault| fault.concerns(method, path))?;
        fault.count -= 1;
        let taken = fault.clone();
        self.ordered.retain(|fault| fault.count > 0);
        Some(taken)
    }
}

/// What becomes of a request before anything has looked at it.
#[derive(Debug)]
pub(crate) enum Met {
    Nothing,
    Answer(Reply),
    DropBefore,
    DropAfter,
    FailLate,
}

pub(crate) async fn meet(app: &App, method: &Method, path: &str) -> Met {
    let Some(fault) = app.core().faults.take(method, path) else { return Met::Nothing };
    let retry_after = fault.retry_after_s;
    match fault.kind {
        FaultKind::Throttle => Met::Answer(throttled(path, retry_after.unwrap_or(1))),
        FaultKind::Locked => Met::Answer(locked(retry_after.unwrap_or(1))),
        FaultKind::Conflict => Met::Answer(refusal(
            StatusCode::CONFLICT,
            "AnotherOperationInProgress",
            "Another operation on this or a dependent resource is in progress.",
            retry_after,
        )),
        FaultKind::ServerError => Met::Answer(refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "An error occurred.",
            retry_after,
        )),
        FaultKind::DropBefore => Met::DropBefore,
        FaultKind::DropAfter => Met::DropAfter,
        FaultKind::FailLate => Met::FailLate,
        FaultKind::Slow => {
            tokio::time::sleep(Duration::from_millis(fault.delay_ms.unwrap_or(1_000))).await;
            Met::Nothing
        }
    }
}

/// What ARM says of a resource that another write still holds.
pub(crate) fn locked(retry_after_s: u32) -> Reply {
    let message = "Cannot proceed with operation because resource is being used by another operation. \
                   The operation can be retried.";
    let code = "RetryableErrorDueToAnotherOperation";
    refusal(StatusCode::TOO_MANY_REQUESTS, code, message, Some(retry_after_s))
}

fn throttled(path: &str, retry_after_s: u32) -> Reply {
    let is_compute = path.to_ascii_lowercase().contains("/microsoft.compute/");
    let code = if is_compute { "OperationNotAllowed" } else { "TooManyRequests" };
    let message = "The request is being throttled as the limit has been reached for operation type.";
    refusal(StatusCode::TOO_MANY_REQUESTS, code, message, Some(retry_after_s))
}

fn refusal(status: StatusCode, code: &str, message: &str, retry_after_s: Option<u32>) -> Reply {
    let reply = Reply::error(status, code, message);
    match retry_after_s {
        Some(seconds) => reply.header("retry-after", seconds.to_string()),
        None => reply,
    }
}

/// Marks a response in whose place the connection is to be closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dropped;

impl Dropped {
    pub(crate) fn response() -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(Self);
        response
    }
}
