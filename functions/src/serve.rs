//! The process that serves, from its first call to its orderly end.
//!
//! SIGTERM and Ctrl-C begin the end: `/readyz` says no at once; while `drain` lasts calls are still taken, so that whoever
//! asks it sends them elsewhere; then no more are, those in hand are answered, and what goes on beside them is finished.
//! What is not finished in time is left as a killed process leaves it: the next one takes it up.

use std::{io, net::SocketAddr, pin::pin, sync::Arc};

use axum::serve::ListenerExt;
use jiff::SignedDuration;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{
    app::App,
    clock::Clock,
    config::Config,
    router::router,
    start::StartError,
    sweep::{self, TIMER_PERIOD},
    tls::{self, TlsListener},
    work::Work,
};

/// How long a sweep that failed waits before the next.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(1);

/// What asks a process to end.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on they no longer end the process by themselves.
    pub fn listen() -> Result<Self, StartError> {
        let listen = |kind| signal(kind).map_err(StartError::because);
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Returns at the next of them.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves until a signal comes, and then until what is in hand is done or `stop_within` is over; sweeps too if `timer`.
/// A second signal ends it without waiting.
pub async fn serve(app: App, config: &Config, timer: bool) -> Result<(), StartError> {
    let mut signals = Signals::listen()?;
    let (work, clock) = (app.work.clone(), Arc::clone(&app.engine.clock));
    let mut serving = pin!(listen(app.clone(), config).await?);
    if timer {
        work.spawn(keep_sweeping(app));
    }
    tokio::select! {
        served = &mut serving => return served.map_err(StartError::because),
        () = signals.next() => work.stop(),
    }
    tracing::info!(in_hand = work.in_hand(), "stopping");
    let limit = clock.now().saturating_add(config.drain + config.stop_within).map_err(StartError::because)?;
    let finish = async {
        serving.await.map_err(StartError::because)?;
        work.done().await;
        Ok(())
    };
    tokio::select! {
        finished = finish => {
            tracing::info!("nothing is in hand any more");
            finished
        }
        () = clock.sleep_until(limit) => {
            tracing::warn!(in_hand = work.in_hand(), "what is still in hand is left to the next process");
            Ok(())
        }
        () = signals.next() => {
            tracing::warn!(in_hand = work.in_hand(), "asked again to stop: what is in hand is left to the next process");
            Ok(())
        }
    }
}

/// Takes the address; what it returns serves there.
async fn listen(app: App, config: &Config) -> Result<impl Future<Output = io::Result<()>>, StartError> {
    let listen = config.listen;
    let tls = config.tls.as_ref().map(tls::acceptor).transpose().map_err(StartError::because)?;
    let cannot = |error: io::Error| {
        StartError::because(format!(
            "cannot listen on {listen} ({error}); set POSTERN_LISTEN to a free address"
        ))
    };
    let listener = TcpListener::bind(listen).await.map_err(cannot)?;
    tracing::info!(%listen, tls = tls.is_some(), "serving");
    let drained = drained(app.work.clone(), Arc::clone(&app.engine.clock), config.drain);
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    Ok(async move {
        match tls {
            None => axum::serve(listener, service).with_graceful_shutdown(drained).await,
            Some(acceptor) => {
                // axum tells the peers of a listener that is not its own only through a tap.
                let listener = TlsListener::new(listener, acceptor).tap_io(|_| ());
                axum::serve(listener, service).with_graceful_shutdown(drained).await
            }
        }
    })
}

async fn drained(work: Work, clock: Arc<dyn Clock>, drain: SignedDuration) {
    work.stopping().await;
    clock.sleep_until(clock.now().saturating_add(drain).unwrap_or_else(|_| clock.now())).await;
}

async fn keep_sweeping(app: App) {
    while !app.work.is_stopping() {
        let until = app.now() + TIMER_PERIOD;
        let swept = sweep::run_unless(&app.engine, &app.subscriptions, until, app.work.stopping()).await;
        if let Err(error) = swept {
            tracing::error!(%error, "the sweep failed");
            tokio::select! {
                () = app.engine.clock.sleep_until(app.now() + AFTER_FAILURE) => {}
                () = app.work.stopping() => {}
            }
        }
    }
}
