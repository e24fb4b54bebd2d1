use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::parse;
use crate::app::App;
use crate::fleet::restrict_operator;
use crate::reply::Reply;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    actions: Vec<String>,
}

/// From now on the service's own identity may do this and nothing else.
pub(super) async fn restrict(State(app): State<Arc<App>>, body: Bytes) -> Result<Reply, Reply> {
    let allowed: Allowed = parse(&body)?;
    restrict_operator(&mut app.core().world, &allowed.actions);
    app.changed.notify_one();
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
