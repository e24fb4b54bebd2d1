//! Bearer tokens of API clients.

use jiff::Timestamp;
use serde::Deserialize;
use shared::decision::Requester;

use super::{
    Parts,
    token::{TokenError, verify},
};
use crate::error::ApiError;

#[derive(Deserialize)]
struct Claims {
    oid: String,
    exp: i64,
    preferred_username: Option<String>,
    azp: Option<String>,
    appid: Option<String>,
    /// Only id tokens carry it.
    nonce: Option<String>,
}

/// Who holds this token, and until when.
pub(crate) async fn bearer(parts: &Parts, token: &str) -> Result<(Requester, Timestamp), ApiError> {
    let claims: Claims = verify(parts, token, &parts.audience).await.map_err(refusal)?;
    let Claims { oid, exp, preferred_username, azp, appid, nonce } = claims;
    let expires_at = Timestamp::from_second(exp).map_err(|_| refusal(TokenError::Invalid))?;
    // An id token proves a sign-in and gives no access; it may have the same audience, but names no application.
    let application =
        azp.or(appid).filter(|_| nonce.is_none()).ok_or_else(|| refusal(TokenError::Invalid))?;
    if oid.is_empty() {
        return Err(refusal(TokenError::Invalid));
    }
    Ok((Requester { id: oid, name: preferred_username.unwrap_or(application) }, expires_at))
}

fn refusal(error: TokenError) -> ApiError {
    let code = match error {
        TokenError::Invalid => "token_invalid",
        TokenError::Expired => "token_expired",
        TokenError::NotYet => "token_not_yet_valid",
        TokenError::Unverifiable => return ApiError::unavailable(error.to_string()),
    };
    ApiError::unauthenticated(code, &error.to_string())
}
