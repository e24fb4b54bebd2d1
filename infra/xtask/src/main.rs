//! `cargo xtask`: what a person at this repository runs to build, try and test Postern.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod apt;
mod bench;
mod build;
mod chromium;
mod dev;
mod interrupt;
mod npm;
mod portal;
mod process;
mod python;
mod screenshots;
mod shell;
mod test;
mod toolchain;
mod wasm;
mod workspace;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "Builds, runs and tests Postern")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds everything and runs it here: Azure-in-a-box, the functions and the portal
    Dev(dev::Options),
    /// Checks format and lints, and runs every test, those in the browser too
    Test(test::Options),
    /// Builds the functions, Azure-in-a-box and the portal, or what a cloud is given
    Build(build::Options),
    /// Measures what is fast, each figure beside what it is compared with
    Bench(bench::Options),
    /// Pictures of every page: wide and narrow, in both languages, light and dark
    Screenshots(screenshots::Options),
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            shell::complain(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode> {
    interrupt::listen()?;
    match &cli.task {
        Task::Dev(options) => dev::run(options).map(|()| ExitCode::SUCCESS),
        Task::Test(options) => test::run(options),
        Task::Bench(options) => bench::run(options).map(|()| ExitCode::SUCCESS),
        Task::Screenshots(options) => screenshots::run(options),
        Task::Build(options) => build::run(options).map(|()| ExitCode::SUCCESS),
    }
}
