//! `cargo xtask build`: what runs here, or what a cloud is given.

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::portal;

mod archive;
mod lambda;
pub(crate) mod release;

pub(crate) use release::Architecture;

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// For whom
    #[arg(long, value_enum, default_value_t = Target::Local)]
    target: Target,
    /// For one processor only; without it, for each that the target runs on
    #[arg(long, value_enum)]
    architecture: Option<Architecture>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// This machine: the functions, Azure-in-a-box and the portal, as `dev` and `test` run them
    Local,
    /// AWS Lambda: `target/lambda/{arm64,x86_64}/{lambda_api,lambda_sweep}.zip`
    Lambda,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let one = options.architecture.as_slice();
    match options.target {
        Target::Local => portal::build_everything(),
        Target::Lambda => lambda::build(if one.is_empty() { &Architecture::ALL } else { one }),
    }
}
