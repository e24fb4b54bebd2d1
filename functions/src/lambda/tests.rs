use std::str::FromStr;

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::auth::client_address::{ClientPeer, client_address};

const FUNCTION_URL: &str = include_str!("events/function_url.json");
const HTTP_API: &str = include_str!("events/http_api.json");
const REST_API: &str = include_str!("events/rest_api.json");
const LOAD_BALANCER: &str = include_str!("events/load_balancer.json");

/// The same load balancer whose target group takes several values for each header.
fn with_several_values() -> Value {
    let mut event: Value = LOAD_BALANCER.parse().unwrap();
    event["multiValueHeaders"] =
        json!({ "cookie": ["a=1", "b=2"], "x-forwarded-for": ["6.6.6.6", "203.0.113.7"] });
    event["multiValueQueryStringParameters"] = json!({ "filter": ["a%20b", "c"] });
    for single in ["headers", "queryStringParameters"] {
        event.as_object_mut().unwrap().remove(single);
    }
    event
}

#[tokio::test]
async fn a_function_url_gives_path_query_body_and_caller() {
    let seen = seen(&Value::from_str(FUNCTION_URL).unwrap()).await;
    assert_eq!(seen["target"], "/api/grants?filter=a%20b&filter=c&empty");
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["body"], r#"{"openings":[]}"#);
    assert_eq!(seen["headers"]["cookie"], json!(["__Host-session=abc; theme=dark"]));
    assert_eq!(seen["addresses"], json!(["203.0.113.7", "203.0.113.7"]));
}

#[tokio::test]
async fn an_http_api_puts_its_stage_before_the_path_and_it_is_taken_off() {
    let seen_at = async |stage: &str, path: &str| {
        let mut event = Value::from_str(HTTP_API).unwrap();
        event["requestContext"]["stage"] = json!(stage);
        event["rawPath"] = json!(path);
        seen(&event).await["target"].as_str().unwrap().to_owned()
    };
    assert_eq!(seen_at("prod", "/prod/api/vms").await, "/api/vms");
    assert_eq!(seen_at("prod", "/prod").await, "/");
    assert_eq!(seen_at("prod", "/production/api").await, "/production/api");
    assert_eq!(seen_at("$default", "/api/vms").await, "/api/vms");
    assert_eq!(seen(&Value::from_str(HTTP_API).unwrap()).await["addresses"][0], "2001:db8::7");
}

#[tokio::test]
async fn a_rest_api_gives_all_values_of_a_name_and_a_query_that_was_decoded() {
    let seen = seen(&Value::from_str(REST_API).unwrap()).await;
    assert_eq!(seen["target"], "/api/activity?filter=a+b&filter=c+%26+d%3D%C3%A9&limit=5");
    assert_eq!(seen["headers"]["cookie"], json!(["__Host-session=abc", "theme=dark"]));
    assert_eq!(seen["headers"]["accept"], json!(["application/json", "text/csv"]));
    assert_eq!(seen["addresses"], json!(["203.0.113.7", "203.0.113.7"]));
}

#[tokio::test]
async fn a_load_balancer_gives_the_query_as_it_was_sent_and_no_caller_but_by_a_trusted_proxy() {
    let seen_by = async |event: &Value| seen(event).await;
    let single = seen_by(&LOAD_BALANCER.parse().unwrap()).await;
    assert_eq!(single["target"], "/api/grants/preview?filter=a%20b%26c");
    assert_eq!(single["body"], r#"{"openings":[]}"#);
    assert_eq!(single["addresses"], json!([null, "203.0.113.7"]));
    let several = seen_by(&with_several_values()).await;
    assert_eq!(several["target"], "/api/grants/preview?filter=a%20b&filter=c");
    assert_eq!(several["headers"]["cookie"], json!(["a=1", "b=2"]));
    assert_eq!(several["addresses"], json!([null, "203.0.113.7"]));
}

#[tokio::test]
async fn each_front_is_answered_in_its_own_form() {
    let answer = async |event: &Value| answered(cookies_and_text, event).await;
    let url = answer(&FUNCTION_URL.parse().unwrap()).await;
    assert_eq!(url["cookies"], json!(["a=1; Secure", "b=2; Secure"]));
    let headers = json!({ "content-length": "7", "content-type": "text/plain", "vary": "origin, accept" });
    assert_eq!(url["headers"], headers);
    let rest = answer(&REST_API.parse().unwrap()).await;
    assert_eq!(rest["multiValueHeaders"]["set-cookie"], json!(["a=1; Secure", "b=2; Secure"]));
    assert_eq!(rest["headers"], Value::Null);
    let several = answer(&with_several_values()).await;
    assert_eq!(several["multiValueHeaders"]["vary"], json!(["origin", "accept"]));
    assert_eq!(several["statusDescription"], "201 Created");
    let single = answer(&LOAD_BALANCER.parse().unwrap()).await;
    assert_eq!(single["headers"]["set-cookie"], "a=1; Secure");
    assert_eq!(single["headers"]["Set-cookie"], "b=2; Secure");
    assert_eq!(single["headers"]["vary"], "origin, accept");
    for answer in [url, rest, several, single] {
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(201), &json!("grüezi")));
        assert_eq!(answer["isBase64Encoded"], false);
    }
}

async fn cookies_and_text(_: Request) -> Response {
    let headers = [(header::VARY, "origin"), (header::VARY, "accept"), (header::CONTENT_TYPE, "text/plain")];
    let cookies = [(header::SET_COOKIE, "a=1; Secure"), (header::SET_COOKIE, "b=2; Secure")];
    let mut response = (StatusCode::CREATED, "grüezi").into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in headers.into_iter().chain(cookies) {
        response.headers_mut().append(name, value.parse().unwrap());
    }
    response
}

#[tokio::test]
async fn what_is_not_text_or_is_compressed_travels_in_base64() {
    let answer = answered(async |_: Request| vec![0xff, 0x00], &HTTP_API.parse().unwrap()).await;
    assert_eq!((&answer["body"], &answer["isBase64Encoded"]), (&json!("/wA="), &json!(true)));
    let compressed = async |_: Request| ([(header::CONTENT_ENCODING, "br")], "text");
    let answer = answered(compressed, &HTTP_API.parse().unwrap()).await;
    assert_eq!((&answer["body"], &answer["isBase64Encoded"]), (&json!("dGV4dA=="), &json!(true)));
}

#[tokio::test]
async fn an_answer_that_the_front_would_not_pass_on_is_a_refusal_that_says_so() {
    let of = |size: usize| async move |_: Request| vec![b'x'; size];
    let refused = |answer: &Value| answer["body"].as_str().unwrap().contains("answer_too_long");
    for (event, fits, is_too_long) in
        [(LOAD_BALANCER, 1_000_000, 1_048_576), (FUNCTION_URL, 6_000_000, 6_291_456)]
    {
        let event = event.parse().unwrap();
        let whole = answered(of(fits), &event).await;
        assert_eq!((whole["statusCode"].as_u64(), refused(&whole)), (Some(200), false));
        let cut = answered(of(is_too_long), &event).await;
        assert_eq!((cut["statusCode"].as_u64(), refused(&cut)), (Some(500), true));
    }
    // Base64 takes a third more.
    let binary = async |_: Request| vec![0xff_u8; 6_000_000];
    assert!(refused(&answered(binary, &FUNCTION_URL.parse().unwrap()).await));
}

#[tokio::test]
async fn what_cannot_be_read_as_http_is_answered_with_400() {
    for (field, value) in [
        ("body", json!("not base64")),
        ("headers", json!({ "no name": "x" })),
        ("headers", json!({ "x": "a\nb" })),
        ("cookies", json!(["a=\u{0}"])),
    ] {
        let mut event = Value::from_str(FUNCTION_URL).unwrap();
        event[field] = value;
        assert_eq!(answered(echo, &event).await["statusCode"], 400, "{field}");
    }
    let mut event = Value::from_str(FUNCTION_URL).unwrap();
    event["requestContext"]["http"]["method"] = json!("G T");
    assert_eq!(answered(echo, &event).await["statusCode"], 400);
}

#[tokio::test]
async fn events_of_no_http_front_are_errors() {
    let schedule = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
    for event in [schedule, json!({}), json!({ "requestContext": {} }), json!({ "httpMethod": "GET" })] {
        let event: Event = serde_json::from_value(event).unwrap();
        assert_eq!(handle(router(echo), event).await.unwrap_err(), NotHttp);
    }
}

#[test]
fn a_sweep_looks_ahead_for_a_minute_unless_lambda_ends_it_before() {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let after = |deadline: u64| look_ahead(now, deadline).duration_since(now).as_secs();
    let ms = 1_800_000_000_000;
    assert_eq!(after(ms + 900_000), 60);
    assert_eq!(after(ms + 70_000), 60);
    assert_eq!(after(ms + 30_000), 20);
    assert_eq!(after(ms + 3_000), 0);
    assert_eq!(after(0), 60);
    assert_eq!(after(u64::MAX), 60);
}

proptest! {
    #[test]
    fn whatever_a_path_or_query_holds_nothing_panics_and_the_path_stays_one(
        path in "(/[ -~é\u{7f}]{0,12}){0,3}", query in "[ -~é]{0,30}", host in "[ -~]{0,12}",
    ) {
        let mut event = Value::from_str(FUNCTION_URL).unwrap();
        (event["rawPath"], event["rawQueryString"]) = (json!(path), json!(query));
        event["headers"]["host"] = json!(host);
        let target = seen_by_runtime(&event)["target"].as_str().unwrap().to_owned();
        prop_assert!(target.starts_with('/'));
        prop_assert_eq!(target.split('?').count() > 1, !query.is_empty());
        prop_assert_eq!(target.split('?').next().unwrap().matches('/').count(), path.matches('/').count().max(1));
    }
}

fn seen_by_runtime(event: &Value) -> Value {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(seen(event))
}

/// What the router is given.
async fn seen(event: &Value) -> Value {
    let answer = answered(echo, event).await;
    answer["body"].as_str().unwrap().parse().unwrap()
}

async fn answered<H, T>(handler: H, event: &Value) -> Value
where
    H: axum::handler::Handler<T, ()>,
    T: 'static,
{
    let event = serde_json::from_value(event.clone()).unwrap();
    serde_json::to_value(handle(router(handler), event).await.unwrap()).unwrap()
}

fn router<T: 'static>(handler: impl axum::handler::Handler<T, ()>) -> Router {
    Router::new().fallback(handler)
}

/// The request as JSON, with the caller's address without and with one trusted proxy.
async fn echo(request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap();
    let mut headers = json!({});
    for name in head.headers.keys() {
        let values = head.headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
        headers[name.as_str()] = values.collect();
    }
    let address =
        |trusted| client_address(trusted, &head.headers, &head.extensions).map(|address| address.to_string());
    assert_eq!(address(0), head.extensions.get().map(|ClientPeer(peer)| peer.to_string()));
    let seen = json!({
        "method": head.method.as_str(), "target": head.uri.to_string(), "headers": headers,
        "body": String::from_utf8_lossy(&body), "addresses": [address(0), address(1)],
    });
    seen.to_string().into_response()
}
