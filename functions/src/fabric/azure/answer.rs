//! An answer of ARM, and what a failed one means.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};

use super::retry::retry_after;
use crate::{fabric::FabricError, metrics::Outcome};

/// Longer messages than this are cut.
const MESSAGE_LENGTH: usize = 500;

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// ARM's error, in its envelope or bare as some providers send it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ArmError {
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
}

#[derive(Deserialize)]
struct Envelope {
    error: ArmError,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        retry_after(&self.headers, now)
    }

    pub(super) fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T, FabricError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| FabricError::Unintelligible { what: format!("{what}: {error}") })
    }

    pub(super) fn error(&self) -> ArmError {
        let envelope = serde_json::from_slice::<Envelope>(&self.body).map(|envelope| envelope.error);
        let mut error =
            envelope.or_else(|_| serde_json::from_slice::<ArmError>(&self.body)).unwrap_or_default();
        if error.code.is_empty() {
            error.code = format!("status {}", self.status.as_u16());
        }
        error.message = readable(&error.message);
        error
    }

    /// Whether ARM says, in its own words, that the resource does not exist. A missing subscription is
    /// another thing: most often somebody took away the right to see it.
    pub(super) fn says_not_found(&self) -> bool {
        const CODES: [&str; 3] = ["ResourceNotFound", "ResourceGroupNotFound", "NotFound"];
        self.status == StatusCode::NOT_FOUND && CODES.contains(&self.error().code.as_str())
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self.status {
            status if status.is_success() => Outcome::Success,
            _ if self.error().is_lock() => Outcome::Locked,
            StatusCode::TOO_MANY_REQUESTS => Outcome::Throttled,
            StatusCode::NOT_FOUND => Outcome::NotFound,
            StatusCode::UNAUTHORIZED => Outcome::TokenRefused,
            status if is_passing(status) => Outcome::ServerError,
            _ => Outcome::Refused,
        }
    }

    /// What an answer means that is not a success.
    pub(super) fn failure(&self, now: Timestamp) -> FabricError {
        let error = self.error();
        let ArmError { code, message } = error.clone();
        match self.status {
            _ if error.is_lock() => FabricError::Locked { message },
            _ if error.is_conflict() => FabricError::Conflict { message },
            StatusCode::TOO_MANY_REQUESTS => FabricError::Throttled { retry_after: self.retry_after(now) },
            StatusCode::PRECONDITION_FAILED => FabricError::Conflict { message },
            status if is_passing(status) => {
                FabricError::Unreachable { message: format!("it answered {}: {message}", status.as_u16()) }
            }
            status if status.is_client_error() => {
                FabricError::Refused { status: status.as_u16(), code, message }
            }
            status => FabricError::Unintelligible { what: format!("status {}", status.as_u16()) },
        }
    }
}

impl ArmError {
    /// Another operation has the resource: not a quota, and soon over.
    pub(super) fn is_lock(&self) -> bool {
        self.code.starts_with("RetryableErrorDueToAnotherOperation")
            || self.code == "AnotherOperationInProgress"
            || self.code.starts_with("Canceled")
    }

    pub(super) fn is_conflict(&self) -> bool {
        self.code == "SecurityRuleConflict"
    }
}

/// The service's own trouble, which passes.
pub(super) fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}

/// One line of bounded length.
fn readable(text: &str) -> String {
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_LENGTH).collect();
    let line = line.trim();
    if line.is_empty() { "no reason given".to_owned() } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::from_iter([(http::header::RETRY_AFTER, "7".parse().unwrap())]),
            body: body.as_bytes().to_vec(),
        }
    }

    fn coded(status: u16, code: &str) -> FabricError {
        answer(status, &format!(r#"{{"error":{{"code":"{code}","message":"why"}}}}"#))
            .failure(Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_lock_is_told_from_a_quota() {
        let message = "why".to_owned();
        assert_eq!(
            coded(429, "RetryableErrorDueToAnotherOperation"),
            FabricError::Locked { message: message.clone() }
        );
        assert_eq!(coded(409, "AnotherOperationInProgress"), FabricError::Locked { message });
        let throttled = FabricError::Throttled { retry_after: Some(Duration::from_secs(7)) };
        assert_eq!(coded(429, "TooManyRequests"), throttled);
    }

    #[test]
    fn a_rule_conflict_is_told_from_a_management_lock() {
        for status in [400, 409] {
            assert!(matches!(coded(status, "SecurityRuleConflict"), FabricError::Conflict { .. }));
        }
        let locked = coded(409, "ScopeLocked");
        assert!(matches!(locked, FabricError::Refused { status: 409, .. }), "{locked:?}");
    }

    #[test]
    fn refusals_keep_azures_code_and_words() {
        let refused =
            answer(403, r#"{"error":{"code":"AuthorizationFailed","message":"The client\r\nmay not"}}"#);
        assert_eq!(
            refused.failure(Timestamp::UNIX_EPOCH).to_string(),
            "Azure refused with AuthorizationFailed: The client  may not"
        );
        let bare = answer(400, r#"{"code":"BadRequest","message":"bad"}"#).failure(Timestamp::UNIX_EPOCH);
        assert_eq!(bare.to_string(), "Azure refused with BadRequest: bad");
        let html = answer(418, "<html>").failure(Timestamp::UNIX_EPOCH);
        assert_eq!(html.to_string(), "Azure refused with status 418: no reason given");
    }

    #[test]
    fn server_errors_pass_and_redirects_are_not_understood() {
        assert!(coded(503, "ServiceUnavailable").is_transient());
        assert!(matches!(coded(302, "x"), FabricError::Unintelligible { .. }));
    }

    #[test]
    fn only_azures_own_words_make_a_resource_missing() {
        let says = |body: &str| answer(404, body).says_not_found();
        assert!(says(r#"{"error":{"code":"ResourceNotFound","message":""}}"#));
        assert!(says(r#"{"error":{"code":"ResourceGroupNotFound","message":""}}"#));
        assert!(!says(r#"{"error":{"code":"SubscriptionNotFound","message":""}}"#));
        assert!(!says("<html>not here</html>"));
        assert!(!answer(403, r#"{"error":{"code":"ResourceNotFound","message":""}}"#).says_not_found());
    }
}
