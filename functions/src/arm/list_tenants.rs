//! `GET /tenants`: the one that Postern belongs to.

use axum::{Json, extract::State};
use serde::Serialize;

use super::{call::ArmCall, error::ArmError};
use crate::app::App;

#[derive(Debug, Serialize)]
pub(super) struct TenantList {
    value: [TenantView; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TenantView {
    id: String,
    tenant_id: String,
    tenant_category: &'static str,
}

pub(super) async fn list_tenants(
    State(app): State<App>,
    ArmCall { .. }: ArmCall,
) -> Result<Json<TenantList>, ArmError> {
    let tenant_id = app.auth.tenant.clone();
    let id = format!("/tenants/{tenant_id}");
    Ok(Json(TenantList { value: [TenantView { id, tenant_id, tenant_category: "Home" }] }))
}
