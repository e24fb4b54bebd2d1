//! `DELETE /api/vms/…/policy`: removes JIT from a VM. What is open by a lease is closed first.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use shared::{api::RemovedPolicy, audit::Event};

use super::{policy_checks::may_not_remove, revoke_grant::end_lease, vm_path::SeenVm};
use crate::{app::App, error::ApiError};

pub(crate) async fn remove_policy(
    State(app): State<App>,
    seen: SeenVm,
) -> Result<Json<RemovedPolicy>, ApiError> {
    let SeenVm { vm, rights, principal } = seen;
    if !rights.remove {
        return Err(ApiError::forbidden(may_not_remove(&vm)));
    }
    for held in app.store().unclosed_of_vm(&vm).await? {
        end_lease(&app, &held, &[]).await?;
    }
    let actor = Some(&principal.requester);
    let record = app.engine.record(Some(&vm), vm.subscription(), actor, Event::PolicyRemoved);
    if !app.store().remove_policy(&vm, &[record]).await? {
        return Err(ApiError::not_found(format!("a policy for {}", vm.name())));
    }
    app.engine.settle(&BTreeSet::from([vm.clone()])).await?;
    Ok(Json(RemovedPolicy { vm }))
}
