//! Python environments of their own in `target/`, each made once for what it requires.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::{apt, interrupt, shell, workspace};

/// The folder of the environment that is called `name`, made anew when others are required than it has.
pub(crate) fn environment(name: &str, requirements: &Path) -> Result<PathBuf> {
    let folder = workspace::target().join(name);
    let wanted = fs::read_to_string(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let installed = folder.join("requirements.txt");
    if python(&folder).exists() && fs::read_to_string(&installed).is_ok_and(|has| has == wanted) {
        return Ok(folder);
    }
    shell::say(format_args!(
        "    installing {} for target/{name}",
        wanted.split_whitespace().collect::<Vec<_>>().join(", ")
    ));
    let _ = fs::remove_dir_all(&folder);
    make(&folder)?;
    let mut pip = Command::new(python(&folder));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(requirements);
    shell::run(&mut pip)?;
    fs::write(&installed, wanted).with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(folder)
}

/// The environment with what builds for clouds, and with AWS Lambda's emulator.
pub(crate) fn cloud_tools() -> Result<PathBuf> {
    environment("cloud-tools", &workspace::root().join("infra/xtask/cloud-tools.txt"))
}

/// The interpreter of an environment.
fn python(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

/// A script by the interpreter of an environment, which calls servers of this machine and leaves no compiled files.
pub(crate) fn script(folder: &Path, script: &Path) -> Command {
    let mut program = Command::new(python(folder));
    program.arg(script).env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "127.0.0.1");
    program
}

/// The search path of programs with those of an environment first.
pub(crate) fn path(folder: &Path) -> Result<OsString> {
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(folder.join("bin")).chain(std::env::split_paths(&usual));
    std::env::join_paths(all).with_context(|| format!("{} cannot be searched", folder.display()))
}

/// Debian keeps what makes an environment in a package of its own.
fn make(folder: &Path) -> Result<()> {
    let make = |output: fn() -> Stdio| {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(folder).stdout(output()).stderr(output());
        shell::run(&mut venv)
    };
    if make(Stdio::null).is_ok() {
        return Ok(());
    }
    interrupt::check()?;
    apt::install(&["python3", "python3-venv"])?;
    let _ = fs::remove_dir_all(folder);
    make(Stdio::inherit)
}
