use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::effective_rules;
use super::read::missing;
use crate::reply::Reply;
use crate::world::{Change, Operation, Outcome};

/// A write that was accepted, and how its answer has to look.
pub(super) struct Started {
    is_asynchronous: bool,
    /// Whether a deletion tells of the status beside the result.
    has_status: bool,
    status_url: String,
    result_url: String,
}

impl Started {
    /// Where the client can follow the write, if there is anything to follow.
    pub(super) fn headers(&self, reply: Reply) -> Reply {
        if !self.is_asynchronous {
            return reply;
        }
        reply.header("azure-asyncoperation", &self.status_url).header("retry-after", "1")
    }

    /// The answer to a POST, which can be followed even when it is done already.
    pub(super) fn accepted(&self) -> Reply {
        Reply::empty(StatusCode::ACCEPTED)
            .header("azure-asyncoperation", &self.status_url)
            .header("location", &self.result_url)
            .header("retry-after", "1")
    }

    /// The answer to a DELETE.
    pub(super) fn deletion(&self) -> Reply {
        if !self.is_asynchronous {
            return Reply::empty(StatusCode::OK);
        }
        let accepted = Reply::empty(StatusCode::ACCEPTED);
        let accepted =
            if self.has_status { self.headers(accepted) } else { accepted.header("retry-after", "1") };
        accepted.header("location", &self.result_url)
    }
}

/// Accepts a write that is already visible: it takes effect after the latency.
/// `shown` is asked in between, while the resource says that it is being changed.
pub(super) fn start<T>(
    call: &mut Call<'_>,
    change: Change,
    location: &str,
    shown: impl Fn(&Call<'_>) -> T,
) -> (Started, T) {
    let latency = call.core.settings.latency;
    let due_at = call.now.checked_add(latency).unwrap_or(Timestamp::MAX);
    let is_asynchronous = due_at > call.now || call.fails_late;
    let started = started(call, location, is_asynchronous);
    let id = started.status_url_id();
    call.effect_at = (!call.fails_late).then_some(due_at);
    let operation = Operation { id, change, due_at, fails: call.fails_late, settled: false };
    if is_asynchronous {
        let state = if operation.change.is_delete() { "Deleting" } else { "Updating" };
        call.core.world.mark(&operation.change, state);
        let shown = shown(call);
        call.core.world.accept(operation, call.now);
        return (started, shown);
    }
    call.core.world.accept(operation, call.now);
    (started, shown(call))
}

fn started(call: &mut Call<'_>, location: &str, is_asynchronous: bool) -> Started {
    let id = call.core.ids.guid();
    let namespace = call.place.kind.split('/').next().unwrap_or_default();
    let subscription = call.place.subscription().unwrap_or_default();
    let url = |word: &str| {
        format!(
            "{}/subscriptions/{subscription}/providers/{namespace}/locations/{location}/{word}/{id}?api-version={}",
            call.base,
            call.api_version(),
        )
    };
    let has_status = !call.core.settings.location_only;
    let (status_url, result_url) = (url("operations"), url("operationResults"));
    Started { is_asynchronous, has_status, status_url, result_url }
}

impl Started {
    fn status_url_id(&self) -> String {
        let path = self.status_url.split('?').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

pub(super) fn status(call: &mut Call<'_>) -> Answer {
    let operation = call.core.world.operation(call.place.name()).ok_or_else(|| missing(call))?;
    Ok(match operation.outcome() {
        Outcome::InProgress => Reply::ok(json!({"status": "InProgress"})).header("retry-after", "1"),
        Outcome::Succeeded => Reply::ok(json!({"status": "Succeeded"})),
        Outcome::Failed => Reply::ok(json!({"status": "Failed", "error": failure()})),
    })
}

/// What the `Location` of a write answers: nothing yet, nothing any more, or the failure.
pub(super) fn result(call: &mut Call<'_>) -> Answer {
    let operation = call.core.world.operation(call.place.name()).cloned().ok_or_else(|| missing(call))?;
    if let (Outcome::Succeeded, Change::EffectiveRules { nic }) = (operation.outcome(), &operation.change) {
        return effective_rules::show(call, nic);
    }
    Ok(match (operation.outcome(), operation.change.is_delete()) {
        (Outcome::InProgress, _) => {
            let same = format!("{}{}?api-version={}", call.base, call.place.path, call.api_version());
            Reply::empty(StatusCode::ACCEPTED).header("location", same).header("retry-after", "1")
        }
        (Outcome::Succeeded, true) => Reply::empty(StatusCode::NO_CONTENT),
        (Outcome::Succeeded, false) => Reply::empty(StatusCode::OK),
        (Outcome::Failed, _) => Reply::json(StatusCode::CONFLICT, json!({"error": failure()})),
    })
}

fn failure() -> Value {
    json!({"code": "InternalServerError", "message": "An error occurred.", "details": []})
}
