//! `POST /api/grants/{id}/revoke`: closes a grant's openings now. A holder needs no right for it, so it works while
//! Azure does not answer; anybody else needs the right to configure every VM of the grant.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use shared::{
    audit::{Event, Record},
    grant::CloseReason,
    vm::VmId,
};

use super::{
    read_grant::find,
    respond::{Settled, settle},
    view::grant_view,
};
use crate::{app::App, caller::Principal, error::ApiError, store::HeldLease};

pub(crate) async fn revoke_grant(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let held = find(&app, &id, &principal).await?;
    let vms: BTreeSet<VmId> = held.leases.iter().map(|held| held.lease.vm.clone()).collect();
    if held.grant.requester.id != principal.requester.id {
        for vm in &vms {
            let rights = app.rights.on_vm(vm, &principal.requester.id).await?;
            if !rights.configure {
                let which = if rights.read { vm.name() } else { "all of its machines" };
                let message = format!("only its holder, or who may configure {which}, may close this");
                return Err(ApiError::forbidden(message));
            }
        }
    }
    let grant = held.grant.id;
    for lease in held.leases.iter().filter(|held| !held.lease.is_closed()) {
        let (vm, event) = (&lease.lease.vm, Event::RevokeAsked { grant });
        let record = app.engine.record(Some(vm), vm.subscription(), Some(&principal.requester), event);
        end_lease(&app, lease, &[record]).await?;
    }
    let status = match settle(&app, &headers, grant, vms).await? {
        Settled::Now => StatusCode::OK,
        Settled::Later => StatusCode::ACCEPTED,
    };
    let held = find(&app, &id, &principal).await?;
    Ok((status, Json(grant_view(&app, &held, &principal.requester).await?)).into_response())
}

/// Closes one lease now, in the store.
pub(crate) async fn end_lease(app: &App, held: &HeldLease, records: &[Record]) -> Result<(), ApiError> {
    if app.engine.end_lease(held, CloseReason::Revoked, records).await? {
        return Ok(());
    }
    Err(ApiError::conflict("busy", "the lease kept changing; it was not closed, try again"))
}
