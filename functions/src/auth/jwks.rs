//! The directory's signing keys: read when a key is not known, at most once a minute, and kept through an outage.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse},
};

use super::Parts;

const AT_MOST_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Keys are replaced in the cache so often even if all tokens name known ones, so that withdrawn keys go.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
const MOST_KEYS: usize = 100;

#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    state: Mutex<Known>,
    refresh: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    keys: Vec<Jwk>,
    read_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

impl KeyCache {
    /// The key of that name, if the directory has one.
    pub(crate) async fn find(&self, parts: &Parts, kid: &str) -> Option<DecodingKey> {
        let now = parts.clock.now();
        let known = self.lookup(kid, now);
        if let (Some(key), true) = &known {
            return Some(key.clone());
        }
        self.refresh(parts, now).await;
        self.lookup(kid, now).0
    }

    /// The key, and whether the cache is young enough.
    fn lookup(&self, kid: &str, now: Timestamp) -> (Option<DecodingKey>, bool) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let key = state.keys.iter().find(|key| key.common.key_id.as_deref() == Some(kid));
        let fresh = state.read_at.is_some_and(|at| now.duration_since(at) < KEPT);
        (key.and_then(|key| DecodingKey::from_jwk(key).ok()), fresh)
    }

    async fn refresh(&self, parts: &Parts, now: Timestamp) {
        let _one_at_a_time = self.refresh.lock().await;
        if !self.may_try(now) {
            return;
        }
        match read(parts).await {
            Ok(keys) => {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                (state.keys, state.read_at) = (keys, Some(now));
            }
            Err(reason) => tracing::warn!(reason, "signing keys not read; going on with the last ones"),
        }
    }

    fn may_try(&self, now: Timestamp) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A first failure must not shut everybody out for a minute.
        let recent = state.tried_at.is_some_and(|at| now.duration_since(at) < AT_MOST_EVERY);
        if recent && state.read_at.is_some() {
            return false;
        }
        state.tried_at = Some(now);
        true
    }
}

async fn read(parts: &Parts) -> Result<Vec<Jwk>, String> {
    let document = parts.directory.document(&parts.http).await.map_err(|error| error.to_string())?;
    let answer = parts.http.get(document.jwks_uri.clone()).send().await;
    let answer = answer.and_then(reqwest::Response::error_for_status);
    let set: JwkSet = match answer {
        Ok(answer) => answer.json().await.map_err(|error| error.without_url().to_string())?,
        Err(error) => return Err(error.without_url().to_string()),
    };
    Ok(set.keys.into_iter().filter(is_for_signing).take(MOST_KEYS).collect())
}

fn is_for_signing(key: &Jwk) -> bool {
    let kind = matches!(key.algorithm, AlgorithmParameters::RSA(_) | AlgorithmParameters::EllipticCurve(_));
    kind && key.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
}
