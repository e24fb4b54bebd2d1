//! A folder with a program and the portal, as machines are given it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::workspace;

/// As the program is called, in every folder.
pub(super) const PROGRAM: &str = "postern";

/// As the folder of the portal's files is called.
pub(super) const PORTAL: &str = "portal";

/// Writes the program, the portal and more files, each by its place. The folder is written beside the old one and takes
/// its place when it is complete.
pub(super) fn write(folder: &Path, program: &Path, more: &[(&str, String)]) -> Result<()> {
    let fresh = folder.with_extension("new");
    put(&fresh, program, more).with_context(|| format!("cannot write {}", fresh.display()))?;
    let replaced = remove(folder).and_then(|()| fs::rename(&fresh, folder));
    replaced.with_context(|| format!("cannot write {}", folder.display()))
}

fn put(folder: &Path, program: &Path, more: &[(&str, String)]) -> Result<()> {
    remove(folder)?;
    copy_folder(&workspace::portal(), &folder.join(PORTAL))?;
    fs::copy(program, folder.join(PROGRAM))?;
    fs::set_permissions(folder.join(PROGRAM), fs::Permissions::from_mode(0o755))?;
    for (name, text) in more {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, text)?;
    }
    Ok(())
}

fn remove(folder: &Path) -> std::io::Result<()> {
    if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) }
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(())
}
