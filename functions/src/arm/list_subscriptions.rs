//! `GET /subscriptions`: those that Postern looks after and the caller has a role in.

use axum::{Json, extract::State};
use serde::Serialize;

use super::{access::Access, call::ArmCall, error::ArmError};
use crate::app::App;

#[derive(Debug, Serialize)]
pub(super) struct SubscriptionList {
    value: Vec<SubscriptionView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionView {
    id: String,
    subscription_id: String,
    tenant_id: String,
    display_name: String,
    state: &'static str,
    authorization_source: &'static str,
}

pub(super) async fn list_subscriptions(
    State(app): State<App>,
    ArmCall { principal }: ArmCall,
) -> Result<Json<SubscriptionList>, ArmError> {
    let mut value = Vec::new();
    for subscription in &app.subscriptions {
        if !Access::of(&app, *subscription, &principal).await?.is_known() {
            continue;
        }
        let name = app.store().inventory_head(*subscription).await?.map(|(name, _)| name);
        value.push(SubscriptionView {
            id: format!("/subscriptions/{subscription}"),
            subscription_id: subscription.to_string(),
            tenant_id: app.auth.tenant.clone(),
            display_name: name.unwrap_or_else(|| subscription.to_string()),
            state: "Enabled",
            authorization_source: "RoleBased",
        });
    }
    Ok(Json(SubscriptionList { value }))
}
