//! Long-running children whose output goes to a file, and that never outlive xtask's own orderly end.

use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};

use crate::shell;

/// How long a service may take to end on SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// A running program, stopped on drop.
pub(crate) struct Service {
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts a program in a process group of its own: Ctrl-C at the terminal reaches xtask alone, which then
    /// stops its services in order. Output is appended to `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let output = append(log)?;
        let errors = output.try_clone().with_context(|| format!("cannot write {}", log.display()))?;
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {program}; does `cargo xtask build` make it?"))?;
        Ok(Self { child, log: log.to_owned() })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot wait for a child")
    }

    /// The last words of the program, for the person who asks why it ended.
    pub(crate) fn last_lines(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(15)..];
        last.iter().map(|line| format!("    {line}\n")).collect()
    }

    /// SIGTERM, and SIGKILL for what still runs after a while.
    pub(crate) fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        let until = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                self.signal(Signal::SIGKILL);
                let _ = self.child.wait();
            }
            thread::sleep(shell::POLL);
        }
    }

    fn signal(&mut self, signal: Signal) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = killpg(shell::pid(&self.child), signal);
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

fn append(log: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(log);
    opened.with_context(|| format!("cannot write {}", log.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_log(name: &str) -> PathBuf {
        let log = std::env::temp_dir().join(format!("xtask-{}-{name}.log", std::process::id()));
        let _ = std::fs::remove_file(&log);
        log
    }

    #[test]
    fn output_goes_to_the_log() {
        let log = a_log("output");
        let mut service =
            Service::start(Command::new("sh").args(["-c", "echo out; echo err >&2"]), &log).unwrap();
        while service.ended().unwrap().is_none() {}
        assert_eq!(service.last_lines(), "    out\n    err\n");
    }

    #[test]
    fn stopping_ends_the_whole_process_group() {
        let log = a_log("group");
        let mut service =
            Service::start(Command::new("sh").args(["-c", "sleep 60 & echo $!; wait"]), &log).unwrap();
        while service.last_lines().is_empty() {}
        let grandchild = service.last_lines().trim().to_owned();
        service.stop();
        let start = Instant::now();
        while is_running(&grandchild) {
            assert!(start.elapsed() < Duration::from_secs(5), "process {grandchild} still runs");
        }
    }

    #[test]
    fn a_missing_program_is_an_error() {
        assert!(Service::start(&mut Command::new("postern-no-such-program"), &a_log("missing")).is_err());
    }

    fn is_running(id: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }
}
