//! `POST /batch`: several calls in one, as Azure's portal sends them. They are made one after the other, each as if it
//! had come alone from the same caller.

use std::{collections::BTreeMap, net::SocketAddr};

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRequestParts, Request, State},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, RETRY_AFTER},
    request::Parts,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::api::ProblemBody;
use tower::ServiceExt;

use super::{
    call::{ArmCall, Body as JsonBody},
    canonical,
    error::ArmError,
    routes,
};
use crate::{app::App, auth::client_address::ClientPeer, error::ApiError};

/// How many calls one batch makes at most, as in Azure.
const MOST: usize = 20;
/// The most that is read of one answer, in bytes.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

#[derive(Debug, Deserialize)]
pub(super) struct Batch {
    requests: Vec<Item>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    http_method: String,
    /// Absolute or from the first slash on; whose host it names does not matter.
    url: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    content: Option<Value>,
}

#[derive(Debug, Serialize)]
pub(super) struct Answers {
    responses: Vec<Answer>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    http_status_code: u16,
    headers: BTreeMap<String, String>,
    content: Value,
}

/// What each call has from the one that brings them: who it is, and from where.
pub(super) struct Caller {
    headers: HeaderMap,
    socket: Option<ConnectInfo<SocketAddr>>,
    peer: Option<ClientPeer>,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let mut headers = parts.headers.clone();
        for of_the_batch in [CONTENT_LENGTH, IF_MATCH, IF_NONE_MATCH] {
            headers.remove(of_the_batch);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { headers, socket: parts.extensions.get().copied(), peer: parts.extensions.get().copied() })
    }
}

pub(super) async fn batch(
    State(app): State<App>,
    ArmCall { .. }: ArmCall,
    caller: Caller,
    JsonBody(Batch { requests }): JsonBody<Batch>,
) -> Result<Json<Answers>, ArmError> {
    if !(1..=MOST).contains(&requests.len()) {
        let allowed = format!("a batch makes 1 to {MOST} calls");
        return Err(ApiError::rejected("requests", allowed).into());
    }
    let calls: Result<Vec<_>, ArmError> =
        requests.into_iter().enumerate().map(|(at, item)| caller.call(at, item)).collect();
    let mut responses = Vec::new();
    for (name, call) in calls? {
        responses.push(answer(&app, name, call).await?);
    }
    Ok(Json(Answers { responses }))
}

impl Caller {
    /// All are understood before the first is made.
    fn call(&self, at: usize, item: Item) -> Result<(Option<String>, Request), ArmError> {
        let Item { http_method, url, name, content } = item;
        let rejected =
            |field: &str, allowed: &str| ApiError::rejected(&format!("requests[{at}].{field}"), allowed);
        let method = http_method.to_uppercase().parse::<Method>();
        let method = method.map_err(|_| rejected("httpMethod", "a method like GET or POST"))?;
        let uri = target(&url).ok_or_else(|| {
            rejected("url", "one that begins with /subscriptions or /tenants, with or without a host before")
        })?;
        let body = content.filter(|content| !content.is_null());
        let body = body.map_or_else(Body::empty, |content| Body::from(content.to_string()));
        let mut call = Request::new(body);
        *call.method_mut() = method;
        *call.uri_mut() = uri;
        *call.headers_mut() = self.headers.clone();
        if let Some(socket) = self.socket {
            call.extensions_mut().insert(socket);
        }
        if let Some(peer) = self.peer {
            call.extensions_mut().insert(peer);
        }
        Ok((name, call))
    }
}

/// The place of ours that a URL names. A batch is not among them: it would have no end.
fn target(url: &str) -> Option<Uri> {
    let url: Uri = url.parse().ok()?;
    let uri = canonical(&Uri::from(url.path_and_query()?.clone()))?;
    let is_ours = |place: &str| uri.path() == place || uri.path().starts_with(&format!("{place}/"));
    (is_ours("/subscriptions") || is_ours("/tenants")).then_some(uri)
}

async fn answer(app: &App, name: Option<String>, call: Request) -> Result<Answer, ArmError> {
    let Ok(response) = routes(app).with_state(app.clone()).oneshot(call).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST_ANSWER).await.map_err(ApiError::internal)?;
    let content = match body.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&body).unwrap_or_else(|_| plainly(parts.status, &body)),
    };
    let shown = [ETAG, RETRY_AFTER].map(|name| name.to_string());
    let headers = parts.headers.iter().filter_map(|(name, value)| {
        let is_shown = name.as_str().starts_with("x-ms-") || shown.contains(&name.to_string());
        is_shown.then(|| Some((name.to_string(), value.to_str().ok()?.to_owned())))?
    });
    Ok(Answer { name, http_status_code: parts.status.as_u16(), headers: headers.collect(), content })
}

/// An answer that is no JSON, in the envelope of errors.
fn plainly(status: StatusCode, body: &[u8]) -> Value {
    let code = status.canonical_reason().unwrap_or("Error").replace(' ', "");
    let message = String::from_utf8_lossy(body).into_owned();
    serde_json::json!({ "error": ProblemBody::new(code, message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_only_to_what_a_batch_may_ask() {
        let to = |url: &str| target(url).map(|uri| uri.to_string());
        assert_eq!(to("https://management.azure.com/Subscriptions/x?a=b").unwrap(), "/subscriptions/x?a=b");
        assert_eq!(to("/tenants?api-version=2022-12-01").unwrap(), "/tenants?api-version=2022-12-01");
        for url in
            ["", "x", "/batch", "https://h/BATCH?a=b", "/api/vms", "/subscriptionsx", "https://h", "//"]
        {
            assert_eq!(to(url), None, "{url}");
        }
    }
}
