//! Refusals in ARM's words. The envelope is the same as Postern's own; the codes are those that Azure's clients know.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use shared::{api::ProblemBody, policy_id::PolicyId};

use crate::error::ApiError;

/// An answer that says no to a client of Azure.
#[derive(Debug)]
pub(super) struct ArmError(ApiError);

impl<E: Into<ApiError>> From<E> for ArmError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for ArmError {
    fn into_response(self) -> Response {
        self.0.in_words(arms_word)
    }
}

impl ArmError {
    fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self(ApiError::coded(status, code, message))
    }

    pub(super) fn subscription_not_found(subscription: impl std::fmt::Display) -> Self {
        let message = format!("there is no subscription {subscription} here, or you may not see it");
        Self::new(StatusCode::NOT_FOUND, "SubscriptionNotFound", message)
    }

    pub(super) fn policy_not_found(id: &PolicyId) -> Self {
        let message = format!("there is no policy {} in {}", id.name(), id.location());
        Self::new(StatusCode::NOT_FOUND, "PolicyNotFound", message)
    }

    /// The same for what is not there, so that nobody learns what there is.
    pub(super) fn forbidden(action: &str, target: impl std::fmt::Display) -> Self {
        let message = format!("your Azure roles do not give you {action} on {target}");
        Self::new(StatusCode::FORBIDDEN, "AuthorizationFailed", message)
    }

    pub(super) fn bad_api_version(given: Option<&str>, taken: &str) -> Self {
        let (code, what) = match given {
            Some(given) => ("InvalidApiVersionParameter", format!("api-version {given} is not known here")),
            None => ("MissingApiVersionParameter", "the query lacks api-version".to_owned()),
        };
        Self::new(StatusCode::BAD_REQUEST, code, format!("{what}; send {taken}"))
    }

    /// A policy that cannot be kept, for all these reasons.
    pub(super) fn bad_policy(reasons: Vec<ProblemBody>) -> Self {
        Self::bad_input("InvalidPolicyInput", reasons)
    }

    /// A request that cannot be understood, for all these reasons.
    pub(super) fn bad_request(reasons: Vec<ProblemBody>) -> Self {
        Self::bad_input(INVALID_INITIATE, reasons)
    }

    fn bad_input(code: &str, reasons: Vec<ProblemBody>) -> Self {
        let message = said(&reasons);
        Self(ApiError::coded(StatusCode::BAD_REQUEST, code, message).with_details(reasons))
    }

    /// A body that is no request at all.
    pub(super) fn unreadable_request(error: ApiError) -> Self {
        if error.code() != "rejected" {
            return Self(error);
        }
        let ProblemBody { message, target, .. } = error.into_body();
        let reason = ProblemBody { target, ..ProblemBody::new("rejected", message) };
        Self::bad_request(vec![reason])
    }

    /// More than the policy allows, with every reason.
    pub(super) fn not_a_subset(id: &PolicyId, reasons: Vec<ProblemBody>) -> Self {
        let message = format!("the access request is not a subset of policy '{id}': {}", said(&reasons));
        Self(ApiError::coded(StatusCode::BAD_REQUEST, INVALID_INITIATE, message).with_details(reasons))
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", message)
    }

    pub(super) fn precondition_failed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message)
    }
}

const INVALID_INITIATE: &str = "InvalidInitiateInput";

fn said(reasons: &[ProblemBody]) -> String {
    reasons.iter().map(|reason| reason.message.as_str()).collect::<Vec<_>>().join("; ")
}

/// Postern's code as ARM says it.
fn arms_word(code: &str) -> String {
    let word = match code {
        "not_signed_in" => "AuthenticationFailed",
        "token_expired" => "ExpiredAuthenticationToken",
        "token_invalid" | "token_not_yet_valid" => "InvalidAuthenticationToken",
        "forbidden" | "cross_site" => "AuthorizationFailed",
        "not_found" => "ResourceNotFound",
        "rejected" => "InvalidRequestContent",
        "too_large" => "RequestContentTooLarge",
        "azure_unavailable" | "store_unavailable" => "ServiceUnavailable",
        "internal" => "InternalServerError",
        "policy_changed" => "PreconditionFailed",
        other => return in_pascal_case(other),
    };
    word.to_owned()
}

fn in_pascal_case(code: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    code.split('_').map(capitalised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_arms_where_it_has_one_and_look_like_them_where_not() {
        for (ours, arms) in [
            ("token_expired", "ExpiredAuthenticationToken"),
            ("forbidden", "AuthorizationFailed"),
            ("method_not_allowed", "MethodNotAllowed"),
            ("obstructed", "Obstructed"),
            ("PolicyNotFound", "PolicyNotFound"),
        ] {
            assert_eq!(arms_word(ours), arms);
        }
    }
}
