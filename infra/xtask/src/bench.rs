//! `cargo xtask bench`: figures, each measured beside what it is compared with.

use anyhow::Result;
use clap::{Args, ValueEnum};

mod callgrind;
mod cold_start;
mod lambda;

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// One of them; without it, all
    #[arg(value_enum)]
    bench: Option<Bench>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Bench {
    /// From the start of the API's function to its first answer, and how large the binaries are
    ColdStart,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let all = Bench::value_variants();
    for bench in options.bench.as_ref().map_or(all, std::slice::from_ref) {
        match bench {
            Bench::ColdStart => cold_start::run()?,
        }
    }
    Ok(())
}
