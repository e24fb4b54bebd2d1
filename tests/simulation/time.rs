//! The time of a run: it moves only when the driver moves it. Each instance has a clock of its own beside it.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

use functions::clock::Clock;
use futures::{FutureExt, future::BoxFuture};
use jiff::{SignedDuration, Timestamp};

/// The clock that is always right: Azure's.
pub(crate) const AZURE: usize = usize::MAX;

#[derive(Debug)]
pub(crate) struct Time(Mutex<State>);

#[derive(Debug)]
struct State {
    base: Timestamp,
    /// The latest that any clock ever showed.
    latest: Timestamp,
    /// By how much each clock is ahead.
    ahead: BTreeMap<usize, SignedDuration>,
    sleepers: BTreeMap<u64, Sleeper>,
    numbers: u64,
}

#[derive(Debug)]
struct Sleeper {
    clock: usize,
    until: Timestamp,
    waker: Option<Waker>,
}

impl State {
    fn shows(&self, clock: usize) -> Timestamp {
        self.base + self.ahead.get(&clock).copied().unwrap_or_default()
    }

    /// Notes what the clocks show, and takes the wakers of those whose time has come, in the order of their coming.
    fn moved(&mut self) -> Vec<Waker> {
        let fastest = self.ahead.values().copied().max().unwrap_or_default().max(SignedDuration::ZERO);
        self.latest = self.latest.max(self.base + fastest);
        let due: Vec<u64> = self
            .sleepers
            .iter()
            .filter(|(_, sleeper)| sleeper.until <= self.shows(sleeper.clock))
            .map(|(number, _)| *number)
            .collect();
        due.iter().filter_map(|number| self.sleepers.get_mut(number)?.waker.take()).collect()
    }
}

impl Time {
    pub(crate) fn new(base: Timestamp) -> Arc<Self> {
        let state =
            State { base, latest: base, ahead: BTreeMap::new(), sleepers: BTreeMap::new(), numbers: 0 };
        Arc::new(Self(Mutex::new(state)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.state().base
    }

    pub(crate) fn latest(&self) -> Timestamp {
        self.state().latest
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        let wakers = {
            let mut state = self.state();
            state.base += by.max(SignedDuration::ZERO);
            state.moved()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn advance_to(&self, at: Timestamp) {
        self.advance(at.duration_since(self.now()));
    }

    /// When, by Azure's clock, the first sleeper wakes.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let state = self.state();
        let ahead = |clock| state.ahead.get(&clock).copied().unwrap_or_default();
        state.sleepers.values().map(|sleeper| sleeper.until - ahead(sleeper.clock)).min()
    }

    pub(crate) fn set_clock(&self, clock: usize, ahead: SignedDuration) {
        let wakers = {
            let mut state = self.state();
            state.ahead.insert(clock, ahead);
            state.moved()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn ahead(&self, clock: usize) -> SignedDuration {
        self.state().ahead.get(&clock).copied().unwrap_or_default()
    }

    pub(crate) fn clock(self: &Arc<Self>, clock: usize) -> SimClock {
        SimClock { time: Arc::clone(self), clock }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// The clock of one machine.
#[derive(Clone, Debug)]
pub(crate) struct SimClock {
    time: Arc<Time>,
    clock: usize,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.time.state().shows(self.clock)
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        // Only who is asked for the first time begins to sleep.
        async move {
            let asleep = Asleep::new(self, at);
            poll_fn(|context| asleep.poll(context)).await;
        }
        .boxed()
    }
}

/// Stands in the list of sleepers until it is dropped.
struct Asleep {
    clock: SimClock,
    until: Timestamp,
    number: u64,
}

impl Asleep {
    fn new(clock: &SimClock, until: Timestamp) -> Self {
        let mut state = clock.time.state();
        state.numbers += 1;
        let number = state.numbers;
        state.sleepers.insert(number, Sleeper { clock: clock.clock, until, waker: None });
        Self { clock: clock.clone(), until, number }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.clock.time.state();
        if state.shows(self.clock.clock) >= self.until {
            return Poll::Ready(());
        }
        if let Some(sleeper) = state.sleepers.get_mut(&self.number) {
            sleeper.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        self.clock.time.state().sleepers.remove(&self.number);
    }
}
