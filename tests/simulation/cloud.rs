//! Azure of a run: a fabric in memory whose writes may take their time, with a memory of how its NSGs were.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use functions::{
    clock::Clock,
    fabric::{Fabric, WriteFailure, Written, memory::MemoryFabric},
};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use shared::{
    nsg::{ObservedNsg, RuleChange},
    vm::NsgId,
};

use crate::{
    time::{AZURE, SimClock, Time},
    watch::Watch,
};

type Outcome = Arc<Mutex<Option<Result<Written, WriteFailure>>>>;

#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) memory: MemoryFabric,
    /// What the instances' calls reach: the same, unless a test broke it.
    pub(crate) inner: Arc<dyn Fabric>,
    pub(crate) watch: Arc<Watch>,
    time: Arc<Time>,
    clock: SimClock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Until when a write to an NSG is under way.
    busy: BTreeMap<NsgId, Timestamp>,
    landings: Vec<Landing>,
    /// How each NSG was, until when.
    past: BTreeMap<NsgId, Vec<(Timestamp, Option<ObservedNsg>)>>,
}

/// A write that takes effect later.
#[derive(Debug)]
struct Landing {
    at: Timestamp,
    nsg: NsgId,
    change: RuleChange,
    outcome: Outcome,
}

impl Cloud {
    pub(crate) fn new(
        memory: MemoryFabric,
        inner: Arc<dyn Fabric>,
        watch: Arc<Watch>,
        time: &Arc<Time>,
    ) -> Self {
        let (time, clock) = (Arc::clone(time), time.clock(AZURE));
        Self { memory, inner, watch, time, clock, state: Mutex::default() }
    }

    /// One of our changes has its effect now.
    pub(crate) fn effect(&self, nsg: &NsgId, change: &RuleChange) -> Result<Written, WriteFailure> {
        let before = self.memory.nsg(nsg);
        let written = self.inner.apply(nsg, change).now_or_never().expect("memory does not wait");
        let after = self.memory.nsg(nsg);
        if before != after {
            self.watch.judge(before.as_ref(), after.as_ref(), change);
            self.remember(nsg, before);
        }
        written
    }

    /// Changes the world by another hand than ours.
    pub(crate) fn edit(&self, nsg: &NsgId, change: impl FnOnce(&MemoryFabric)) {
        let before = self.memory.nsg(nsg);
        change(&self.memory);
        self.remember(nsg, before);
    }

    pub(crate) fn is_busy(&self, nsg: &NsgId) -> bool {
        self.state().busy.get(nsg).is_some_and(|until| *until > self.time.now())
    }

    /// Waits until no write to the NSG is under way.
    pub(crate) async fn quiet(&self, nsg: &NsgId) {
        loop {
            let until = self.state().busy.get(nsg).copied();
            match until.filter(|until| *until > self.time.now()) {
                None => return,
                Some(until) => self.clock.sleep_until(until).await,
            }
        }
    }

    /// Takes the NSG for that time, and gives it back without having changed it.
    pub(crate) async fn hold(&self, nsg: &NsgId, how_long: SignedDuration) {
        let until = self.time.now() + how_long;
        self.state().busy.insert(nsg.clone(), until);
        self.clock.sleep_until(until).await;
    }

    /// Takes the NSG for that time; at its end the change has its effect.
    pub(crate) fn land(&self, nsg: &NsgId, change: &RuleChange, how_long: SignedDuration) -> Later {
        let at = self.time.now() + how_long;
        let outcome = Outcome::default();
        let mut state = self.state();
        state.busy.insert(nsg.clone(), at);
        let landing = Landing { at, nsg: nsg.clone(), change: change.clone(), outcome: Arc::clone(&outcome) };
        state.landings.push(landing);
        Later { at, clock: self.clock.clone(), outcome }
    }

    /// Moves time on; each write that is under way takes effect at its time.
    pub(crate) fn advance_to(&self, at: Timestamp) {
        loop {
            let next = {
                let mut state = self.state();
                let first = state.landings.iter().enumerate().min_by_key(|(_, landing)| landing.at);
                let place = first.filter(|(_, landing)| landing.at <= at).map(|(place, _)| place);
                place.map(|place| state.landings.remove(place))
            };
            let Some(Landing { at, nsg, change, outcome }) = next else { break };
            self.time.advance_to(at);
            let written = self.effect(&nsg, &change);
            *outcome.lock().unwrap() = Some(written);
        }
        self.time.advance_to(at);
    }

    /// When the last write that is under way ends.
    pub(crate) fn last_landing(&self) -> Option<Timestamp> {
        self.state().busy.values().copied().max().filter(|at| *at > self.time.now())
    }

    /// The NSG as it was then.
    pub(crate) fn as_of(&self, nsg: &NsgId, then: Timestamp) -> Option<ObservedNsg> {
        let state = self.state();
        let past = state.past.get(nsg).into_iter().flatten().find(|(until, _)| *until > then);
        past.map_or_else(|| self.memory.nsg(nsg), |(_, was)| was.clone())
    }

    fn remember(&self, nsg: &NsgId, was: Option<ObservedNsg>) {
        let mut state = self.state();
        let past = state.past.entry(nsg.clone()).or_default();
        past.push((self.time.now(), was));
        if past.len() > 8 {
            past.remove(0);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// The answer to a write that has not taken effect yet.
pub(crate) struct Later {
    at: Timestamp,
    clock: SimClock,
    outcome: Outcome,
}

impl Later {
    pub(crate) async fn arrives(self) -> Result<Written, WriteFailure> {
        self.clock.sleep_until(self.at).await;
        self.outcome.lock().unwrap().take().expect("the cloud lands a write before it wakes who waits for it")
    }
}
