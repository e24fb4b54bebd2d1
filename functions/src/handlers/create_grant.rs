//! `POST /api/grants`: asks for openings. Parse → authenticate → authorise → decide → persist → enforce.
//!
//! Answers 201 with what was read back; with `Prefer: respond-async` 202 as soon as the grant is durable.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use shared::{
    api::{CreateGrant, OpeningForm, ProblemBody},
    audit::{AskedOpening, Event, Record},
    decision::{Caller, decide},
    grant::{Grant, GrantId, Lease, LeaseId},
    inventory::Machine,
    policy::ProtectedVm,
    request::{AccessRequest, Opening},
    source::{SourcePrefix, Sources},
    vm::VmId,
};

use super::{
    idempotency::idempotency_name,
    respond::{Settled, settle},
    view::grant_view,
    vm_path::seen,
};
use crate::{
    app::App,
    caller::Principal,
    enforce::Preview,
    error::{ApiError, Json},
    inventory::look_up_all,
    store::{Admitted, IdempotencyName},
};

pub(crate) async fn create_grant(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    Json(body): Json<CreateGrant>,
) -> Result<Response, ApiError> {
    let name = idempotency_name(&headers, &principal, &body)?;
    let asking = Asking { body, name: name.as_ref(), replaces: None, at: app.now(), within: None };
    match admit(&app, &principal, asking).await? {
        Admittance::New(grant) => enforce(&app, &grant, &principal, &headers).await,
        Admittance::Repeated(id) => answer(&app, id, &principal, StatusCode::OK).await,
    }
}

/// What is to be admitted, and how.
pub(crate) struct Asking<'a> {
    pub(crate) body: CreateGrant,
    pub(crate) name: Option<&'a IdempotencyName>,
    /// The grant whose place it is to take.
    pub(crate) replaces: Option<GrantId>,
    /// When the openings start.
    pub(crate) at: Timestamp,
    /// The VMs of the one policy that is asked for; `None`: each VM's own policy counts.
    pub(crate) within: Option<&'a BTreeSet<VmId>>,
}

pub(crate) enum Admittance {
    /// Durable; nothing was written to Azure yet.
    New(Grant),
    Repeated(GrantId),
}

/// Decides, and makes what is admitted durable.
pub(crate) async fn admit(
    app: &App,
    principal: &Principal,
    asking: Asking<'_>,
) -> Result<Admittance, ApiError> {
    let Asking { body, name, replaces, at, within } = asking;
    let Asked { request, mut policies, caller } = asked_for(app, body, principal).await?;
    if let Some(within) = within {
        policies.retain(|vm, _| within.contains(vm));
    }
    let mut records = asked(app, &request, principal);
    let admission = match decide(&policies, &request, &caller, at) {
        Ok(admission) => admission,
        Err(denials) => {
            app.engine.metrics.grants_denied.inc();
            for (vm, reasons) in by_vm(denials.as_slice()) {
                let event = Event::Denied { denials: reasons };
                records.push(app.engine.record(Some(&vm), vm.subscription(), Some(&caller.requester), event));
            }
            app.store().record(&records).await?;
            return Err(ApiError::denied(denials));
        }
    };
    let grant = admission
        .into_grant(GrantId::from_uuid(app.ids.uuid()), || LeaseId::from_uuid(app.ids.uuid()))
        .ok_or_else(|| ApiError::rejected("duration", "an opening lasts some time"))?;
    unobstructed(app, &grant).await?;
    records.extend(granted(app, &grant, replaces));
    match app.store().admit(&grant, name, &records).await? {
        Admitted::New => {
            app.engine.metrics.grants_admitted.inc();
            if let Some(one_shot) = &app.one_shot {
                one_shot.schedule(&grant).await;
            }
            Ok(Admittance::New(grant))
        }
        Admitted::Repeated(id) => Ok(Admittance::Repeated(id)),
        Admitted::Mismatched => Err(ApiError::mismatch()),
    }
}

/// A request with all that is needed to decide it.
pub(super) struct Asked {
    pub(super) request: AccessRequest,
    pub(super) policies: BTreeMap<VmId, ProtectedVm>,
    pub(super) caller: Caller,
}

pub(super) async fn asked_for(
    app: &App,
    body: CreateGrant,
    principal: &Principal,
) -> Result<Asked, ApiError> {
    let request = parse(body, principal)?;
    let rights = rights(app, &request, principal).await?;
    let policies = policies(app, &request).await?;
    Ok(Asked { request, policies, caller: Caller { requester: principal.requester.clone(), rights } })
}

async fn enforce(
    app: &App,
    grant: &Grant,
    principal: &Principal,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let status = match settle(app, headers, grant.id, vms_of(&grant.leases)).await? {
        Settled::Now => StatusCode::CREATED,
        Settled::Later => StatusCode::ACCEPTED,
    };
    answer(app, grant.id, principal, status).await
}

pub(crate) fn vms_of(leases: &[Lease]) -> BTreeSet<VmId> {
    leases.iter().map(|lease| lease.vm.clone()).collect()
}

pub(super) async fn answer(
    app: &App,
    id: GrantId,
    principal: &Principal,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let held = app.store().grant(id).await?.ok_or_else(|| ApiError::not_found(format!("grant {id}")))?;
    let view = grant_view(app, &held, &principal.requester).await?;
    let location = [(http::header::LOCATION, shared::api::grant_path(id))];
    Ok((status, location, axum::Json(view)).into_response())
}

/// A missing source is the caller's one address, as Azure has it; it is resolved before anything is decided.
fn parse(body: CreateGrant, principal: &Principal) -> Result<AccessRequest, ApiError> {
    let CreateGrant { openings, justification } = body;
    let openings: Result<Vec<Opening>, ApiError> = openings
        .into_iter()
        .map(|OpeningForm { vm, port, sources, duration }| {
            let sources = match sources {
                Some(sources) => sources,
                None => own_address(principal)?,
            };
            Ok(Opening { vm, port, sources, duration })
        })
        .collect();
    AccessRequest::new(openings?, justification).map_err(|error| ApiError::rejected("openings", error))
}

pub(crate) fn own_address(principal: &Principal) -> Result<Sources, ApiError> {
    let address = principal.source.ok_or_else(ApiError::unknown_address)?;
    SourcePrefix::from_address(address).map(Sources::one).map_err(|error| {
        ApiError::rejected("sources", format!("your own address cannot be a source: {error}"))
    })
}

async fn rights(
    app: &App,
    request: &AccessRequest,
    principal: &Principal,
) -> Result<BTreeMap<VmId, shared::rbac::VmRights>, ApiError> {
    let mut rights = BTreeMap::new();
    for opening in request.openings() {
        if !rights.contains_key(&opening.vm) {
            rights.insert(opening.vm.clone(), seen(app, &opening.vm, principal).await?);
        }
    }
    Ok(rights)
}

async fn policies(app: &App, request: &AccessRequest) -> Result<BTreeMap<VmId, ProtectedVm>, ApiError> {
    let vms: BTreeSet<&VmId> = request.openings().iter().map(|opening| &opening.vm).collect();
    let mut unknown = Vec::new();
    let mut policies = BTreeMap::new();
    for vm in vms {
        if app.store().machine(vm).await?.is_none() {
            unknown.push(vm);
        }
        if let Some(policy) = app.store().policy(vm).await? {
            policies.insert(vm.clone(), policy);
        }
    }
    let found = look_up_all(&app.engine, unknown.iter().copied()).await?;
    match unknown.into_iter().find(|vm| !found.contains_key(*vm)) {
        Some(missing) => Err(ApiError::not_found(format!("virtual machine {missing}"))),
        None => Ok(policies),
    }
}

/// What stands in the way is found before anything is durable.
async fn unobstructed(app: &App, grant: &Grant) -> Result<(), ApiError> {
    let preview = previewed(app, grant).await?;
    app.engine.trust_clock()?;
    let all = preview.in_the_way(|one| one == Some(grant.id));
    let Some((place, reason)) = all.first() else { return Ok(()) };
    let message = format!("this cannot be opened in {place}: {reason}; nothing was changed");
    let detail = |(place, reason): &(&str, String)| {
        ProblemBody::new("obstructed", format!("{place}: {reason}")).about(*place)
    };
    let details = if all.len() > 1 { all.iter().map(detail).collect() } else { Vec::new() };
    Err(ApiError::conflict("obstructed", message).with_details(details))
}

/// What the grant would come to: its VMs and their NSGs are read anew.
pub(super) async fn previewed(app: &App, grant: &Grant) -> Result<Preview, ApiError> {
    let machines = look_up_all(&app.engine, grant.leases.iter().map(|lease| &lease.vm)).await?;
    for lease in &grant.leases {
        let machine = machines.get(&lease.vm);
        let machine = machine.ok_or_else(|| ApiError::not_found(format!("virtual machine {}", lease.vm)))?;
        if !is_reached(machine, lease) {
            let message =
                format!("{} has no address of the kind that {} can reach", lease.vm.name(), lease.sources);
            return Err(ApiError::conflict("obstructed", message));
        }
    }
    let leases: Vec<(GrantId, Lease)> = grant.leases.iter().map(|lease| (grant.id, lease.clone())).collect();
    let machines: Vec<Machine> = machines.into_values().collect();
    Ok(app.engine.preview(&machines, &[], &leases).await?)
}

/// Whether the VM has an address of the kind of some source.
fn is_reached(machine: &Machine, lease: &Lease) -> bool {
    machine
        .paths()
        .any(|path| lease.sources.iter().any(|source| source.is_ipv6() == path.destination.is_ipv6()))
}

fn asked(app: &App, request: &AccessRequest, principal: &Principal) -> Vec<Record> {
    let mut openings: BTreeMap<VmId, Vec<AskedOpening>> = BTreeMap::new();
    for Opening { vm, port, sources, duration } in request.openings() {
        let (port, sources, seconds) = (*port, sources.clone(), duration.seconds());
        openings.entry(vm.clone()).or_default().push(AskedOpening { vm: vm.clone(), port, sources, seconds });
    }
    let from =
        principal.source.map_or_else(|| "an unknown address".to_owned(), |address| address.to_string());
    let justification = request.justification().map(ToString::to_string);
    openings
        .into_iter()
        .map(|(vm, openings)| {
            let event = Event::Asked { openings, justification: justification.clone(), from: from.clone() };
            app.engine.record(Some(&vm), vm.subscription(), Some(&principal.requester), event)
        })
        .collect()
}

fn granted(app: &App, grant: &Grant, replaces: Option<GrantId>) -> Vec<Record> {
    let mut by_vm: BTreeMap<&VmId, Vec<&Lease>> = BTreeMap::new();
    for lease in &grant.leases {
        by_vm.entry(&lease.vm).or_default().push(lease);
    }
    by_vm
        .into_iter()
        .map(|(vm, leases)| {
            let ends_at = leases.iter().map(|lease| lease.expires_at).max().unwrap_or(grant.window.end());
            let leases = leases.iter().map(|lease| lease.id).collect();
            let event = Event::Granted { grant: grant.id, leases, ends_at, replaces };
            app.engine.record(Some(vm), vm.subscription(), Some(&grant.requester), event)
        })
        .collect()
}

fn by_vm(denials: &[shared::decision::Denial]) -> BTreeMap<VmId, Vec<shared::decision::Denial>> {
    let mut sorted: BTreeMap<VmId, Vec<_>> = BTreeMap::new();
    for denial in denials {
        sorted.entry(denial.vm().clone()).or_default().push(denial.clone());
    }
    sorted
}
