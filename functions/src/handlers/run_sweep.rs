//! `POST /api/sweeps`: one look at everything, for an external cron beside the timer.

use axum::{Json, extract::State};
use shared::rbac::action;

use crate::{
    app::App,
    caller::Principal,
    error::ApiError,
    sweep::{self, SweepReport},
};

pub(crate) async fn run_sweep(
    State(app): State<App>,
    principal: Principal,
) -> Result<Json<SweepReport>, ApiError> {
    for subscription in &app.subscriptions {
        let rights = app.rights.of(*subscription, &principal.requester.id).await?;
        if !rights.may(action::WRITE_POLICY, &format!("/subscriptions/{subscription}")) {
            return Err(ApiError::forbidden(format!(
                "your Azure roles do not let you configure JIT in {subscription}"
            )));
        }
    }
    let report = sweep::run(&app.engine, &app.subscriptions, app.now()).await?;
    Ok(Json(report))
}
