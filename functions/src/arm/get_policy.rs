//! `GET …/jitNetworkAccessPolicies/{name}`: one policy, as far as the caller may see its VMs.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use shared::policy_id::PolicyId;

use super::{access::Access, call::PolicyCall, error::ArmError, etag::etag, view::shown};
use crate::{app::App, store::NamedPolicy};

pub(super) async fn get_policy(State(app): State<App>, call: PolicyCall) -> Result<Response, ArmError> {
    let PolicyCall { principal, id } = call;
    let access = Access::of(&app, id.subscription(), &principal).await?;
    let policy = find(&app, &access, &id).await?;
    answer(&app, &access, policy).await
}

/// The whole policy, if the caller sees any VM of it.
pub(super) async fn find(app: &App, access: &Access, id: &PolicyId) -> Result<NamedPolicy, ArmError> {
    let policy = app.store().named_policy(id).await?;
    match policy.filter(|policy| policy.vms.iter().any(|one| access.sees(&one.vm))) {
        Some(policy) => Ok(policy),
        None => {
            access.may_look_for(id)?;
            Err(ArmError::policy_not_found(id))
        }
    }
}

/// The policy as it is now.
pub(super) async fn answer(app: &App, access: &Access, policy: NamedPolicy) -> Result<Response, ArmError> {
    let tag = etag(&policy)?;
    let seen = access.seen(policy);
    let mut shown = shown(app, seen.id.subscription(), std::slice::from_ref(&seen)).await?;
    let policy = shown.pop().ok_or_else(|| ArmError::policy_not_found(&seen.id))?;
    Ok((StatusCode::OK, [(header::ETAG, tag)], Json(policy)).into_response())
}
