//! Reading what the directory answers: only a bounded part of it, and nothing of it in an error.

use serde::{Deserialize, de::DeserializeOwned};

/// Far more than a directory with a hundred keys and their certificates says.
const MOST_BYTES: usize = 1024 * 1024;
const LONGEST_CODE: usize = 64;

#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("it cannot be reached: {0}")]
    Unreachable(reqwest::Error),
    #[error("it answered {status}{}", named(.code))]
    Refused { status: u16, code: Option<String> },
    #[error("its answer is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// What the parser says may repeat a token, so it is not kept.
    #[error("its answer is not what it should be")]
    Unintelligible,
}

fn named(code: &Option<String>) -> String {
    code.as_ref().map_or_else(String::new, |code| format!(" ({code})"))
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url())
    }
}

/// The JSON that is answered to `request`.
pub(super) async fn json<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, FetchError> {
    let mut response = request.send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    if response.status().is_success() {
        serde_json::from_slice(&body).map_err(|_| FetchError::Unintelligible)
    } else {
        Err(FetchError::Refused { status: response.status().as_u16(), code: code(&body) })
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// OAuth's name for what went wrong; it tells an operator whether the secret or the code was bad.
fn code(body: &[u8]) -> Option<String> {
    let Refusal { error } = serde_json::from_slice(body).ok()?;
    let plain = error.len() <= LONGEST_CODE && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    plain.then_some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oauth_error_is_named_and_anything_else_is_not_repeated() {
        let refused =
            |body: &str| FetchError::Refused { status: 400, code: code(body.as_bytes()) }.to_string();
        assert_eq!(refused(r#"{"error":"invalid_grant"}"#), "it answered 400 (invalid_grant)");
        for body in ["", "<html>", r#"{"error":"a token: eyJ0"}"#, r#"{"error":{"code":"x"}}"#] {
            assert_eq!(refused(body), "it answered 400", "{body}");
        }
    }
}
