//! The compiler that turns the portal into WebAssembly.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{apt, interrupt, shell, workspace};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_STD: &str = "/usr/lib/rustlib/src/rust/library/std";

/// A download that has not come by then will not come.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(180);

/// By the relocations the module is split afterwards.
const FLAGS: &str = "-Clink-arg=--emit-relocs";

/// A panic stops the portal without a word.
const LEAN_FLAGS: &str = "-Zunstable-options -Cpanic=immediate-abort";

/// A way to compile for [`TARGET`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// rustup's compiler, which compiles the standard library from its component `rust-src`.
    Rustup,
    /// Debian's `rustc-web`, which compiles the standard library from `rust-web-src`.
    Debian,
    /// rustup's compiler with its ready standard library: what it makes is a fifth larger.
    Ready,
}

/// Finds a compiler, or installs one: the standard library's sources by rustup, else Debian's packages, else rustup's
/// ready standard library.
pub(crate) fn toolchain() -> Result<Toolchain> {
    if let Some(found) = lean()? {
        return Ok(found);
    }
    shell::step("Installing what the portal is compiled with", || {
        if by_rustup(&["component", "add", "rust-src"])? {
            return lean()?.with_context(missing);
        }
        if is_ready()? {
            return Ok(Toolchain::Ready);
        }
        if let Err(error) = apt::install(&["rustc-web", "rust-web-src"]) {
            interrupt::check()?;
            shell::say(format_args!("    {error:#}"));
        }
        if let Some(found) = lean()? {
            return Ok(found);
        }
        by_rustup(&["target", "add", TARGET])?;
        is_ready()?.then_some(Toolchain::Ready).with_context(missing)
    })
}

/// Cargo, set up to compile for [`TARGET`] into a folder of its own.
pub(crate) fn cargo(toolchain: Toolchain, subcommand: &str) -> Result<Command> {
    let mut command = shell::cargo();
    command.args([subcommand, "--target", TARGET, "--target-dir"]).arg(target_dir());
    if toolchain == Toolchain::Ready {
        command.env("RUSTFLAGS", FLAGS);
        return Ok(command);
    }
    command
        .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", format!("{FLAGS} {LEAN_FLAGS}"));
    if toolchain == Toolchain::Debian {
        let linker = sysroot()?.join("lib/rustlib").join(host()?).join("bin/rust-lld");
        command.env("RUSTC", DEBIAN_RUSTC).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    Ok(command)
}

/// Two compilers that share a folder rebuild each other's work.
pub(crate) fn target_dir() -> PathBuf {
    workspace::target().join("wasm")
}

/// A compiler with the sources of its standard library.
fn lean() -> Result<Option<Toolchain>> {
    if sysroot()?.join("lib/rustlib/src/rust/library/std").is_dir() {
        Ok(Some(Toolchain::Rustup))
    } else if Path::new(DEBIAN_RUSTC).exists() && Path::new(DEBIAN_STD).is_dir() {
        Ok(Some(Toolchain::Debian))
    } else {
        Ok(None)
    }
}

fn is_ready() -> Result<bool> {
    Ok(sysroot()?.join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

/// Whether rustup did it; some machines cannot reach where it downloads from.
fn by_rustup(arguments: &[&str]) -> Result<bool> {
    let mut rustup = Command::new("rustup");
    let done = shell::run_within(rustup.args(arguments).current_dir(workspace::root()), DOWNLOAD_LIMIT);
    if let Err(error) = &done {
        interrupt::check()?;
        shell::say(format_args!("    {error:#}"));
    }
    Ok(done.is_ok())
}

fn missing() -> String {
    "what the portal is compiled with is still missing; install it with `rustup component add rust-src`"
        .to_owned()
}

fn sysroot() -> Result<PathBuf> {
    rustc_says(["--print", "sysroot"]).map(PathBuf::from)
}

fn host() -> Result<String> {
    rustc_says(["--print", "host-tuple"])
}

fn rustc_says<const N: usize>(question: [&str; N]) -> Result<String> {
    shell::read(Command::new("rustc").args(question).current_dir(workspace::root()))
}
