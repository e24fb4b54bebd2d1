//! Short names for what the script gives to the module: those that wasm-bindgen makes end in digests, which do not
//! compress, and stand in both files.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{ImportSection, Module};
use wasmparser::{CustomSectionReader, Import, Parser};

use super::dense;

/// How long the digest at a name's end is.
const DIGEST: usize = 16;

/// Gives them in both files.
pub(super) fn shorten(script: &Path, module: &Path) -> Result<()> {
    let text = fs::read_to_string(script).with_context(|| format!("cannot read {}", script.display()))?;
    let mut short = Short { names: short_names(&text) };
    let text = short.names.iter().fold(text, |text, (long, short)| text.replace(long, short));
    let told = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let told = short.written(&told)?;
    fs::write(script, text).with_context(|| format!("cannot write {}", script.display()))?;
    fs::write(module, told).with_context(|| format!("cannot write {}", module.display()))
}

/// Takes out what only debuggers read, and writes numbers as short as they go: relocations wanted room.
pub(super) fn strip(module: &Path) -> Result<()> {
    let told = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let told = Short { names: BTreeMap::new() }.written(&told)?;
    fs::write(module, told).with_context(|| format!("cannot write {}", module.display()))
}

fn short_names(script: &str) -> BTreeMap<String, String> {
    let words = script.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let mut names: Vec<&str> = words.filter(|word| has_digest(word)).collect();
    names.sort_unstable();
    names.dedup();
    names.iter().enumerate().map(|(number, name)| ((*name).to_owned(), format!("i{number}"))).collect()
}

fn has_digest(name: &str) -> bool {
    let end = name.rsplit('_').next().unwrap_or_default();
    name.starts_with("__wb") && end.len() == DIGEST && end.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Writes a module anew, without its custom sections.
struct Short {
    names: BTreeMap<String, String>,
}

impl Short {
    fn written(&mut self, module: &[u8]) -> Result<Vec<u8>> {
        let mut short = Module::new();
        self.parse_core_module(&mut short, Parser::new(0), module)
            .map_err(|error| anyhow!("a part of the portal is not WebAssembly: {error}"))?;
        dense::arranged(&short.finish())
    }
}

impl Reencode for Short {
    type Error = Infallible;

    fn parse_imports(
        &mut self,
        section: &mut ImportSection,
        imports: wasmparser::Imports<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        let wasmparser::Imports::Single(place, import) = imports else {
            return reencode::utils::parse_imports(self, section, imports);
        };
        let name = self.names.get(import.name).cloned();
        let import = Import { name: name.as_deref().unwrap_or(import.name), ..import };
        reencode::utils::parse_imports(self, section, wasmparser::Imports::Single(place, import))
    }

    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_digests_are_shortened_in_script_and_module_alike() {
        let folder = std::env::temp_dir().join(format!("postern-names-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (script, module) = (folder.join("a.js"), folder.join("a.wasm"));
        let long = "__wbg_append_0123456789abcdef";
        fs::write(&script, format!("const i = {{ {long}: f, __wbg_set: g }};")).unwrap();
        // A type without parameters, and two imports of it from `m`.
        let import =
            |name: &str| [b"\x01m".as_slice(), &[name.len() as u8], name.as_bytes(), &[0, 0]].concat();
        let both = [import(long), import("__wbg_set")].concat();
        let header = [b"\0asm\x01\0\0\0".as_slice(), &[1, 4, 1, 0x60, 0, 0]].concat();
        let section = [&[2, both.len() as u8 + 1, 2], both.as_slice()].concat();
        fs::write(&module, [header.clone(), section].concat()).unwrap();
        shorten(&script, &module).unwrap();
        assert_eq!(fs::read_to_string(&script).unwrap(), "const i = { i0: f, __wbg_set: g };");
        let both = [import("i0"), import("__wbg_set")].concat();
        let section = [&[2, both.len() as u8 + 1, 2], both.as_slice()].concat();
        assert_eq!(fs::read(&module).unwrap(), [header, section].concat());
        fs::remove_dir_all(&folder).unwrap();
    }

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
