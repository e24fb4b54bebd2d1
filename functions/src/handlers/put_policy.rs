//! `PUT /api/vms/…/policy`: enables JIT on a VM, or changes its port rules. Answers when the guards were read back.

use std::collections::BTreeSet;

use axum::extract::State;
use shared::{
    api::{PutPolicy, VmDetail},
    audit::{Event, PolicySettings},
    inventory::Machine,
    policy::{LiveSessions, ProtectedVm},
    vm::VmId,
};

use super::{view::detail, vm_path::SeenVm};
use crate::{
    app::App,
    enforce::Cut,
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
    let PutPolicy { ports, justification, precedence, live_sessions } = body;
    let policy = ProtectedVm { vm: machine.vm.clone(), ports, justification, precedence, live_sessions };
    let preview =
        app.engine.preview(std::slice::from_ref(&machine), std::slice::from_ref(&policy), &[]).await?;
    if let Some((place, reason)) = preview.in_the_way(|grant| grant.is_none()).first() {
        let message = format!("no guard can be written to {place}: {reason}; nothing was changed");
        return Err(ApiError::conflict("obstructed", message));
    }
    if live_sessions != LiveSessions::Never {
        can_cut_sessions(&app, &machine).await?;
    }
    let settings = Some(PolicySettings { justification, precedence, live_sessions });
    let event = Event::PolicyPut { ports: policy.ports.iter().cloned().collect(), settings };
    let record = app.engine.record(Some(&vm), vm.subscription(), Some(&principal.requester), event);
    app.store().put_policy(&policy, &[record]).await?;
    app.engine.settle(&BTreeSet::from([vm.clone()])).await?;
    detail(&app, &vm, rights, &principal.requester).await.map(axum::Json)
}

/// Finds out by doing it: what is established and not let in now is cut, which the policy wants anyway.
async fn can_cut_sessions(app: &App, machine: &Machine) -> Result<(), ApiError> {
    for nsg in machine.nsgs() {
        match app.engine.cut_sessions(nsg).await? {
            Cut::Done { .. } => {}
            Cut::Refused { reason } => {
                let message = format!(
                    "live_sessions: {} cannot cut established sessions ({reason}); choose never",
                    nsg.name()
                );
                return Err(ApiError::conflict("sessions_cannot_be_cut", message));
            }
            Cut::Failed { reason } => return Err(ApiError::unavailable(reason)),
        }
    }
    Ok(())
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
