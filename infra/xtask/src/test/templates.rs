//! The deployment templates, by the validators of Azure's and AWS's tools, and by Postern, which must take what they
//! configure.

use anyhow::Result;

use super::clients;
use super::tally::{Tally, case_result, count};
use crate::{python, workspace};

pub(crate) fn run(filter: Option<&str>) -> Result<Tally> {
    let cases = workspace::root().join("tests/templates");
    let az = clients::az()?;
    let folder = python::environment("templates", &cases.join("requirements.txt"))?;
    let mut program = python::script(&folder, &cases.join("run.py"));
    program.arg(workspace::binary("postern")).arg(az).args(filter);
    count(&mut program, case_result)
}
