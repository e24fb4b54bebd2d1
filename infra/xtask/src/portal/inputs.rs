//! Whether the portal's files must be written again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The code that writes the files is an input of them too.
const WRITERS: [&str; 7] = [
    include_str!("assets.rs"),
    include_str!("bindings.rs"),
    include_str!("icons.rs"),
    include_str!("names.rs"),
    include_str!("short.rs"),
    include_str!("../portal.rs"),
    include_str!("../../../../frontend/table.rs"),
];

/// A digest of all that the portal's files are made from.
pub(super) fn fingerprint(module: &Path, frontend: &Path) -> Result<String> {
    let mut files = vec![module.to_owned()];
    files.extend(["index.html", "boot.js", "sw.js"].map(|name| frontend.join(name)));
    files.extend(files_below(&frontend.join("locales"))?);
    files.extend(files_below(&frontend.join("style"))?);
    files.extend(files_below(&frontend.join("public"))?);
    let mut digest = Sha256::new();
    for part in WRITERS {
        digest.update(part);
    }
    for file in files {
        let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        digest.update(file.to_string_lossy().as_bytes());
        digest.update(content.len().to_le_bytes());
        digest.update(content);
    }
    Ok(hex(&digest.finalize()))
}

/// All files below a folder, sorted; none if there is no such folder.
pub(super) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
