//! Many seeds, or one.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use crate::{
    driver::{Failure, Outcome, run},
    faults,
    run::unbroken,
    trace::Counts,
};

const STEPS: u32 = 300;
/// In every run of the tests.
const SEEDS: u64 = 2_000;
/// So many failures say enough.
const ENOUGH: usize = 20;

#[test]
fn whatever_fails_the_world_comes_to_rest_as_it_should_be() {
    if let Some(seed) = setting("POSTERN_SEED") {
        let outcome = run(seed, STEPS, true, unbroken);
        println!("{}", outcome.counts);
        if let Some(failure) = &outcome.failure {
            panic!("{}", told(seed, failure));
        }
        return;
    }
    let seeds = setting("POSTERN_SEEDS").unwrap_or(SEEDS);
    let started = Instant::now();
    let counts = run_all(seeds);
    println!("{seeds} seeds × {STEPS} steps in {} s:\n{counts}", started.elapsed().as_secs());
    for kind in faults::ALL {
        assert!(counts.of(kind) > 0, "no run had the fault {kind:?}");
    }
}

#[test]
fn a_seed_replays_exactly() {
    for seed in [1, 17, 23] {
        let [one, other] = [0, 1].map(|_| run(seed, STEPS, false, unbroken));
        assert_eq!((one.hash, one.counts), (other.hash, other.counts), "seed {seed}");
    }
    assert_ne!(run(1, STEPS, false, unbroken).hash, run(2, STEPS, false, unbroken).hash);
}

/// Runs the seeds on all cores; after some failures there is no point in more.
fn run_all(seeds: u64) -> Counts {
    let (next, total) = (AtomicU64::new(0), Mutex::new((Counts::default(), BTreeMap::new())));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds || total.lock().unwrap().1.len() >= ENOUGH {
                break;
            }
            let Outcome { counts, failure, .. } = run(seed, STEPS, false, unbroken);
            let mut total = total.lock().unwrap();
            total.0.add(&counts);
            total.1.extend(failure.map(|failure| (seed, failure)));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let (counts, failures) = total.into_inner().unwrap();
    if let Some((seed, first)) = failures.first_key_value() {
        for (seed, failure) in &failures {
            println!("seed {seed}, step {}: {}", failure.step, failure.violation.invariant);
        }
        panic!("{}", told(*seed, first));
    }
    counts
}

fn told(seed: u64, Failure { step, violation, last_lines, world }: &Failure) -> String {
    format!(
        "seed {seed}, step {step}: it does not hold that {}\n{}\n\n{}\n\n{}\n\nPOSTERN_SEED={seed} replays it",
        violation.invariant,
        violation.detail,
        last_lines.join("\n"),
        world.join("\n")
    )
}

#[expect(clippy::disallowed_methods, reason = "a test has no configuration but its environment")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number of seeds, or a seed"))
}
