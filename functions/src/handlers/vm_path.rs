use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use shared::{rbac::VmRights, vm::VmId};

use crate::{app::App, caller::Principal, error::ApiError};

/// The VM that a path names, with what the caller may do to it. Without a right to read it, it does not exist.
pub(crate) struct SeenVm {
    pub(super) vm: VmId,
    pub(super) rights: VmRights,
    pub(super) principal: Principal,
}

impl FromRequestParts<App> for SeenVm {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let principal = Principal::from_request_parts(parts, app).await?;
        let Path((subscription, group, name)) =
            Path::<(String, String, String)>::from_request_parts(parts, app)
                .await
                .map_err(|error| ApiError::rejected("path", error.body_text()))?;
        let subscription = subscription.parse().map_err(|error| ApiError::rejected("subscription", error))?;
        let vm = VmId::new(subscription, &group, &name).map_err(|error| ApiError::rejected("vm", error))?;
        let rights = seen(app, &vm, &principal).await?;
        Ok(Self { vm, rights, principal })
    }
}

/// What the caller may do to a VM that the caller may see.
pub(super) async fn seen(app: &App, vm: &VmId, principal: &Principal) -> Result<VmRights, ApiError> {
    let missing = || ApiError::not_found(format!("virtual machine {vm}"));
    if !app.serves(vm.subscription()) {
        return Err(missing());
    }
    let rights = app.rights.on_vm(vm, &principal.requester.id).await?;
    if rights.read { Ok(rights) } else { Err(missing()) }
}
