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
    /// Only id tokens carry it: they prove a sign-in and are no access tokens.
    nonce: Option<String>,
}

/// Who holds this token, and until when.
pub(crate) async fn bearer(parts: &Parts, token: &str) -> Result<(Requester, Timestamp), ApiError> {
    let claims: Claims = verify(parts, token, &parts.audience).await.map_err(refusal)?;
    let Claims { oid, exp, preferred_username, azp, appid, nonce } = claims;
    let expires_at = Timestamp::from_second(exp).map_err(|_| refusal(TokenError::Invalid))?;
    if nonce.is_some() || oid.is_empty() {
        return Err(refusal(TokenError::Invalid));
    }
    let name = preferred_username.or(azp).or(appid).unwrap_or_else(|| oid.clone());
    Ok((Requester { id: oid, name }, expires_at))
}

fn refusal(error: TokenError) -> ApiError {
    let code = match error {
        TokenError::Invalid => "token_invalid",
        TokenError::Expired => "token_expired",
        TokenError::NotYet => "token_not_yet_valid",
    };
    ApiError::unauthenticated(code, &error.to_string())
}
