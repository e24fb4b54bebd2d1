//! The portal's texts, one table for each language.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};

#[path = "../../../../frontend/table.rs"]
mod table;

const LANGUAGES: [&str; 2] = ["en", "zh-TW"];

/// Gives each table, called such as `en.txt`, to `write`.
pub(super) fn write(locales: &Path, mut write: impl FnMut(&str, &[u8]) -> Result<()>) -> Result<()> {
    let mut languages = Vec::new();
    for language in LANGUAGES {
        let path = locales.join(format!("{language}.json"));
        let file = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        languages.push(table::texts(&file).map_err(bad)?);
    }
    let open = table::left_open(&languages).map_err(bad)?;
    for (language, texts) in LANGUAGES.iter().zip(&languages) {
        write(&format!("{language}.txt"), table::table(texts, &open).as_bytes())?;
    }
    Ok(())
}

fn bad(error: table::BadText) -> anyhow::Error {
    anyhow!("the portal's texts: {}", error.0)
}
