//! Bodies and queries whose refusal names the field.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::request::Parts,
};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde::de::DeserializeOwned;

use super::ApiError;

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::unsupported_media_type());
        }
        let bytes = axum::body::Bytes::from_request(request, state).await.map_err(unreadable)?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let cause = error.into_inner();
            ApiError::rejected(&field(&path, &cause.to_string()), without_place(&cause.to_string()))
        })?;
        json.end().map_err(|error| ApiError::rejected("body", without_place(&error.to_string())))?;
        Ok(Self(value))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn unreadable(rejection: BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::too_large("the body is larger than the 2 MiB that are read")
    } else {
        ApiError::rejected("body", "it did not arrive whole")
    }
}

/// serde names a missing, unknown or repeated field only in its text.
fn field(path: &str, cause: &str) -> String {
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| cause.strip_prefix(start).and_then(|rest| rest.split('`').next()));
    match (path, named) {
        (".", None) => "body".to_owned(),
        (".", Some(name)) => name.to_owned(),
        (path, Some(name)) if !path.ends_with(name) => format!("{path}.{name}"),
        (path, _) => path.to_owned(),
    }
}

/// Where in the text it happened is for a debugger, not for who reads the message.
fn without_place(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(said, _)| said)
}

/// A query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|axum::extract::Query(value)| Self(value)).map_err(|error| {
            let text = error.body_text();
            let said = text.split_once("query string: ").map_or(text.as_str(), |(_, said)| said);
            // The path comes first where there is one, and no name of ours has a space.
            let (path, cause) =
                said.split_once(": ").filter(|(path, _)| !path.contains(' ')).unwrap_or((".", said));
            let field = field(path, cause);
            ApiError::rejected(if field == "body" { "query" } else { &field }, cause)
        })
    }
}

#[cfg(test)]
mod tests;
