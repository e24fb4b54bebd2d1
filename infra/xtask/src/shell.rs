//! Running other programs, and telling the person at the terminal what is going on.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{interrupt, workspace};

/// How often a wait looks at its child and at Ctrl-C.
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// How long output may still come after its program ended, from children it left behind.
const STRAGGLERS: Duration = Duration::from_millis(500);

/// A line for the person; a closed terminal is no error.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

pub(crate) fn complain(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Does `work` under a title, and says how long it took.
pub(crate) fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    say(format_args!("==> {title}"));
    let result = work();
    let outcome = if result.is_ok() { "done" } else { "failed" };
    say(format_args!("    {outcome} after {:.1} s", start.elapsed().as_secs_f64()));
    result
}

/// Cargo at the root of the workspace, without the variables that `cargo run` gave to xtask: build scripts
/// that watch them would run again at each call.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(workspace::root());
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program to its end; its output passes through.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let child = spawn(command)?;
    succeeded(command, wait(child, None)?)
}

/// As [`run`], but gives up after `limit`.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let child = spawn(command)?;
    succeeded(command, wait(child, Some(Instant::now() + limit))?)
}

/// The trimmed standard output of a program that takes no time.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::null()).output().with_context(|| cannot_start(command))?;
    succeeded(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a program whose standard output passes through and is also given to `each`, line by line.
pub(crate) fn run_observed(command: &mut Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let stdout = child.stdout.take().context("the output of a child is missing")?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(line) => {
                say(&line);
                each(&line);
            }
            Err(RecvTimeoutError::Disconnected) => return wait(child, None),
            Err(RecvTimeoutError::Timeout) => {
                if let Some((status, at)) = ended {
                    if at.elapsed() > STRAGGLERS {
                        return Ok(status);
                    }
                } else {
                    ended = poll(&mut child)?.map(|status| (status, Instant::now()));
                }
            }
        }
    }
}

fn spawn(command: &mut Command) -> Result<Child> {
    interrupt::check()?;
    command.spawn().with_context(|| cannot_start(command))
}

fn wait(mut child: Child, until: Option<Instant>) -> Result<ExitStatus> {
    loop {
        if let Some(status) = poll(&mut child)? {
            return Ok(status);
        }
        if until.is_some_and(|until| Instant::now() > until) {
            end(&mut child);
            bail!("gave up waiting for a program that did not end");
        }
        thread::sleep(POLL);
    }
}

/// The child's status if it ended; ends it, with an error, when the person asked to stop.
fn poll(child: &mut Child) -> Result<Option<ExitStatus>> {
    let status = child.try_wait().context("cannot wait for a child")?;
    if interrupt::is_requested() {
        end(child);
    }
    interrupt::check()?;
    Ok(status)
}

/// SIGTERM, unless it has ended, and its end.
pub(crate) fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(None)) {
        let _ = kill(pid(child), Signal::SIGTERM);
        let _ = child.wait();
    }
}

/// The child's process id in the form that signals take.
pub(crate) fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`; is it installed?", command.get_program().to_string_lossy())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_observed_line_by_line() {
        let mut lines = Vec::new();
        let status = run_observed(Command::new("printf").arg("a\\nb\\n"), |line| lines.push(line.to_owned()));
        assert!(status.unwrap().success());
        assert_eq!(lines, ["a", "b"]);
    }

    #[test]
    fn a_child_left_behind_does_not_hold_up_the_end() {
        let start = Instant::now();
        let status = run_observed(Command::new("sh").args(["-c", "sleep 20 & exit 3"]), |_| {});
        assert_eq!(status.unwrap().code(), Some(3));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run(&mut Command::new("false")).unwrap_err();
        assert!(error.to_string().starts_with("`false` failed"), "{error}");
    }

    #[test]
    fn a_missing_program_is_an_error_that_asks_for_it() {
        let error = run(&mut Command::new("postern-no-such-program")).unwrap_err();
        assert!(error.to_string().contains("is it installed?"), "{error}");
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let start = Instant::now();
        assert!(run_within(Command::new("sleep").arg("20"), Duration::from_millis(50)).is_err());
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
