//! The access token for ARM: held until shortly before its end.

use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::{clock::Clock, fabric::FabricError};

/// How long before its end a token is replaced.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

#[derive(Debug)]
pub(super) struct Tokens {
    credential: Arc<dyn TokenCredential>,
    scope: String,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<AccessToken>>,
}

impl Tokens {
    pub(super) fn new(credential: Arc<dyn TokenCredential>, audience: &str, clock: Arc<dyn Clock>) -> Self {
        Self { credential, scope: format!("{audience}/.default"), clock, held: Mutex::default() }
    }

    pub(super) async fn current(&self) -> Result<AccessToken, FabricError> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        if let Some(token) = held.as_ref().filter(|token| lives(token, now, MARGIN)) {
            return Ok(token.clone());
        }
        match self.fetch().await {
            Ok(token) => Ok(held.insert(token).clone()),
            Err(error) => match held.as_ref().filter(|token| lives(token, now, SignedDuration::ZERO)) {
                Some(token) => {
                    tracing::warn!(%error, "no new token yet; the old one is still good");
                    Ok(token.clone())
                }
                None => Err(error),
            },
        }
    }

    /// Another token than the one that ARM refused.
    pub(super) async fn renewed(&self, refused: &AccessToken) -> Result<AccessToken, FabricError> {
        let mut held = self.held.lock().await;
        match held.as_ref() {
            Some(token) if token.token != refused.token => Ok(token.clone()),
            _ => Ok(held.insert(self.fetch().await?).clone()),
        }
    }

    async fn fetch(&self) -> Result<AccessToken, FabricError> {
        self.credential.get_token(&[&self.scope], None).await.map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
            FabricError::Unreachable { message: format!("there is no token for Azure: {}", reason.trim()) }
        })
    }
}

fn lives(token: &AccessToken, now: Timestamp, margin: SignedDuration) -> bool {
    let end = token.expires_on.unix_timestamp();
    end.saturating_sub(margin.as_secs()) > now.as_second()
}
