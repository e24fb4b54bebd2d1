//! Postern as a process: the server, or one sweep.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use functions::{
    app::App,
    config::Config,
    healthy::healthy,
    serve::{Signals, serve},
    start::{StartError, application, configuration},
    sweep, telemetry,
};

/// Just-in-time access to the management ports of Azure VMs. Everything else is configured by POSTERN_… variables.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the portal and the API.
    Serve {
        /// Also sweeps, once a minute with look-ahead, where no timer function does.
        #[arg(long)]
        timer: bool,
    },
    /// Looks at every NSG once and closes what is due.
    Sweep {
        /// Stays so many seconds to close each lease on its second.
        #[arg(long, default_value_t = 0)]
        look_ahead: u32,
    },
    /// Reads the configuration, and says what is wrong with it or what it comes to; connects to nothing.
    Check,
    /// Whether the server of this configuration is ready, for a container's health check.
    Healthy,
    /// Prints the OpenAPI document of the API; needs no configuration.
    Openapi,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "whoever starts the process reads its one sentence there")]
fn complain(error: &StartError) {
    eprintln!("postern: {error}");
}

#[expect(clippy::print_stdout, reason = "the document is what was asked for")]
fn print(text: &str) {
    print!("{text}");
}

/// What of a configuration is no secret.
fn summary(config: &Config) -> String {
    let subscriptions: Vec<String> = config.subscriptions.iter().map(ToString::to_string).collect();
    format!(
        "Postern {} at {}\nsigns people in at {}\nlooks after {} by {}\n",
        config.deployment,
        config.public_url,
        config.authority,
        subscriptions.join(", "),
        config.arm_url,
    )
}

async fn run(command: Command) -> Result<(), StartError> {
    if let Command::Openapi = command {
        print(&functions::openapi::text());
        return Ok(());
    }
    let config = configuration()?;
    if let Command::Check = command {
        print(&summary(&config));
        return Ok(());
    }
    if let Command::Healthy = command {
        return healthy(&config).await;
    }
    telemetry::init(&config);
    let app = application(&config, true).await?;
    match command {
        Command::Serve { timer } => serve(app, &config, timer).await,
        Command::Sweep { look_ahead } => sweep(&app, look_ahead).await,
        Command::Check | Command::Healthy | Command::Openapi => Ok(()),
    }
}

/// A signal ends it when what it has in hand is done.
async fn sweep(app: &App, look_ahead: u32) -> Result<(), StartError> {
    let mut signals = Signals::listen()?;
    let until = app.now() + jiff::SignedDuration::from_secs(i64::from(look_ahead));
    let run = sweep::run_unless(&app.engine, &app.subscriptions, until, signals.next());
    let report = run.await.map_err(StartError::because)?;
    tracing::info!(nsgs = report.nsgs, overdue = report.overdue, failures = report.failures.len(), "swept");
    match report.failures.first() {
        None => Ok(()),
        Some(failure) => Err(StartError::because(failure)),
    }
}
