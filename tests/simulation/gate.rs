//! The gate that every call to the ledger and the fabric passes: there it waits until the driver says how it goes on.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use functions::fabric::FabricError;
use jiff::SignedDuration;
use tokio::sync::oneshot;

/// How a call goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Go,
    /// It fails and has no effect.
    Fail(FabricError),
    /// It has its effect, and the answer does not arrive.
    LoseReply,
    /// A write is taken, and fails after that time without effect.
    FailLate(SignedDuration),
    /// The answer is lost; the write takes effect after that time.
    LandLate(SignedDuration),
    /// The write takes effect after that time, and is answered then.
    Slow(SignedDuration),
    /// What is read is that old.
    Stale(SignedDuration),
    /// It has its effect, and the instance dies before it learns that.
    DieAfter,
}

/// What a call is: it decides which verdicts make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Ledger,
    LedgerWrite,
    Read,
    Observe,
    Apply,
    Write,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    /// What it is about, for the trace.
    pub(crate) about: String,
}

/// One life of one instance; what a former life still does goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) instance: usize,
    pub(crate) number: u64,
}

#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) life: Life,
    pub(crate) call: Call,
    answer: oneshot::Sender<Verdict>,
}

impl Waiting {
    pub(crate) fn go_on(self, verdict: Verdict) {
        // Whoever waited may have been aborted meanwhile.
        let _ = self.answer.send(verdict);
    }
}

/// How a call comes to the gate.
enum Arrival {
    Free,
    Waits(oneshot::Receiver<Verdict>),
    /// Its instance is dead.
    Late,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Waiting>,
    lives: BTreeMap<usize, u64>,
    /// How many calls may pass without waiting.
    free: u64,
    /// Reads of the ledger do not wait: the run goes further, with fewer faults.
    reads_pass: bool,
    is_written: bool,
}

impl Gate {
    /// Begins an instance's next life; its former one hangs at its next call.
    pub(crate) fn begin_life(&self, instance: usize) -> Life {
        let mut state = self.state();
        let number = state.lives.entry(instance).or_default();
        *number += 1;
        let life = Life { instance, number: *number };
        state.waiting.retain(|waiting| waiting.life.instance != instance);
        life
    }

    pub(crate) async fn pass(&self, life: Life, kind: Kind, name: &'static str, about: String) -> Verdict {
        let answer = match self.arrive(life, Call { kind, name, about }) {
            Arrival::Free => return Verdict::Go,
            Arrival::Waits(answer) => answer,
            Arrival::Late => return pending().await,
        };
        match answer.await {
            Ok(verdict) => verdict,
            Err(_) => pending().await,
        }
    }

    fn arrive(&self, life: Life, call: Call) -> Arrival {
        let mut state = self.state();
        if state.lives.get(&life.instance) != Some(&life.number) {
            return Arrival::Late;
        }
        if state.reads_pass && call.kind == Kind::Ledger {
            return Arrival::Free;
        }
        if state.free > 0 {
            state.free = if state.free == u64::MAX { u64::MAX } else { state.free - 1 };
            return Arrival::Free;
        }
        let (answer, receiver) = oneshot::channel();
        state.waiting.push(Waiting { life, call, answer });
        Arrival::Waits(receiver)
    }

    /// Lets that many calls pass without waiting, after those that wait now; `u64::MAX`: all.
    pub(crate) fn let_pass(&self, number: u64) {
        self.state().free = number;
    }

    pub(crate) fn let_reads_pass(&self) {
        self.state().reads_pass = true;
    }

    /// Something was written to the ledger.
    pub(crate) fn note_write(&self) {
        self.state().is_written = true;
    }

    /// Whether something was written since the last call.
    pub(crate) fn take_written(&self) -> bool {
        std::mem::take(&mut self.state().is_written)
    }

    /// Who waits, the first that came first.
    pub(crate) fn number_waiting(&self) -> usize {
        let mut state = self.state();
        state.waiting.retain(|waiting| !waiting.answer.is_closed());
        state.waiting.len()
    }

    pub(crate) fn kind_of(&self, place: usize) -> Kind {
        self.state().waiting[place].call.kind
    }

    pub(crate) fn take(&self, place: usize) -> Waiting {
        self.state().waiting.remove(place)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// A quota that asks for so many seconds.
pub(crate) const fn throttled(seconds: u64) -> FabricError {
    FabricError::Throttled { retry_after: Some(Duration::from_secs(seconds)) }
}

pub(crate) fn unreachable(what: &str) -> FabricError {
    FabricError::Unreachable { message: what.to_owned() }
}
