//! Release binaries for Linux machines that are not this one: another processor, an older C library.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use crate::toolchain::{self, Library};
use crate::{python, shell, workspace};

/// The oldest C library that the binaries run with: Debian 11 has 2.31, Amazon Linux 2023 has 2.34.
const GLIBC: &str = "2.28";

/// A processor that clouds run functions on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Architecture {
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

impl Architecture {
    pub(crate) const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];

    /// As AWS calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

/// Builds binaries of a package, with zig as C compiler and linker, and gives the folder that they lie in.
pub(crate) fn build(architecture: Architecture, package: &str, binaries: &[&str]) -> Result<PathBuf> {
    let target = architecture.target();
    let library = toolchain::library(target)?;
    let tools = python::cloud_tools()?;
    // Two compilers that share a folder rebuild each other's work.
    let folder = workspace::target().join("clouds").join(architecture.name());
    shell::step(&format!("Building {} for {}", binaries.join(" and "), architecture.name()), || {
        let mut cargo = shell::cargo();
        cargo.args(["zigbuild", "--release", "-p", package, "--target", &format!("{target}.{GLIBC}")]);
        cargo.arg("--target-dir").arg(&folder).env("PATH", python::path(&tools)?);
        for binary in binaries {
            cargo.args(["--bin", binary]);
        }
        if library == Library::Debian {
            cargo.arg("-Zbuild-std=std,panic_unwind");
            toolchain::by_debian(&mut cargo);
        }
        shell::run(&mut cargo)
    })?;
    Ok(folder.join(target).join("release"))
}
