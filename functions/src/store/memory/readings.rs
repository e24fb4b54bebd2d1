//! What was read of Azure, in memory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shared::{
    inventory::{Inventory, Machine},
    vm::{NsgId, SubscriptionId, VmId},
};

use super::{
    super::{BehindNsg, Dated, StoreError},
    Tables, kept,
};

/// Keeps a reading unless a later one is there.
pub(super) fn keep_later<K: Ord + Clone, V: Clone>(
    table: &mut BTreeMap<K, Dated<V>>,
    key: &K,
    value: &V,
    at: Timestamp,
) {
    let at = kept(at);
    if table.get(key).is_none_or(|(_, before)| *before <= at) {
        table.insert(key.clone(), (value.clone(), at));
    }
}

impl Tables {
    /// What was read later than `at` stays.
    pub(super) fn put_inventory(&mut self, inventory: &Inventory, at: Timestamp) -> Result<(), StoreError> {
        let Inventory { subscription, subscription_name, machines } = inventory;
        if machines.iter().any(|machine| machine.vm.subscription() != *subscription) {
            return Err(StoreError::Refused("the VMs of an inventory are of its subscription"));
        }
        if self.subscriptions.get(subscription).is_some_and(|(_, before)| *before > kept(at)) {
            return Ok(());
        }
        keep_later(&mut self.subscriptions, subscription, subscription_name, at);
        self.machines.retain(|vm, (_, before)| vm.subscription() != *subscription || *before > kept(at));
        for machine in machines {
            self.put_machine(machine, at);
        }
        Ok(())
    }

    pub(super) fn put_machine(&mut self, machine: &Machine, at: Timestamp) {
        keep_later(&mut self.machines, &machine.vm, machine, at);
    }

    pub(super) fn inventory(&self, subscription: SubscriptionId) -> Option<Dated<Inventory>> {
        let (name, at) = self.subscriptions.get(&subscription)?;
        let machines = self.machines_of(subscription);
        Some((Inventory { subscription, subscription_name: name.clone(), machines }, *at))
    }

    pub(super) fn machines_of(&self, subscription: SubscriptionId) -> Vec<Machine> {
        let of_it = self.machines.iter().filter(|(vm, _)| vm.subscription() == subscription);
        of_it.map(|(_, (machine, _))| machine.clone()).collect()
    }

    pub(super) fn behind(&self, nsg: &NsgId) -> BehindNsg {
        let vms: BTreeSet<&VmId> = self.machines.keys().chain(self.policies.keys()).collect();
        let mut behind = BehindNsg::default();
        for vm in vms.into_iter().filter(|vm| vm.subscription() == nsg.subscription()) {
            let machine = self.machines.get(vm).map(|(machine, _)| machine.clone());
            behind.take(nsg, machine, self.policies.get(vm).cloned());
        }
        behind
    }

    pub(super) fn machine(&self, vm: &VmId) -> Option<(Machine, String, Timestamp)> {
        let (machine, at) = self.machines.get(vm)?;
        let name = self.subscriptions.get(&vm.subscription()).map(|(name, _)| name.clone());
        Some((machine.clone(), name.unwrap_or_else(|| vm.subscription().to_string()), *at))
    }
}
