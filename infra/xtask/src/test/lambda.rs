//! AWS Lambda's emulator: the API's tests once more through it, and the real functions in it.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::tally::{Tally, cargo_result, count};
use crate::dev::free_port;
use crate::process::Service;
use crate::{interrupt, python, shell, workspace};

/// How long the emulator may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(60);

pub(super) fn run(filter: Option<&str>) -> Result<Tally> {
    let tools = python::cloud_tools()?;
    let program = tools.join("bin/cargo-lambda");
    let port = free_port()?;
    let mut emulator = start(&program, port)?;
    wait_for(&mut emulator, port)?;
    let emulator_url = format!("http://127.0.0.1:{port}");
    let mut api = shell::cargo();
    api.args(["test", "--package", "tests", "--test", "api", "--"])
        .args(filter)
        .env("POSTERN_TEST_FRONT", format!("{emulator_url}/lambda-url/lambda_api"))
        .env("AWS_LAMBDA_RUNTIME_API", format!("{emulator_url}/.rt/lambda_api"))
        .env("AWS_LAMBDA_FUNCTION_NAME", "lambda_api")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128");
    let mut functions = shell::cargo();
    functions
        .args(["test", "--package", "tests", "--test", "lambda", "--", "--ignored"])
        .args(filter)
        .env("POSTERN_TEST_EMULATOR_PORT", port.to_string())
        .env("POSTERN_TEST_CARGO_LAMBDA", &program)
        .env("POSTERN_TEST_BINARIES", workspace::binary(""));
    let mut tally = count(&mut api, cargo_result)?;
    tally.add(count(&mut functions, cargo_result)?);
    Ok(tally)
}

/// An emulator that starts no function by itself.
fn start(program: &Path, port: u16) -> Result<Service> {
    let log = workspace::target().join("lambda-emulator.log");
    fs::write(&log, "").with_context(|| format!("cannot write {}", log.display()))?;
    let mut watch = Command::new(program);
    watch.args(["lambda", "watch", "--only-lambda-apis", "--disable-cors", "--invoke-address", "127.0.0.1"]);
    watch.args(["--invoke-port", &port.to_string()]).current_dir(workspace::root());
    Service::start(&mut watch, &log)
}

fn wait_for(emulator: &mut Service, port: u16) -> Result<()> {
    let until = Instant::now() + START_LIMIT;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        interrupt::check()?;
        if let Some(status) = emulator.ended()? {
            bail!("the emulator ended ({status}); its last lines:\n{}", emulator.last_lines());
        }
        if Instant::now() > until {
            bail!("the emulator did not listen in {} s", START_LIMIT.as_secs());
        }
        thread::sleep(shell::POLL);
    }
    Ok(())
}
