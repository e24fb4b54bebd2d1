//! The packages of Node scripts.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::shell;

/// Installs what the folder's lock file names, unless that was done since it changed.
pub(crate) fn install(folder: &Path) -> Result<()> {
    if is_newer(&folder.join("node_modules/.package-lock.json"), &folder.join("package-lock.json")) {
        return Ok(());
    }
    shell::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
}

fn is_newer(made: &Path, source: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    matches!((changed(made), changed(source)), (Some(made), Some(source)) if made >= source)
}
