use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::app::{App, Core, Settings};
use crate::directory::Directory;
use crate::faults::{Dropped, Faults};
use crate::ids::Ids;
use crate::keys::{BadKey, Keys};
use crate::limits::Limits;
use crate::options::Options;
use crate::{arm, entra, fleet, front, sim_api, state_file, tls};

/// Accepting fails while the process has no file left to open.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(50);
/// How long a client may take to agree on TLS.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0} is in use: stop what listens there, or choose another port")]
    AddressInUse(SocketAddr),
    #[error("cannot listen on {address} ({source}): choose another address")]
    CannotListen { address: SocketAddr, source: std::io::Error },
    #[error("the state file {path} is of no use, {reason}: delete it, or start with --fresh")]
    StateFile { path: String, reason: String },
    #[error("cannot write the state file {path} ({source}): choose a folder that can be written to")]
    CannotSave { path: String, source: std::io::Error },
    #[error("no signing key could be made: start again")]
    NoKey,
    #[error("the folder {path} does not give TLS, {reason}: name an empty or a new one")]
    Tls { path: String, reason: String },
    #[error("the upstream '{0}' is not a URL such as http://127.0.0.1:8082: correct it")]
    BadUpstream(String),
}

/// A running simulator. It ends when this is dropped; [`Sim::stop`] also waits and saves.
#[derive(Debug)]
pub struct Sim {
    url: String,
    front_url: Option<String>,
    tasks: JoinSet<()>,
    saved: Option<SavedApp>,
}

struct SavedApp(Arc<App>, PathBuf);

impl std::fmt::Debug for SavedApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SavedApp").field(&self.1).finish()
    }
}

/// Binds, starts to answer, and returns.
///
/// # Errors
///
/// When an address cannot be bound or the state file cannot be used.
pub async fn start(options: Options) -> Result<Sim, StartError> {
    let tls = options.tls.as_deref().map(acceptor).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let listener = bind(options.listen).await?;
    let url = format!("{scheme}://{}", local_address(&listener, options.listen)?);
    let app = Arc::new(app(&options, &url)?);
    let mut tasks = JoinSet::new();
    tasks.spawn(accept(listener, router(&app), tls.clone()));
    let mut front_url = None;
    if let Some(front) = &options.front {
        let listener = bind(front.listen).await?;
        front_url = Some(format!("{scheme}://{}", local_address(&listener, front.listen)?));
        let router = front::router(app.clone(), &front.upstream)?;
        tasks.spawn(accept(listener, router, tls));
    }
    let mut saved = None;
    if let Some(path) = options.state_file {
        save(&app, &path)?;
        tasks.spawn(state_file::keep_saving(app.clone(), path.clone()));
        saved = Some(SavedApp(app, path));
    }
    Ok(Sim { url, front_url, tasks, saved })
}

impl Sim {
    /// Where Entra ID, ARM and `/sim` answer, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the front door answers, if there is one.
    #[must_use]
    pub fn front_url(&self) -> Option<&str> {
        self.front_url.as_deref()
    }

    /// Closes every connection and saves the state.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        if let Some(SavedApp(app, path)) = self.saved.take() {
            let saved = tokio::task::spawn_blocking(move || state_file::save(&app, &path)).await;
            drop(saved);
        }
    }
}

fn app(options: &Options, url: &str) -> Result<App, StartError> {
    let saved = match &options.state_file {
        Some(path) => state_file::load(path).map_err(|error| broken(path, &error.to_string()))?,
        None => None,
    };
    let (pem, directory, world) = match saved {
        Some(saved) => (saved.signing_key, saved.directory, saved.world),
        None => (
            new_key(options.state_file.is_none()).map_err(|_| StartError::NoKey)?,
            Directory::demo(),
            fleet::build(options.fleet, options.seed),
        ),
    };
    let keys = Keys::from_pem(&pem).map_err(|error| match &options.state_file {
        Some(path) => broken(path, &error.to_string()),
        None => StartError::NoKey,
    })?;
    let ids = Ids::from_seed(options.seed ^ world.generation().rotate_left(32) ^ 0x5EED);
    let core = Core {
        world,
        ids,
        faults: Faults::default(),
        settings: Settings::new(options.latency),
        limits: Limits::default(),
    };
    Ok(App::new(url.to_owned(), keys, directory, options.clock.clone(), core))
}

/// Simulators without a state file share one key for as long as the process lives: making one takes a while.
fn new_key(is_shared: bool) -> Result<String, BadKey> {
    static SHARED: OnceLock<String> = OnceLock::new();
    if let Some(pem) = SHARED.get().filter(|_| is_shared) {
        return Ok(pem.clone());
    }
    let pem = Keys::generate_pem()?;
    Ok(if is_shared { SHARED.get_or_init(|| pem).clone() } else { pem })
}

fn broken(path: &std::path::Path, reason: &str) -> StartError {
    StartError::StateFile { path: path.display().to_string(), reason: reason.to_owned() }
}

fn save(app: &App, path: &std::path::Path) -> Result<(), StartError> {
    state_file::save(app, path)
        .map_err(|source| StartError::CannotSave { path: path.display().to_string(), source })
}

fn router(app: &Arc<App>) -> Router {
    Router::new()
        .merge(entra::router(app))
        .nest("/sim", sim_api::router())
        .fallback(arm::handle)
        .with_state(app.clone())
}

fn acceptor(folder: &std::path::Path) -> Result<TlsAcceptor, StartError> {
    let bad = |error: tls::TlsError| StartError::Tls {
        path: folder.display().to_string(),
        reason: error.to_string(),
    };
    tls::acceptor(folder).map_err(bad)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => StartError::AddressInUse(address),
        _ => StartError::CannotListen { address, source },
    })
}

fn local_address(listener: &TcpListener, address: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::CannotListen { address, source })
}

/// The connections end with this future.
async fn accept(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, router.clone(), tls.clone()))),
                Err(_) => tokio::time::sleep(AFTER_FAILED_ACCEPT).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, router: Router, tls: Option<TlsAcceptor>) {
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return talk(stream, router).await };
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
        talk(stream, router).await;
    }
}

/// An error instead of a response makes hyper close the connection without a word.
async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let answered: Result<Response, Infallible> = router.oneshot(request).await;
            let Ok(response) = answered;
            if response.extensions().get::<Dropped>().is_some() { Err(Closed) } else { Ok(response) }
        }
    });
    let ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    drop(ended);
}

#[derive(Debug, thiserror::Error)]
#[error("the connection is closed as ordered")]
struct Closed;
