use axum::{body::Body, response::IntoResponse};
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::error::tests::answered;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Form {
    port: u16,
    openings: Option<Vec<Opening>>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Opening {
    source: String,
}

#[tokio::test]
async fn accepts_json_under_each_name_it_goes_by() {
    for kind in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
        assert_eq!(read(kind, r#"{"port":22}"#).await.unwrap(), Form { port: 22, openings: None }, "{kind}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_rejected_with_the_field() {
    for (body, field) in [
        (r#"{"port":70000}"#, "port"),
        (r#"{"port":"ssh"}"#, "port"),
        ("{}", "port"),
        (r#"{"port":22,"prot":1}"#, "prot"),
        (r#"{"port":22,"port":23}"#, "port"),
        (r#"{"port":22,"openings":[{"source":"x"},{}]}"#, "openings[1].source"),
        (r#"{"port":22,"openings":[{"source":7}]}"#, "openings[0].source"),
        ("", "body"),
        ("[", "body"),
        (r#"{"port":22} and more"#, "body"),
        ("\u{feff}{}", "body"),
    ] {
        let (status, told) = answered(read("application/json", body).await.unwrap_err()).await;
        assert_eq!(
            (status.as_u16(), &told["code"], &told["target"]),
            (400, &"rejected".into(), &field.into())
        );
        let message = told["message"].as_str().unwrap();
        assert!(message.starts_with(field) && !message.contains(" at line "), "{body}: {message}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_called_json_is_not_read() {
    for kind in ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json"] {
        let (status, told) = answered(read(kind, r#"{"port":22}"#).await.unwrap_err()).await;
        assert_eq!((status.as_u16(), &told["code"]), (415, &"unsupported_media_type".into()), "{kind}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_as_such() {
    let body = format!(r#"{{"port":22{}}}"#, " ".repeat(3 * 1024 * 1024));
    let (status, told) = answered(read("application/json", &body).await.unwrap_err()).await;
    assert_eq!((status.as_u16(), &told["code"]), (413, &"too_large".into()));
}

#[tokio::test]
async fn a_query_that_does_not_fit_is_rejected_with_the_field() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        #[expect(dead_code, reason = "only parsed")]
        port: u16,
    }
    for (query, field) in
        [("port=ssh", "port"), ("", "port"), ("port=22&x=1", "x"), ("port=22&port=23", "port")]
    {
        let mut parts = http::Request::get(format!("/x?{query}")).body(()).unwrap().into_parts().0;
        let refused = Query::<Page>::from_request_parts(&mut parts, &()).await.unwrap_err();
        let (status, told) = answered(refused).await;
        assert_eq!((status.as_u16(), &told["target"]), (400, &Value::from(field)), "{query}: {told}");
    }
    let mut parts = http::Request::get("/x?port=22").body(()).unwrap().into_parts().0;
    assert!(Query::<Page>::from_request_parts(&mut parts, &()).await.is_ok());
}

async fn read(kind: &str, body: &str) -> Result<Form, axum::response::Response> {
    let request = Request::post("/").header("content-type", kind).body(Body::from(body.to_owned())).unwrap();
    match Json::<Form>::from_request(request, &()).await {
        Ok(Json(form)) => Ok(form),
        Err(error) => Err(error.into_response()),
    }
}
