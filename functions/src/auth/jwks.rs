//! The directory's signing keys: read when a key is not known, at most once a minute, and kept through an outage.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, Jwk, PublicKeyUse},
};
use serde::Deserialize;

use super::{Parts, fetch};

const AT_MOST_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// While there are no keys at all nobody gets in, so the next look comes sooner.
const WITHOUT_KEYS_EVERY: SignedDuration = SignedDuration::from_secs(5);
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

/// Why there is no key of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// The directory has none.
    Unknown,
    /// The directory's keys have never been read.
    Unread,
}

impl KeyCache {
    /// The directory's key of that name.
    pub(crate) async fn find(&self, parts: &Parts, kid: &str) -> Result<DecodingKey, NoKey> {
        let (key, is_fresh) = self.lookup(kid, parts.clock.now());
        match key {
            Some(key) if is_fresh => return Ok(key),
            // Whoever holds an old key does not wait for a slow directory behind somebody else.
            Some(key) => match self.refresh.try_lock() {
                Ok(_one_at_a_time) => self.refresh(parts).await,
                Err(_) => return Ok(key),
            },
            None => {
                let _one_at_a_time = self.refresh.lock().await;
                self.refresh(parts).await;
            }
        }
        let (key, _) = self.lookup(kid, parts.clock.now());
        key.ok_or_else(|| if self.known().read_at.is_some() { NoKey::Unknown } else { NoKey::Unread })
    }

    /// The key, and whether the cache is young enough.
    fn lookup(&self, kid: &str, now: Timestamp) -> (Option<DecodingKey>, bool) {
        let known = self.known();
        let key = known.keys.iter().find(|key| key.common.key_id.as_deref() == Some(kid));
        let is_fresh = known.read_at.is_some_and(|at| now.duration_since(at) < KEPT);
        (key.and_then(|key| DecodingKey::from_jwk(key).ok()), is_fresh)
    }

    async fn refresh(&self, parts: &Parts) {
        let now = parts.clock.now();
        if !self.may_try(now) {
            return;
        }
        match read(parts).await {
            Ok(keys) => {
                let mut known = self.known();
                (known.keys, known.read_at) = (keys, Some(now));
            }
            Err(reason) => tracing::warn!(reason, "signing keys not read; going on with the last ones"),
        }
    }

    fn may_try(&self, now: Timestamp) -> bool {
        let mut known = self.known();
        let pause = if known.read_at.is_some() { AT_MOST_EVERY } else { WITHOUT_KEYS_EVERY };
        // A clock that was set back must not stop looking for as long.
        if known.tried_at.is_some_and(|at| now.duration_since(at).abs() < pause) {
            return false;
        }
        known.tried_at = Some(now);
        true
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

async fn read(parts: &Parts) -> Result<Vec<Jwk>, String> {
    let document = parts.directory.document(&parts.http).await.map_err(|error| error.to_string())?;
    let set: KeySet = fetch::json(parts.http.get(document.jwks_uri.clone()))
        .await
        .map_err(|error| format!("the directory's keys: {error}"))?;
    Ok(usable(set.keys))
}

/// One key of a kind that is not known must not hide the others.
fn usable(keys: Vec<serde_json::Value>) -> Vec<Jwk> {
    let keys = keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
    keys.filter(is_for_signing).take(MOST_KEYS).collect()
}

fn is_for_signing(key: &Jwk) -> bool {
    let kind = matches!(key.algorithm, AlgorithmParameters::RSA(_) | AlgorithmParameters::EllipticCurve(_));
    kind && key.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
}

#[cfg(test)]
mod tests;
