use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::directory::Directory;
use crate::entra::Codes;
use crate::faults::Faults;
use crate::ids::Ids;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::options::Clock;
use crate::world::World;

/// What every request can reach.
pub(crate) struct App {
    /// Without a slash at its end.
    pub(crate) url: String,
    pub(crate) keys: Keys,
    pub(crate) directory: Directory,
    pub(crate) codes: Mutex<Codes>,
    /// Told after every change that the state file must hold.
    pub(crate) changed: Notify,
    clock: Arc<dyn Clock>,
    core: Mutex<Core>,
}

/// What requests change.
pub(crate) struct Core {
    pub(crate) world: World,
    pub(crate) ids: Ids,
    pub(crate) faults: Faults,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// From the answer to a write until it takes effect.
    pub(crate) latency: SignedDuration,
    pub(crate) page_size: usize,
    /// The address that the front door reports as its client's.
    pub(crate) client_address: String,
    /// Whether the subscriptions have the feature with which NSGs cut flows.
    pub(crate) flush_connection: bool,
    /// For how long after a write an NSG is read as it was before.
    pub(crate) stale_reads: SignedDuration,
    /// Whether a deletion is to be followed by its `Location` alone.
    pub(crate) location_only: bool,
    /// By how much the `Date` of ARM's answers is ahead.
    pub(crate) date_skew: SignedDuration,
}

impl Settings {
    pub(crate) fn new(latency: Duration) -> Self {
        let latency = SignedDuration::try_from(latency).unwrap_or(SignedDuration::MAX);
        Self {
            latency,
            page_size: 50,
            client_address: "203.0.113.7".to_owned(),
            flush_connection: true,
            stale_reads: SignedDuration::ZERO,
            location_only: false,
            date_skew: SignedDuration::ZERO,
        }
    }
}

impl App {
    pub(crate) fn new(
        url: String,
        keys: Keys,
        directory: Directory,
        clock: Arc<dyn Clock>,
        core: Core,
    ) -> Self {
        Self {
            url,
            keys,
            directory,
            codes: Mutex::default(),
            changed: Notify::new(),
            clock,
            core: Mutex::new(core),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The world as it is now: every write that is due has taken effect.
    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.world.settle(self.now());
        core
    }

    /// `http` or `https`, as everything is served.
    pub(crate) fn scheme(&self) -> &str {
        self.url.split_once(':').map_or("http", |(scheme, _)| scheme)
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/{}/v2.0", self.url, crate::directory::TENANT)
    }
}
