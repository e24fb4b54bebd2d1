//! The authenticated principal of a call.

use std::net::IpAddr;

use axum::extract::{FromRef, FromRequestParts};
use http::{header::AUTHORIZATION, request::Parts};
use jiff::Timestamp;
use shared::decision::Requester;

use crate::{
    auth::{
        Auth,
        bearer::bearer,
        client_address::{client_address, is_proxied},
        proof::is_same_origin,
        session::session,
    },
    error::ApiError,
};

/// Who calls, how that is known, and from where.
#[derive(Clone, Debug)]
pub struct Principal {
    pub requester: Requester,
    pub via: Via,
    /// The caller's address; `None` where it is not sure.
    pub source: Option<IpAddr>,
    /// Whether the call says that it came through a proxy that is not one of ours.
    pub proxied: bool,
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
        let proxied = is_proxied(auth.trusted_proxies, &parts.headers, &parts.extensions);
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
            return Ok(Self { requester, via: Via::Bearer { expires_at }, source, proxied });
        }
        let session = session(&auth, &parts.headers).ok_or_else(ApiError::not_signed_in)?;
        if !is_same_origin(&auth.public_url, &parts.method, &parts.headers) {
            return Err(ApiError::cross_site());
        }
        Ok(Self {
            requester: session.requester,
            via: Via::Session { expires_at: session.expires_at },
            source,
            proxied,
        })
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, Request};
    use shared::api::PORTAL_HEADER;

    use super::*;
    use crate::auth::fake::{World, answered, signed_in};

    const ORIGIN: (&str, &str) = ("origin", "http://127.0.0.1:8080");
    const PORTAL: (&str, &str) = (PORTAL_HEADER, "1");

    #[tokio::test]
    async fn a_session_reads_and_with_the_proof_also_writes() {
        let world = World::start().await;
        let cookie = signed_in(&world.auth);
        let principal = ask(&world, Method::GET, &cookie, &[]).await.unwrap();
        assert_eq!(principal.requester.id, "oid-1");
        assert!(matches!(principal.via, Via::Session { .. }));
        ask(&world, Method::POST, &cookie, &[ORIGIN, PORTAL]).await.unwrap();
    }

    #[tokio::test]
    async fn a_session_without_the_proof_writes_nothing() {
        let world = World::start().await;
        let cookie = signed_in(&world.auth);
        for lines in [&[][..], &[ORIGIN], &[PORTAL], &[("origin", "https://evil.example"), PORTAL]] {
            let refused = ask(&world, Method::DELETE, &cookie, lines).await.unwrap_err();
            assert_eq!(code(refused).await, (403, "cross_site".to_owned()), "{lines:?}");
        }
    }

    #[tokio::test]
    async fn a_token_needs_no_proof() {
        let world = World::start().await;
        let token = format!("bearer {}", world.sign(&world.claims()));
        let lines = [("authorization", token.as_str())];
        let principal = ask(&world, Method::POST, &HeaderMap::new(), &lines).await.unwrap();
        assert!(matches!(principal.via, Via::Bearer { .. }));
    }

    #[tokio::test]
    async fn a_bad_authorization_is_not_made_good_by_a_cookie() {
        let world = World::start().await;
        let cookie = signed_in(&world.auth);
        for value in ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "\u{e9}"] {
            let refused = ask(&world, Method::GET, &cookie, &[("authorization", value)]).await.unwrap_err();
            assert_eq!(code(refused).await, (401, "token_invalid".to_owned()), "{value:?}");
        }
    }

    #[tokio::test]
    async fn nothing_at_all_and_a_cookie_that_ended_are_nobody() {
        let world = World::start().await;
        let nobody = ask(&world, Method::GET, &HeaderMap::new(), &[]).await.unwrap_err();
        assert_eq!(code(nobody).await, (401, "not_signed_in".to_owned()));
        let cookie = signed_in(&world.auth);
        world.clock.advance(jiff::SignedDuration::from_hours(8));
        let ended = ask(&world, Method::GET, &cookie, &[]).await.unwrap_err();
        assert_eq!(code(ended).await, (401, "not_signed_in".to_owned()));
    }

    async fn ask(
        world: &World,
        method: Method,
        cookie: &HeaderMap,
        lines: &[(&str, &str)],
    ) -> Result<Principal, ApiError> {
        let mut parts = Request::builder().method(method).uri("/api/x").body(()).unwrap().into_parts().0;
        parts.headers = cookie.clone();
        for (name, value) in lines {
            let name: http::HeaderName = name.parse().unwrap();
            parts.headers.insert(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Principal::from_request_parts(&mut parts, &world.auth).await
    }

    async fn code(error: ApiError) -> (u16, String) {
        let (status, body) = answered(error).await;
        (status.as_u16(), body["error"]["code"].as_str().unwrap().to_owned())
    }
}
