//! What the tests of a deployment need from Debian, and the linter of the container's file.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::tally::Tally;
use crate::{apt, python, shell, workspace};

const PROXY: &str = "/usr/sbin/nginx";

/// Of systemd only what judges a unit is run.
const JUDGE: &str = "/usr/bin/systemd-analyze";

pub(super) fn install() -> Result<()> {
    let needed = [(PROXY, "nginx-light"), (JUDGE, "systemd")];
    let missing = needed.into_iter().filter(|(program, _)| !Path::new(program).exists());
    let missing: Vec<&str> = missing.map(|(_, package)| package).collect();
    if missing.is_empty() { Ok(()) } else { apt::install(&missing) }
}

/// By hadolint, which knows what goes wrong with such files.
pub(super) fn lint() -> Result<Tally> {
    let folder = workspace::root().join("infra/container");
    let tools = python::environment("hadolint", &folder.join("requirements.txt"))?;
    shell::run(Command::new(tools.join("bin/hadolint")).arg(folder.join("Containerfile")))?;
    Ok(Tally { passed: 1, failed: 0 })
}
