//! `POST …/jitNetworkAccessPolicies/{name}/initiate`: asks for openings, within one policy. Answers 202 with what was
//! read back; with `Prefer: respond-async` as soon as the grant is durable.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use shared::{
    api::{CreateGrant, OpeningForm, ProblemBody},
    grant::GrantId,
    policy::ProtectedVm,
    policy_id::PolicyId,
    rbac::Right,
    vm::VmId,
    window::AccessDuration,
};

use super::{
    access::Access,
    call::PolicyCall,
    error::ArmError,
    get_policy::find,
    view::Surroundings,
    wire::initiate::{Asked, InitiateBody, Initiation},
};
use crate::{
    app::App,
    error::{self, ApiError},
    handlers::{
        create_grant::{Admittance, Asking, admit, vms_of},
        respond::settle,
    },
    store::NamedPolicy,
};

/// By how much an end may be beyond the longest duration and is cut to it, in seconds: clocks differ.
const CLOCKS_DIFFER: i64 = 60;

pub(super) async fn initiate(
    State(app): State<App>,
    call: PolicyCall,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ArmError> {
    let PolicyCall { principal, id } = call;
    let access = Access::of(&app, id.subscription(), &principal).await?;
    let error::Json(body): error::Json<InitiateBody> =
        error::Json::from_request(request, &app).await.map_err(ArmError::unreadable_request)?;
    let at = app.now();
    let asked = body.parsed(at).map_err(ArmError::bad_request)?;
    let policy = find(&app, &access, &id).await?;
    access.may_all(Right::Request, &id, asked.openings.iter().map(|opening| &opening.vm))?;
    let within: BTreeSet<VmId> = policy.vms.iter().map(|one| one.vm.clone()).collect();
    let asking = Asking { body: form(asked, &policy), name: None, replaces: None, at, within: Some(&within) };
    let grant = match admit(&app, &principal, asking).await.map_err(|error| refusal(error, &policy.id))? {
        Admittance::New(grant) => grant,
        Admittance::Repeated(id) => return answer(&app, id).await,
    };
    settle(&app, &headers, grant.id, vms_of(&grant.leases)).await?;
    answer(&app, grant.id).await
}

fn form(asked: Initiation, policy: &NamedPolicy) -> CreateGrant {
    let Initiation { openings, justification } = asked;
    let openings = openings.into_iter().map(|asked| {
        let duration = cut(&asked, policy.vms.iter().find(|one| one.vm == asked.vm));
        let Asked { vm, port, sources, .. } = asked;
        OpeningForm { vm, port, sources, duration }
    });
    CreateGrant { openings: openings.collect(), justification }
}

/// An end that is hardly beyond what the rule allows is taken for the end of what it allows.
fn cut(asked: &Asked, policy: Option<&ProtectedVm>) -> AccessDuration {
    let rule = policy.and_then(|policy| policy.ports.for_port(asked.port));
    let longest = rule.and_then(|rule| AccessDuration::from_seconds(rule.max_duration.seconds()).ok());
    let hardly_beyond = |longest: &AccessDuration| {
        (1..=CLOCKS_DIFFER).contains(&(asked.duration.seconds() - longest.seconds()))
    };
    longest.filter(|longest| asked.ends_at_a_time && hardly_beyond(longest)).unwrap_or(asked.duration)
}

/// What the decision says, as Azure says it; with every reason.
fn refusal(error: ApiError, id: &PolicyId) -> ArmError {
    if error.code() == "rejected" {
        return ArmError::unreadable_request(error);
    }
    if error.code() != "denied" {
        return ArmError::from(error);
    }
    let reasons = error.into_body().details.into_iter().map(|reason| match reason.code.as_str() {
        "vm_not_protected" => {
            let message = "it is not among the VMs of this policy".to_owned();
            ProblemBody { message, ..reason }
        }
        _ => reason,
    });
    ArmError::not_a_subset(id, reasons.collect())
}

async fn answer(app: &App, id: GrantId) -> Result<Response, ArmError> {
    let missing = || ApiError::not_found(format!("grant {id}"));
    let held = app.store().grant(id).await?.ok_or_else(missing)?;
    let vms: Vec<VmId> = vms_of(&held.grant.leases).into_iter().collect();
    let around = Surroundings::new(app, held.grant.subscription, &vms, Vec::new()).await?;
    let request = around.request(&held, |_| true).ok_or_else(missing)?;
    Ok((StatusCode::ACCEPTED, Json(request)).into_response())
}
