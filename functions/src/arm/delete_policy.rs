//! `DELETE …/jitNetworkAccessPolicies/{name}`: the policy goes with the guards of its VMs. What is open by a lease is
//! closed first.

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use shared::rbac::Right;

use super::{access::Access, call::PolicyCall, error::ArmError, etag::is_as_wanted, put_policy::replace};
use crate::app::App;

pub(super) async fn delete_policy(
    State(app): State<App>,
    call: PolicyCall,
    headers: HeaderMap,
) -> Result<StatusCode, ArmError> {
    let PolicyCall { principal, id } = call;
    let access = Access::of(&app, id.subscription(), &principal).await?;
    let policy = app.store().named_policy(&id).await?;
    let Some(policy) = policy else {
        access.may_remove(&id)?;
        is_as_wanted(&headers, None)?;
        return Ok(StatusCode::NO_CONTENT);
    };
    access.may_all(Right::Remove, &id, policy.vms.iter().map(|one| &one.vm))?;
    is_as_wanted(&headers, Some(&policy))?;
    replace(&app, &principal, (&id, &policy.vms), &[]).await?;
    Ok(StatusCode::OK)
}
