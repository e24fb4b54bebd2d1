//! Answers, in the form that each front reads.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{CONTENT_ENCODING, SET_COOKIE},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;

use super::event::Front;
use crate::error::ApiError;

/// The most bytes of a body that a load balancer passes on, as they are written in the answer.
const LOAD_BALANCERS_LIMIT: usize = 1024 * 1024 - 16 * 1024;
/// The same of Lambda itself, whose 6 MB are for the whole answer.
const LAMBDAS_LIMIT: usize = 6 * 1024 * 1024 - 64 * 1024;

/// What Lambda gives back to the front.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Vec<String>>,
    body: String,
    is_base64_encoded: bool,
}

impl Answer {
    pub(super) async fn new(front: Front, response: Response) -> Self {
        let (head, body) = response.into_parts();
        let is_plain = !head.headers.contains_key(CONTENT_ENCODING);
        match written(body, is_plain, limit(front)).await {
            Ok(body) => Self::of(front, head.status, &head.headers, body),
            Err(error) => {
                let (head, body) = error.into_response().into_parts();
                let body = written(body, true, usize::MAX).await.unwrap_or_default();
                Self::of(front, head.status, &head.headers, body)
            }
        }
    }

    fn of(
        front: Front,
        status: StatusCode,
        headers: &HeaderMap,
        (body, is_base64_encoded): (String, bool),
    ) -> Self {
        let mut answer = Self { status_code: status.as_u16(), body, is_base64_encoded, ..Self::default() };
        match front {
            Front::Payload2 => {
                answer.cookies = Some(texts(headers, &SET_COOKIE).collect());
                answer.headers = Some(joined(headers));
            }
            Front::Payload1 => answer.multi_value_headers = Some(several(headers)),
            Front::LoadBalancer { multi_value } => {
                let reason = status.canonical_reason().unwrap_or_default();
                answer.status_description = Some(format!("{} {reason}", status.as_u16()));
                if multi_value {
                    answer.multi_value_headers = Some(several(headers));
                } else {
                    let mut single = joined(headers);
                    single.extend(spelt_differently(texts(headers, &SET_COOKIE)));
                    answer.headers = Some(single);
                }
            }
        }
        answer
    }
}

fn limit(front: Front) -> usize {
    match front {
        Front::LoadBalancer { .. } => LOAD_BALANCERS_LIMIT,
        Front::Payload1 | Front::Payload2 => LAMBDAS_LIMIT,
    }
}

/// The body as text, or in base64 where it is none; nothing beyond the limit is ever held.
async fn written(body: Body, is_plain: bool, limit: usize) -> Result<(String, bool), ApiError> {
    let bytes = match Limited::new(body, limit).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_long(limit)),
        Err(error) => return Err(ApiError::internal(error)),
    };
    if is_plain && let Ok(text) = str::from_utf8(&bytes) {
        return Ok((text.to_owned(), false));
    }
    let text = STANDARD.encode(bytes);
    if text.len() > limit { Err(too_long(limit)) } else { Ok((text, true)) }
}

fn too_long(limit: usize) -> ApiError {
    let message = format!(
        "the answer is longer than what stands in front passes on ({limit} bytes): ask for less of it"
    );
    ApiError::coded(StatusCode::INTERNAL_SERVER_ERROR, "answer_too_long", message)
}

/// All headers but the cookies, the values of one name behind each other.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let names = headers.keys().filter(|name| *name != SET_COOKIE);
    names.map(|name| (name.to_string(), texts(headers, name).collect::<Vec<_>>().join(", "))).collect()
}

fn several(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    headers.keys().map(|name| (name.to_string(), texts(headers, name).collect())).collect()
}

/// Values that are not text are none of ours.
fn texts(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned)
}

/// Several cookies where each header has one value: the names of headers are the same in whatever case, the keys of JSON
/// are not.
fn spelt_differently(cookies: impl Iterator<Item = String>) -> impl Iterator<Item = (String, String)> {
    let name = SET_COOKIE.as_str();
    let spelling = |number: usize| {
        let upper = |(at, letter): (usize, char)| {
            if number >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
        };
        name.chars().filter(|letter| *letter != '-').enumerate().map(upper).collect::<String>()
    };
    cookies.enumerate().map(move |(number, cookie)| {
        let mut spelt = spelling(number);
        spelt.insert(3, '-');
        (spelt, cookie)
    })
}
