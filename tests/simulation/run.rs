//! A world and the instances in it: what the driver can do to them.

use std::sync::{Arc, Mutex};

use functions::{
    enforce::Engine,
    fabric::{Fabric, memory::MemoryFabric},
    store::{Ledger, memory::MemoryLedger},
};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use shared::{rule::NsgRule, vm::NsgId};
use tokio::task::JoinHandle;

use crate::{
    cloud::Cloud,
    executor::Idle,
    gate::{Gate, Verdict},
    gated_fabric::GatedFabric,
    gated_ledger::GatedLedger,
    operations::Operation,
    rest,
    scenario::{an_azure, author},
    time::Time,
    trace::{Counts, Trace},
    watch::{Violation, Watch},
};

/// The instance that looks after things when the world comes to rest.
const CARETAKER: usize = 9;
/// After so many wake-ups without an end it is taken to have none.
const PATIENCE: u32 = 5_000;

/// What the instances are given in place of the true ledger and fabric.
pub(crate) type Breakage = fn(MemoryLedger, MemoryFabric) -> (Arc<dyn Ledger>, Arc<dyn Fabric>);

pub(crate) fn unbroken(ledger: MemoryLedger, memory: MemoryFabric) -> (Arc<dyn Ledger>, Arc<dyn Fabric>) {
    (Arc::new(ledger), Arc::new(memory))
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) time: Arc<Time>,
    pub(crate) gate: Gate,
    pub(crate) ledger: MemoryLedger,
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) instances: Vec<Instance>,
    /// Rules of ours that another hand took away or changed.
    pub(crate) old_rules: Vec<(NsgId, NsgRule)>,
    pub(crate) trace: Trace,
    pub(crate) counts: Counts,
    pub(crate) step: u32,
    /// Why operations did not come about.
    pub(crate) refusals: Vec<String>,
    /// What the instances use as ledger.
    given: Arc<dyn Ledger>,
    idle: Idle,
}

#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) index: usize,
    pub(crate) engine: Option<Arc<Engine>>,
    pub(crate) running: Vec<Running>,
}

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) name: &'static str,
    handle: JoinHandle<Result<(), String>>,
}

impl World {
    pub(crate) fn new(idle: Idle, trace: Trace, breakage: Breakage) -> Self {
        let time = Time::new(Timestamp::from_second(1_767_254_400).unwrap());
        let (ledger, memory) = (MemoryLedger::default(), an_azure());
        let watch = Arc::new(Watch::new(ledger.clone(), memory.clone(), Arc::clone(&time)));
        let (given, inner) = breakage(ledger.clone(), memory.clone());
        let cloud = Arc::new(Cloud::new(memory, inner, watch, &time));
        Self {
            time,
            gate: Gate::default(),
            ledger,
            cloud,
            instances: Vec::new(),
            old_rules: Vec::new(),
            trace,
            counts: Counts::default(),
            step: 0,
            refusals: Vec::new(),
            given,
            idle,
        }
    }

    pub(crate) fn note(&mut self, line: &str) {
        let at = self.time.now().duration_since(Timestamp::from_second(1_767_254_400).unwrap());
        self.trace.note(format!("{:>3} {:>9.3}s {line}", self.step, at.as_secs_f64()));
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.cloud.watch.violation()
    }

    /// Begins a life of an instance; its clock goes on as it was.
    pub(crate) fn start(&self, index: usize) -> Instance {
        let life = self.gate.begin_life(index);
        let ledger = GatedLedger { inner: Arc::clone(&self.given), gate: self.gate.clone(), life };
        let fabric = GatedFabric {
            cloud: Arc::clone(&self.cloud),
            gate: self.gate.clone(),
            life,
            time: Arc::clone(&self.time),
            ahead: Mutex::default(),
        };
        let clock = self.time.clock(index);
        let engine = Engine::new(Arc::new(ledger), Arc::new(fabric), Arc::new(clock), author());
        Instance { index, engine: Some(Arc::new(engine)), running: Vec::new() }
    }

    /// Ends an instance's life wherever it is.
    pub(crate) fn kill(&mut self, place: usize) {
        let instance = &mut self.instances[place];
        self.gate.begin_life(instance.index);
        instance.engine = None;
        for running in instance.running.drain(..) {
            running.handle.abort();
        }
    }

    pub(crate) fn begin(&mut self, place: usize, operation: Operation) {
        let instance = &mut self.instances[place];
        if let Some(engine) = &instance.engine {
            let name = operation.name();
            let handle = tokio::spawn(operation.run(Arc::clone(engine)));
            instance.running.push(Running { name, handle });
        }
    }

    /// Lets everything go on as far as it can by itself, and looks at what it came to.
    pub(crate) async fn settle(&mut self) {
        self.idle.comes().await;
        let mut lines = Vec::new();
        for instance in &mut self.instances {
            let (done, running) = std::mem::take(&mut instance.running)
                .into_iter()
                .partition::<Vec<Running>, _>(|running| running.handle.is_finished());
            instance.running = running;
            for Running { name, handle } in done {
                let outcome = match handle.now_or_never().expect("it is finished") {
                    Ok(Ok(())) => "done".to_owned(),
                    Ok(Err(why)) => {
                        self.refusals.push(format!("{name}: {why}"));
                        why
                    }
                    Err(error) => {
                        self.cloud.watch.report("nothing panics", error.to_string());
                        error.to_string()
                    }
                };
                lines.push(format!("i{} {name}: {outcome}", instance.index));
            }
        }
        lines.iter().for_each(|line| self.note(line));
        if self.gate.take_written() {
            self.cloud.watch.read_ledger();
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.instances.iter().any(|instance| !instance.running.is_empty())
    }

    /// Lets everything that is under way come to its end, with nothing in its way.
    pub(crate) async fn drain(&mut self) {
        self.gate.let_pass(u64::MAX);
        while self.gate.number_waiting() > 0 {
            self.gate.take(0).go_on(Verdict::Go);
        }
        for _ in 0..PATIENCE {
            self.settle().await;
            if !self.is_running() {
                self.gate.let_pass(0);
                return;
            }
            match self.time.next() {
                Some(next) => self.cloud.advance_to(next.max(self.time.now())),
                None => break,
            }
        }
        let names: Vec<&str> =
            self.instances.iter().flat_map(|one| &one.running).map(|running| running.name).collect();
        self.cloud.watch.report("what is under way comes to an end", names.join(", "));
    }

    /// Everybody stops, the clocks are set right, a new instance sweeps twice: now everything must be as it should.
    pub(crate) async fn rest(&mut self) {
        for place in 0..self.instances.len() {
            self.kill(place);
        }
        self.settle().await;
        if let Some(at) = self.cloud.last_landing() {
            self.cloud.advance_to(at);
        }
        for clock in (0..self.instances.len()).chain([CARETAKER]) {
            self.time.set_clock(clock, SignedDuration::ZERO);
        }
        // A clock that is set again before Azure has answered once may date a reading in the future, where it counts as
        // the latest until that time has come.
        self.cloud.advance_to(self.time.latest());
        let caretaker = self.start(CARETAKER);
        self.instances.push(caretaker);
        for _ in 0..2 {
            let place = self.instances.len() - 1;
            self.begin(place, Operation::Sweep(SignedDuration::ZERO));
            self.drain().await;
        }
        self.kill(self.instances.len() - 1);
        self.instances.pop();
        self.settle().await;
        if self.violation().is_none() {
            self.note("at rest");
            rest::check(self);
        }
        self.cloud.watch.rested();
    }
}
