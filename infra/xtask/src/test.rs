//! `cargo xtask test`: every check there is, and one line that sums them up.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use crate::{interrupt, portal, shell};

mod browser;
mod clients;
mod deployment;
mod lambda;
mod postgres;
mod schemathesis;
mod sdk;
mod tally;
mod templates;

use tally::Tally;

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Runs only the tests whose names contain this, and neither format nor lint checks
    filter: Option<String>,
    /// Replays one seed of the simulation and prints what happens, step by step; runs nothing else
    #[arg(long, conflicts_with_all = ["filter", "seeds"])]
    seed: Option<u64>,
    /// Runs that many seeds of the simulation (100000, say) and nothing else
    #[arg(long, conflicts_with = "filter")]
    seeds: Option<u64>,
}

/// What became of one step.
struct Outcome {
    title: &'static str,
    tally: Tally,
    took: Duration,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let filter = options.filter.as_deref();
    let alone = options.seed.map(|seed| ("POSTERN_SEED", seed));
    if let Some(setting) = alone.or(options.seeds.map(|seeds| ("POSTERN_SEEDS", seeds))) {
        return Ok(summary(&[attempt("Simulation", || simulation(setting))?]));
    }
    let mut outcomes = Vec::new();
    if filter.is_none() {
        outcomes.push(attempt("Format", format)?);
        outcomes.push(attempt("Lints", lints)?);
    }
    let build = attempt("Build", || portal::build_everything().map(|()| Tally::default()))?;
    let is_built = build.tally.failed == 0;
    outcomes.push(build);
    postgres::install()?;
    deployment::install()?;
    outcomes.push(attempt("Rust tests", || rust_tests(filter))?);
    outcomes.push(attempt("On PostgreSQL", || postgres::run(filter))?);
    if is_built {
        outcomes.push(attempt("On AWS Lambda", || lambda::run(filter))?);
        outcomes.push(attempt("SDKs on the box", || sdk::run(filter))?);
        outcomes.push(attempt("SDK clients", || clients::run(filter))?);
        if filter.is_none_or(|filter| "schemathesis".contains(filter)) {
            outcomes.push(attempt("Schemathesis", schemathesis::run)?);
        }
        outcomes.push(attempt("Templates", || templates::run(filter))?);
        if filter.is_none_or(|filter| "deployment".contains(filter)) {
            outcomes.push(attempt("Deployment", deployment::run)?);
        }
        outcomes.push(attempt("Browser tests", || browser::run(filter))?);
    } else {
        shell::say(
            "==> AWS Lambda, SDK clients, schemathesis, templates, deployment, browser tests: left out, because the build failed",
        );
    }
    Ok(summary(&outcomes))
}

/// One step; its failure is counted and does not keep later ones from running, Ctrl-C does.
fn attempt(title: &'static str, work: impl FnOnce() -> Result<Tally>) -> Result<Outcome> {
    let start = Instant::now();
    shell::say(format_args!("==> {title}"));
    let tally = work().unwrap_or_else(|error| {
        shell::complain(format_args!("error: {error:#}"));
        Tally { passed: 0, failed: 1 }
    });
    interrupt::check()?;
    let outcome = if tally.failed == 0 { "done" } else { "failed" };
    let took = start.elapsed();
    shell::say(format_args!("    {title}: {outcome} after {:.1} s", took.as_secs_f64()));
    Ok(Outcome { title, tally, took })
}

fn format() -> Result<Tally> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"])).map(|()| Tally::default())
}

fn lints() -> Result<Tally> {
    let mut cargo = shell::cargo();
    cargo.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    shell::run(&mut cargo).map(|()| Tally::default())
}

fn rust_tests(filter: Option<&str>) -> Result<Tally> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast"]);
    if let Some(filter) = filter {
        cargo.args(["--", filter]);
    }
    tally::count(&mut cargo, tally::cargo_result)
}

/// The simulation alone, as its setting says, with everything that it prints.
fn simulation((name, value): (&str, u64)) -> Result<Tally> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--package", "tests", "--test", "simulation", "whatever_fails", "--", "--nocapture"]);
    cargo.env(name, value.to_string());
    tally::count(&mut cargo, tally::cargo_result)
}

fn summary(outcomes: &[Outcome]) -> ExitCode {
    let mut total = Tally::default();
    shell::say(format_args!("\n{:<16}{:>8}{:>8}{:>10}", "", "passed", "failed", "seconds"));
    for Outcome { title, tally, took } in outcomes {
        total.add(*tally);
        let Tally { passed, failed } = tally;
        shell::say(format_args!("{title:<16}{passed:>8}{failed:>8}{:>10.1}", took.as_secs_f64()));
    }
    shell::say(format_args!("\n{} passed, {} failed", total.passed, total.failed));
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
