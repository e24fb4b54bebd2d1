//! What Azure Functions is given: a custom handler with the files that tell the host how to start and call it.

mod files;

use std::path::PathBuf;

use anyhow::Result;

use self::files::files;
use super::archive::Archive;
// The program looks for the portal there: `functions/src/config.rs`.
use super::folder::{self, PORTAL, PROGRAM};
use super::release::{self, Architecture};
use crate::{portal, shell, workspace};

/// The folder that is deployed, and the same as an archive. With the program of the dev profile, there is no archive.
pub(crate) fn build(dev: bool) -> Result<PathBuf> {
    let folder = workspace::target().join("azure-functions");
    if dev {
        portal::build_everything()?;
        folder::write(&folder, &workspace::binary(PROGRAM), &files()?)?;
        return Ok(folder);
    }
    portal::build()?;
    let programs = release::build(Architecture::X86_64, "functions", &[PROGRAM])?;
    folder::write(&folder, &programs.join(PROGRAM), &files()?)?;
    let mut archive = Archive::default().with_program(PROGRAM, folder.join(PROGRAM));
    for (name, _) in files()? {
        archive = archive.with_file(name, folder.join(name));
    }
    let file = folder.with_extension("zip");
    let size = archive.with_folder(PORTAL, &folder.join(PORTAL))?.write(&file)?;
    shell::say(format_args!("    {}: {size} bytes", file.display()));
    Ok(folder)
}
