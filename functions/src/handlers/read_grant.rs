//! `GET /api/grants/{id}`: a grant and how far it is.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Path, State},
};
use shared::{api::GrantView, grant::GrantId, vm::VmId};

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

/// A grant that the caller may see: an own one, or one with a VM that the caller may see.
pub(super) async fn find(app: &App, id: &str, principal: &Principal) -> Result<HeldGrant, ApiError> {
    let missing = || ApiError::not_found(format!("grant {id}"));
    let parsed: GrantId = id.parse().map_err(|error| ApiError::rejected("grant", error))?;
    let held = app.store().grant(parsed).await?.ok_or_else(missing)?;
    let is_own = held.grant.requester.id == principal.requester.id;
    if is_own || sees_some(app, &held, principal).await? { Ok(held) } else { Err(missing()) }
}

async fn sees_some(app: &App, held: &HeldGrant, principal: &Principal) -> Result<bool, ApiError> {
    let vms: BTreeSet<&VmId> = held.leases.iter().map(|held| &held.lease.vm).collect();
    for vm in vms {
        match seen(app, vm, principal).await {
            Ok(_) => return Ok(true),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
