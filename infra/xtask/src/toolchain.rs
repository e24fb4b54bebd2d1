//! Compilers, and the standard libraries that they have for other machines than this one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{apt, interrupt, shell, workspace};

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_STD: &str = "/usr/lib/rustlib/src/rust/library/std";

/// A download that has not come by then will not come.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(180);

/// From where the standard library for a target comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    /// rustup has it ready.
    Ready,
    /// Debian's `rustc-web` compiles it from `rust-web-src`.
    Debian,
}

/// Finds a standard library for `target`, or installs it: by rustup, else from Debian.
pub(crate) fn library(target: &str) -> Result<Library> {
    if is_ready(target)? {
        return Ok(Library::Ready);
    }
    if has_debian() {
        return Ok(Library::Debian);
    }
    shell::step(&format!("Installing what compiles for {target}"), || {
        by_rustup(&["target", "add", target])?;
        if is_ready(target)? {
            return Ok(Library::Ready);
        }
        install_debian()?;
        has_debian().then_some(Library::Debian).with_context(|| {
            format!(
                "what compiles for {target} is still missing; install it with `rustup target add {target}`"
            )
        })
    })
}

/// Lets cargo compile the standard library with Debian's compiler.
pub(crate) fn by_debian(cargo: &mut Command) {
    cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
}

/// Whether Debian's compiler is here with the sources of its standard library.
pub(crate) fn has_debian() -> bool {
    Path::new(DEBIAN_RUSTC).exists() && Path::new(DEBIAN_STD).is_dir()
}

/// Says so where Debian does not have it; whoever needs it looks again.
pub(crate) fn install_debian() -> Result<()> {
    if let Err(error) = apt::install(&["rustc-web", "rust-web-src"]) {
        interrupt::check()?;
        shell::say(format_args!("    {error:#}"));
    }
    Ok(())
}

/// Whether rustup's compiler has the standard library for `target`.
pub(crate) fn is_ready(target: &str) -> Result<bool> {
    Ok(sysroot()?.join("lib/rustlib").join(target).join("lib").is_dir())
}

/// Whether rustup did it; some machines cannot reach where it downloads from.
pub(crate) fn by_rustup(arguments: &[&str]) -> Result<bool> {
    let mut rustup = Command::new("rustup");
    let done = shell::run_within(rustup.args(arguments).current_dir(workspace::root()), DOWNLOAD_LIMIT);
    if let Err(error) = &done {
        interrupt::check()?;
        shell::say(format_args!("    {error:#}"));
    }
    Ok(done.is_ok())
}

pub(crate) fn sysroot() -> Result<PathBuf> {
    rustc_says(["--print", "sysroot"]).map(PathBuf::from)
}

pub(crate) fn host() -> Result<String> {
    rustc_says(["--print", "host-tuple"])
}

fn rustc_says<const N: usize>(question: [&str; N]) -> Result<String> {
    shell::read(Command::new("rustc").args(question).current_dir(workspace::root()))
}
