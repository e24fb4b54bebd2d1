//! AWS Lambda's emulator in front of Postern, where `POSTERN_TEST_FRONT` names it: each call goes to the emulator, from
//! there as an event to the real runtime in this process, by the functions' own adapter to the router of its test.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use functions::lambda;
use http::{StatusCode, Uri};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tower::{ServiceExt, service_fn};

/// Which router a call is for.
const ROUTER: &str = "x-postern-test-router";

/// How many events are worked on at once: some tests hold calls in flight.
const RUNTIMES: usize = 8;

/// A request, and where its answer is to go.
type Call = (Request, oneshot::Sender<Response>);

static ROUTERS: Mutex<BTreeMap<u64, mpsc::UnboundedSender<Call>>> = Mutex::new(BTreeMap::new());

/// The way to one router; calls on it go by the emulator if there is one.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    Direct(Router),
    Emulated(Arc<Registered>),
    /// Where a process answers.
    Url(String),
}

/// A router that the runtimes find by its number, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Registered {
    number: u64,
    emulator: &'static str,
    works: JoinHandle<()>,
}

impl Way {
    pub(crate) fn to(router: Router) -> Self {
        match emulator() {
            None => Self::Direct(router),
            Some(emulator) => Self::Emulated(Arc::new(Registered::new(router, emulator))),
        }
    }

    pub(crate) async fn call(&self, request: Request) -> Response {
        match self {
            Self::Direct(router) => router.clone().oneshot(request).await.expect("the router never fails"),
            Self::Emulated(registered) => registered.call(request).await,
            Self::Url(url) => send(url, request).await,
        }
    }
}

impl Registered {
    fn new(router: Router, emulator: &'static str) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let (sender, mut calls) = mpsc::unbounded_channel::<Call>();
        routers().insert(number, sender);
        // Where the test runs, whose connections the router uses.
        let works = tokio::spawn(async move {
            while let Some((request, answer)) = calls.recv().await {
                let router = router.clone();
                tokio::spawn(async move {
                    let response = router.oneshot(request).await.expect("the router never fails");
                    _ = answer.send(response);
                });
            }
        });
        Self { number, emulator, works }
    }

    async fn call(&self, mut request: Request) -> Response {
        request.headers_mut().insert(ROUTER, self.number.into());
        send(self.emulator, request).await
    }
}

/// Sends a request as it is to its path behind `url`.
async fn send(url: &str, mut request: Request) -> Response {
    let uri = format!("{url}{}", request.uri());
    *request.uri_mut() = uri.parse::<Uri>().expect("a path behind a URL");
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    client.request(request).await.expect("the emulator answers").map(Body::new)
}

impl Drop for Registered {
    fn drop(&mut self) {
        routers().remove(&self.number);
        self.works.abort();
    }
}

fn routers() -> MutexGuard<'static, BTreeMap<u64, mpsc::UnboundedSender<Call>>> {
    ROUTERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The function's URL in the emulator, once its runtimes run.
fn emulator() -> Option<&'static str> {
    static EMULATOR: OnceLock<Option<String>> = OnceLock::new();
    let start = || {
        let url = chosen()?;
        (0..RUNTIMES).for_each(|_| drop(thread::spawn(runtime)));
        Some(url)
    };
    EMULATOR.get_or_init(start).as_deref()
}

#[expect(clippy::disallowed_methods, reason = "it is of the tests' run and not of Postern's configuration")]
fn chosen() -> Option<String> {
    std::env::var("POSTERN_TEST_FRONT").ok()
}

/// One function instance, which works on one event after the other as all do.
fn runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(lambda::serve(service_fn(dispatch))).expect("the emulator goes on giving events");
}

async fn dispatch(mut request: Request) -> Result<Response, Infallible> {
    let number = request.headers_mut().remove(ROUTER);
    let number = number.and_then(|number| number.to_str().ok()?.parse::<u64>().ok());
    let router = number.and_then(|number| routers().get(&number).cloned());
    let (sender, answer) = oneshot::channel();
    let sent = router.is_some_and(|router| router.send((request, sender)).is_ok());
    match answer.await {
        Ok(response) if sent => Ok(response),
        _ => Ok((StatusCode::GONE, "no test waits for this").into_response()),
    }
}
