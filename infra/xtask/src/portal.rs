//! From sources to what runs: the host binaries, and the portal as static files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::{shell, wasm, workspace};

mod assets;
mod bindings;
mod dense;
mod icons;
mod inputs;
mod names;
mod short;
mod sizes;
mod texts;

/// Everything that `dev` and the tests run.
pub(crate) fn build_everything() -> Result<()> {
    build_binaries()?;
    build()
}

fn build_binaries() -> Result<()> {
    shell::step("Building the functions and azure-sim", || {
        let mut cargo = shell::cargo();
        cargo.args(["build", "-p", "functions", "-p", "azure-sim", "--bins", "--target-dir"]);
        shell::run(cargo.arg(workspace::target()))
    })
}

/// The portal alone, in [`workspace::portal`].
pub(crate) fn build() -> Result<()> {
    let toolchain = wasm::toolchain()?;
    shell::step("Compiling the portal to WebAssembly", || {
        let mut cargo = wasm::cargo(toolchain, "build")?;
        shell::run(cargo.args(["--profile", "portal", "-p", "frontend", "--bin", "portal"]))
    })?;
    let module = wasm::target_dir().join(wasm::TARGET).join("portal/portal.wasm");
    let inputs = inputs::fingerprint(&module, &workspace::frontend())?;
    let stamp = workspace::target().join("portal.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|last| last == inputs) && workspace::portal().is_dir() {
        return Ok(());
    }
    shell::step("Writing the portal's files", || write_portal(&module))?;
    fs::write(&stamp, inputs).with_context(|| format!("cannot write {}", stamp.display()))
}

/// The portal is written beside the old one and takes its place when it is complete.
fn write_portal(module: &Path) -> Result<()> {
    let bindings = workspace::target().join("portal.bindings");
    let fresh = workspace::target().join("portal.new");
    let portal = workspace::portal();
    for folder in [&bindings, &fresh] {
        remove(folder)?;
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    bindings::write(module, &bindings).context("cannot generate the portal's bindings")?;
    assets::write(&workspace::frontend(), &bindings, &fresh)?;
    remove(&portal)?;
    fs::rename(&fresh, &portal).with_context(|| format!("cannot create {}", portal.display()))?;
    sizes::tell(&portal)
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}
