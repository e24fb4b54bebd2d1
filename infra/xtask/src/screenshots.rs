//! `cargo xtask screenshots`: every page of the portal as people see it.

use std::path::{self, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::{chromium, portal, shell};

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Where the pictures go; it is made if it is missing
    folder: PathBuf,
    /// Only the pages whose names contain this, such as `connect`
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let folder = path::absolute(&options.folder).context("the folder's path is not usable")?;
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    portal::build_everything()?;
    let status = chromium::run("screenshots", |_| {
        let mut node = Command::new("node");
        node.arg(chromium::folder().join("screenshots.mjs")).arg(&folder).args(&options.only);
        node
    })?;
    if status.success() {
        shell::say(format_args!("The pictures are in {}", folder.display()));
    }
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
