//! `PUT …/jitNetworkAccessPolicies/{name}`: puts a policy in the place of what it was, as Azure does. A VM or a port that
//! it no longer has is closed first. Answers when the guards were read back.

use std::collections::{BTreeMap, BTreeSet};

use axum::{extract::State, response::Response};
use http::HeaderMap;
use shared::{
    api::ProblemBody,
    audit::{Event, PolicySettings, Record},
    inventory::Machine,
    policy::ProtectedVm,
    policy_id::PolicyId,
    rbac::Right,
    vm::VmId,
};

use super::{
    access::Access,
    call::{Body, PolicyCall},
    error::ArmError,
    etag::is_as_wanted,
    get_policy::answer,
    wire::put::{PutBody, WantedVm},
};
use crate::{
    app::App,
    caller::Principal,
    error::ApiError,
    handlers::{
        many::{detail, refuse_any},
        policy_change::Change,
        policy_checks::{record, unsupported},
        put_policies::{can_cut_sessions, unobstructed},
        revoke_grant::end_lease,
    },
    inventory::look_up_all,
    store::Replacement,
};

pub(super) async fn put_policy(
    State(app): State<App>,
    call: PolicyCall,
    headers: HeaderMap,
    Body(body): Body<PutBody>,
) -> Result<Response, ArmError> {
    let PolicyCall { principal, id } = call;
    let access = Access::of(&app, id.subscription(), &principal).await?;
    let wanted = body.parsed(&id).map_err(ArmError::bad_policy)?;
    let policy = app.store().named_policy(&id).await?;
    let before = policy.as_ref().map_or(&[][..], |policy| &policy.vms);
    let vms = wanted.iter().map(|one| &one.vm);
    access.may_all(Right::Configure, &id, vms.chain(before.iter().map(|one| &one.vm)))?;
    is_as_wanted(&headers, policy.as_ref())?;
    in_no_other_policy(&app, &id, &wanted).await?;
    let after = possible(&app, before, wanted).await?;
    replace(&app, &principal, (&id, before), &after).await?;
    match app.store().named_policy(&id).await? {
        Some(policy) => answer(&app, &access, policy).await,
        None => Err(ArmError::policy_not_found(&id)),
    }
}

/// A VM is taken from no policy by naming it in another.
async fn in_no_other_policy(app: &App, id: &PolicyId, wanted: &[WantedVm]) -> Result<(), ArmError> {
    let vms: Vec<VmId> = wanted.iter().map(|one| one.vm.clone()).collect();
    let policies = app.store().policy_ids_of(id.subscription(), &vms).await?;
    match policies.iter().find(|(_, of)| *of != id) {
        Some((vm, of)) => {
            let message = format!("{} is in policy {of}; take it out of that one first", vm.name());
            Err(ArmError::conflict(message))
        }
        None => Ok(()),
    }
}

/// The VMs as they are to be protected, ordered by id, when all that is new of it was found possible.
async fn possible(
    app: &App,
    before: &[ProtectedVm],
    wanted: Vec<WantedVm>,
) -> Result<Vec<ProtectedVm>, ArmError> {
    let before: BTreeMap<VmId, ProtectedVm> =
        before.iter().map(|one| (one.vm.clone(), one.clone())).collect();
    let mut after: Vec<ProtectedVm> = wanted.into_iter().map(|one| protected(one, &before)).collect();
    after.sort_by(|one, other| one.vm.cmp(&other.vm));
    let changed = |one: &&mut ProtectedVm| before.get(&one.vm) != Some(&**one);
    let vms: Vec<VmId> = after.iter_mut().filter(changed).map(|one| one.vm.clone()).collect();
    let machines = look_up_all(&app.engine, &vms).await?;
    supported(&vms, &machines)?;
    // As Azure spells it, however the caller does.
    for one in &mut after {
        if let Some(machine) = machines.get(&one.vm) {
            one.vm = machine.vm.clone();
        }
    }
    let is_new = |one: &&ProtectedVm| before.get(&one.vm) != Some(*one);
    let news = after.iter().filter(is_new).cloned().collect();
    let change = Change { machines: machines.into_values().collect(), before: before.clone(), after: news };
    unobstructed(app, &change).await?;
    can_cut_sessions(app, &change).await?;
    Ok(after)
}

/// Where it is to be as it was, it is the very same.
fn protected(wanted: WantedVm, before: &BTreeMap<VmId, ProtectedVm>) -> ProtectedVm {
    let WantedVm { vm, ports, settings } = wanted;
    let before = before.get(&vm);
    let PolicySettings { justification, precedence, live_sessions } = settings.over(before);
    let vm = before.map_or(vm, |before| before.vm.clone());
    ProtectedVm { vm, ports, justification, precedence, live_sessions }
}

fn supported(vms: &[VmId], machines: &BTreeMap<VmId, Machine>) -> Result<(), ApiError> {
    let missing = vms.iter().filter(|vm| !machines.contains_key(*vm));
    let missing: Vec<ProblemBody> = missing
        .map(|vm| detail("not_found", vm, format!("there is no virtual machine {}", vm.name())))
        .collect();
    refuse_any(missing, |message| ApiError::rejected("properties.virtualMachines", message))?;
    let unable = machines.values().filter_map(|machine| {
        unsupported(machine).map(|message| detail("vm_unsupported", &machine.vm, message))
    });
    refuse_any(unable.collect(), |message| ApiError::conflict("vm_unsupported", message))
}

/// Makes the change durable and brings the NSGs to it.
pub(super) async fn replace(
    app: &App,
    principal: &Principal,
    (id, before): (&PolicyId, &[ProtectedVm]),
    after: &[ProtectedVm],
) -> Result<(), ArmError> {
    let changed = after.iter().filter(|one| !before.contains(one));
    let gone = before.iter().filter(|one| !after.iter().any(|other| other.vm == one.vm));
    let mut records: Vec<Record> = changed.clone().map(|one| record(app, one, principal)).collect();
    records.extend(gone.clone().map(|one| {
        let actor = Some(&principal.requester);
        app.engine.record(Some(&one.vm), id.subscription(), actor, Event::PolicyRemoved)
    }));
    end_leases_without_a_rule(app, before, after).await?;
    if !app.store().replace_policy(&Replacement { id, before, after }, &records).await? {
        let message = "somebody else changed this policy in this moment; read it again; nothing was changed";
        return Err(ArmError::conflict(message));
    }
    let touched: BTreeSet<VmId> = changed.chain(gone).map(|one| one.vm.clone()).collect();
    app.engine.settle(&touched).await?;
    Ok(())
}

async fn end_leases_without_a_rule(
    app: &App,
    before: &[ProtectedVm],
    after: &[ProtectedVm],
) -> Result<(), ArmError> {
    for one in before.iter().filter(|one| !after.contains(one)) {
        let left = after.iter().find(|other| other.vm == one.vm);
        for held in app.store().unclosed_of_vm(&one.vm).await? {
            if left.is_none_or(|left| left.ports.for_port(held.lease.port).is_none()) {
                end_lease(app, &held, &[]).await?;
            }
        }
    }
    Ok(())
}
