//! From the linked WebAssembly to the files that a browser loads: the part that every page needs with its bindings,
//! and the part that is fetched later.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::{Options, transform};
use wasmparser::{Parser, Payload};

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

/// Takes out what only debuggers read.
fn strip(module: &Path) -> Result<()> {
    let told = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let mut quiet = told.get(..8).context("a part of the portal is empty")?.to_vec();
    for payload in Parser::new(0).parse_all(&told) {
        let payload = payload.context("a part of the portal is not WebAssembly")?;
        let Some((id, range)) = payload.as_section() else { continue };
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        let (start, end) = (usize::try_from(range.start)?, usize::try_from(range.end)?);
        let section = told.get(start..end).context("a section is cut off")?;
        quiet.push(id);
        quiet.extend(length(section.len())?);
        quiet.extend(section);
    }
    fs::write(module, quiet).with_context(|| format!("cannot write {}", module.display()))
}

/// A number as WebAssembly writes it (LEB128).
fn length(number: usize) -> Result<Vec<u8>> {
    let mut rest = u32::try_from(number).context("a section is too long")?;
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(rest & 0x7f).context("seven bits are a byte")?;
        rest >>= 7;
        if rest == 0 {
            bytes.push(low);
            return Ok(bytes);
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_webassembly_has_them() {
        assert_eq!(length(0).unwrap(), [0]);
        assert_eq!(length(127).unwrap(), [127]);
        assert_eq!(length(128).unwrap(), [0x80, 1]);
        assert_eq!(length(624_485).unwrap(), [0xe5, 0x8e, 0x26]);
    }

    #[test]
    fn a_stripped_part_keeps_its_sections_and_loses_its_names() {
        let folder = std::env::temp_dir().join(format!("postern-strip-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("part.wasm");
        // An empty type section, and a custom section called `name`.
        let types = [1, 1, 0];
        let whole = [b"\0asm\x01\0\0\0".as_slice(), &types, &[0, 5, 4], b"name"].concat();
        fs::write(&file, whole).unwrap();
        strip(&file).unwrap();
        let left = fs::read(&file).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(left, [b"\0asm\x01\0\0\0".as_slice(), &types].concat());
    }
}
