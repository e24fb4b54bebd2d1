//! Holds requests back, so that it is us and not ARM who decides which of them wait.
//!
//! ARM counts by subscription and kind of request; a subscription's requests wait in lines of their own, so none starves
//! another. What closes is served before what opens, and among equals who came first.

mod bucket;
mod lines;
mod quota;
mod window;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use shared::{api::ArmBudget, vm::SubscriptionId};
use tokio::sync::Notify;
use url::Url;

use self::quota::{Place, Quotas, Verdict};
use crate::{clock::Clock, fabric::FabricError};

/// ARM never asks for a longer wait; a slip in a header must not keep ports open for a day.
const LONGEST_HOLD: Duration = Duration::from_secs(3600);

/// What ARM counts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
    Delete,
}

/// Who is served first where requests have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// It takes access away, or asks how a write that has begun gets on.
    Urgent,
    Usual,
}

/// What a request is to the limiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Errand {
    /// Empty for what is of no subscription: ARM counts that by tenant.
    subscription: String,
    kind: Kind,
    urgency: Urgency,
    /// Whether the network's own provider counts it too.
    is_network_write: bool,
}

impl Errand {
    pub(super) fn new(method: &Method, url: &Url, urgency: Urgency) -> Self {
        let path = url.path().to_ascii_lowercase();
        let subscription = path.split_once("/subscriptions/").map_or("", |(_, rest)| rest);
        let kind = match *method {
            Method::GET => Kind::Read,
            Method::DELETE => Kind::Delete,
            _ => Kind::Write,
        };
        Self {
            subscription: subscription.split('/').next().unwrap_or_default().to_owned(),
            kind,
            urgency,
            is_network_write: kind != Kind::Read && path.contains("/providers/microsoft.network/"),
        }
    }

    /// How many requests of this kind ARM says are left, where it says so.
    fn left(&self, headers: &HeaderMap) -> Option<u32> {
        let name = match self.kind {
            Kind::Read => "x-ms-ratelimit-remaining-subscription-reads",
            Kind::Write => "x-ms-ratelimit-remaining-subscription-writes",
            Kind::Delete => "x-ms-ratelimit-remaining-subscription-deletes",
        };
        headers.get(name)?.to_str().ok()?.trim().parse().ok()
    }
}

/// All subscriptions' lines.
#[derive(Debug)]
pub(super) struct Limiter {
    clock: Arc<dyn Clock>,
    subscriptions: Mutex<HashMap<String, Quotas>>,
}

impl Limiter {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, subscriptions: Mutex::default() }
    }

    /// Returns when the request may be sent, and counts it. A quota that would keep it from being sent for longer than
    /// `patience` refuses it at once; waiting for others in the same line is no matter of patience.
    ///
    /// Dropped before it returns it has counted nothing.
    pub(super) async fn admit(&self, errand: &Errand, patience: Duration) -> Result<(), FabricError> {
        let waiting = Waiting::join(self, errand, patience);
        loop {
            match waiting.ask() {
                Verdict::Go => return Ok(()),
                Verdict::Refused(wait) => return Err(FabricError::Throttled { retry_after: Some(wait) }),
                Verdict::Behind => waiting.bell.notified().await,
                Verdict::Until(at) => tokio::select! {
                    () = self.clock.sleep_until(at) => {}
                    () = waiting.bell.notified() => {}
                },
            }
        }
    }

    /// Takes what ARM's answer says about the quota, where that is less than we thought.
    pub(super) fn heed(&self, errand: &Errand, headers: &HeaderMap) {
        if let Some(left) = errand.left(headers) {
            self.with(errand, |quotas, now| quotas.lower(errand.kind, left, now));
        }
    }

    /// ARM refused the request because there were too many: nothing of its kind is sent before it wants to be asked.
    pub(super) fn hold(&self, errand: &Errand, wait: Option<Duration>) {
        let wait = wait.unwrap_or_default().min(LONGEST_HOLD);
        let wait = SignedDuration::try_from(wait).unwrap_or_default();
        self.with(errand, |quotas, now| {
            quotas.hold(errand.kind, now.checked_add(wait).unwrap_or(now), now);
        });
    }

    /// `None`: nothing was asked of it yet.
    pub(super) fn budget(&self, subscription: SubscriptionId) -> Option<ArmBudget> {
        let mut subscriptions = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let quotas = subscriptions.get_mut(&subscription.to_string())?;
        quotas.notice(now);
        let [reads, writes, deletes] = quotas.left(now);
        Some(ArmBudget { subscription, reads, writes, deletes })
    }

    /// The time is read within the lock, so it goes back only where the clock was set back.
    fn with<T>(&self, errand: &Errand, act: impl FnOnce(&mut Quotas, Timestamp) -> T) -> T {
        let mut subscriptions = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if let Some(quotas) = subscriptions.get_mut(&errand.subscription) {
            quotas.notice(now);
            return act(quotas, now);
        }
        act(subscriptions.entry(errand.subscription.clone()).or_insert_with(|| Quotas::full(now)), now)
    }
}

/// A place in a line, given up when it is dropped.
struct Waiting<'l> {
    limiter: &'l Limiter,
    errand: &'l Errand,
    place: Place,
    /// Rung when this may have become the first.
    bell: Arc<Notify>,
}

impl<'l> Waiting<'l> {
    fn join(limiter: &'l Limiter, errand: &'l Errand, patience: Duration) -> Self {
        let bell = Arc::new(Notify::new());
        let place = limiter.with(errand, |quotas, _| quotas.join(errand, patience, Arc::clone(&bell)));
        Self { limiter, errand, place, bell }
    }

    fn ask(&self) -> Verdict {
        self.limiter.with(self.errand, |quotas, now| quotas.ask(&self.place, now))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.limiter.with(self.errand, |quotas, _| quotas.leave(&self.place));
    }
}

#[cfg(test)]
mod tests;
