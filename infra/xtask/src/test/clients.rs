//! Azure's own clients against a Postern that speaks TLS: the SDKs of Python and JavaScript, and `az`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::sdk::cases;
use super::tally::{Tally, case_result, count};
use crate::dev::{DataFolder, Environment, Options};
use crate::{npm, python};

pub(crate) fn run(filter: Option<&str>) -> Result<Tally> {
    let sdk = python::environment("sdk", &cases().join("requirements.txt"))?;
    let az = az()?;
    let javascript = cases().join("javascript");
    npm::install(&javascript)?;
    let options = Options { tls: true, ..Options::for_tests("sdk-clients")? };
    let data = DataFolder::open(&options.data_folder()?, true)?;
    let environment = Environment::start(&options, data)?;
    let authority = environment.authority().context("the environment has no TLS")?;
    let mut node = Command::new("node");
    node.arg(javascript.join("run.mjs"));
    let mut tally = Tally::default();
    for mut program in [python::script(&sdk, &cases().join("run_postern.py")), node] {
        program.args(filter).envs(environment.scripts().iter().cloned()).env("POSTERN_AZ", &az);
        // Each client has a variable of its own for whom to trust.
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            program.env(name, authority);
        }
        tally.add(count(&mut program, case_result)?);
    }
    Ok(tally)
}

/// Azure's own command line.
pub(super) fn az() -> Result<PathBuf> {
    let folder = python::environment("az", &cases().join("az-requirements.txt"))?;
    Ok(folder.join("bin/az"))
}
