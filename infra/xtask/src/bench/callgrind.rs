//! Instructions instead of time: they are the same on a busy machine.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::lambda::first_answer;
use crate::apt;

/// Installs valgrind from Debian where it is missing.
pub(super) fn install() -> Result<()> {
    let is_there = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if is_there.is_ok_and(|status| status.success()) { Ok(()) } else { apt::install(&["valgrind"]) }
}

/// How many instructions a function takes, in all its threads, from its start to its answer to a call of `path`.
pub(super) fn instructions(
    program: &Path,
    variables: &[(String, String)],
    path: &str,
    output: &Path,
) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]).arg(format!("--callgrind-out-file={}", output.display()));
    valgrind.arg(program).envs(variables.iter().cloned()).stderr(Stdio::null()).stdout(Stdio::null());
    first_answer(&mut valgrind, path)?;
    let report = fs::read_to_string(output).with_context(|| format!("cannot read {}", output.display()))?;
    total(&report).with_context(|| format!("{} has no total", output.display()))
}

fn total(report: &str) -> Option<u64> {
    let line =
        report.lines().find_map(|line| line.strip_prefix("summary:").or(line.strip_prefix("totals:")))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read() {
        assert_eq!(total("events: Ir\nsummary: 1234567\n\nfn=(1) main\n"), Some(1_234_567));
        assert_eq!(total("events: Ir\nfn=(1) main\n1 2\ntotals: 99\n"), Some(99));
        assert_eq!(total("events: Ir\n"), None);
    }
}
