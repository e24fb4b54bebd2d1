//! Signing in: OpenID Connect's authorization code with PKCE. The browser never holds a token.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::PrivateCookieJar;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::decision::Requester;
use url::Url;

use super::{
    Auth, Parts, cookies, fetch,
    proof::is_same_origin,
    session::{self, Session},
    token::{TokenError, verify},
};
use crate::error::{ApiError, Query};

const COOKIE: &str = "postern-sign-in";
/// How long the directory's page may stay open.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// In bytes; browsers drop cookies above 4 KiB.
const LONGEST_WAY_BACK: usize = 1024;

/// What must still be known when the browser comes back.
#[derive(Debug, Deserialize, Serialize)]
struct Attempt {
    state: String,
    nonce: String,
    verifier: String,
    to: String,
    ends_at: Timestamp,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct StartQuery {
    /// Where in the portal to go afterwards; `/` if missing, or if it leads elsewhere.
    to: Option<String>,
}

/// `GET /auth/sign-in?to=/path`: off to the directory.
pub async fn start(
    State(auth): State<Auth>,
    headers: HeaderMap,
    Query(query): Query<StartQuery>,
) -> Result<Response, ApiError> {
    let document = auth.directory.document(&auth.http).await.map_err(|error| {
        tracing::error!(%error, "no sign-in");
        ApiError::unavailable("the directory does not answer, so nobody can sign in; try again")
    })?;
    let attempt = Attempt {
        state: secret(&auth),
        nonce: secret(&auth),
        verifier: secret(&auth),
        to: query.to.filter(|to| is_local(to)).unwrap_or_else(|| "/".to_owned()),
        ends_at: auth.clock.now() + PATIENCE,
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&attempt.verifier));
    let mut url = document.authorization_endpoint.clone();
    url.query_pairs_mut()
        .append_pair("client_id", &auth.client_id)
        .append_pair("response_type", "code")
        .append_pair("response_mode", "query")
        .append_pair("redirect_uri", &redirect_uri(&auth))
        .append_pair("scope", "openid profile")
        .append_pair("state", &attempt.state)
        .append_pair("nonce", &attempt.nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    let jar = cookies::add(&auth, cookies::jar(&auth, &headers), COOKIE, &attempt, PATIENCE);
    Ok((jar, Redirect::to(url.as_str())).into_response())
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct FinishQuery {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// `GET /auth/callback`: back from the directory, with a code or an error.
pub async fn finish(
    State(auth): State<Auth>,
    headers: HeaderMap,
    Query(query): Query<FinishQuery>,
) -> Response {
    let attempt: Option<Attempt> = cookies::read(&auth, &headers, COOKIE);
    let jar = cookies::remove(&auth, cookies::jar(&auth, &headers), COOKIE);
    match complete(&auth, attempt, query).await {
        Ok((session, to)) => {
            tracing::info!(requester.id = session.requester.id, "signed in");
            let jar = cookies::add(&auth, jar, session::COOKIE, &session, session::LASTS);
            (jar, Redirect::to(&to)).into_response()
        }
        Err(failure) => refuse(jar, failure),
    }
}

/// Why a sign-in came to nothing; the name stands in the portal's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Cancelled,
    Expired,
    Mismatch,
    Directory,
    Token,
}

impl Failure {
    const fn code(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Mismatch => "mismatch",
            Self::Directory => "directory",
            Self::Token => "token",
        }
    }
}

fn refuse(jar: PrivateCookieJar, failure: Failure) -> Response {
    tracing::warn!(reason = failure.code(), "sign-in failed");
    (jar, Redirect::to(&format!("/?sign_in_error={}", failure.code()))).into_response()
}

async fn complete(
    auth: &Auth,
    attempt: Option<Attempt>,
    query: FinishQuery,
) -> Result<(Session, String), Failure> {
    let attempt = attempt.ok_or(Failure::Expired)?;
    if auth.clock.now() >= attempt.ends_at {
        return Err(Failure::Expired);
    }
    if query.state.as_deref() != Some(&attempt.state) {
        return Err(Failure::Mismatch);
    }
    let code = match (query.error, query.code) {
        (None, Some(code)) => code,
        _ => return Err(Failure::Cancelled),
    };
    let token = exchange(auth, &code, &attempt.verifier).await?;
    let claims: IdClaims = verify(auth, &token, &auth.client_id).await.map_err(|error| match error {
        TokenError::Unverifiable => Failure::Directory,
        _ => Failure::Token,
    })?;
    if claims.nonce != attempt.nonce || claims.oid.is_empty() {
        return Err(Failure::Token);
    }
    let name = claims.preferred_username.unwrap_or_else(|| claims.oid.clone());
    let requester = Requester { id: claims.oid, name };
    let expires_at = auth.clock.now() + session::LASTS;
    Ok((Session { requester, tenant: auth.tenant.clone(), expires_at }, attempt.to))
}

#[derive(Deserialize)]
struct IdClaims {
    oid: String,
    nonce: String,
    preferred_username: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

async fn exchange(auth: &Auth, code: &str, verifier: &str) -> Result<String, Failure> {
    let document = auth.directory.document(&auth.http).await.map_err(|_| Failure::Directory)?;
    let redirect = redirect_uri(auth);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect),
        ("client_id", &auth.client_id),
        ("client_secret", auth.client_secret.expose()),
        ("code_verifier", verifier),
    ];
    let request = auth.http.post(document.token_endpoint.clone()).form(&form);
    let tokens: Tokens = fetch::json(request).await.map_err(|error| {
        tracing::warn!(%error, "the directory gave no token for the code");
        Failure::Directory
    })?;
    Ok(tokens.id_token)
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct SignedOut {
    /// Where the browser goes to end the directory's own session.
    location: String,
}

/// `POST /auth/sign-out`: forgets the session, and says where the directory forgets it.
pub async fn end(State(auth): State<Auth>, request: Request) -> Result<Response, ApiError> {
    if !is_same_origin(&auth.public_url, request.method(), request.headers()) {
        return Err(ApiError::cross_site());
    }
    let jar = cookies::remove(&auth, cookies::jar(&auth, request.headers()), session::COOKIE);
    let document = auth.directory.document(&auth.http).await.ok();
    let location = document.and_then(|document| document.end_session_endpoint.clone()).map(|mut url| {
        url.query_pairs_mut()
            .append_pair("client_id", &auth.client_id)
            .append_pair("post_logout_redirect_uri", auth.public_url.as_str());
        url.to_string()
    });
    let location = location.unwrap_or_else(|| "/".to_owned());
    Ok((jar, Json(SignedOut { location })).into_response())
}

fn redirect_uri(parts: &Parts) -> String {
    format!("{}{}", parts.public_url.as_str().trim_end_matches('/'), shared::api::route::CALLBACK)
}

fn secret(parts: &Parts) -> String {
    let mut bytes = [0; 32];
    parts.ids.bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A page of ours: nothing that a browser would take for another host, no way back into the sign-in, and short enough
/// for a cookie.
fn is_local(to: &str) -> bool {
    let plain = to.starts_with('/')
        && !to.starts_with("/auth/")
        && to.len() <= LONGEST_WAY_BACK
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let base: Option<Url> = "https://postern.invalid/".parse().ok();
    plain
        && base
            .and_then(|base| base.join(to).ok())
            .is_some_and(|url| url.host_str() == Some("postern.invalid"))
}

#[cfg(test)]
mod tests;
