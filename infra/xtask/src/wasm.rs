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

/// A way to compile for [`TARGET`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// rustup's compiler with its ready standard library.
    Rustup,
    /// Debian's `rustc-web`, which compiles the standard library from `rust-web-src`.
    Debian,
}

/// Finds a compiler, or installs one: the target by rustup, else Debian's packages.
pub(crate) fn toolchain() -> Result<Toolchain> {
    if let Some(found) = installed()? {
        return Ok(found);
    }
    shell::step("Installing the WebAssembly target", || {
        let mut rustup = Command::new("rustup");
        rustup.args(["target", "add", TARGET]).current_dir(workspace::root());
        if let Err(error) = shell::run_within(&mut rustup, DOWNLOAD_LIMIT) {
            interrupt::check()?;
            shell::say(format_args!("    {error:#}; trying Debian's compiler"));
        }
        if installed()?.is_none() {
            apt::install(&["rustc-web", "rust-web-src"])?;
        }
        installed()?.with_context(|| {
            format!(
                "the compiler for {TARGET} is still missing; install it with `rustup target add {TARGET}`"
            )
        })
    })
}

/// Cargo, set up to compile for [`TARGET`] into a folder of its own.
pub(crate) fn cargo(toolchain: Toolchain, subcommand: &str) -> Result<Command> {
    let mut command = shell::cargo();
    command.args([subcommand, "--target", TARGET, "--target-dir"]).arg(target_dir());
    // Erased types make one function of what each page would otherwise have of its own.
    command.env("RUSTFLAGS", "--cfg erase_components");
    if toolchain == Toolchain::Debian {
        let linker = sysroot()?.join("lib/rustlib").join(host()?).join("bin/rust-lld");
        command
            .env("RUSTC", DEBIAN_RUSTC)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    Ok(command)
}

/// Two compilers that share a folder rebuild each other's work.
pub(crate) fn target_dir() -> PathBuf {
    workspace::target().join("wasm")
}

fn installed() -> Result<Option<Toolchain>> {
    if sysroot()?.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        Ok(Some(Toolchain::Rustup))
    } else if Path::new(DEBIAN_RUSTC).exists() && Path::new(DEBIAN_STD).is_dir() {
        Ok(Some(Toolchain::Debian))
    } else {
        Ok(None)
    }
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
