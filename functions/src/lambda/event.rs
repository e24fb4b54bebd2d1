//! Events of HTTP fronts, and the requests that they stand for.
//!
//! Written down here, since `lambda_http` puts a stage in front of the path, keeps one of several headers of a name and
//! panics at what a client may send.

use std::{collections::BTreeMap, net::IpAddr};

use axum::{body::Body, extract::Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header::COOKIE};
use serde::{Deserialize, de::IgnoredAny};

use crate::{auth::client_address::ClientPeer, error::ApiError};

/// An event of Lambda, as far as HTTP fronts write it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    request_context: Option<Context>,
    // Of all but payload 2.0.
    http_method: Option<String>,
    path: Option<String>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    // Of payload 2.0.
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    cookies: Option<Vec<String>>,
    // Of all.
    headers: Option<BTreeMap<String, String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    stage: Option<String>,
    http: Option<Http>,
    identity: Option<Identity>,
    elb: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    source_ip: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    source_ip: Option<String>,
}

/// What stands in front of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Front {
    /// A function URL or an HTTP API, with payload 2.0.
    Payload2,
    /// A REST API, or an HTTP API with payload 1.0.
    Payload1,
    /// An application load balancer; its target group may be set to several values for each header.
    LoadBalancer { multi_value: bool },
}

/// An event that no HTTP front writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event is not of a function URL, an API Gateway or a load balancer; timers belong in front of lambda_sweep"
)]
pub struct NotHttp;

impl Event {
    pub(super) fn front(&self) -> Result<Front, NotHttp> {
        let context = self.request_context.as_ref().ok_or(NotHttp)?;
        if context.http.is_some() {
            return Ok(Front::Payload2);
        }
        if self.http_method.is_none() {
            return Err(NotHttp);
        }
        if context.elb.is_some() {
            return Ok(Front::LoadBalancer { multi_value: self.multi_value_headers.is_some() });
        }
        context.identity.as_ref().map(|_| Front::Payload1).ok_or(NotHttp)
    }

    /// The request, with its peer where the front tells it: no header can change that. A load balancer does not; its own
    /// entry in `X-Forwarded-For` counts where the configuration says that one proxy is to be trusted.
    pub(super) fn into_request(self, front: Front) -> Result<Request, ApiError> {
        let target = self.target(front)?;
        let (method, peer) = self.told();
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| bad("the method"))?;
        let headers = headers(self.headers, self.multi_value_headers, self.cookies)?;
        let body = match (self.body, self.is_base64_encoded) {
            (None, _) => Body::empty(),
            (Some(text), Some(true)) => STANDARD.decode(text).map_err(|_| bad("the body"))?.into(),
            (Some(text), _) => Body::from(text),
        };
        let mut request = Request::new(body);
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, target, headers);
        if let Some(peer) = peer {
            request.extensions_mut().insert(ClientPeer(peer));
        }
        Ok(request)
    }

    /// The method and who called the front.
    fn told(&self) -> (&str, Option<IpAddr>) {
        let context = self.request_context.as_ref();
        let http = context.and_then(|context| context.http.as_ref());
        let method = http.map(|http| &http.method).or(self.http_method.as_ref());
        let identity = context.and_then(|context| context.identity.as_ref());
        let peer = match http {
            Some(http) => http.source_ip.as_ref(),
            None => identity.and_then(|identity| identity.source_ip.as_ref()),
        };
        (method.map_or("", String::as_str), peer.and_then(|peer| peer.parse().ok()))
    }

    fn target(&self, front: Front) -> Result<Uri, ApiError> {
        let (path, query) = match front {
            Front::Payload2 => (self.path_without_stage(), self.raw_query_string.clone().unwrap_or_default()),
            Front::Payload1 => (text(&self.path), self.query(form)),
            // A load balancer leaves the query as it was sent.
            Front::LoadBalancer { .. } => (text(&self.path), self.query(str::to_owned)),
        };
        let mut target = if path.starts_with('/') { String::new() } else { "/".to_owned() };
        escape(path, b"?#", &mut target);
        if !query.is_empty() {
            target.push('?');
            escape(&query, b"#", &mut target);
        }
        target.parse().map_err(|_| bad("the path"))
    }

    /// An HTTP API puts the name of its stage first, unless it is the default one.
    fn path_without_stage(&self) -> &str {
        let path = text(&self.raw_path);
        let stage = self.request_context.as_ref().and_then(|context| context.stage.as_deref());
        let rest = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
        rest.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(path)
    }

    fn query(&self, write: impl Fn(&str) -> String) -> String {
        let single = self.query_string_parameters.iter().flatten();
        let mut pairs: Vec<String> = Vec::new();
        match &self.multi_value_query_string_parameters {
            Some(all) => {
                for (name, values) in all {
                    pairs.extend(values.iter().map(|value| format!("{}={}", write(name), write(value))));
                }
            }
            None => pairs.extend(single.map(|(name, value)| format!("{}={}", write(name), write(value)))),
        }
        pairs.join("&")
    }
}

fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

fn form(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Writes what may stand in a request's target; all else, and `also`, by its hexadecimal digits.
fn escape(text: &str, also: &[u8], target: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte) && !also.contains(&byte) {
            target.push(char::from(byte));
        } else {
            target.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// Several values of a name, where the front gives them, stay several.
fn headers(
    single: Option<BTreeMap<String, String>>,
    several: Option<BTreeMap<String, Vec<String>>>,
    cookies: Option<Vec<String>>,
) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    let one = |(name, value)| (name, vec![value]);
    let all: Vec<(String, Vec<String>)> = match several {
        Some(several) => several.into_iter().collect(),
        None => single.into_iter().flatten().map(one).collect(),
    };
    for (name, values) in all {
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("a header's name"))?;
        for value in values {
            headers.append(&parsed, header(&value, &name)?);
        }
    }
    if let Some(cookies) = cookies.filter(|cookies| !cookies.is_empty()) {
        headers.insert(COOKIE, header(&cookies.join("; "), "cookie")?);
    }
    Ok(headers)
}

fn header(value: &str, name: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| bad(name))
}

fn bad(what: &str) -> ApiError {
    ApiError::rejected(what, "it cannot be read as HTTP")
}
