use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;

use super::{Fields, claims};
use crate::app::App;
use crate::reply::Reply;

/// The token endpoint of App Service for the managed identity of the application.
pub(super) async fn token(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Reply {
    let identity = &app.directory.identity;
    let header = headers.get("x-identity-header").and_then(|value| value.to_str().ok());
    if header != Some(identity.client_secret.as_str()) {
        return refusal(StatusCode::UNAUTHORIZED, "The X-IDENTITY-HEADER is missing or wrong.");
    }
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    if fields.get("api-version") != Some("2019-08-01") {
        return refusal(StatusCode::BAD_REQUEST, "The api-version must be 2019-08-01.");
    }
    if fields.get("client_id").is_some_and(|id| !id.eq_ignore_ascii_case(&identity.client_id)) {
        return refusal(StatusCode::BAD_REQUEST, "No managed identity with this client_id is assigned.");
    }
    let resource = fields.get("resource").unwrap_or_default();
    let Some(audience) = claims::known_resource(&app, resource) else {
        return refusal(StatusCode::BAD_REQUEST, "The resource is missing or not known in the tenant.");
    };
    let claims = claims::for_app(&app, identity, &audience);
    match app.keys.sign(&claims) {
        Ok(token) => Reply::ok(json!({
            "access_token": token, "expires_on": claims["exp"].to_string(), "resource": resource,
            "token_type": "Bearer", "client_id": identity.client_id,
        })),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn refusal(status: StatusCode, message: &str) -> Reply {
    Reply::json(status, json!({"statusCode": status.as_u16(), "message": message}))
}
