//! What people and timers ask of an instance, step by step as the handlers do it.

use std::{collections::BTreeSet, sync::Arc};

use functions::{
    clock::{Ids, SeededIds},
    enforce::Engine,
    inventory::look_up,
    store::{Admitted, HeldLease, IdempotencyName},
    sweep,
};
use jiff::SignedDuration;
use shared::{
    audit::{Event, Record},
    decision::{Caller, Requester, decide},
    grant::{CloseReason, Grant, GrantId, LeaseId},
    policy::ProtectedVm,
    rbac::VmRights,
    request::{AccessRequest, Opening},
    vm::VmId,
};

use crate::scenario::subscription;

/// Why it did not come about, for the trace.
type Done = Result<(), String>;

/// What is asked for; sent twice it is the same request.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Enable(ProtectedVm),
    Open {
        openings: Vec<Opening>,
        requester: Requester,
        ids: u64,
    },
    Revoke(GrantId),
    Remove(VmId),
    /// Looks ahead so far.
    Sweep(SignedDuration),
    WorkOffDue,
}

impl Operation {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Enable(_) => "enable",
            Self::Open { openings, .. } if openings.len() > 1 => "open several",
            Self::Open { .. } => "open",
            Self::Revoke(_) => "revoke",
            Self::Remove(_) => "remove policy",
            Self::Sweep(_) => "sweep",
            Self::WorkOffDue => "work off due",
        }
    }

    pub(crate) async fn run(self, engine: Arc<Engine>) -> Done {
        match self {
            Self::Enable(policy) => enable(&engine, policy).await,
            Self::Open { openings, requester, ids } => open(&engine, openings, requester, ids).await,
            Self::Revoke(grant) => revoke(&engine, grant).await,
            Self::Remove(vm) => remove(&engine, &vm).await,
            Self::Sweep(ahead) => {
                let until = engine.clock.now() + ahead;
                let report = sweep::run(&engine, &[subscription()], until).await.map_err(text)?;
                if report.failures.is_empty() { Ok(()) } else { Err(report.failures.join("; ")) }
            }
            Self::WorkOffDue => sweep::work_off_due(&engine).await.map_err(text),
        }
    }
}

async fn enable(engine: &Engine, policy: ProtectedVm) -> Done {
    let machine = look_up(engine, &policy.vm).await.map_err(text)?.ok_or("no such VM")?;
    if !machine.unsupported().is_empty() {
        return Err("unsupported".to_owned());
    }
    let preview = engine
        .preview(std::slice::from_ref(&machine), std::slice::from_ref(&policy), &[])
        .await
        .map_err(text)?;
    if let Some((place, reason)) = preview.in_the_way(|grant| grant.is_none()).first() {
        return Err(format!("{place}: {reason}"));
    }
    let event = Event::PolicyPut { ports: policy.ports.iter().cloned().collect(), settings: None };
    engine.store.put_policy(&policy, &[record(engine, &policy.vm, event)]).await.map_err(text)?;
    engine.settle(&BTreeSet::from([policy.vm])).await.map_err(text)?;
    Ok(())
}

async fn open(engine: &Engine, openings: Vec<Opening>, requester: Requester, ids: u64) -> Done {
    let name = IdempotencyName {
        requester_id: requester.id.clone(),
        key: "k".to_owned(),
        body_hash: format!("{openings:?}"),
    };
    let request = AccessRequest::new(openings, None).map_err(text)?;
    let mut policies = std::collections::BTreeMap::new();
    let mut rights = std::collections::BTreeMap::new();
    for Opening { vm, .. } in request.openings() {
        let known = engine.store.machine(vm).await.map_err(text)?.is_some();
        if !known && look_up(engine, vm).await.map_err(text)?.is_none() {
            return Err("no such VM".to_owned());
        }
        if let Some(policy) = engine.store.policy(vm).await.map_err(text)? {
            policies.insert(vm.clone(), policy);
        }
        rights.insert(vm.clone(), VmRights { read: true, request: true, configure: true, remove: true });
    }
    let caller = Caller { requester, rights };
    let admission = decide(&policies, &request, &caller, engine.clock.now())
        .map_err(|denials| denials.as_slice().iter().map(text).collect::<Vec<_>>().join("; "))?;
    // The ids are those of the attempt: a repeated request makes others.
    let ids = SeededIds::new(ids);
    let grant_id = GrantId::from_uuid(ids.uuid());
    let grant = admission.into_grant(grant_id, || LeaseId::from_uuid(ids.uuid())).ok_or("no time")?;
    unobstructed(engine, &grant).await?;
    let records: Vec<Record> = grant
        .leases
        .iter()
        .map(|lease| {
            let event = Event::Granted {
                grant: grant.id,
                leases: vec![lease.id],
                ends_at: lease.expires_at,
                replaces: None,
            };
            record(engine, &lease.vm, event)
        })
        .collect();
    match engine.store.admit(&grant, Some(&name), &records).await.map_err(text)? {
        Admitted::New => {
            let vms = grant.leases.iter().map(|lease| lease.vm.clone()).collect();
            engine.settle(&vms).await.map_err(text)?;
            Ok(())
        }
        Admitted::Repeated(_) => Ok(()),
        Admitted::Mismatched => Err("another request under this name".to_owned()),
    }
}

async fn unobstructed(engine: &Engine, grant: &Grant) -> Done {
    let mut machines = Vec::new();
    for vm in grant.leases.iter().map(|lease| &lease.vm).collect::<BTreeSet<_>>() {
        machines.push(look_up(engine, vm).await.map_err(text)?.ok_or("no such VM")?);
    }
    let leases: Vec<_> = grant.leases.iter().map(|lease| (grant.id, lease.clone())).collect();
    let preview = engine.preview(&machines, &[], &leases).await.map_err(text)?;
    engine.trust_clock().map_err(text)?;
    match preview.in_the_way(|one| one == Some(grant.id)).first() {
        None => Ok(()),
        Some((place, reason)) => Err(format!("{place}: {reason}")),
    }
}

async fn revoke(engine: &Engine, grant: GrantId) -> Done {
    let held = engine.store.unclosed(subscription()).await.map_err(text)?;
    let of_grant: Vec<HeldLease> = held.into_iter().filter(|held| held.grant == grant).collect();
    for held in &of_grant {
        let asked = record(engine, &held.lease.vm, Event::RevokeAsked { grant });
        end_lease(engine, held, &[asked]).await?;
    }
    let vms = of_grant.into_iter().map(|held| held.lease.vm).collect();
    engine.settle(&vms).await.map_err(text)?;
    Ok(())
}

async fn remove(engine: &Engine, vm: &VmId) -> Done {
    for held in engine.store.unclosed_of_vm(vm).await.map_err(text)? {
        end_lease(engine, &held, &[]).await?;
    }
    let record = record(engine, vm, Event::PolicyRemoved);
    if !engine.store.remove_policy(vm, &[record]).await.map_err(text)? {
        return Err("no policy".to_owned());
    }
    engine.settle(&BTreeSet::from([vm.clone()])).await.map_err(text)?;
    Ok(())
}

/// Moves a lease's end to now, whoever else changes it meanwhile.
async fn end_lease(engine: &Engine, held: &HeldLease, records: &[Record]) -> Done {
    let mut current = held.clone();
    for _ in 0..20 {
        let ended = current.lease.clone().ended(CloseReason::Revoked, engine.clock.now());
        if ended == current.lease
            || engine.store.update_lease(&current, ended, None, records).await.map_err(text)?
        {
            return Ok(());
        }
        let all = engine.store.unclosed_of_vm(&held.lease.vm).await.map_err(text)?;
        match all.into_iter().find(|one| one.lease.id == held.lease.id) {
            Some(newer) => current = newer,
            None => return Ok(()),
        }
    }
    Err("busy".to_owned())
}

fn record(engine: &Engine, vm: &VmId, event: Event) -> Record {
    let at = engine.clock.now();
    Record { subscription: vm.subscription(), at, actor: None, vm: Some(vm.clone()), event }
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
