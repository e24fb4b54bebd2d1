//! The tests that drive Chromium against a running Postern.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Context, Result, bail};

use super::tally::{Tally, node_report};
use crate::dev::{self, DataFolder, Environment, free_port};
use crate::{apt, interrupt, shell, workspace};

const CHROMIUM: &str = "/usr/bin/chromium";

/// Short, so that tests wait little; not zero, so that progress can be seen.
const LATENCY_MS: u64 = 300;

pub(crate) fn run(filter: Option<&str>) -> Result<Tally> {
    let folder = workspace::root().join("tests/browser");
    let files = test_files(&folder)?;
    install(&folder)?;
    let options = options()?;
    let data = DataFolder::open(&options.data_folder()?, true)?;
    let mut environment = Environment::start(&options, data)?;
    let report = environment.data().join("browser.tap");
    let mut node = node(&files, &report, filter);
    node.env("POSTERN_DATA", environment.data()).envs(environment.scripts().iter().cloned());
    let mut child = Guard(node.spawn().context("cannot start `node`; install Node 20 or later")?);
    let status = environment.watch(|| {
        interrupt::check()?;
        child.0.try_wait().context("cannot wait for node")
    })?;
    let report = fs::read_to_string(&report).unwrap_or_default();
    Ok(node_report(&report).of_a_run(status.success()))
}

/// A child that does not outlive an early return.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn options() -> Result<dev::Options> {
    Ok(dev::Options {
        port: free_port()?,
        sim_port: free_port()?,
        data: Some(workspace::target().join("browser-tests")),
        fresh: true,
        fleet: "demo".to_owned(),
        seed: 1,
        latency_ms: LATENCY_MS,
    })
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> =
        paths.into_iter().filter(|path| path.to_string_lossy().ends_with(".test.mjs")).collect();
    if files.is_empty() {
        bail!("{} holds no *.test.mjs", folder.display());
    }
    files.sort();
    Ok(files)
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

/// Node's runner: a readable report on the terminal, a countable one in a file.
fn node(files: &[PathBuf], report: &Path, filter: Option<&str>) -> Command {
    let mut node = Command::new("node");
    node.current_dir(workspace::root())
        .env("CHROMIUM", CHROMIUM)
        .args(["--test", "--test-concurrency=1"])
        .args(["--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=tap"])
        .arg(format!("--test-reporter-destination={}", report.display()));
    if let Some(filter) = filter {
        node.arg(format!("--test-name-pattern={filter}"));
    }
    node.args(files);
    node
}
