//! What AWS Lambda is given: for each function an archive with its program and all that it needs.

use anyhow::Result;

use super::archive::Archive;
use super::release::{self, Architecture};
use crate::{portal, shell, workspace};

/// As the runtimes `provided.…` call the program.
const PROGRAM: &str = "bootstrap";

pub(super) fn build(architectures: &[Architecture]) -> Result<()> {
    portal::build()?;
    for architecture in architectures {
        let programs = release::build(*architecture, "functions", &["lambda_api", "lambda_sweep"])?;
        let folder = workspace::target().join("lambda").join(architecture.name());
        let sweep = Archive::default().with_program(PROGRAM, programs.join("lambda_sweep"));
        let api = Archive::default().with_program(PROGRAM, programs.join("lambda_api"));
        // Where the function looks for it: `functions/src/config.rs`.
        let api = api.with_folder("portal", &workspace::portal())?;
        for (name, archive) in [("lambda_api.zip", api), ("lambda_sweep.zip", sweep)] {
            let file = folder.join(name);
            let size = archive.write(&file)?;
            shell::say(format_args!("    {}: {size} bytes", file.display()));
        }
    }
    Ok(())
}
