//! The authenticated principal of a call.

use std::net::IpAddr;

use axum::extract::{FromRef, FromRequestParts};
use http::{header::AUTHORIZATION, request::Parts};
use jiff::Timestamp;
use shared::decision::Requester;

use crate::{
    auth::{Auth, bearer::bearer, client_address::client_address, proof::is_same_origin, session::session},
    error::ApiError,
};

/// Who calls, how that is known, and from where.
#[derive(Clone, Debug)]
pub struct Principal {
    pub requester: Requester,
    pub via: Via,
    /// The caller's address; `None` where it is not sure.
    pub source: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Session { expires_at: Timestamp },
    Bearer { expires_at: Timestamp },
}

impl<S: Send + Sync> FromRequestParts<S> for Principal
where
    Auth: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let auth = Auth::from_ref(state);
        let source = client_address(auth.trusted_proxies, &parts.headers, &parts.extensions);
        // A request that brings a token is judged by it alone.
        if let Some(value) = parts.headers.get(AUTHORIZATION) {
            let token = value.to_str().ok().and_then(|value| value.split_once(' '));
            let token = token
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, token)| token.trim());
            let missing = || {
                ApiError::unauthenticated("token_invalid", "send a bearer token in the authorization header")
            };
            let (requester, expires_at) = bearer(&auth, token.ok_or_else(missing)?).await?;
            return Ok(Self { requester, via: Via::Bearer { expires_at }, source });
        }
        let session = session(&auth, &parts.headers).ok_or_else(ApiError::not_signed_in)?;
        if !is_same_origin(&auth.public_url, &parts.method, &parts.headers) {
            return Err(ApiError::cross_site());
        }
        Ok(Self {
            requester: session.requester,
            via: Via::Session { expires_at: session.expires_at },
            source,
        })
    }
}
