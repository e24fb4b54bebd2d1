//! From the linked WebAssembly to the files that a browser loads: the part that every page needs with its bindings,
//! and the part that is fetched later.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;
use wasm_encoder::reencode::{self, Reencode};
use wasm_split_cli_support::{Options, transform};
use wasmparser::{CustomSectionReader, Parser};

/// The script that fetches what comes later.
const LATER: &str = "./later.js";

pub(super) fn write(module: &Path, out: &Path) -> Result<()> {
    let linked = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let first = module.with_file_name("first").join("portal.wasm");
    fs::create_dir_all(module.with_file_name("first"))
        .context("cannot create a folder for the first part")?;
    let later = split(&linked, &first, out)?;
    bind(&first, out)?;
    later.iter().try_for_each(|part| strip(part))
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

/// Takes out what only debuggers read, and writes numbers as short as they go: relocations wanted room.
fn strip(module: &Path) -> Result<()> {
    let told = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let mut short = wasm_encoder::Module::new();
    Short
        .parse_core_module(&mut short, Parser::new(0), &told)
        .map_err(|error| anyhow!("a part of the portal is not WebAssembly: {error}"))?;
    fs::write(module, short.finish()).with_context(|| format!("cannot write {}", module.display()))
}

/// Writes a module anew, without its custom sections.
struct Short;

impl Reencode for Short {
    type Error = Infallible;

    fn parse_custom_section(
        &mut self,
        _: &mut wasm_encoder::Module,
        _: CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_keeps_its_sections_and_loses_its_names_and_padding() {
        let folder = std::env::temp_dir().join(format!("postern-strip-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("part.wasm");
        // An empty type section with a length of two bytes, and a custom section called `name`.
        let types = [1, 0x81, 0, 0];
        let whole = [b"\0asm\x01\0\0\0".as_slice(), &types, &[0, 5, 4], b"name"].concat();
        fs::write(&file, whole).unwrap();
        strip(&file).unwrap();
        let left = fs::read(&file).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(left, [b"\0asm\x01\0\0\0".as_slice(), &[1, 1, 0]].concat());
    }
}
