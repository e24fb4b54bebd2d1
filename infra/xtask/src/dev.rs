//! `cargo xtask dev`: the whole of Postern on this machine, against Azure-in-a-box.

use std::path::{self, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::{interrupt, portal, shell, workspace};

mod data;
mod demo;
mod environment;
mod http;
mod ports;

pub(crate) use data::DataFolder;
pub(crate) use environment::Environment;
pub(crate) use ports::free_port;

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The port of the portal
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
    /// The port of Azure-in-a-box
    #[arg(long, default_value_t = 8081, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) sim_port: u16,
    /// Serves the portal and Azure-in-a-box over TLS, as `az` and Azure's SDKs want it; a browser will warn of the
    /// certificate
    #[arg(long)]
    pub(crate) tls: bool,
    /// The folder that keeps everything between runs [default: target/dev]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Starts over with an empty data folder
    #[arg(long)]
    pub(crate) fresh: bool,
    /// `demo`, or how many VMs to make up
    #[arg(long, default_value = "demo", value_name = "demo|N", value_parser = parse_fleet)]
    pub(crate) fleet: String,
    /// The seed of a made-up fleet
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How long the simulated ARM takes for a change, in milliseconds
    #[arg(long, default_value_t = 800, value_name = "MS")]
    pub(crate) latency_ms: u64,
}

/// Short, so that no test waits long; not zero, so that progress can be seen.
const TEST_LATENCY_MS: u64 = 300;

impl Options {
    /// A fresh demo fleet on free ports; the data lies in `target/{name}`.
    pub(crate) fn for_tests(name: &str) -> Result<Self> {
        Ok(Self {
            port: free_port()?,
            sim_port: free_port()?,
            tls: false,
            data: Some(workspace::target().join(name)),
            fresh: true,
            fleet: "demo".to_owned(),
            seed: 1,
            latency_ms: TEST_LATENCY_MS,
        })
    }

    /// The absolute path of the data folder.
    pub(crate) fn data_folder(&self) -> Result<PathBuf> {
        match &self.data {
            Some(folder) => path::absolute(folder).context("the data folder's path is not usable"),
            None => Ok(workspace::target().join("dev")),
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    ports::check(options)?;
    let data = data::DataFolder::open(&options.data_folder()?, options.fresh)?;
    portal::build_everything()?;
    let mut environment = Environment::start(options, data)?;
    shell::say(format_args!("Postern is ready at {}", environment.url()));
    let ended = environment.watch(|| Ok(interrupt::is_requested().then_some(())));
    shell::say("Stopping.");
    ended
}

fn parse_fleet(text: &str) -> Result<String, String> {
    match text.parse::<usize>() {
        Ok(1..=100_000) => Ok(text.to_owned()),
        _ if text == "demo" => Ok(text.to_owned()),
        _ => Err("a fleet is `demo` or a number of VMs from 1 to 100000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_is_demo_or_a_number() {
        assert_eq!(parse_fleet("demo"), Ok("demo".to_owned()));
        assert_eq!(parse_fleet("250"), Ok("250".to_owned()));
    }

    #[test]
    fn other_fleets_are_refused() {
        for text in ["", "0", "-1", "100001", "Demo", "5x"] {
            assert!(parse_fleet(text).is_err(), "{text}");
        }
    }
}
