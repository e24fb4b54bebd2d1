//! Encrypted cookies: any instance with the key can open them, and nobody else.

use axum_extra::extract::cookie::{Cookie, PrivateCookieJar, SameSite};
use http::HeaderMap;
use jiff::SignedDuration;
use serde::{Serialize, de::DeserializeOwned};

use super::Parts;

/// A cookie of ours; the prefix makes browsers refuse it from other hosts and without TLS.
pub(super) fn name(parts: &Parts, plain: &'static str) -> String {
    if is_secure(parts) { format!("__Host-{plain}") } else { plain.to_owned() }
}

fn is_secure(parts: &Parts) -> bool {
    parts.public_url.scheme() == "https"
}

pub(super) fn jar(parts: &Parts, headers: &HeaderMap) -> PrivateCookieJar {
    PrivateCookieJar::from_headers(headers, parts.key.expose().clone())
}

/// What a cookie of ours holds; nothing if it is missing, of another key, or not what it should be.
pub(super) fn read<T: DeserializeOwned>(
    parts: &Parts,
    headers: &HeaderMap,
    plain: &'static str,
) -> Option<T> {
    let cookie = jar(parts, headers).get(&name(parts, plain))?;
    serde_json::from_str(cookie.value()).ok()
}

/// Sets a cookie that browsers forget after `lasts`; its end is also to be inside, as browsers need not obey.
pub(super) fn add<T: Serialize>(
    parts: &Parts,
    jar: PrivateCookieJar,
    plain: &'static str,
    value: &T,
    lasts: SignedDuration,
) -> PrivateCookieJar {
    let Ok(text) = serde_json::to_string(value) else { return jar };
    let mut cookie = Cookie::build((name(parts, plain), text))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_secure(parts))
        .path("/");
    if let Ok(lasts) = lasts.unsigned_abs().try_into() {
        cookie = cookie.max_age(lasts);
    }
    jar.add(cookie)
}

pub(super) fn remove(parts: &Parts, jar: PrivateCookieJar, plain: &'static str) -> PrivateCookieJar {
    jar.remove(Cookie::build((name(parts, plain), "")).secure(is_secure(parts)).path("/"))
}
