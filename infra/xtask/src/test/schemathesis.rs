//! Schemathesis: thousands of calls that the API's own document makes up, against a running Postern.

use anyhow::Result;

use super::tally::{Tally, case_result, count};
use crate::dev::{DataFolder, Environment, Options};
use crate::{python, workspace};

pub(crate) fn run() -> Result<Tally> {
    let cases = workspace::root().join("tests/schemathesis");
    let folder = python::environment("schemathesis", &cases.join("requirements.txt"))?;
    let options = Options { latency_ms: 0, ..Options::for_tests("schemathesis-data")? };
    let environment = Environment::start(&options, DataFolder::open(&options.data_folder()?, true)?)?;
    let mut program = python::script(&folder, &cases.join("run.py"));
    count(program.envs(environment.scripts().iter().cloned()), case_result)
}
