use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as Received;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use azure_sim::Front;
use serde_json::json;

use super::support::Azure;

/// Says what it received.
async fn echo(request: Received) -> Response {
    let (parts, body) = request.into_parts();
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let seen = json!({
        "method": parts.method.as_str(), "uri": parts.uri.to_string(),
        "forwarded_for": header("x-forwarded-for"), "proto": header("x-forwarded-proto"),
        "forwarded_host": header("x-forwarded-host"), "host": header("host"),
    });
    (StatusCode::IM_A_TEAPOT, [("x-seen", seen.to_string())], body).into_response()
}

async fn service() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, Router::new().fallback(echo)).await });
    url
}

async fn front(upstream: String) -> Azure {
    let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
    Azure::start_with(|options| options.front = Some(Front { listen, upstream })).await
}

#[tokio::test]
async fn forwards_everything_and_says_where_the_client_is() {
    let azure = front(service().await).await;
    let front = azure.sim.front_url().unwrap().to_owned();
    let request = Request::post(format!("{front}/a/b?c=d%20e")).body(Body::from("the body")).unwrap();
    let answer = azure.http.send(request).await;
    let seen: serde_json::Value = serde_json::from_str(answer.header("x-seen")).unwrap();
    assert_eq!((answer.status, answer.text.as_str()), (418, "the body"));
    let host = front.trim_start_matches("http://");
    let expected = json!({
        "method": "POST", "uri": "/a/b?c=d%20e", "forwarded_for": "203.0.113.7", "proto": "http",
        "forwarded_host": host, "host": host,
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn appends_to_what_the_client_claims() {
    let azure = front(service().await).await;
    assert_eq!(azure.control("PUT", "/client", json!({"address": "198.51.100.4"})).await.status, 200);
    let request =
        Request::get(azure.sim.front_url().unwrap()).header("x-forwarded-for", "10.9.9.9, 10.8.8.8");
    let answer = azure.http.send(request.body(Body::empty()).unwrap()).await;
    let seen: serde_json::Value = serde_json::from_str(answer.header("x-seen")).unwrap();
    assert_eq!(seen["forwarded_for"], "10.9.9.9, 10.8.8.8, 198.51.100.4");
}

#[tokio::test]
async fn takes_only_an_address_as_the_clients() {
    let azure = Azure::start().await;
    assert_eq!(azure.control("PUT", "/client", json!({"address": "here\r\nx: y"})).await.status, 400);
}

#[tokio::test]
async fn says_that_the_service_is_not_running() {
    let azure = front("http://127.0.0.1:1".to_owned()).await;
    let answer =
        azure.http.send(Request::get(azure.sim.front_url().unwrap()).body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.text.trim()), (502, "the functions are not running yet"));
}

#[tokio::test]
async fn rejects_an_upstream_that_is_no_address() {
    let mut options = azure_sim::Options::for_tests();
    options.front = Some(Front { listen: options.listen, upstream: "ftp://x".to_owned() });
    let error = azure_sim::start(options).await.unwrap_err().to_string();
    assert!(error.contains("ftp://x") && error.contains("correct it"), "{error}");
}
