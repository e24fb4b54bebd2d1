//! What a machine or a container is given that runs Postern as one process: the program for this processor and this C
//! library, and the portal.

use anyhow::Result;

use super::folder::{self, PROGRAM};
use crate::{portal, shell, workspace};

pub(super) fn build() -> Result<()> {
    portal::build()?;
    shell::step("Building postern", || {
        let mut cargo = shell::cargo();
        cargo.args(["build", "--release", "-p", "functions", "--bin", PROGRAM, "--target-dir"]);
        shell::run(cargo.arg(workspace::target()))
    })?;
    let folder = workspace::target().join("process");
    folder::write(&folder, &workspace::target().join("release").join(PROGRAM), &[])?;
    shell::say(format_args!("    {}", folder.display()));
    Ok(())
}
