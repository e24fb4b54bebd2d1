//! What the tests of a deployment need from Debian; and the judges of what Azure Functions and containers are given.

use std::path::Path;

use anyhow::Result;

use super::tally::{Tally, case_result, count};
use crate::{apt, build, python, workspace};

const PROXY: &str = "/usr/sbin/nginx";

/// Of systemd only what judges a unit is run.
const JUDGE: &str = "/usr/bin/systemd-analyze";

pub(super) fn install() -> Result<()> {
    let needed = [(PROXY, "nginx-light"), (JUDGE, "systemd")];
    let missing = needed.into_iter().filter(|(program, _)| !Path::new(program).exists());
    let missing: Vec<&str> = missing.map(|(_, package)| package).collect();
    if missing.is_empty() { Ok(()) } else { apt::install(&missing) }
}

pub(super) fn run() -> Result<Tally> {
    let application = build::azure_functions::build(true)?;
    let cases = workspace::root().join("tests/deployment");
    let folder = python::environment("deployment", &cases.join("requirements.txt"))?;
    let mut program = python::script(&folder, &cases.join("run.py"));
    count(program.arg(application).arg(folder.join("bin/hadolint")), case_result)
}
