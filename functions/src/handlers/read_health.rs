//! `GET /healthz`: the process answers. `GET /readyz`: the store answers too, and the process is not about to end.

use axum::extract::State;

use crate::{app::App, error::ApiError};

pub(crate) async fn is_alive() -> &'static str {
    "ok"
}

pub(crate) async fn is_ready(State(app): State<App>) -> Result<&'static str, ApiError> {
    if app.work.is_stopping() {
        return Err(ApiError::stopping());
    }
    app.store().ping().await?;
    Ok("ready")
}
