//! The tests that drive Chromium against a running Postern.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::tally::{Tally, node_report};
use crate::chromium;

pub(crate) fn run(filter: Option<&str>) -> Result<Tally> {
    let files = test_files(&chromium::folder())?;
    let mut report = PathBuf::new();
    let status = chromium::run("browser-tests", |environment| {
        report = environment.data().join("browser.tap");
        node(&files, &report, filter)
    })?;
    let report = fs::read_to_string(&report).unwrap_or_default();
    Ok(node_report(&report).of_a_run(status.success()))
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

/// Node's runner: a readable report on the terminal, a countable one in a file.
fn node(files: &[PathBuf], report: &Path, filter: Option<&str>) -> Command {
    let mut node = Command::new("node");
    node.args(["--test", "--test-concurrency=1"])
        .args(["--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=tap"])
        .arg(format!("--test-reporter-destination={}", report.display()));
    if let Some(filter) = filter {
        node.arg(format!("--test-name-pattern={filter}"));
    }
    node.args(files);
    node
}
