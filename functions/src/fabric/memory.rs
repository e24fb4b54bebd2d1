//! A fabric in memory, for tests: Azure's rules about NSGs without Azure. Whoever holds it may also change the world
//! behind Postern's back.

mod world;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use shared::{
    firewall::{NatCollection, ObservedFirewall},
    inventory::{Inventory, Machine},
    nsg::{ObservedNsg, RuleChange, stamp::Stamp},
    rbac::AccessRights,
    rule::NsgRule,
    vm::{FirewallId, NsgId, SubscriptionId, VmId},
};

use self::world::{World, refused};
use super::{Fabric, FabricError, FlushSet, WriteFailure, Written};

/// A handle; clones share their world.
#[derive(Clone, Debug, Default)]
pub struct MemoryFabric(Arc<Mutex<World>>);

impl MemoryFabric {
    /// Adds a subscription without VMs.
    pub fn put_subscription(&self, subscription: SubscriptionId, name: &str) {
        self.world().subscriptions.insert(subscription, name.to_owned());
    }

    /// Adds a VM, or makes it be so.
    pub fn put_machine(&self, machine: Machine) {
        self.world().machines.insert(machine.vm.clone(), machine);
    }

    /// Deletes a VM; its NSGs stay.
    pub fn remove_machine(&self, vm: &VmId) {
        self.world().machines.remove(vm);
    }

    /// Every VM that there is.
    pub fn machines(&self) -> Vec<Machine> {
        self.world().machines.values().cloned().collect()
    }

    /// Adds an NSG that has only Azure's default rules.
    pub fn put_nsg(&self, nsg: &NsgId) {
        self.world().put_nsg(nsg);
    }

    pub fn remove_nsg(&self, nsg: &NsgId) {
        self.world().nsgs.remove(nsg);
    }

    /// An NSG as it is.
    pub fn nsg(&self, nsg: &NsgId) -> Option<ObservedNsg> {
        self.world().nsgs.get(nsg).map(|nsg| nsg.observed.clone())
    }

    /// Every NSG as it is.
    pub fn nsgs(&self) -> Vec<ObservedNsg> {
        self.world().nsgs.values().map(|nsg| nsg.observed.clone()).collect()
    }

    /// Puts a rule by another hand, which ARM checks as it does ours.
    pub fn put_rule(&self, nsg: &NsgId, rule: &NsgRule) -> Result<(), FabricError> {
        self.world().put_rule(nsg, rule)
    }

    /// Takes a rule away by another hand; whether it was there.
    pub fn remove_rule(&self, nsg: &NsgId, name: &str) -> bool {
        self.world().remove_rule(nsg, name)
    }

    /// Adds a firewall, or makes it be so.
    pub fn put_firewall(&self, firewall: ObservedFirewall) {
        self.world().put_firewall(firewall);
    }

    /// A firewall as it is.
    pub fn firewall(&self, firewall: &FirewallId) -> Option<ObservedFirewall> {
        self.world().firewalls.get(firewall).cloned()
    }

    /// Whether NSGs can be told to cut established flows.
    pub fn offer_flush(&self, offered: bool) {
        self.world().refuses_flush = !offered;
    }

    /// What a principal may do, by object id.
    pub fn put_rights(&self, subscription: SubscriptionId, principal: &str, rights: AccessRights) {
        self.world().rights.insert((subscription, principal.to_owned()), rights);
    }

    /// What the process's clock is said to be ahead of Azure's.
    pub fn set_clock_ahead(&self, ahead: Option<SignedDuration>) {
        self.world().clock_ahead = ahead;
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Fabric for MemoryFabric {
    async fn inventory(&self, subscription: SubscriptionId) -> Result<Inventory, FabricError> {
        self.world().inventory(subscription)
    }

    async fn marked_nsgs(&self, subscription: SubscriptionId) -> Result<BTreeSet<NsgId>, FabricError> {
        let world = self.world();
        let is_marked = |nsg: &&ObservedNsg| nsg.rules.iter().any(|rule| rule.name.parse::<Stamp>().is_ok());
        let of_it = world.nsgs.values().map(|nsg| &nsg.observed);
        let of_it = of_it.filter(|nsg| nsg.id.subscription() == subscription).filter(is_marked);
        Ok(of_it.map(|nsg| nsg.id.clone()).collect())
    }

    async fn machine(&self, vm: &VmId) -> Result<Option<Machine>, FabricError> {
        Ok(self.world().machine(vm))
    }

    async fn observe(&self, nsg: &NsgId) -> Result<Option<ObservedNsg>, FabricError> {
        Ok(self.world().nsgs.get(nsg).map(|nsg| nsg.observed.clone()))
    }

    async fn apply(&self, nsg: &NsgId, change: &RuleChange) -> Result<Written, WriteFailure> {
        let mut world = self.world();
        let done = match change {
            RuleChange::Put(rule) => world.put_rule(nsg, rule),
            RuleChange::Remove(rule) => {
                world.remove_rule(nsg, &rule.name);
                Ok(())
            }
        };
        world.written(done)
    }

    async fn observe_firewall(&self, firewall: &FirewallId) -> Result<Option<ObservedFirewall>, FabricError> {
        Ok(self.world().firewalls.get(firewall).cloned())
    }

    async fn apply_firewall(
        &self,
        observed: &ObservedFirewall,
        collection: &NatCollection,
    ) -> Result<Written, WriteFailure> {
        let mut world = self.world();
        let done = world.change_firewall(observed, collection);
        world.written(done)
    }

    async fn flushes(&self, nsg: &NsgId) -> Result<bool, FabricError> {
        self.world().nsgs.get(nsg).map(|nsg| nsg.flushes).ok_or_else(|| refused(404, "ResourceNotFound"))
    }

    async fn set_flush(&self, nsg: &NsgId, on: bool) -> Result<FlushSet, WriteFailure> {
        let mut world = self.world();
        match world.set_flush(nsg, on) {
            Ok(before) if before == on => Ok(FlushSet { before, written: Written { correlation_id: None } }),
            Ok(before) => world.written(Ok(())).map(|written| FlushSet { before, written }),
            Err(error) => Err(WriteFailure { error, correlation_id: None }),
        }
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.world().clock_ahead
    }

    async fn rights(
        &self,
        subscription: SubscriptionId,
        principal: &str,
    ) -> Result<AccessRights, FabricError> {
        let rights = self.world().rights.get(&(subscription, principal.to_owned())).cloned();
        rights.ok_or_else(|| refused(404, "PrincipalNotFound"))
    }
}
