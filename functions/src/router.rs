//! The one router: the local server, the Azure Functions custom handler and AWS Lambda all serve it.

mod assets;
mod challenge;
mod count;
mod headers;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    middleware,
    routing::{get, post, put},
};
use http::Uri;
use shared::api::route;
use tower::ServiceExt;

use crate::{
    app::App,
    arm,
    auth::sign_in,
    error::ApiError,
    handlers::{
        create_grant::create_grant, export_activity::export_activity, list_activity::list_activity,
        list_grants::list_grants, list_places::list_places, list_vms::list_vms, move_grant::move_grant,
        preview_grant::preview_grant, preview_policies::preview_policies, put_policies::put_policies,
        put_policy::put_policy, read_endpoints::read_endpoints, read_grant::read_grant, read_health,
        read_health_report::read_health_report, read_metrics::read_metrics, read_policies::read_policies,
        read_rdp::read_rdp, read_session::read_session, read_vm::read_vm, remove_policies::remove_policies,
        remove_policy::remove_policy, revoke_grant::revoke_grant, run_sweep::run_sweep,
    },
};

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
    Router::new()
        .route(route::SESSION, get(read_session))
        .route(route::VMS, get(list_vms))
        .route(route::PLACES, get(list_places))
        .route("/api/vms/{subscription}/{group}/{name}", get(read_vm))
        .route("/api/vms/{subscription}/{group}/{name}/policy", put(put_policy).delete(remove_policy))
        .route("/api/vms/{subscription}/{group}/{name}/rdp", get(read_rdp))
        .route(route::POLICIES, put(put_policies).delete(remove_policies))
        .route(route::POLICIES_READ, post(read_policies))
        .route(route::POLICIES_PREVIEW, post(preview_policies))
        .route(route::GRANTS, get(list_grants).post(create_grant))
        .route(route::GRANT_PREVIEW, post(preview_grant))
        .route("/api/grants/{id}", get(read_grant))
        .route("/api/grants/{id}/revoke", post(revoke_grant))
        .route("/api/grants/{id}/move", post(move_grant))
        .route(route::ACTIVITY, get(list_activity))
        .route(route::ACTIVITY_CSV, get(export_activity))
        .route(route::HEALTH, get(read_health_report))
        .route(route::SWEEPS, post(run_sweep))
        .route(route::SIGN_IN, get(sign_in::start))
        .route(route::CALLBACK, get(sign_in::finish))
        .route(route::SIGN_OUT, post(sign_in::end))
        .route("/healthz", get(read_health::is_alive))
        .route("/readyz", get(read_health::is_ready))
        .route("/metrics", get(read_metrics))
        .route("/metadata/endpoints", get(read_endpoints))
        .route("/api/{*rest}", axum::routing::any(no_such_operation))
        .route("/auth/{*rest}", axum::routing::any(no_such_operation))
        .merge(arm::routes(&app))
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
        tokio::spawn(async move {
            if let Err(error) = crate::sweep::work_off_due(&engine).await {
                tracing::warn!(%error, "what is due is left to the sweep");
            }
        });
    }
    next.run(request).await
}
