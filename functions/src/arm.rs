//! Azure's own API for just-in-time access, so that what was made for Azure's works with Postern: the paths of
//! `Microsoft.Security` `jitNetworkAccessPolicies`, and what its clients ask around them.
//!
//! One operation a file. Azure's spellings stay in [`wire`], its words of refusal in [`error`], who may do what in
//! [`access`].

mod access;
mod batch;
mod call;
mod delete_policy;
mod error;
mod etag;
mod get_policy;
mod headers;
mod initiate;
mod list_policies;
mod list_subscriptions;
mod list_tenants;
mod path;
mod put_policy;
mod view;
mod wire;

use axum::{
    Router,
    extract::OriginalUri,
    middleware,
    routing::{get, post},
};
use http::Method;

use self::{
    batch::batch, delete_policy::delete_policy, error::ArmError, get_policy::get_policy, initiate::initiate,
    list_policies::list_policies, list_subscriptions::list_subscriptions, list_tenants::list_tenants,
    put_policy::put_policy,
};
use crate::{app::App, error::ApiError};

pub(crate) use self::path::canonical;

/// Below `/subscriptions`.
const LISTS: [&str; 4] = [
    "/{subscription}/providers/Microsoft.Security/jitNetworkAccessPolicies",
    "/{subscription}/providers/Microsoft.Security/locations/{location}/jitNetworkAccessPolicies",
    "/{subscription}/resourceGroups/{group}/providers/Microsoft.Security/jitNetworkAccessPolicies",
    "/{subscription}/resourceGroups/{group}/providers/Microsoft.Security/locations/{location}/\
     jitNetworkAccessPolicies",
];
const POLICY: &str = "/{subscription}/resourceGroups/{group}/providers/Microsoft.Security/locations/{location}/\
                      jitNetworkAccessPolicies/{name}";
const INITIATE: &str = "/{subscription}/resourceGroups/{group}/providers/Microsoft.Security/locations/{location}/\
                        jitNetworkAccessPolicies/{name}/initiate";

/// Paths as [`canonical`] has them.
pub(crate) fn routes(app: &App) -> Router<App> {
    let lists = LISTS.into_iter().fold(Router::new(), |router, list| router.route(list, get(list_policies)));
    let of_subscriptions = lists
        .route("/", get(list_subscriptions))
        .route(POLICY, get(get_policy).put(put_policy).delete(delete_policy))
        .route(INITIATE, post(initiate))
        .fallback(no_such_operation)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(app.clone(), headers::identified));
    let besides = Router::new()
        .route("/tenants", get(list_tenants))
        .route("/batch", post(batch))
        .method_not_allowed_fallback(no_such_method)
        .route_layer(middleware::from_fn_with_state(app.clone(), headers::identified));
    Router::new().nest("/subscriptions", of_subscriptions).merge(besides)
}

async fn no_such_operation(OriginalUri(uri): OriginalUri) -> ArmError {
    ArmError::from(ApiError::not_found(format!("an operation at {}", uri.path())))
}

async fn no_such_method(method: Method, OriginalUri(uri): OriginalUri) -> ArmError {
    ArmError::from(ApiError::method_not_allowed(format!("{} does not take {method}", uri.path())))
}
