//! Postern as a process: the server, or one sweep.

use std::{net::SocketAddr, process::ExitCode};

use clap::{Parser, Subcommand};
use functions::{
    app::App,
    router::router,
    start::{StartError, application, configuration},
    sweep::{self, TIMER_PERIOD},
    telemetry,
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
    /// Prints the OpenAPI document of the API; needs no configuration.
    Openapi,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Arguments::parse().command;
    if let Command::Openapi = command {
        print(&functions::openapi::text());
        return ExitCode::SUCCESS;
    }
    match run(command).await {
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

async fn run(command: Command) -> Result<(), StartError> {
    let config = configuration()?;
    telemetry::init(&config);
    let app = application(&config, true).await?;
    match command {
        Command::Openapi => Ok(()),
        Command::Serve { timer } => serve(app, config.listen, timer).await,
        Command::Sweep { look_ahead } => {
            let until = app.now() + jiff::SignedDuration::from_secs(i64::from(look_ahead));
            let report =
                sweep::run(&app.engine, &app.subscriptions, until).await.map_err(StartError::because)?;
            tracing::info!(
                nsgs = report.nsgs,
                overdue = report.overdue,
                failures = report.failures.len(),
                "swept"
            );
            match report.failures.first() {
                None => Ok(()),
                Some(failure) => Err(StartError::because(failure)),
            }
        }
    }
}

async fn serve(app: App, listen: SocketAddr, timer: bool) -> Result<(), StartError> {
    let cannot = |error: std::io::Error| {
        StartError::because(format!(
            "cannot listen on {listen} ({error}); set POSTERN_LISTEN to a free address"
        ))
    };
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(cannot)?;
    if timer {
        tokio::spawn(keep_sweeping(app.clone()));
    }
    tracing::info!(%listen, "serving");
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stopped()).await.map_err(StartError::because)
}

async fn keep_sweeping(app: App) {
    loop {
        let until = app.now() + TIMER_PERIOD;
        if let Err(error) = sweep::run(&app.engine, &app.subscriptions, until).await {
            tracing::error!(%error, "the sweep failed");
            app.engine.clock.sleep_until(app.now() + jiff::SignedDuration::from_secs(1)).await;
        }
    }
}

async fn stopped() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => _ = signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
