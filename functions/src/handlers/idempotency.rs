use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use http::HeaderMap;
use serde::Serialize;
use sha2::{Digest, Sha256};
use shared::api::IDEMPOTENCY_HEADER;

use crate::{caller::Principal, error::ApiError, store::IdempotencyName};

/// The name that the caller gave the request, with what tells its body from any other.
pub(super) fn idempotency_name(
    headers: &HeaderMap,
    principal: &Principal,
    body: &impl Serialize,
) -> Result<Option<IdempotencyName>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_HEADER) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=100).contains(&key.len()));
    let key = key.ok_or_else(|| ApiError::rejected(IDEMPOTENCY_HEADER, "1 to 100 visible characters"))?;
    let body = serde_json::to_vec(body).map_err(ApiError::internal)?;
    let body_hash = STANDARD_NO_PAD.encode(Sha256::digest(&body));
    Ok(Some(IdempotencyName { requester_id: principal.requester.id.clone(), key: key.to_owned(), body_hash }))
}
