//! Node scripts that drive Chromium against a running Postern of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use anyhow::{Context, Result};

use crate::dev::{self, DataFolder, Environment, free_port};
use crate::{apt, interrupt, shell, workspace};

const CHROMIUM: &str = "/usr/bin/chromium";

/// Short, so that nobody waits long; not zero, so that progress can be seen.
const LATENCY_MS: u64 = 300;

/// Where the scripts and what they need lie.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("tests/browser")
}

/// Starts a fresh Postern whose data lies in `target/{name}` and runs the `node` that is made for it.
pub(crate) fn run(name: &str, node: impl FnOnce(&Environment) -> Command) -> Result<ExitStatus> {
    install(&folder())?;
    let options = options(name)?;
    let data = DataFolder::open(&options.data_folder()?, true)?;
    let mut environment = Environment::start(&options, data)?;
    let mut node = node(&environment);
    node.current_dir(workspace::root())
        .env("CHROMIUM", CHROMIUM)
        .env("POSTERN_DATA", environment.data())
        .envs(environment.scripts().iter().cloned());
    let mut child = Guard(node.spawn().context("cannot start `node`; install Node 20 or later")?);
    environment.watch(|| {
        interrupt::check()?;
        child.0.try_wait().context("cannot wait for node")
    })
}

/// A child that does not outlive an early return.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn options(name: &str) -> Result<dev::Options> {
    Ok(dev::Options {
        port: free_port()?,
        sim_port: free_port()?,
        tls: false,
        data: Some(workspace::target().join(name)),
        fresh: true,
        fleet: "demo".to_owned(),
        seed: 1,
        latency_ms: LATENCY_MS,
    })
}

fn install(folder: &Path) -> Result<()> {
    if !Path::new(CHROMIUM).exists() {
        apt::install(&["chromium"])?;
    }
    if is_newer(&folder.join("node_modules/.package-lock.json"), &folder.join("package-lock.json")) {
        return Ok(());
    }
    shell::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
}

fn is_newer(made: &Path, source: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    matches!((changed(made), changed(source)), (Some(made), Some(source)) if made >= source)
}
