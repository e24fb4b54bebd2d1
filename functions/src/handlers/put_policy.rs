//! `PUT /api/vms/…/policy`: enables JIT on a VM, or changes its port rules. Answers when the guards were read back.

use std::collections::BTreeSet;

use axum::extract::State;
use shared::{
    api::{PutPolicy, VmDetail},
    policy::{LiveSessions, ProtectedVm},
};

use super::{
    policy_checks::{cannot_cut_sessions, may_not_configure, obstructed, record, unsupported},
    view::detail,
    vm_path::SeenVm,
};
use crate::{
    app::App,
    error::{ApiError, Json},
    inventory::look_up,
};

pub(crate) async fn put_policy(
    State(app): State<App>,
    seen: SeenVm,
    Json(body): Json<PutPolicy>,
) -> Result<axum::Json<VmDetail>, ApiError> {
    let SeenVm { vm, rights, principal } = seen;
    if !rights.configure {
        return Err(ApiError::forbidden(may_not_configure(&vm)));
    }
    let machine = look_up(&app.engine, &vm).await?;
    let machine = machine.ok_or_else(|| ApiError::not_found(format!("virtual machine {vm}")))?;
    if let Some(message) = unsupported(&machine) {
        return Err(ApiError::conflict("vm_unsupported", message));
    }
    let PutPolicy { ports, justification, precedence, live_sessions } = body;
    let policy = ProtectedVm { vm: machine.vm.clone(), ports, justification, precedence, live_sessions };
    let preview =
        app.engine.preview(std::slice::from_ref(&machine), std::slice::from_ref(&policy), &[]).await?;
    if let Some((place, reason)) = preview.in_the_way(|grant| grant.is_none()).first() {
        return Err(ApiError::conflict("obstructed", obstructed(place, reason)));
    }
    if live_sessions != LiveSessions::Never {
        let unable = cannot_cut_sessions(&app, machine.nsgs()).await?;
        if let Some(message) = unable.into_values().next() {
            return Err(ApiError::conflict("sessions_cannot_be_cut", message));
        }
    }
    app.store().put_policy(&policy, &[record(&app, &policy, &principal)]).await?;
    app.engine.settle(&BTreeSet::from([vm.clone()])).await?;
    detail(&app, &vm, rights, &principal.requester).await.map(axum::Json)
}
