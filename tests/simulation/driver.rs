//! The driver: by one generator it decides, step by step, what happens next.

use functions::store::Ledger;
use futures::FutureExt;
use jiff::SignedDuration;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use shared::{inventory::Machine, request::Opening, vm::VmId};

use crate::{
    edits::{edit, put},
    executor::alone,
    faults::a_fault,
    gate::{Kind, Verdict, Waiting},
    operations::Operation,
    rest,
    run::{Breakage, World},
    scenario::{NSGS, a_foreign_rule, a_policy, an_opening, fleet, nsg, requester, subscription},
    trace::{Counts, Trace},
    watch::Violation,
};

/// How many operations are under way at most.
const CROWD: usize = 6;
/// Between two rests.
const SPAN: u32 = 75;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) hash: u64,
    pub(crate) counts: Counts,
    pub(crate) failure: Option<Failure>,
}

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: u32,
    pub(crate) violation: Violation,
    pub(crate) last_lines: Vec<String>,
    /// The world at that moment.
    pub(crate) world: Vec<String>,
}

pub(crate) fn run(seed: u64, steps: u32, aloud: bool, breakage: Breakage) -> Outcome {
    alone(async |idle| {
        let world = World::new(idle, Trace::new(aloud), breakage);
        let mut driver = Driver::new(world, StdRng::seed_from_u64(seed));
        driver.go(steps).await;
        let Driver { world, .. } = driver;
        let failure = world.violation().map(|violation| Failure {
            step: world.step,
            violation,
            last_lines: world.trace.last_lines(),
            world: rest::describe(&world),
        });
        Outcome { hash: world.trace.hash(), counts: world.counts, failure }
    })
}

struct Driver {
    world: World,
    dice: StdRng,
    /// How likely a call meets a fault, and its instance dies at it.
    faults: f64,
    deaths: f64,
    requests: u64,
}

impl Driver {
    fn new(world: World, mut dice: StdRng) -> Self {
        let faults = *[0.0, 0.05, 0.15, 0.3].choose(&mut dice).unwrap();
        let deaths = *[0.0, 0.02, 0.05].choose(&mut dice).unwrap();
        if dice.gen_bool(0.7) {
            world.gate.let_reads_pass();
        }
        let mut driver = Self { world, dice, faults, deaths, requests: 0 };
        driver.furnish();
        driver
    }

    /// Some VMs, some rules of other hands, some policies that are durable and nothing more.
    fn furnish(&mut self) {
        let (world, dice) = (&mut self.world, &mut self.dice);
        let number = dice.gen_range(2..=4);
        let machines: Vec<Machine> = fleet().choose_multiple(dice, number).cloned().collect();
        for name in NSGS {
            for _ in 0..dice.gen_range(0..3) {
                put(world, &nsg(name), &a_foreign_rule(dice));
            }
        }
        world.cloud.memory.offer_flush(dice.gen_bool(0.8));
        for machine in machines {
            if dice.gen_bool(0.6) {
                let policy = a_policy(dice, &machine.vm);
                world.ledger.put_policy(&policy, &[]).now_or_never().unwrap().unwrap();
            }
            world.cloud.memory.put_machine(machine);
        }
        for index in 0..dice.gen_range(1..=3) {
            let instance = world.start(index);
            world.instances.push(instance);
        }
    }

    async fn go(&mut self, steps: u32) {
        self.world.settle().await;
        for step in 1..=steps {
            self.world.step = step;
            self.step().await;
            if self.world.violation().is_some() {
                return;
            }
            if step % SPAN == 0 || step == steps {
                self.rest().await;
            }
            if self.world.violation().is_some() {
                return;
            }
        }
    }

    async fn step(&mut self) {
        let waiting = self.world.gate.number_waiting();
        let down = self.world.instances.iter().position(|instance| instance.engine.is_none());
        match self.dice.gen_range(0..100) {
            0..25 if down.is_some() => self.restart(down.unwrap_or_default()),
            0..55 if waiting > 0 => self.release(waiting).await,
            55..72 if waiting > 0 => self.burst(),
            72..84 => self.begin(),
            84..92 => self.pass_time(),
            92..97 => self.edit(),
            97 => self.step_a_clock(),
            98 => self.crash(),
            _ if waiting > 0 => self.release(waiting).await,
            _ => self.begin(),
        }
        self.world.settle().await;
    }

    fn count(&mut self, what: &'static str) {
        self.world.counts.count(what);
    }

    /// One of the calls that wait goes on, well or badly.
    async fn release(&mut self, waiting: usize) {
        let place = self.dice.gen_range(0..waiting);
        let kind = self.world.gate.kind_of(place);
        let waiting = self.world.gate.take(place);
        if self.dice.gen_bool(self.deaths) {
            return self.die_at(waiting).await;
        }
        let mut verdict = Verdict::Go;
        // Of reads of the ledger there are so many that nothing would ever come about.
        let faults = if kind == Kind::Ledger { self.faults / 8.0 } else { self.faults };
        if self.dice.gen_bool(faults) {
            let (name, fault) = a_fault(&mut self.dice, kind);
            self.count(name);
            verdict = fault;
        }
        self.world.note(&format!("{} -> {verdict:?}", in_short(&waiting)));
        waiting.go_on(verdict);
    }

    async fn die_at(&mut self, waiting: Waiting) {
        let index = waiting.life.instance;
        if self.dice.gen_bool(0.5) {
            self.count("crash before a call");
            self.world.note(&format!("{} -> dies before", in_short(&waiting)));
        } else {
            self.count("crash after its effect");
            self.world.note(&format!("{} -> dies after", in_short(&waiting)));
            waiting.go_on(Verdict::DieAfter);
            self.world.settle().await;
        }
        self.world.kill(index);
    }

    /// Everything goes on for a while without faults.
    fn burst(&mut self) {
        let number = self.dice.gen_range(2..15);
        self.world.note(&format!("{number} calls go on"));
        self.world.gate.let_pass(number);
        while self.world.gate.number_waiting() > 0 {
            self.world.gate.take(0).go_on(Verdict::Go);
        }
    }

    fn restart(&mut self, place: usize) {
        self.count("restart");
        self.world.note(&format!("i{place} restarts"));
        let instance = self.world.start(place);
        self.world.instances[place] = instance;
    }

    fn crash(&mut self) {
        let place = self.dice.gen_range(0..self.world.instances.len());
        self.count("crash before a call");
        self.world.note(&format!("i{place} dies"));
        self.world.kill(place);
    }

    fn pass_time(&mut self) {
        let now = self.world.time.now();
        let leases = self.world.ledger.leases();
        let ends: Vec<_> = leases.iter().filter(|held| held.lease.lives(now)).collect();
        let at = match self.dice.gen_range(0..6) {
            0 | 1 => self.world.time.next(),
            2 => Some(now + SignedDuration::from_millis(self.dice.gen_range(1..120_000))),
            3 => ends.choose(&mut self.dice).map(|held| {
                let about = SignedDuration::from_millis(self.dice.gen_range(-1_500..1_500));
                held.lease.expires_at + about
            }),
            _ => Some(now + SignedDuration::from_millis(self.dice.gen_range(1..3_000))),
        };
        let at = at.unwrap_or(now).max(now);
        self.world.note(&format!("{:.3} s pass", at.duration_since(now).as_secs_f64()));
        self.world.cloud.advance_to(at);
    }

    fn step_a_clock(&mut self) {
        self.count("clock step");
        let clock = self.dice.gen_range(0..self.world.instances.len());
        let most = *[20_000, 50_000, 300_000].choose(&mut self.dice).unwrap();
        let ahead = SignedDuration::from_millis(self.dice.gen_range(-most..=most));
        self.world.note(&format!("the clock of i{clock} is {:.3} s ahead", ahead.as_secs_f64()));
        self.world.time.set_clock(clock, ahead);
    }

    fn edit(&mut self) {
        if let Some((kind, what)) = edit(&mut self.world, &mut self.dice) {
            self.count(kind);
            self.world.note(&format!("{kind}: {what}"));
        }
    }

    async fn rest(&mut self) {
        if self.dice.gen_bool(0.5) {
            self.count("crash of all");
            self.world.note("all die");
        } else {
            self.world.note("no more faults");
            self.world.drain().await;
        }
        self.world.rest().await;
        for place in 0..self.world.instances.len() {
            self.world.instances[place] = self.world.start(place);
        }
    }

    fn begin(&mut self) {
        let running: usize = self.world.instances.iter().map(|instance| instance.running.len()).sum();
        let Some(operation) = self.an_operation().filter(|_| running < CROWD) else { return };
        let number = self.world.instances.len();
        let place = self.dice.gen_range(0..number);
        let twice = self.dice.gen_bool(0.15);
        self.begin_at(place, operation.clone());
        if twice {
            let other = self.dice.gen_range(0..number);
            match operation {
                Operation::Open { openings, requester, ids } => {
                    self.count("request repeated");
                    self.begin_at(other, Operation::Open { openings, requester, ids: !ids });
                }
                Operation::Sweep(_) => {
                    self.count("sweeps overlap");
                    self.begin_at(other, operation);
                }
                _ => self.begin_at(other, operation),
            }
        }
    }

    fn begin_at(&mut self, place: usize, operation: Operation) {
        let what = match &operation {
            Operation::Enable(policy) => format!("{} {:?}", policy.vm.name(), policy.precedence),
            Operation::Open { openings, .. } => openings.iter().map(in_words).collect::<Vec<_>>().join(", "),
            Operation::Revoke(grant) => grant.to_string(),
            Operation::Remove(vm) => vm.name().to_owned(),
            Operation::Sweep(ahead) => format!("{ahead:?} ahead"),
            Operation::WorkOffDue => String::new(),
        };
        self.world.note(&format!("i{place} begins to {} {what}", operation.name()));
        self.world.begin(place, operation);
    }

    fn an_operation(&mut self) -> Option<Operation> {
        let machines = self.world.cloud.memory.machines();
        let policies = self.world.ledger.policies(subscription()).now_or_never().unwrap().unwrap();
        let vms: Vec<VmId> = policies.iter().map(|policy| policy.vm.clone()).collect();
        let (dice, world) = (&mut self.dice, &self.world);
        let look_ahead = SignedDuration::from_millis(dice.gen_range(500..8_000));
        match dice.gen_range(0..20) {
            0..3 => {
                let machine = machines.choose(dice)?;
                Some(Operation::Enable(a_policy(dice, &machine.vm)))
            }
            3..9 => {
                let number = if dice.gen_bool(0.7) { 1 } else { 3 };
                let open_to: Vec<&Machine> =
                    machines.iter().filter(|machine| vms.contains(&machine.vm)).collect();
                let chosen: Vec<&&Machine> = open_to.choose_multiple(dice, number).collect();
                let openings: Vec<Opening> = alike(chosen.iter().map(|one| an_opening(dice, one)).collect());
                self.requests += 1;
                let (requester, ids) = (requester(self.requests), dice.r#gen());
                (!openings.is_empty()).then_some(Operation::Open { openings, requester, ids })
            }
            9..12 => {
                let now = world.time.now();
                let leases = world.ledger.leases();
                let living: Vec<_> = leases.iter().filter(|held| held.lease.lives(now)).collect();
                let grant = living.choose(dice)?.grant;
                let of_grant = leases.iter().filter(|held| held.grant == grant);
                of_grant.for_each(|held| world.cloud.watch.ask_to_end(&held.lease.vm));
                Some(Operation::Revoke(grant))
            }
            12 => {
                let vm = vms.choose(dice)?.clone();
                world.cloud.watch.ask_to_end(&vm);
                Some(Operation::Remove(vm))
            }
            13 => Some(Operation::WorkOffDue),
            14..17 => Some(Operation::Sweep(look_ahead)),
            _ => Some(Operation::Sweep(SignedDuration::ZERO)),
        }
    }
}

/// One request mostly asks the same of each VM.
fn alike(openings: Vec<Opening>) -> Vec<Opening> {
    let Some(first) = openings.first().cloned() else { return openings };
    let same = |opening: Opening| Opening { vm: opening.vm, ..first.clone() };
    openings.into_iter().map(same).collect()
}

fn in_words(Opening { vm, port, sources, duration }: &Opening) -> String {
    format!("{} {port} from {sources} for {} s", vm.name(), duration.seconds())
}

fn in_short(Waiting { life, call, .. }: &Waiting) -> String {
    format!("i{} {} {}", life.instance, call.name, call.about)
}
