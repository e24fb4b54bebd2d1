//! What the host says to a function that is not called by HTTP, and hears from it.

use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Invocation {
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    /// By the name of its binding.
    timer: Timer,
}

/// The timer that fired.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Timer {
    /// Whether it should have fired before, when no host was running.
    pub(super) is_past_due: bool,
    schedule_status: Option<ScheduleStatus>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScheduleStatus {
    next: Option<String>,
}

impl Timer {
    pub(super) fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body).map(|Invocation { data }| data.timer)
    }

    /// When it should have fired, in the host's words.
    pub(super) fn due_at(&self) -> Option<&str> {
        self.schedule_status.as_ref()?.next.as_deref()
    }
}

/// The answer; the host takes any status but success for a failure.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Outcome {
    outputs: serde_json::Map<String, serde_json::Value>,
    /// Lines for the function's own log.
    logs: Vec<String>,
    return_value: Option<String>,
}

impl Outcome {
    pub(super) fn new(logs: Vec<String>) -> Self {
        Self { outputs: serde_json::Map::new(), logs, return_value: None }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_the_host_sends() {
        let sent = |status, is_past_due| {
            let schedule = json!({ "AdjustForDST": true });
            let timer = json!({ "Schedule": schedule, "ScheduleStatus": status, "IsPastDue": is_past_due });
            let sys =
                json!({ "MethodName": "sweep", "UtcNow": "2026-01-31T16:00:00Z", "RandGuid": "7d3c1e02" });
            Timer::parse(
                json!({ "Data": { "timer": timer }, "Metadata": { "sys": sys } }).to_string().as_bytes(),
            )
            .unwrap()
        };
        let first = sent(json!(null), false);
        assert_eq!((first.is_past_due, first.due_at()), (false, None));
        let status = json!({ "Last": "2026-01-31T15:58:00.01+00:00", "Next": "2026-01-31T15:59:00+00:00",
                             "LastUpdated": "2026-01-31T15:58:00.01+00:00" });
        let late = sent(status, true);
        assert_eq!((late.is_past_due, late.due_at()), (true, Some("2026-01-31T15:59:00+00:00")));
    }

    #[test]
    fn rejects_anything_else() {
        for body in ["", "{}", r#"{"Data":{}}"#, r#"{"Data":{"timer":{"IsPastDue":"no"}}}"#, "null"] {
            assert!(Timer::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn answers_in_the_hosts_words() {
        let outcome = serde_json::to_value(Outcome::new(vec!["swept".to_owned()])).unwrap();
        assert_eq!(outcome, json!({ "Outputs": {}, "Logs": ["swept"], "ReturnValue": null }));
    }
}
