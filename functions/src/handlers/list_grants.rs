//! `GET /api/grants`: the caller's own grants, newest first.

use axum::{Json, extract::State};
use shared::api::GrantList;

use super::view::grant_view;
use crate::{app::App, caller::Principal, error::ApiError};

const MOST: u32 = 100;

pub(crate) async fn list_grants(
    State(app): State<App>,
    principal: Principal,
) -> Result<Json<GrantList>, ApiError> {
    let mut grants = Vec::new();
    for held in app.store().grants_of(&principal.requester.id, MOST).await? {
        grants.push(grant_view(&app, &held, &principal.requester).await?);
    }
    Ok(Json(GrantList { grants, server_time: app.now() }))
}
