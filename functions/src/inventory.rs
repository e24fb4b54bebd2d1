//! Keeping the stored inventory fresh.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use shared::{
    inventory::{Machine, MachineKind},
    vm::{SubscriptionId, VmId},
};

use crate::{
    enforce::{EnforceError, Engine},
    store::{Dated, Store},
};

/// How old the inventory may be before a page asks for a new one.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// A list that is older is not shown before it was read anew.
const SHOWN: SignedDuration = SignedDuration::from_mins(5);
/// Within one call, nothing that was read is read again.
const JUST_NOW: SignedDuration = SignedDuration::from_secs(2);
/// More VMs of a subscription are read with its whole inventory, which takes fewer requests than reading them one by
/// one.
const ONE_BY_ONE: usize = 5;

/// Reads a subscription's VMs and networks from ARM into the store.
pub async fn refresh(engine: &Engine, subscription: SubscriptionId) -> Result<(), EnforceError> {
    let moment = engine.moment();
    let inventory = engine.fabric.inventory(subscription).await?;
    Ok(engine.store.put_inventory(&inventory, engine.dated(&moment)).await?)
}

/// Reads it only if the last one is older than a minute; who comes meanwhile waits for the same reading.
pub async fn refresh_if_stale(
    engine: &Engine,
    store: &Store,
    subscription: SubscriptionId,
) -> Result<(), EnforceError> {
    if is_within(engine, store, subscription, FRESH).await? {
        return Ok(());
    }
    let lock = engine.lock_of(&format!("inventory/{subscription}"));
    let _alone = lock.lock().await;
    if is_within(engine, store, subscription, FRESH).await? {
        return Ok(());
    }
    refresh(engine, subscription).await
}

/// Whether a list may be shown as it was last read, while it is read anew.
pub async fn may_be_shown(
    engine: &Engine,
    store: &Store,
    subscription: SubscriptionId,
) -> Result<bool, EnforceError> {
    is_within(engine, store, subscription, SHOWN).await
}

async fn is_within(
    engine: &Engine,
    store: &Store,
    subscription: SubscriptionId,
    age: SignedDuration,
) -> Result<bool, EnforceError> {
    let now = engine.dated(&engine.moment());
    let oldest = now.checked_sub(age).unwrap_or(now);
    Ok(store.inventory_head(subscription).await?.is_some_and(|(_, at)| at >= oldest))
}

/// Reads one VM anew; `None`: Azure says that it does not exist, and so the store forgets it. Classic VMs are only in
/// the inventory, so of them the stored reading is given.
pub async fn look_up(engine: &Engine, vm: &VmId) -> Result<Option<Machine>, EnforceError> {
    if let Some((machine, ..)) = engine.store.machine(vm).await?
        && machine.kind == MachineKind::Classic
    {
        return Ok(Some(machine));
    }
    let moment = engine.moment();
    let machine = engine.fabric.machine(vm).await?;
    match &machine {
        Some(machine) => engine.store.put_machine(machine, engine.dated(&moment)).await?,
        None => engine.store.forget_machine(vm).await?,
    }
    Ok(machine)
}

/// Reads several VMs anew; those that Azure does not know are missing.
pub async fn look_up_all<'v>(
    engine: &Engine,
    vms: impl IntoIterator<Item = &'v VmId>,
) -> Result<BTreeMap<VmId, Machine>, EnforceError> {
    let mut by_subscription: BTreeMap<SubscriptionId, BTreeSet<&VmId>> = BTreeMap::new();
    for vm in vms {
        by_subscription.entry(vm.subscription()).or_default().insert(vm);
    }
    let mut machines = BTreeMap::new();
    for (subscription, vms) in by_subscription {
        let found = match vms.len() {
            ..=ONE_BY_ONE => one_by_one(engine, vms).await?,
            _ => of_inventory(engine, subscription, &vms).await?,
        };
        machines.extend(found.into_iter().map(|machine| (machine.vm.clone(), machine)));
    }
    Ok(machines)
}

async fn one_by_one(engine: &Engine, vms: BTreeSet<&VmId>) -> Result<Vec<Machine>, EnforceError> {
    let mut found = Vec::with_capacity(vms.len());
    for vm in vms {
        found.extend(look_up(engine, vm).await?);
    }
    Ok(found)
}

async fn of_inventory(
    engine: &Engine,
    subscription: SubscriptionId,
    vms: &BTreeSet<&VmId>,
) -> Result<Vec<Machine>, EnforceError> {
    let known = stored(engine, vms).await?;
    let now = engine.dated(&engine.moment());
    let is_recent = |at| (SignedDuration::ZERO..JUST_NOW).contains(&now.duration_since(at));
    if known.len() == vms.len() && known.iter().all(|(_, at)| is_recent(*at)) {
        return Ok(known.into_iter().map(|(machine, _)| machine).collect());
    }
    refresh(engine, subscription).await?;
    Ok(stored(engine, vms).await?.into_iter().map(|(machine, _)| machine).collect())
}

async fn stored(engine: &Engine, vms: &BTreeSet<&VmId>) -> Result<Vec<Dated<Machine>>, EnforceError> {
    let mut found = Vec::with_capacity(vms.len());
    for vm in vms {
        found.extend(engine.store.machine(vm).await?.map(|(machine, _, at)| (machine, at)));
    }
    Ok(found)
}
