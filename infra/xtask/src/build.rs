//! `cargo xtask build`: what runs here, or what a cloud is given.

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::portal;

mod archive;
pub(crate) mod azure_functions;
mod folder;
mod lambda;
mod process;
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
    /// With the program that `dev` and `test` run, which takes no minutes: for Azure Functions only, without an archive
    #[arg(long)]
    dev: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// This machine: the functions, Azure-in-a-box and the portal, as `dev` and `test` run them
    Local,
    /// AWS Lambda: `target/lambda/{arm64,x86_64}/{lambda_api,lambda_sweep}.zip`
    Lambda,
    /// One process of a machine like this one, or of a container: the folder `target/process`
    Process,
    /// Azure Functions on Linux: the folder `target/azure-functions`, and `target/azure-functions.zip`
    AzureFunctions,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let one = options.architecture.as_slice();
    if options.dev && options.target != Target::AzureFunctions {
        bail!("--dev goes with --target azure-functions");
    }
    if options.target == Target::AzureFunctions && one == [Architecture::Arm64] {
        bail!("Azure Functions runs custom handlers on x86_64 only");
    }
    match options.target {
        Target::Local => portal::build_everything(),
        Target::Process => process::build(),
        Target::AzureFunctions => azure_functions::build(options.dev).map(drop),
        Target::Lambda => lambda::build(if one.is_empty() { &Architecture::ALL } else { one }),
    }
}
