//! Postern as a process: the server, or one sweep.

use std::{net::SocketAddr, process::ExitCode};

use axum::serve::ListenerExt;
use clap::{Parser, Subcommand};
use functions::{
    app::App,
    config::Config,
    router::router,
    start::{StartError, application, configuration},
    sweep::{self, TIMER_PERIOD},
    telemetry,
    tls::{self, TlsListener},
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
    telemetry::init(&config);
    let app = application(&config, true).await?;
    match command {
        Command::Serve { timer } => serve(app, &config, timer).await,
        Command::Sweep { look_ahead } => sweep(&app, look_ahead).await,
        Command::Check | Command::Openapi => Ok(()),
    }
}

async fn sweep(app: &App, look_ahead: u32) -> Result<(), StartError> {
    let until = app.now() + jiff::SignedDuration::from_secs(i64::from(look_ahead));
    let report = sweep::run(&app.engine, &app.subscriptions, until).await.map_err(StartError::because)?;
    tracing::info!(nsgs = report.nsgs, overdue = report.overdue, failures = report.failures.len(), "swept");
    match report.failures.first() {
        None => Ok(()),
        Some(failure) => Err(StartError::because(failure)),
    }
}

async fn serve(app: App, config: &Config, timer: bool) -> Result<(), StartError> {
    let listen = config.listen;
    let tls = config.tls.as_ref().map(tls::acceptor).transpose().map_err(StartError::because)?;
    let cannot = |error: std::io::Error| {
        StartError::because(format!(
            "cannot listen on {listen} ({error}); set POSTERN_LISTEN to a free address"
        ))
    };
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(cannot)?;
    if timer {
        tokio::spawn(keep_sweeping(app.clone()));
    }
    tracing::info!(%listen, tls = tls.is_some(), "serving");
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let served = match tls {
        None => axum::serve(listener, service).with_graceful_shutdown(stopped()).await,
        Some(acceptor) => {
            // axum tells the peers of a listener that is not its own only through a tap.
            let listener = TlsListener::new(listener, acceptor).tap_io(|_| ());
            axum::serve(listener, service).with_graceful_shutdown(stopped()).await
        }
    };
    served.map_err(StartError::because)
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
