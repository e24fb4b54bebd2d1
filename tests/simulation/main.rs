//! The real engine in a simulated world: one thread, one seed, every fault. A run of a seed is always the same.
//!
//! `POSTERN_SEED=7` runs that seed alone and prints what happens; `POSTERN_SEEDS=100000` runs that many.

#[cfg(test)]
mod broken;
#[cfg(test)]
mod cloud;
#[cfg(test)]
mod driver;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod executor;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod gated_fabric;
#[cfg(test)]
mod gated_ledger;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod pairs;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod run;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod time;
#[cfg(test)]
mod trace;
#[cfg(test)]
mod watch;
