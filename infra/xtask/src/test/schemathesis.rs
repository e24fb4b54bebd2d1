//! Schemathesis: thousands of calls that the API's own document makes up, against a running Postern.

use std::process::Command;

use anyhow::Result;

use super::tally::{Tally, case_result};
use crate::dev::{DataFolder, Environment, Options};
use crate::{python, shell, workspace};

pub(crate) fn run() -> Result<Tally> {
    let cases = workspace::root().join("tests/schemathesis");
    let folder = python::environment("schemathesis", &cases.join("requirements.txt"))?;
    let options = Options { latency_ms: 0, ..Options::for_tests("schemathesis-data")? };
    let environment = Environment::start(&options, DataFolder::open(&options.data_folder()?, true)?)?;
    let mut program = Command::new(python::python(&folder));
    program
        .arg(cases.join("run.py"))
        .envs(environment.scripts().iter().cloned())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_PROXY", "127.0.0.1");
    let mut tally = Tally::default();
    let status = shell::run_observed(&mut program, |line| tally.add(case_result(line)))?;
    Ok(tally.of_a_run(status.success()))
}
