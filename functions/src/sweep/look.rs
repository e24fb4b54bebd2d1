//! The look at everything: repairs what drifted, and leaves nothing behind of what is no more.

use std::collections::BTreeSet;

use shared::{
    audit::Event,
    grant::CloseReason,
    inventory::Machine,
    vm::{FirewallId, SubscriptionId, VmId},
};

use crate::{
    enforce::Engine,
    inventory::{look_up, refresh},
    store::StoreError,
};

/// What the look at one subscription came to.
#[derive(Default)]
pub(super) struct Look {
    pub(super) nsgs: usize,
    pub(super) failures: Vec<String>,
    pub(super) behind_firewalls: Behind,
}

/// The firewalls of a subscription, and the VMs with leases that are reached through them.
#[derive(Default)]
pub(super) struct Behind {
    vms: BTreeSet<VmId>,
    pub(super) firewalls: BTreeSet<FirewallId>,
}

pub(super) async fn settle_behind(
    engine: &Engine,
    Behind { vms, firewalls }: Behind,
) -> Result<(), StoreError> {
    let nsgs = engine.nsgs_of_each(&vms).await?.into_values().flatten().collect();
    let settled = engine.settle_both(nsgs, firewalls).await;
    engine.confirm(&vms, &settled).await
}

/// Brings every NSG of a subscription to what it should be, and forgets what is no more.
pub(super) async fn look_at(engine: &Engine, subscription: SubscriptionId) -> Result<Look, StoreError> {
    let mut look = Look::default();
    if let Err(error) = refresh(engine, subscription).await {
        tracing::warn!(%subscription, %error, "inventory not read; going on with the last one");
        look.failures.push(format!("{subscription}: {error}"));
    }
    let marked = engine.fabric.marked_nsgs(subscription).await.unwrap_or_else(|error| {
        look.failures.push(format!("{subscription}: {error}"));
        BTreeSet::new()
    });
    let machines = engine.store.machines(subscription).await?;
    drop_deleted_vms(engine, subscription, &machines).await?;
    let held = engine.store.unclosed(subscription).await?;
    let vms: BTreeSet<VmId> = held.into_iter().map(|held| held.lease.vm).collect();
    let mut nsgs = engine.known_nsgs(subscription).await?;
    nsgs.extend(marked);
    nsgs.extend(machines.iter().flat_map(Machine::nsgs).cloned());
    let mut firewalls = engine.known_firewalls(subscription).await?;
    firewalls.extend(machines.into_iter().filter_map(|machine| machine.firewall).map(|gate| gate.id));
    let (mut direct, mut behind) = (BTreeSet::new(), BTreeSet::new());
    nsgs.extend(engine.nsgs_of_each(&vms).await?.into_values().flatten());
    for vm in vms {
        let through = engine.firewalls_of(&vm).await?;
        _ = if through.is_empty() { direct.insert(vm) } else { behind.insert(vm) };
        firewalls.extend(through);
    }
    engine.restore_flushes(subscription).await?;
    look.nsgs = nsgs.len();
    let settled = engine.settle_nsgs(nsgs).await;
    look.failures.extend(settled.failures.iter().map(|(nsg, error)| format!("{}: {error}", nsg.name())));
    engine.confirm(&direct, &settled).await?;
    look.behind_firewalls = Behind { vms: behind, firewalls };
    Ok(look)
}

/// A VM that was not listed is asked for by name; if Azure says that it does not exist, nothing of it is left behind.
async fn drop_deleted_vms(
    engine: &Engine,
    subscription: SubscriptionId,
    machines: &[Machine],
) -> Result<(), StoreError> {
    let policies: BTreeSet<VmId> =
        engine.store.policies(subscription).await?.into_iter().map(|policy| policy.vm).collect();
    let held = engine.store.unclosed(subscription).await?;
    let mut missing: BTreeSet<&VmId> =
        policies.iter().chain(held.iter().map(|held| &held.lease.vm)).collect();
    for machine in machines {
        missing.remove(&machine.vm);
    }
    for vm in missing {
        if !matches!(look_up(engine, vm).await, Ok(None)) {
            continue;
        }
        tracing::info!(vm.id = %vm, "the VM is gone, and so is what was kept of it");
        for held in held.iter().filter(|held| held.lease.vm == *vm) {
            engine.end_lease(held, CloseReason::Revoked, &[]).await?;
        }
        if policies.contains(vm) {
            let record = engine.record(Some(vm), subscription, None, Event::PolicyRemoved);
            engine.store.remove_policy(vm, &[record]).await?;
        }
    }
    Ok(())
}
