use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::authorize::{redirect, registered};
use super::failure::Failure;
use super::{Fields, page};
use crate::app::App;

/// Ends the session at the sign-in service: there is none to end, so only the redirect is left.
pub(super) async fn leave(State(_): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let Some(uri) = fields.get("post_logout_redirect_uri") else { return page::signed_out() };
    let Some(mut target) = registered(uri, None) else {
        let message = format!("The post_logout_redirect_uri '{uri}' is not registered.");
        return page::failure(&Failure::invalid_request(50_011, message));
    };
    if let Some(state) = fields.get("state") {
        target.query_pairs_mut().append_pair("state", state);
    }
    redirect(&target)
}
