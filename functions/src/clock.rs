//! Time and randomness, which everything else is given.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

/// What time it is, and waiting for a time.
pub trait Clock: Send + Sync + Debug {
    fn now(&self) -> Timestamp;

    /// Returns when `now` is at or after `at`.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        // In steps: a step of the machine's clock must not make a wait much longer.
        const STEP: Duration = Duration::from_secs(1);
        async move {
            while let Ok(left) = Duration::try_from(at.duration_since(self.now())) {
                if left.is_zero() {
                    break;
                }
                tokio::time::sleep(left.min(STEP)).await;
            }
        }
        .boxed()
    }
}

/// A clock that is moved by hand.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Timestamp>,
    /// What sleepers wait for, each under a number of its own.
    awaited: Mutex<BTreeSet<(Timestamp, u64)>>,
    numbers: AtomicU64,
}

impl ManualClock {
    pub fn new(now: Timestamp) -> Self {
        Self { now: watch::Sender::new(now), awaited: Mutex::default(), numbers: AtomicU64::new(0) }
    }

    /// Moves on and wakes whoever waited for a time that has come.
    pub fn advance(&self, by: SignedDuration) {
        self.now.send_modify(|now| *now = now.checked_add(by).unwrap_or(Timestamp::MAX));
    }

    /// Moves on to the first time that somebody waits for, if that is after now.
    pub fn advance_to_next_sleeper(&self) {
        let next = self.awaited().first().map(|(at, _)| *at);
        if let Some(at) = next {
            self.now.send_modify(|now| *now = at.max(*now));
        }
    }

    fn awaited(&self) -> MutexGuard<'_, BTreeSet<(Timestamp, u64)>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        let mut changes = self.now.subscribe();
        async move {
            let _awaited = Awaited::new(self, at);
            // It fails only when the clock is gone, and nobody waits then.
            let _ = changes.wait_for(|now| *now >= at).await;
        }
        .boxed()
    }
}

/// Stands in the clock's list until the sleeper wakes or is dropped.
struct Awaited<'c>(&'c ManualClock, (Timestamp, u64));

impl<'c> Awaited<'c> {
    fn new(clock: &'c ManualClock, at: Timestamp) -> Self {
        let entry = (at, clock.numbers.fetch_add(1, Ordering::Relaxed));
        clock.awaited().insert(entry);
        Self(clock, entry)
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.0.awaited().remove(&self.1);
    }
}

/// Where ids and secrets come from.
pub trait Ids: Send + Sync + Debug {
    /// A UUIDv7: ids sort by the time they were made.
    fn uuid(&self) -> Uuid;

    /// Fills `bytes` with what nobody can guess.
    fn bytes(&self, bytes: &mut [u8]);
}

/// The machine's random source.
#[derive(Clone, Copy, Debug)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids by the machine's clock")]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn bytes(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes)
            .expect("an operating system without a random source runs nothing that is safe");
    }
}

/// Repeatable ids, for tests.
#[derive(Debug)]
pub struct SeededIds(Mutex<u64>);

impl SeededIds {
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// SplitMix64.
    fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Ids for SeededIds {
    fn uuid(&self) -> Uuid {
        uuid::Builder::from_custom_bytes(
            (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes(),
        )
        .into_uuid()
    }

    fn bytes(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let mut sleeper = clock.sleep_until(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(10));
        clock.advance(SignedDuration::from_secs(9));
        assert_eq!((&mut sleeper).now_or_never(), None);
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!(sleeper.now_or_never(), Some(()));
    }

    #[tokio::test]
    async fn time_can_go_to_the_next_sleeper_and_stays_when_nobody_sleeps() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let mut sleeper = clock.sleep_until(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(10));
        assert_eq!((&mut sleeper).now_or_never(), None);
        clock.advance_to_next_sleeper();
        assert_eq!(sleeper.now_or_never(), Some(()));
        clock.advance_to_next_sleeper();
        assert_eq!(clock.now().as_second(), 10);
    }

    #[test]
    fn seeded_ids_repeat_and_differ() {
        let (one, other) = (SeededIds::new(7), SeededIds::new(7));
        let first = one.uuid();
        assert_eq!(first, other.uuid());
        assert_ne!(first, one.uuid());
    }
}
