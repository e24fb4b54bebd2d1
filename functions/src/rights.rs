//! What callers may do: read from Azure's roles. With [`ROLE_BELIEVED`] of a role's definition, nothing is older than a
//! minute.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use shared::{
    rbac::{AccessRights, VmRights},
    vm::{SubscriptionId, VmId},
};

use crate::{
    clock::Clock,
    fabric::{Fabric, FabricError, ROLE_BELIEVED},
};

const KEPT: SignedDuration = SignedDuration::from_secs(60).saturating_sub(ROLE_BELIEVED);
const MOST: usize = 10_000;

type Key = (SubscriptionId, String);

/// The cache before ARM.
#[derive(Debug)]
pub struct Rights {
    fabric: Arc<dyn Fabric>,
    clock: Arc<dyn Clock>,
    cache: Mutex<HashMap<Key, (Timestamp, Arc<AccessRights>)>>,
}

impl Rights {
    pub fn new(fabric: Arc<dyn Fabric>, clock: Arc<dyn Clock>) -> Self {
        Self { fabric, clock, cache: Mutex::default() }
    }

    /// Everything ARM says of a principal in a subscription. When ARM does not answer there are no rights but an error.
    pub async fn of(
        &self,
        subscription: SubscriptionId,
        principal: &str,
    ) -> Result<Arc<AccessRights>, FabricError> {
        let key = (subscription, principal.to_owned());
        let now = self.clock.now();
        if let Some(kept) = self.kept(&key, now) {
            return Ok(kept);
        }
        let rights = Arc::new(self.fabric.rights(subscription, principal).await?);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MOST {
            cache.clear();
        }
        cache.insert(key, (now, Arc::clone(&rights)));
        Ok(rights)
    }

    /// What ARM said last, however long ago: for hints, never for decisions. `None`: nothing yet.
    pub fn last_of(&self, subscription: SubscriptionId, principal: &str) -> Option<Arc<AccessRights>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(&(subscription, principal.to_owned())).map(|(_, rights)| Arc::clone(rights))
    }

    pub async fn on_vm(&self, vm: &VmId, principal: &str) -> Result<VmRights, FabricError> {
        Ok(self.of(vm.subscription(), principal).await?.on_vm(vm))
    }

    fn kept(&self, key: &Key, now: Timestamp) -> Option<Arc<AccessRights>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, rights) = cache.get(key)?;
        let age = now.duration_since(*at);
        (SignedDuration::ZERO <= age && age < KEPT).then(|| Arc::clone(rights))
    }
}
