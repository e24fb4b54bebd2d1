//! The compiler that turns the portal into WebAssembly.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::toolchain::{by_debian, by_rustup, has_debian, host, install_debian, is_ready, sysroot};
use crate::{shell, workspace};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

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
        if is_ready(TARGET)? {
            return Ok(Toolchain::Ready);
        }
        install_debian()?;
        if let Some(found) = lean()? {
            return Ok(found);
        }
        by_rustup(&["target", "add", TARGET])?;
        is_ready(TARGET)?.then_some(Toolchain::Ready).with_context(missing)
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
        by_debian(&mut command);
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
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
    } else if has_debian() {
        Ok(Some(Toolchain::Debian))
    } else {
        Ok(None)
    }
}

fn missing() -> String {
    "what the portal is compiled with is still missing; install it with `rustup component add rust-src`"
        .to_owned()
}
