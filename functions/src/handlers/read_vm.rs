//! `GET /api/vms/{subscription}/{resource group}/{name}`: what is true of one VM now.

use axum::{Json, extract::State};
use shared::api::VmDetail;

use super::{view::detail, vm_path::SeenVm};
use crate::{app::App, error::ApiError};

pub(crate) async fn read_vm(State(app): State<App>, seen: SeenVm) -> Result<Json<VmDetail>, ApiError> {
    let SeenVm { vm, rights, principal } = seen;
    detail(&app, &vm, rights, &principal.requester).await.map(Json)
}
