//! Cutting established sessions when their lease ends: an NSG's rules are asked only when a connection begins, unless
//! the NSG is told to look again.

use jiff::SignedDuration;
use shared::vm::{NsgId, SubscriptionId};

use super::Engine;
use crate::{
    fabric::{FabricError, FlushSet},
    store::StoreError,
};

/// Whoever is at it has that long, before a sweep undoes what was left behind.
const LEFT_BEHIND: SignedDuration = SignedDuration::from_mins(2);

/// What came of making an NSG look at established sessions again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    Done {
        correlation_id: Option<String>,
    },
    /// It will not work by itself: Azure does not offer it here.
    Refused {
        reason: String,
    },
    /// It may work later.
    Failed {
        reason: String,
    },
}

impl Engine {
    /// Makes the NSG drop every established flow that its rules do not let in now, and sets it back as it was.
    pub async fn cut_sessions(&self, nsg: &NsgId) -> Result<Cut, StoreError> {
        let lock = self.lock_of(&nsg.key());
        let _alone = lock.lock().await;
        if !self.store.flushes(nsg.subscription()).await?.contains_key(nsg) {
            match self.fabric.flushes(nsg).await {
                // The customer has it so, and each change of a rule cuts by itself.
                Ok(true) => return Ok(Cut::Done { correlation_id: None }),
                Ok(false) => self.store.put_flush(nsg, self.clock.now()).await?,
                Err(error) => return Ok(Cut::of(&error)),
            }
        }
        match self.fabric.set_flush(nsg, true).await {
            Ok(FlushSet { written, .. }) => {
                self.restore_flush(nsg).await?;
                Ok(Cut::Done { correlation_id: written.correlation_id })
            }
            Err(failure) => {
                let cut = Cut::of(&failure.error);
                if matches!(cut, Cut::Refused { .. }) {
                    self.store.remove_flush(nsg).await?;
                }
                Ok(cut)
            }
        }
    }

    /// Sets back what a process that is no more left behind.
    pub(crate) async fn restore_flushes(&self, subscription: SubscriptionId) -> Result<(), StoreError> {
        for (nsg, since) in self.store.flushes(subscription).await? {
            if self.clock.now().duration_since(since) >= LEFT_BEHIND {
                self.restore_flush(&nsg).await?;
            }
        }
        Ok(())
    }

    async fn restore_flush(&self, nsg: &NsgId) -> Result<(), StoreError> {
        match self.fabric.set_flush(nsg, false).await {
            Ok(_) => self.store.remove_flush(nsg).await,
            Err(failure) if matches!(failure.error, FabricError::Refused { status: 404, .. }) => {
                self.store.remove_flush(nsg).await
            }
            Err(failure) => {
                tracing::warn!(nsg.name = nsg.name(), error = %failure.error, "flushConnection stays set for now");
                Ok(())
            }
        }
    }
}

impl Cut {
    fn of(error: &FabricError) -> Self {
        let reason = error.to_string();
        if error.is_transient() { Self::Failed { reason } } else { Self::Refused { reason } }
    }
}
