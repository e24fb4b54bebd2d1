use axum::http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::reply::Reply;

/// An error of the sign-in service.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    status: StatusCode,
    /// The word of OAuth 2.0.
    pub(super) error: &'static str,
    /// The number after `AADSTS`.
    code: u32,
    message: String,
}

impl Failure {
    pub(super) fn new(
        status: StatusCode,
        error: &'static str,
        code: u32,
        message: impl Into<String>,
    ) -> Self {
        Self { status, error, code, message: message.into() }
    }

    pub(super) fn invalid_request(code: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", code, message)
    }

    pub(super) fn invalid_grant(code: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", code, message)
    }

    pub(super) fn invalid_client(code: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", code, message)
    }

    pub(super) fn description(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.message)
    }

    pub(super) fn reply(&self, app: &App) -> Reply {
        let (trace_id, correlation_id) = {
            let mut core = app.core();
            (core.ids.guid(), core.ids.guid())
        };
        let body = json!({
            "error": self.error,
            "error_description": format!(
                "{} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {}",
                self.description(), app.now(),
            ),
            "error_codes": [self.code],
            "timestamp": app.now().to_string(),
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": format!("{}/error?code={}", app.url, self.code),
        });
        Reply::json(self.status, body).header("cache-control", "no-store")
    }
}
