//! The comparison, pair by pair.

use std::io::Write;

use rand::{SeedableRng, rngs::StdRng};

use crate::{aim, packet::Packet, pair::Pair, pump::Kernel, shrink};

const PAIRS: usize = 500;

/// How many of the packets must have been decided on by both.
const LEAST_PACKETS: usize = 200_000;

const MOST_SHOWN: usize = 3;

/// A packet that the kernel and Postern do not agree about.
#[derive(Debug)]
struct Mismatch {
    number: usize,
    pair: Pair,
    packet: Packet,
    why: String,
}

#[derive(Debug, Default)]
struct Run {
    let_in: usize,
    decided: usize,
    unknown: usize,
    mismatches: Vec<Mismatch>,
}

#[test]
fn the_kernel_lets_in_what_postern_says_that_random_nsgs_let_in() {
    let mut kernel = match Kernel::start() {
        Ok(kernel) => kernel,
        Err(why) => return say(&format!("skipped: the Linux kernel as an oracle: {why}")),
    };
    let seed = seed();
    let mut run = Run::default();
    for number in 0..PAIRS {
        // Each pair has a seed of its own, so that what one draws does not move the others.
        let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        run.compare(number, &Pair::random(&mut rng), &mut kernel, &mut rng);
    }
    let Run { let_in, decided, unknown, mismatches } = &run;
    let count = mismatches.len();
    say(&format!("{PAIRS} NSG pairs, {decided} packets, {count} mismatches"));
    say(&format!("(seed {seed}; {let_in} let in; of {unknown} more packets it cannot be known beforehand)"));
    let shown: Vec<String> = mismatches
        .iter()
        .take(MOST_SHOWN)
        .map(|Mismatch { number, pair, packet, why }| {
            let small = shrink::shrink(pair, packet, &mut kernel);
            format!("POSTERN_SEED={seed}, pair {number}: {packet}: {why}\n{small}")
        })
        .collect();
    assert!(mismatches.is_empty(), "{count} mismatches\n{}", shown.join("\n"));
    assert!(*decided >= LEAST_PACKETS, "only {decided} packets");
    assert!((decided / 5..decided * 4 / 5).contains(let_in), "{let_in} of {decided} let in: too one-sided");
}

impl Run {
    fn compare(&mut self, number: usize, pair: &Pair, kernel: &mut Kernel, rng: &mut StdRng) {
        let targets = aim::packets(pair, rng);
        kernel.load(pair);
        let all: Vec<Packet> = targets.iter().flat_map(|(_, packets)| packets.iter().copied()).collect();
        let mut verdicts = kernel.pump(&all).into_iter();
        for (aim, packets) in targets {
            let claims = pair.claims(aim);
            for (packet, got_in) in packets.into_iter().zip(&mut verdicts) {
                self.let_in += usize::from(got_in);
                match pair.judge(&packet, &claims, got_in) {
                    Ok(true) => self.decided += 1,
                    Ok(false) => self.unknown += 1,
                    Err(why) => self.mismatches.push(Mismatch { number, pair: pair.clone(), packet, why }),
                }
            }
        }
    }
}

/// What repeats a run: `POSTERN_SEED`, else always the same.
fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a seed is the tester's word, not configuration")]
    let given = std::env::var("POSTERN_SEED");
    given.ok().map_or(3, |text| text.parse().expect("POSTERN_SEED is a number"))
}

/// Says it although the test passes, when the harness keeps what `println!` says to itself.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("stdout takes a line");
}
