//! The one router: the local server, the Azure Functions custom handler and AWS Lambda all serve it.

mod assets;
mod challenge;
mod count;
mod headers;

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware,
    response::Response,
};
use futures::future::BoxFuture;
use http::Uri;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::{app::App, arm, azure_functions, error::ApiError, operations};

/// The largest body that is read: 500 openings with a hundred sources each fit in it.
const LARGEST_BODY: usize = 2 * 1024 * 1024;

pub fn router(app: App) -> Router {
    let around = ServiceBuilder::new()
        // Before any route is looked for, since ARM ignores the case of paths.
        .map_request(in_arms_case)
        .layer(tower_http::trace::TraceLayer::new_for_http().make_span_with(headers::span))
        .layer(middleware::from_fn_with_state(app.clone(), headers::secure))
        .layer(middleware::from_fn_with_state(app.clone(), challenge::challenge))
        .layer(middleware::from_fn_with_state(app.clone(), close_what_is_due))
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    // Around all of them at once: a router would put each layer around each route, which a cold start waits for.
    Router::new().fallback_service(around.service(routes(app)))
}

fn in_arms_case(mut request: Request) -> Request {
    if let Some(uri) = arm::canonical(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// Every answer of a route, and of what is none, is counted once.
fn routes(app: App) -> Router {
    let count = middleware::from_fn_with_state(app.clone(), count::count);
    let host = if app.azure_functions { azure_functions::routes() } else { Router::new() };
    operations::routes()
        .route("/api/{*rest}", axum::routing::any(no_such_operation))
        .route("/auth/{*rest}", axum::routing::any(no_such_operation))
        .merge(host)
        .method_not_allowed_fallback(no_such_method)
        .route_layer(count)
        .fallback_service(service_fn(beside(&app)))
        .with_state(app)
}

/// What is not Postern's own API: Azure's, and the portal. Its routes are put together when they are first asked for.
fn beside(app: &App) -> impl Fn(Request) -> BoxFuture<'static, Result<Response, Infallible>> + Clone + use<> {
    let (app, made) = (app.clone(), Arc::new(OnceLock::<Router>::new()));
    move |request| {
        let router = made.get_or_init(|| {
            arm::routes(&app)
                .fallback_service(assets::service(app.assets.as_deref()))
                .method_not_allowed_fallback(no_such_method)
                .layer(middleware::from_fn_with_state(app.clone(), count::count))
                .with_state(app.clone())
        });
        Box::pin(router.clone().oneshot(request))
    }
}

async fn no_such_operation(uri: Uri) -> ApiError {
    ApiError::not_found(format!("an operation at {}", uri.path()))
}

async fn no_such_method(method: http::Method, uri: Uri) -> ApiError {
    ApiError::method_not_allowed(format!("{} does not take {method}", uri.path()))
}

/// Another chance to close: each call looks, cheaply, whether something is due that nobody has worked on.
async fn close_what_is_due(State(app): State<App>, request: Request, next: middleware::Next) -> Response {
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
