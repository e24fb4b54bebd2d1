//! Reading a signed token: signature first, then who signed it, for whom, and when.

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Parts, jwks::NoKey};

/// The only algorithms that are taken: never `none`, never a shared secret.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];
/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 60;
const LONGEST: usize = 16 * 1024;

/// Why a token is not taken. Nothing of the token is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the token is not one that this directory signed for Postern")]
    Invalid,
    #[error("the token has expired; get a new one")]
    Expired,
    #[error("the token is not valid yet; check the clock")]
    NotYet,
    /// Not the token's fault.
    #[error("the directory does not answer, so no token can be verified; try again")]
    Unverifiable,
}

#[derive(Deserialize)]
struct Common {
    exp: i64,
    nbf: i64,
    tid: String,
}

/// Verifies a token of the tenant's directory for `audience` and gives its claims.
pub(crate) async fn verify<C: DeserializeOwned>(
    parts: &Parts,
    token: &str,
    audience: &str,
) -> Result<C, TokenError> {
    let invalid = |_| TokenError::Invalid;
    if token.len() > LONGEST {
        return Err(TokenError::Invalid);
    }
    let header = decode_header(token).map_err(invalid)?;
    // What `crit` names must be understood, and no extension is.
    let is_plain = ALGORITHMS.contains(&header.alg) && header.crit.is_none();
    let kid = header.kid.filter(|_| is_plain).ok_or(TokenError::Invalid)?;
    let key = parts.keys.find(parts, &kid).await.map_err(|no_key| match no_key {
        NoKey::Unknown => TokenError::Invalid,
        NoKey::Unread => TokenError::Unverifiable,
    })?;
    let issuer = match parts.directory.document(&parts.http).await {
        Ok(document) => &document.issuer,
        Err(error) => {
            tracing::warn!(%error, "no token can be verified");
            return Err(TokenError::Unverifiable);
        }
    };
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    // Times are judged below, by the injected clock.
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    let claims: serde_json::Value = decode(token, &key, &validation).map_err(invalid)?.claims;
    let common: Common = serde_json::from_value(claims.clone()).map_err(|_| TokenError::Invalid)?;
    let now = parts.clock.now().as_second();
    if now >= common.exp.saturating_add(LEEWAY) {
        return Err(TokenError::Expired);
    }
    if now < common.nbf.saturating_sub(LEEWAY) {
        return Err(TokenError::NotYet);
    }
    if !common.tid.eq_ignore_ascii_case(&parts.tenant) {
        return Err(TokenError::Invalid);
    }
    serde_json::from_value(claims).map_err(|_| TokenError::Invalid)
}

#[cfg(test)]
mod tests;
