//! `GET /api/grants/{id}`: a grant and how far it is.

use axum::{
    Json,
    extract::{Path, State},
};
use shared::{api::GrantView, grant::GrantId};

use super::{view::grant_view, vm_path::seen};
use crate::{app::App, caller::Principal, error::ApiError, store::HeldGrant};

pub(crate) async fn read_grant(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<GrantView>, ApiError> {
    let held = find(&app, &id, &principal).await?;
    Ok(Json(grant_view(&app, &held, &principal.requester).await?))
}

/// A grant that the caller may see: an own one, or one of a VM that the caller may see.
pub(super) async fn find(app: &App, id: &str, principal: &Principal) -> Result<HeldGrant, ApiError> {
    let missing = || ApiError::not_found(format!("grant {id}"));
    let parsed: GrantId = id.parse().map_err(|error| ApiError::rejected("grant", error))?;
    let held = app.store().grant(parsed).await?.ok_or_else(missing)?;
    if held.grant.requester.id != principal.requester.id {
        let vm = held.leases.first().map(|held| held.lease.vm.clone()).ok_or_else(missing)?;
        seen(app, &vm, principal)
            .await
            .map_err(|error| if error.is_not_found() { missing() } else { error })?;
    }
    Ok(held)
}
