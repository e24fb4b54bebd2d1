//! A ledger in memory, for tests: it behaves as the SQL store does, and ends with the process.

mod grants;
mod readings;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::Timestamp;
use shared::{
    audit::{Broken, Entry, GENESIS, Record, verify},
    firewall::ObservedFirewall,
    grant::{Grant, GrantId, Lease, LeaseId},
    inventory::{Inventory, Machine},
    nsg::ObservedNsg,
    policy::ProtectedVm,
    vm::{FirewallId, NsgId, SubscriptionId, VmId},
};

use self::grants::Remembered;
use super::{
    Admitted, BehindNsg, Dated, HeldLease, IdempotencyName, LeaseCounts, Ledger, StoreError, Trouble,
    text::micros,
};

/// A handle; clones share their data, as handles to one database do.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    policies: BTreeMap<VmId, ProtectedVm>,
    /// Without their leases.
    grants: BTreeMap<GrantId, Grant>,
    leases: BTreeMap<LeaseId, HeldLease>,
    names: BTreeMap<(String, String), Remembered>,
    audit: BTreeMap<SubscriptionId, Vec<Entry>>,
    subscriptions: BTreeMap<SubscriptionId, Dated<String>>,
    machines: BTreeMap<VmId, Dated<Machine>>,
    observations: BTreeMap<NsgId, Dated<ObservedNsg>>,
    firewalls: BTreeMap<FirewallId, Dated<ObservedFirewall>>,
    flushes: BTreeMap<NsgId, Timestamp>,
    last_sweep: Option<Timestamp>,
}

impl MemoryLedger {
    /// What a store says that cannot be reached.
    pub fn unavailable() -> StoreError {
        StoreError::Unavailable(sqlx::Error::PoolTimedOut)
    }

    /// Every lease, the closed ones too, by id.
    pub fn leases(&self) -> Vec<HeldLease> {
        self.tables().leases.values().cloned().collect()
    }

    /// Every grant as it was admitted, without its leases, by id.
    pub fn grants(&self) -> Vec<Grant> {
        self.tables().grants.values().cloned().collect()
    }

    /// What was written down in a subscription after the entry of that number.
    pub fn entries_after(&self, subscription: SubscriptionId, seq: u64) -> Vec<Entry> {
        let known = usize::try_from(seq).unwrap_or(usize::MAX);
        self.tables().audit.get(&subscription).into_iter().flatten().skip(known).cloned().collect()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn put_policy(&self, policy: &ProtectedVm, records: &[Record]) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables.append(policy.vm.subscription(), records)?;
        tables.policies.insert(policy.vm.clone(), policy.clone());
        Ok(())
    }

    async fn remove_policy(&self, vm: &VmId, records: &[Record]) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let is_there = tables.policies.contains_key(vm);
        if is_there {
            tables.append(vm.subscription(), records)?;
            tables.policies.remove(vm);
        }
        Ok(is_there)
    }

    async fn policy(&self, vm: &VmId) -> Result<Option<ProtectedVm>, StoreError> {
        Ok(self.tables().policies.get(vm).cloned())
    }

    async fn policies(&self, subscription: SubscriptionId) -> Result<Vec<ProtectedVm>, StoreError> {
        let tables = self.tables();
        let of_it = tables.policies.values().filter(|policy| policy.vm.subscription() == subscription);
        Ok(of_it.cloned().collect())
    }

    async fn admit(
        &self,
        grant: &Grant,
        name: Option<&IdempotencyName>,
        records: &[Record],
    ) -> Result<Admitted, StoreError> {
        self.tables().admit(grant, name, records)
    }

    async fn unclosed(&self, subscription: SubscriptionId) -> Result<Vec<HeldLease>, StoreError> {
        Ok(self.tables().unclosed(|lease| lease.vm.subscription() == subscription))
    }

    async fn unclosed_of_vm(&self, vm: &VmId) -> Result<Vec<HeldLease>, StoreError> {
        Ok(self.tables().unclosed(|lease| lease.vm == *vm))
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<HeldLease>, StoreError> {
        Ok(self.tables().due(now))
    }

    async fn pending(&self) -> Result<Vec<HeldLease>, StoreError> {
        Ok(self.tables().pending())
    }

    async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables().next_due(after))
    }

    async fn counts(&self, now: Timestamp) -> Result<LeaseCounts, StoreError> {
        Ok(self.tables().counts(now))
    }

    async fn update_lease(
        &self,
        held: &HeldLease,
        lease: Lease,
        trouble: Option<Trouble>,
        records: &[Record],
    ) -> Result<bool, StoreError> {
        self.tables().update_lease(held, lease, trouble, records)
    }

    async fn record(&self, records: &[Record]) -> Result<(), StoreError> {
        let mut chains: BTreeMap<SubscriptionId, Vec<Record>> = BTreeMap::new();
        for record in records {
            chains.entry(record.subscription).or_default().push(record.clone());
        }
        let mut tables = self.tables();
        chains.into_iter().try_for_each(|(subscription, records)| tables.append(subscription, &records))
    }

    async fn verify(&self, subscription: SubscriptionId) -> Result<Result<u64, Broken>, StoreError> {
        let tables = self.tables();
        let entries = tables.audit.get(&subscription).into_iter().flatten();
        Ok(verify((0, GENESIS), entries).map(|(number, _)| number))
    }

    async fn put_inventory(&self, inventory: &Inventory, at: Timestamp) -> Result<(), StoreError> {
        self.tables().put_inventory(inventory, at)
    }

    async fn inventory(&self, subscription: SubscriptionId) -> Result<Option<Dated<Inventory>>, StoreError> {
        Ok(self.tables().inventory(subscription))
    }

    async fn machines(&self, subscription: SubscriptionId) -> Result<Vec<Machine>, StoreError> {
        Ok(self.tables().machines_of(subscription))
    }

    async fn machine(&self, vm: &VmId) -> Result<Option<(Machine, String, Timestamp)>, StoreError> {
        Ok(self.tables().machine(vm))
    }

    async fn behind(&self, nsg: &NsgId) -> Result<BehindNsg, StoreError> {
        Ok(self.tables().behind(nsg))
    }

    async fn put_machine(&self, machine: &Machine, at: Timestamp) -> Result<(), StoreError> {
        self.tables().put_machine(machine, at);
        Ok(())
    }

    async fn forget_machine(&self, vm: &VmId) -> Result<(), StoreError> {
        self.tables().machines.remove(vm);
        Ok(())
    }

    async fn put_observation(&self, observed: &ObservedNsg, at: Timestamp) -> Result<(), StoreError> {
        readings::keep_later(&mut self.tables().observations, &observed.id, observed, at);
        Ok(())
    }

    async fn forget_observation(&self, nsg: &NsgId) -> Result<(), StoreError> {
        self.tables().observations.remove(nsg);
        Ok(())
    }

    async fn observation(&self, nsg: &NsgId) -> Result<Option<Dated<ObservedNsg>>, StoreError> {
        Ok(self.tables().observations.get(nsg).cloned())
    }

    async fn observations(
        &self,
        subscription: SubscriptionId,
    ) -> Result<BTreeMap<NsgId, Dated<ObservedNsg>>, StoreError> {
        let tables = self.tables();
        let of_it = tables.observations.iter().filter(|(nsg, _)| nsg.subscription() == subscription);
        Ok(of_it.map(|(nsg, dated)| (nsg.clone(), dated.clone())).collect())
    }

    async fn put_firewall(&self, observed: &ObservedFirewall, at: Timestamp) -> Result<(), StoreError> {
        readings::keep_later(&mut self.tables().firewalls, &observed.id, observed, at);
        Ok(())
    }

    async fn forget_firewall(&self, firewall: &FirewallId) -> Result<(), StoreError> {
        self.tables().firewalls.remove(firewall);
        Ok(())
    }

    async fn firewalls(
        &self,
        subscription: SubscriptionId,
    ) -> Result<BTreeMap<FirewallId, Dated<ObservedFirewall>>, StoreError> {
        let tables = self.tables();
        let of_it = tables.firewalls.iter().filter(|(firewall, _)| firewall.subscription() == subscription);
        Ok(of_it.map(|(firewall, dated)| (firewall.clone(), dated.clone())).collect())
    }

    async fn put_flush(&self, nsg: &NsgId, at: Timestamp) -> Result<(), StoreError> {
        self.tables().flushes.entry(nsg.clone()).or_insert_with(|| kept(at));
        Ok(())
    }

    async fn remove_flush(&self, nsg: &NsgId) -> Result<(), StoreError> {
        self.tables().flushes.remove(nsg);
        Ok(())
    }

    async fn flushes(&self, subscription: SubscriptionId) -> Result<BTreeMap<NsgId, Timestamp>, StoreError> {
        let tables = self.tables();
        let of_it = tables.flushes.iter().filter(|(nsg, _)| nsg.subscription() == subscription);
        Ok(of_it.map(|(nsg, at)| (nsg.clone(), *at)).collect())
    }

    async fn note_sweep(&self, at: Timestamp) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables.last_sweep = tables.last_sweep.max(Some(kept(at)));
        Ok(())
    }

    async fn last_sweep(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables().last_sweep)
    }
}

impl Tables {
    /// Puts records behind the chain of `subscription`, or none if one is of another.
    fn append(&mut self, subscription: SubscriptionId, records: &[Record]) -> Result<(), StoreError> {
        if records.iter().any(|record| record.subscription != subscription) {
            return Err(StoreError::Refused("the records of one write are of its subscription"));
        }
        let chain = self.audit.entry(subscription).or_default();
        for record in records {
            let (seq, hash) = chain.last().map_or((0, GENESIS), |last| (last.seq, last.hash.as_str()));
            chain.push(Entry::after(seq, hash, record.clone()));
        }
        Ok(())
    }
}

/// A moment as the SQL store keeps it: in whole microseconds.
fn kept(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(micros(at)).unwrap_or(at)
}
