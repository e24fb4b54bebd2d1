//! `azure-sim`: Azure in a box as a process.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use azure_sim::{Fleet, Front, Options, SystemClock};
use clap::Parser;

/// Azure in a box: Entra ID, the managed-identity endpoint and Resource Manager for tests and demonstrations.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where Entra ID, ARM and /sim answer.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// Where the front door of the service listens; needs --upstream.
    #[arg(long, requires = "upstream")]
    front: Option<SocketAddr>,
    /// The service behind the front door.
    #[arg(long, requires = "front")]
    upstream: Option<String>,
    /// Serves over TLS, the front door too, with the certificate in this folder; its ca.pem is the authority to trust.
    #[arg(long, value_name = "DIR")]
    tls: Option<PathBuf>,
    /// The machines of a first start: `demo`, or how many to generate.
    #[arg(long, default_value = "demo")]
    fleet: FleetArgument,
    /// What the generated names and ids depend on.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keeps everything in this file between runs.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Forgets what the state file holds.
    #[arg(long)]
    fresh: bool,
    /// How long a write takes to take effect.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
}

#[derive(Debug, Clone, Copy)]
struct FleetArgument(Fleet);

impl FromStr for FleetArgument {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            _ if text == "demo" => Ok(Self(Fleet::Demo)),
            Ok(count @ 1..=100_000) => Ok(Self(Fleet::Generated(count))),
            _ => Err("give `demo` or a number of machines from 1 to 100000"),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "azure-sim: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    if let Some(path) = arguments.state.as_ref().filter(|path| arguments.fresh && path.exists()) {
        std::fs::remove_file(path)
            .map_err(|error| format!("cannot delete the state file {} ({error})", path.display()))?;
    }
    let front = arguments.front.zip(arguments.upstream);
    let options = Options {
        listen: arguments.listen,
        front: front.map(|(listen, upstream)| Front { listen, upstream }),
        tls: arguments.tls,
        fleet: arguments.fleet.0,
        seed: arguments.seed,
        state_file: arguments.state,
        latency: Duration::from_millis(arguments.latency_ms),
        clock: Arc::new(SystemClock),
    };
    let sim = azure_sim::start(options).await.map_err(|error| error.to_string())?;
    let _ = writeln!(std::io::stdout(), "azure-sim is ready at {}", sim.url());
    stop_signal().await.map_err(|error| format!("cannot wait for signals ({error})"))?;
    sim.stop().await;
    Ok(())
}

async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
