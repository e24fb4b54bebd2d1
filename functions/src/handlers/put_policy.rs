//! `PUT /api/vms/…/policy`: enables JIT on a VM, or changes its port rules. Answers when the guards were read back.

use std::collections::BTreeSet;

use axum::extract::State;
use shared::{
    api::{PutPolicy, VmDetail},
    audit::Event,
    inventory::Machine,
    policy::ProtectedVm,
    vm::VmId,
};

use super::{view::detail, vm_path::SeenVm};
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
        return Err(ApiError::forbidden(format!(
            "your Azure roles do not let you configure JIT on {}",
            vm.name()
        )));
    }
    let machine = supported(&app, &vm).await?;
    let PutPolicy { ports, justification, precedence } = body;
    let policy = ProtectedVm { vm: machine.vm.clone(), ports, justification, precedence };
    let obstacles =
        app.engine.obstacles(std::slice::from_ref(&machine), std::slice::from_ref(&policy), &[]).await?;
    if let Some((nsg, obstacle)) = obstacles.iter().find(|(_, obstacle)| obstacle.grant.is_none()) {
        let message =
            format!("no guard can be written to {}: {}; nothing was changed", nsg.name(), obstacle.reason);
        return Err(ApiError::conflict("obstructed", message));
    }
    let event = Event::PolicyPut { ports: policy.ports.iter().cloned().collect() };
    let record = app.engine.record(Some(&vm), vm.subscription(), Some(&principal.requester), event);
    app.store().put_policy(&policy, &[record]).await?;
    app.engine.settle(&BTreeSet::from([vm.clone()])).await?;
    detail(&app, &vm, rights, &principal.requester).await.map(axum::Json)
}

async fn supported(app: &App, vm: &VmId) -> Result<Machine, ApiError> {
    let Some(machine) = look_up(&app.engine, vm).await? else {
        return Err(ApiError::not_found(format!("virtual machine {vm}")));
    };
    match machine.unsupported().first() {
        None => Ok(machine),
        Some(reason) => {
            let message =
                format!("{} cannot be protected: {}. {}", vm.name(), reason.reason(), reason.remedy());
            Err(ApiError::conflict("vm_unsupported", message))
        }
    }
}
