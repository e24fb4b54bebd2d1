//! Entra ID of one tenant, and the managed-identity endpoint that App Service offers to its applications.

mod authorize;
mod claims;
mod discovery;
mod failure;
mod logout;
mod msi;
mod page;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use url::form_urlencoded;

use crate::app::App;
use crate::directory::TENANT;
use crate::faults::{Dropped, Met, meet};
pub(crate) use authorize::Codes;
use failure::Failure;

pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let tenant = Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery::configuration))
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::ask).post(authorize::choose))
        .route("/{tenant}/oauth2/v2.0/token", post(token::issue))
        .route("/{tenant}/oauth2/v2.0/logout", get(logout::leave))
        .route_layer(from_fn_with_state(app.clone(), require_tenant));
    Router::new()
        .route("/metadata/endpoints", get(discovery::endpoints))
        .route("/msi/token", get(msi::token))
        .merge(tenant)
        .route_layer(from_fn_with_state(app.clone(), with_faults))
        .route("/assets/sign-in.css", get(page::stylesheet))
}

async fn require_tenant(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let asked = request.uri().path().split('/').nth(1).unwrap_or_default();
    if asked.eq_ignore_ascii_case(TENANT) {
        return next.run(request).await;
    }
    let message = format!("Tenant '{asked}' not found. Check to make sure you have the correct tenant ID.");
    Failure::new(StatusCode::BAD_REQUEST, "invalid_tenant", 90_002, message).reply(&app).into_response()
}

async fn with_faults(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match meet(&app, request.method(), request.uri().path()).await {
        Met::Nothing | Met::FailLate => next.run(request).await,
        Met::Answer(reply) => reply.into_response(),
        Met::DropBefore => Dropped::response(),
        Met::DropAfter => {
            next.run(request).await;
            Dropped::response()
        }
    }
}

/// The fields of a query or of a form.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value of a field that is there and not empty.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn require(&self, name: &str) -> Result<&str, Failure> {
        self.get(name).ok_or_else(|| {
            let message = format!("The request body must contain the following parameter: '{name}'.");
            Failure::new(StatusCode::BAD_REQUEST, "invalid_request", 900_144, message)
        })
    }
}
