//! Node scripts that drive Chromium against a running Postern of their own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use anyhow::{Context, Result};

use crate::dev::{DataFolder, Environment, Options};
use crate::{apt, interrupt, npm, workspace};

const CHROMIUM: &str = "/usr/bin/chromium";

/// Where the scripts and what they need lie.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("tests/browser")
}

/// Starts a fresh Postern whose data lies in `target/{name}` and runs the `node` that is made for it.
pub(crate) fn run(name: &str, node: impl FnOnce(&Environment) -> Command) -> Result<ExitStatus> {
    install()?;
    let options = Options::for_tests(name)?;
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

fn install() -> Result<()> {
    if !Path::new(CHROMIUM).exists() {
        apt::install(&["chromium"])?;
    }
    npm::install(&folder())
}
