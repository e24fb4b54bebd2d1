//! What ARM puts on every answer: by which ids it is found again.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::app::App;

const REQUEST: HeaderName = HeaderName::from_static("x-ms-request-id");
const CORRELATION: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");
const CLIENT: HeaderName = HeaderName::from_static("x-ms-client-request-id");

/// The longest id of a caller's that is taken up.
const LONGEST: usize = 128;

/// A caller's own ids are given back, and its correlation id is taken over.
pub(super) async fn identified(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = app.ids.uuid().to_string();
    let client = given(request.headers(), &CLIENT);
    let correlation = given(request.headers(), &CORRELATION);
    tracing::info!(request.id = id, ?correlation, ?client, "asked as ARM is");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(CORRELATION, correlation.unwrap_or_else(|| id.clone()));
        headers.insert(REQUEST, id);
    }
    if let Some(client) = client {
        headers.insert(CLIENT, client);
    }
    response
}

fn given(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let value = headers.get(name)?;
    let good = value.to_str().is_ok_and(|text| (1..=LONGEST).contains(&text.len()));
    good.then(|| value.clone())
}
