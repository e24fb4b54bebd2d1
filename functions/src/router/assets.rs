//! The portal's files: hashed names are kept for ever, the shell is asked for anew each time.

use std::{convert::Infallible, path::Path};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header::CACHE_CONTROL};
use tower::{Service, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_http::services::{ServeDir, ServeFile};

use crate::error::ApiError;

/// Serves `folder`; every path that is not a file is the portal's own and gets its shell.
pub(super) fn service(folder: Option<&Path>) -> BoxCloneSyncService<Request, Response, Infallible> {
    let Some(folder) = folder else {
        return BoxCloneSyncService::new(service_fn(|request: Request| async move {
            Ok(ApiError::not_found(format!("a page at {}", request.uri().path())).into_response())
        }));
    };
    let shell = ServeFile::new(folder.join("index.html")).precompressed_br();
    let files =
        ServeDir::new(folder).precompressed_br().append_index_html_on_directories(true).fallback(shell);
    BoxCloneSyncService::new(service_fn(move |request: Request| serve(files.clone(), request)))
}

async fn serve(
    files: impl Service<
        Request,
        Response = Response<tower_http::services::fs::ServeFileSystemResponseBody>,
        Error = Infallible,
    >,
    request: Request,
) -> Result<Response, Infallible> {
    let hashed = request.uri().path().starts_with("/assets/");
    let mut response = files.oneshot(request).await?.map(Body::new);
    let shell = response
        .headers()
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if hashed && shell {
        return Ok(ApiError::not_found("a file of that name").into_response());
    }
    let kept = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    Ok(response)
}
