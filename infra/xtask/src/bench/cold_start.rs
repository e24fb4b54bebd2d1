//! From the start of a function to its first answer, beside the least that a function can be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::callgrind;
use super::lambda::first_answer;
use crate::build::{Architecture, release};
use crate::{shell, workspace};

/// What is asked: the answer says that the store answered.
const PATH: &str = "/readyz";

/// How often each start is timed; the median counts.
const RUNS: usize = 21;

const MOST_INSTRUCTIONS: u64 = 3_000_000;
const MOST_TIMES_HELLO: f64 = 5.0;
const MOST_BYTES: u64 = 8_000_000;

/// A way to start a function.
struct Start {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    variables: Vec<(String, String)>,
}

pub(super) fn run() -> Result<()> {
    callgrind::install()?;
    let folder = workspace::target().join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let ours = release::build(Architecture::X86_64, "functions", &["lambda_api", "lambda_sweep", "postern"])?;
    let hello = release::build(Architecture::X86_64, "lambda-hello", &["lambda-hello"])?;
    let api = Start::new("lambda_api", ours.join("lambda_api")).with(variables(&folder));
    let hello = Start::new("hello", hello.join("lambda-hello"));
    // The store's file is there from now on, as it is for every start but the first.
    first_answer(&mut api.command(), PATH)?;
    let mut misses = instructions(&api, &hello, &folder)?;
    times(&[hello, api, Start::script("python3", "loop.py"), Start::script("node", "loop.mjs")])?;
    for name in ["lambda_api", "lambda_sweep", "postern"] {
        let size = fs::metadata(ours.join(name)).with_context(|| format!("{name} is missing"))?.len();
        shell::say(format_args!("{name:<14}{size:>12} bytes, at most {MOST_BYTES}"));
        misses += usize::from(size > MOST_BYTES);
    }
    if misses > 0 {
        bail!("{misses} of the figures are above their limits");
    }
    Ok(())
}

/// How many of the figures are above their limits.
fn instructions(api: &Start, hello: &Start, folder: &Path) -> Result<usize> {
    let count = |start: &Start| {
        let output = folder.join(format!("{}.callgrind", start.name));
        callgrind::instructions(&start.program, &start.variables, PATH, &output)
    };
    let (of_api, of_hello) = (count(api)?, count(hello)?);
    #[expect(clippy::cast_precision_loss, reason = "a ratio with two digits")]
    let ratio = of_api as f64 / of_hello as f64;
    shell::say(format_args!("{:<14}{of_hello:>12} instructions to the first answer", hello.name));
    shell::say(format_args!("{:<14}{of_api:>12} instructions, at most {MOST_INSTRUCTIONS}", api.name));
    shell::say(format_args!("{:<14}{ratio:>12.2} times hello's, at most {MOST_TIMES_HELLO}", ""));
    Ok(usize::from(of_api > MOST_INSTRUCTIONS) + usize::from(ratio > MOST_TIMES_HELLO))
}

/// Each in turn, so that what else the machine does strikes all alike.
fn times(starts: &[Start]) -> Result<()> {
    let mut taken: Vec<Vec<Duration>> = vec![Vec::new(); starts.len()];
    for _ in 0..RUNS {
        for (start, taken) in starts.iter().zip(&mut taken) {
            taken.push(first_answer(&mut start.command(), PATH)?.0);
        }
    }
    let medians: Vec<f64> = taken.into_iter().map(|taken| median(taken).as_secs_f64() * 1e3).collect();
    let ours = starts.iter().zip(&medians).find(|(start, _)| start.name == "lambda_api");
    let ours = ours.map_or(f64::NAN, |(_, median)| *median);
    for (start, median) in starts.iter().zip(medians) {
        let name = start.name;
        shell::say(format_args!("{name:<14}{median:>12.2} ms, {:.2} times lambda_api's", median / ours));
    }
    Ok(())
}

fn median(mut taken: Vec<Duration>) -> Duration {
    taken.sort_unstable();
    taken[taken.len() / 2]
}

impl Start {
    fn new(name: &'static str, program: PathBuf) -> Self {
        Self { name, program, arguments: Vec::new(), variables: Vec::new() }
    }

    fn script(name: &'static str, script: &str) -> Self {
        let script = workspace::root().join("infra/xtask/src/bench").join(script);
        Self { arguments: vec![script], ..Self::new(name, name.into()) }
    }

    fn with(self, variables: Vec<(String, String)>) -> Self {
        Self { variables, ..self }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.variables.iter().cloned()).stdout(Stdio::null());
        command
    }
}

/// A whole configuration; nothing of it is called.
fn variables(folder: &Path) -> Vec<(String, String)> {
    let id = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
    [
        ("POSTERN_PUBLIC_URL", "https://postern.contoso.example"),
        ("POSTERN_TENANT", id),
        ("POSTERN_CLIENT_ID", id),
        ("POSTERN_CLIENT_SECRET", "a-secret"),
        ("POSTERN_AUDIENCE", id),
        ("POSTERN_CREDENTIAL", "client_secret"),
        ("POSTERN_AZURE_CLIENT_ID", id),
        ("POSTERN_AZURE_CLIENT_SECRET", "a-secret"),
        ("POSTERN_SUBSCRIPTIONS", id),
        ("POSTERN_DEPLOYMENT", "bench"),
        ("POSTERN_COOKIE_KEY", &STANDARD.encode([7; 64])),
        ("POSTERN_DATABASE", &format!("sqlite:{}", folder.join("postern.db").display())),
        ("POSTERN_ASSETS", &workspace::portal().display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
