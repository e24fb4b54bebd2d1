//! The one router: the local server, the Azure Functions custom handler and AWS Lambda all serve it.

mod assets;
mod challenge;
mod count;
mod headers;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    middleware,
};
use http::Uri;
use tower::ServiceExt;

use crate::{app::App, arm, azure_functions, error::ApiError, operations};

/// The largest body that is read: 500 openings with a hundred sources each fit in it.
const LARGEST_BODY: usize = 2 * 1024 * 1024;

pub fn router(app: App) -> Router {
    let routes = routes(app);
    // Before any route is looked for, since ARM ignores the case of paths.
    let in_arms_case = |mut request: axum::extract::Request| {
        if let Some(uri) = arm::canonical(request.uri()) {
            *request.uri_mut() = uri;
        }
        request
    };
    Router::new().fallback_service(routes.map_request(in_arms_case))
}

fn routes(app: App) -> Router {
    let assets = assets::service(app.assets.as_deref());
    let host = if app.azure_functions { azure_functions::routes() } else { Router::new() };
    operations::routes()
        .route("/api/{*rest}", axum::routing::any(no_such_operation))
        .route("/auth/{*rest}", axum::routing::any(no_such_operation))
        .merge(arm::routes(&app))
        .merge(host)
        .fallback_service(assets)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(app.clone(), close_what_is_due))
        .layer(middleware::from_fn_with_state(app.clone(), challenge::challenge))
        .layer(middleware::from_fn_with_state(app.clone(), headers::secure))
        .layer(middleware::from_fn_with_state(app.clone(), count::count))
        .layer(tower_http::trace::TraceLayer::new_for_http().make_span_with(headers::span))
        .with_state(app)
}

async fn no_such_operation(uri: Uri) -> ApiError {
    ApiError::not_found(format!("an operation at {}", uri.path()))
}

async fn no_such_method(method: http::Method, uri: Uri) -> ApiError {
    ApiError::method_not_allowed(format!("{} does not take {method}", uri.path()))
}

/// Another chance to close: each call looks, cheaply, whether something is due that nobody has worked on.
async fn close_what_is_due(
    State(app): State<App>,
    request: axum::extract::Request,
    next: middleware::Next,
) -> axum::response::Response {
    let is_ours = ["/api/", "/subscriptions/"].iter().any(|start| request.uri().path().starts_with(start));
    if is_ours && app.background {
        let engine = std::sync::Arc::clone(&app.engine);
        app.work.spawn(async move {
            if let Err(error) = crate::sweep::work_off_due(&engine).await {
                tracing::warn!(%error, "what is due is left to the sweep");
            }
        });
    }
    next.run(request).await
}
