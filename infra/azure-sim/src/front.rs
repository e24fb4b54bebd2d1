//! The reverse proxy before the service: it says from where the client came, as those of a cloud do.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::app::App;
use crate::server::StartError;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const OF_THE_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

#[derive(Clone)]
struct Door {
    app: Arc<App>,
    upstream: String,
    client: Client<HttpConnector, Body>,
}

pub(crate) fn router(app: Arc<App>, upstream: &str) -> Result<Router, StartError> {
    let upstream = upstream.trim_end_matches('/');
    let is_usable =
        upstream.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.path() == "/");
    if !is_usable {
        return Err(StartError::BadUpstream(upstream.to_owned()));
    }
    // The functions may close a connection just when it would be used again.
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(HttpConnector::new());
    Ok(Router::new().fallback(forward).with_state(Door { app, upstream: upstream.to_owned(), client }))
}

async fn forward(State(door): State<Door>, mut request: Request) -> Response {
    let target = request.uri().path_and_query().map_or("/", |rest| rest.as_str());
    let Ok(target) = format!("{}{target}", door.upstream).parse::<Uri>() else {
        return (StatusCode::BAD_REQUEST, "the path cannot be forwarded").into_response();
    };
    *request.uri_mut() = target;
    remove_hop(request.headers_mut());
    let address = door.app.core().settings.client_address.clone();
    announce(request.headers_mut(), &address, door.app.scheme());
    match door.client.request(request).await {
        Ok(response) => {
            let mut response = response.map(Body::new);
            remove_hop(response.headers_mut());
            response
        }
        Err(_) => (StatusCode::BAD_GATEWAY, "the functions are not running yet\n").into_response(),
    }
}

/// Appends to what the client claims, as real proxies do: only the last element is to be trusted.
fn announce(headers: &mut HeaderMap, address: &str, scheme: &str) {
    let claimed: Vec<&str> =
        headers.get_all(&FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let chain = claimed.into_iter().chain([address]).collect::<Vec<_>>().join(", ");
    let host = headers.get(header::HOST).cloned();
    if let Ok(chain) = HeaderValue::try_from(chain) {
        headers.insert(FORWARDED_FOR, chain);
    }
    if let Ok(scheme) = HeaderValue::try_from(scheme) {
        headers.insert("x-forwarded-proto", scheme);
    }
    if let Some(host) = host {
        headers.insert("x-forwarded-host", host);
    }
}

fn remove_hop(headers: &mut HeaderMap) {
    for name in OF_THE_HOP {
        headers.remove(name);
    }
}
