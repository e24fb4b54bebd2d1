//! Azure's own Python clients against Azure-in-a-box.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::tally::{Tally, case_result, count};
use crate::process::Service;
use crate::{interrupt, python, shell, workspace};

/// How long Azure-in-a-box may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);

/// What azure-sim prints before its address.
const READY: &str = "azure-sim is ready at ";

pub(crate) fn run(filter: Option<&str>) -> Result<Tally> {
    let folder = python::environment("sdk", &cases().join("requirements.txt"))?;
    let (_sim, url) = start_sim(&folder)?;
    let mut program = python::script(&folder, &cases().join("run.py"));
    count(program.arg(url).args(filter), case_result)
}

/// The folder of the cases.
pub(super) fn cases() -> PathBuf {
    workspace::root().join("tests/sdk")
}

/// A fresh azure-sim on a port that it chooses itself, and its address.
fn start_sim(folder: &Path) -> Result<(Service, String)> {
    let log = folder.join("azure-sim.log");
    fs::write(&log, "").with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(workspace::binary("azure-sim"));
    command.args(["--listen", "127.0.0.1:0"]);
    let mut sim = Service::start(&mut command, &log)?;
    let until = Instant::now() + START_LIMIT;
    while Instant::now() < until {
        interrupt::check()?;
        if let Some(url) = address(&fs::read_to_string(&log).unwrap_or_default()) {
            return Ok((sim, url));
        }
        if let Some(status) = sim.ended()? {
            bail!("azure-sim ended ({status}); its last lines:\n{}", sim.last_lines());
        }
        thread::sleep(shell::POLL);
    }
    bail!("azure-sim did not become ready in {} s", START_LIMIT.as_secs())
}

/// The address in what azure-sim has printed, once the line is whole.
fn address(printed: &str) -> Option<String> {
    let (line, _) = printed.split_once(READY)?.1.split_once('\n')?;
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_once_its_line_is_whole() {
        let whole = "azure-sim is ready at http://127.0.0.1:28081\n";
        assert_eq!(address(whole).as_deref(), Some("http://127.0.0.1:28081"));
        for early in ["", "azure-sim is", "azure-sim is ready at http://127.0.0.1:28"] {
            assert_eq!(address(early), None, "{early}");
        }
    }
}
