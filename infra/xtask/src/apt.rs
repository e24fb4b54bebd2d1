//! Debian packages, installed when something needed is missing.

use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;

/// Installs packages, by sudo unless root.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    install_quietly(packages)
        .with_context(|| format!("cannot install what is missing; install it with `apt-get install {names}`"))
}

fn install_quietly(packages: &[&str]) -> Result<()> {
    shell::run(apt_get().arg("update"))?;
    shell::run(apt_get().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

fn apt_get() -> Command {
    let mut command = if nix::unistd::geteuid().is_root() {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    };
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
    command
}
