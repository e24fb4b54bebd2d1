//! From what went wrong to an HTTP answer: the one place.
//!
//! 400 not parseable · 401 not signed in · 403 understood, not permitted · 404 not there, or not to be seen · 409 the state
//! of things forbids it · 412 it is not as it was read · 422 another body under a name that was used · 500 a defect ·
//! 502/503 Azure or the store does not answer. The body is always [`Problem`]; what is inside stays in the log.

mod extract;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use shared::{
    api::{Problem, ProblemBody},
    decision::Denials,
};

pub use self::extract::{Json, Query};
use crate::{
    clock::{Ids, SystemIds},
    enforce::EnforceError,
    fabric::FabricError,
    store::StoreError,
};

const NOT_SIGNED_IN: &str = "not_signed_in";

/// An answer that says no.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    body: ProblemBody,
    retry_after: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, body: ProblemBody::new(code, message), retry_after: None }
    }

    /// With a code of the caller's own: for where somebody else's words are spoken.
    pub(crate) fn coded(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self::new(status, code, message)
    }

    pub(crate) fn code(&self) -> &str {
        &self.body.code
    }

    pub(crate) fn into_body(self) -> ProblemBody {
        self.body
    }

    /// Not parseable: which field, and what is allowed.
    pub fn rejected(field: &str, allowed: impl std::fmt::Display) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, "rejected", format!("{field}: {allowed}"));
        error.body = error.body.about(field);
        error
    }

    /// The same refusal, with what it means for each of several things.
    #[must_use]
    pub fn with_details(mut self, details: Vec<ProblemBody>) -> Self {
        self.body.details = details;
        self
    }

    /// Understood and not permitted, with every reason.
    pub fn denied(denials: Denials) -> Self {
        let details: Vec<ProblemBody> = denials
            .into_vec()
            .iter()
            .map(|denial| ProblemBody::new(denial.code(), denial.to_string()).about(denial.vm().to_string()))
            .collect();
        let reasons: Vec<&str> = details.iter().map(|detail| detail.message.as_str()).collect();
        let message = format!("{}; nothing was changed", reasons.join("; "));
        Self::new(StatusCode::FORBIDDEN, "denied", message).with_details(details)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub fn cross_site() -> Self {
        let message = "this call did not come from the portal's own page; nothing was changed";
        Self::new(StatusCode::FORBIDDEN, "cross_site", message)
    }

    pub fn unauthenticated(code: &str, message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// No proof of who calls came at all, as before a sign-in.
    pub fn not_signed_in() -> Self {
        Self::unauthenticated(NOT_SIGNED_IN, "sign in, or send a bearer token")
    }

    pub fn is_not_signed_in(&self) -> bool {
        self.body.code == NOT_SIGNED_IN
    }

    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {what}, or you may not see it"))
    }

    pub const fn is_not_found(&self) -> bool {
        matches!(self.status, StatusCode::NOT_FOUND)
    }

    pub fn method_not_allowed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    pub fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// Somebody else changed it since it was read.
    pub fn changed(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, code, message)
    }

    pub fn mismatch() -> Self {
        let message = "this idempotency key was used for another request; nothing was changed";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", message)
    }

    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub fn unsupported_media_type() -> Self {
        let message = "send JSON with content-type: application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    pub fn unknown_address() -> Self {
        let message = "your address could not be worked out from the connection: name a source, or have \
                       POSTERN_TRUSTED_PROXIES set to the number of proxies in front";
        Self::new(StatusCode::BAD_REQUEST, "unknown_address", message)
    }

    /// Azure does not answer; nothing new is done, closing goes on.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "azure_unavailable", message);
        error.retry_after = Some(5);
        error
    }

    /// This process is about to end; another takes the call.
    pub fn stopping() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "this process is about to end; nothing was done",
        )
    }

    /// A defect: the log says more, under the same id.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let id = SystemIds.uuid();
        tracing::error!(%id, %cause, "internal error");
        let message = format!("something inside Postern failed; the log has the cause under {id}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, source = error_source(&error), "the store failed");
        let mut answer = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            "Postern's store does not answer; try again",
        );
        answer.retry_after = Some(2);
        answer
    }
}

fn error_source(error: &dyn std::error::Error) -> String {
    let mut chain = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        chain.push(cause.to_string());
        next = cause.source();
    }
    chain.join(": ")
}

impl From<FabricError> for ApiError {
    fn from(error: FabricError) -> Self {
        tracing::warn!(%error, "Azure did not do it");
        match &error {
            FabricError::Refused { .. } | FabricError::Unintelligible { .. } => Self::new(
                StatusCode::BAD_GATEWAY,
                "azure_refused",
                format!("{error}; nothing new was opened"),
            ),
            FabricError::Throttled { retry_after: Some(wait) } => {
                let mut answer = Self::unavailable(format!("{error}; nothing new was opened"));
                answer.retry_after = Some(wait.as_secs().max(1));
                answer
            }
            _ => Self::unavailable(format!("{error}; nothing new was opened")),
        }
    }
}

impl From<EnforceError> for ApiError {
    fn from(error: EnforceError) -> Self {
        match error {
            EnforceError::Fabric(error) => error.into(),
            EnforceError::Store(error) => error.into(),
            other @ (EnforceError::Unsettled
            | EnforceError::Gone
            | EnforceError::Unproven(_)
            | EnforceError::NatUnproven(_)) => Self::conflict("unsettled", other.to_string()),
            other @ EnforceError::ClockApart(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "clock_apart",
                format!("{other}, so the end of an opening could not be kept; nothing new was opened"),
            ),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.in_words(str::to_owned)
    }
}

impl ApiError {
    /// The answer, with its code as `word` has it.
    pub(crate) fn in_words(self, word: impl FnOnce(&str) -> String) -> Response {
        let Self { status, mut body, retry_after } = self;
        let challenge = if body.code == NOT_SIGNED_IN { "Bearer" } else { r#"Bearer error="invalid_token""# };
        body.code = word(&body.code);
        let mut response = (status, axum::Json(Problem { error: body })).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

#[cfg(test)]
mod tests;
