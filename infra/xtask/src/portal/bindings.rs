//! From the linked WebAssembly to the files that a browser loads: the part that every page needs with its bindings,
//! and the part that is fetched later.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::{Options, transform};

use super::names;

/// The script that fetches what comes later.
const LATER: &str = "./later.js";

pub(super) fn write(module: &Path, out: &Path) -> Result<()> {
    let linked = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let first = module.with_file_name("first").join("portal.wasm");
    fs::create_dir_all(module.with_file_name("first"))
        .context("cannot create a folder for the first part")?;
    let later = split(&linked, &first, out)?;
    bind(&first, out)?;
    names::shorten(&out.join("portal.js"), &out.join("portal_bg.wasm"))?;
    later.iter().try_for_each(|part| names::strip(part))
}

/// Divides the module at the pages that come later; says where their parts are.
fn split(linked: &[u8], first: &Path, out: &Path) -> Result<Vec<PathBuf>> {
    let mut options = Options::new(linked);
    options.output_dir = out;
    options.main_out_path = first;
    options.main_module = "./portal.js";
    options.link_name = LATER;
    let parts = transform(options).map_err(|error| anyhow!("cannot split the module: {error:#}"))?;
    Ok(parts.split_modules)
}

fn bind(first: &Path, out: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(first)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        // What comes later is linked to these.
        .keep_lld_exports(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)
}
