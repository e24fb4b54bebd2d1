//! The version of a policy, so that nobody undoes what they have not read.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

use super::error::ArmError;
use crate::{error::ApiError, store::NamedPolicy};

/// Names what a policy says, without its requests: two are equal just when the policies say the same.
pub(super) fn etag(policy: &NamedPolicy) -> Result<HeaderValue, ArmError> {
    let text = serde_json::to_vec(&policy.vms).map_err(ApiError::internal)?;
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..12]));
    Ok(HeaderValue::from_str(&tag).map_err(ApiError::internal)?)
}

/// Passes if the policy is as the caller's `If-Match` and `If-None-Match` want it, where they are sent.
pub(super) fn is_as_wanted(headers: &HeaderMap, policy: Option<&NamedPolicy>) -> Result<(), ArmError> {
    let tag = policy.map(etag).transpose()?;
    let tag = tag.as_ref().and_then(|tag| tag.to_str().ok());
    if let Some(wanted) = tags(headers, &header::IF_MATCH)
        && !wanted.iter().any(|wanted| names(wanted, tag))
    {
        return Err(ArmError::precondition_failed(
            "the policy is not as you read it (if-match); read it again; nothing was changed",
        ));
    }
    if let Some(unwanted) = tags(headers, &header::IF_NONE_MATCH)
        && unwanted.iter().any(|unwanted| names(unwanted, tag))
    {
        return Err(ArmError::precondition_failed(
            "there is such a policy already (if-none-match); nothing was changed",
        ));
    }
    Ok(())
}

/// A header that is not text names nothing.
fn tags(headers: &HeaderMap, name: &header::HeaderName) -> Option<Vec<String>> {
    headers.contains_key(name).then(|| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect()
    })
}

/// `*` names whatever is there.
fn names(wanted: &str, tag: Option<&str>) -> bool {
    tag.is_some_and(|tag| wanted == "*" || wanted.strip_prefix("W/").unwrap_or(wanted) == tag)
}
