//! Where to get a token, and for whom: said with each 401 in the manner of Azure's Resource Manager, whose clients look
//! there.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{
    HeaderValue, StatusCode,
    header::{HeaderMap, WWW_AUTHENTICATE},
};

use crate::{app::App, auth::Auth};

/// The one operation whose token is not the directory's.
const METRICS: &str = "/metrics";

pub(super) async fn challenge(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_metrics = request.uri().path() == METRICS;
    let mut response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED && !is_metrics {
        name_authority(response.headers_mut(), &app.auth);
    }
    response
}

fn name_authority(headers: &mut HeaderMap, auth: &Auth) {
    let Some(said) = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()) else { return };
    let parameters = said.strip_prefix("Bearer").unwrap_or_default().trim_start();
    let more = if parameters.is_empty() { String::new() } else { format!(", {parameters}") };
    let authority = auth.authority.as_str().trim_end_matches('/');
    let challenge = format!(
        "Bearer authorization_uri=\"{authority}/{}\", resource_id=\"{}\"{more}",
        auth.tenant, auth.audience
    );
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
}
