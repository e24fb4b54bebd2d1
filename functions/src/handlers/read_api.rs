//! `GET /api/openapi.json`, `/api/docs` and `/api/docs.css`: what this API is, for machines and for people.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

use crate::openapi;

pub(crate) async fn document() -> impl IntoResponse {
    axum::Json(openapi::document())
}

pub(crate) async fn page() -> impl IntoResponse {
    static PAGE: LazyLock<String> = LazyLock::new(openapi::page);
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], PAGE.as_str())
}

pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], openapi::STYLE)
}
