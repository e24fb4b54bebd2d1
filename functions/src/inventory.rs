//! Keeping the stored inventory fresh.

use jiff::SignedDuration;
use shared::{
    inventory::{Machine, MachineKind},
    vm::{SubscriptionId, VmId},
};

use crate::enforce::{EnforceError, Engine};

/// How old the inventory may be before a page asks for a new one.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// Reads a subscription's VMs and networks from ARM into the store.
pub async fn refresh(engine: &Engine, subscription: SubscriptionId) -> Result<(), EnforceError> {
    let at = engine.clock.now();
    let inventory = engine.fabric.inventory(subscription).await?;
    Ok(engine.store.put_inventory(&inventory, at).await?)
}

/// Reads it only if the last one is older than a minute.
pub async fn refresh_if_stale(engine: &Engine, subscription: SubscriptionId) -> Result<(), EnforceError> {
    let oldest = engine.clock.now().checked_sub(FRESH).unwrap_or_else(|_| engine.clock.now());
    match engine.store.inventory(subscription).await? {
        Some((_, at)) if at >= oldest => Ok(()),
        _ => refresh(engine, subscription).await,
    }
}

/// Reads one VM anew; `None`: Azure says that it does not exist, and so the store forgets it. Classic VMs are only in
/// the inventory, so of them the stored reading is given.
pub async fn look_up(engine: &Engine, vm: &VmId) -> Result<Option<Machine>, EnforceError> {
    if let Some((machine, ..)) = engine.store.machine(vm).await?
        && machine.kind == MachineKind::Classic
    {
        return Ok(Some(machine));
    }
    let at = engine.clock.now();
    let machine = engine.fabric.machine(vm).await?;
    match &machine {
        Some(machine) => engine.store.put_machine(machine, at).await?,
        None => engine.store.forget_machine(vm).await?,
    }
    Ok(machine)
}
