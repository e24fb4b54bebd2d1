//! The ledger behind the gate.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use functions::store::{
    Admitted, BehindNsg, Dated, HeldLease, IdempotencyName, LeaseCounts, Ledger, StoreError, Trouble,
    memory::MemoryLedger,
};
use jiff::Timestamp;
use shared::{
    audit::{Broken, Record},
    firewall::ObservedFirewall,
    grant::{Grant, Lease},
    inventory::{Inventory, Machine},
    nsg::ObservedNsg,
    policy::ProtectedVm,
    vm::{FirewallId, NsgId, SubscriptionId, VmId},
};

use crate::gate::{Gate, Kind, Life, Verdict};

#[derive(Debug)]
pub(crate) struct GatedLedger {
    pub(crate) inner: Arc<dyn Ledger>,
    pub(crate) gate: Gate,
    pub(crate) life: Life,
}

macro_rules! gated {
    ($($kind:ident $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Ledger for GatedLedger {
            $(async fn $name(&self $(, $argument: $type)*) -> Result<$answer, StoreError> {
                let verdict =
                    self.gate.pass(self.life, Kind::$kind, stringify!($name), String::new()).await;
                if let Verdict::Fail(_) = verdict {
                    return Err(MemoryLedger::unavailable());
                }
                let answer = self.inner.$name($($argument),*).await;
                if matches!(Kind::$kind, Kind::LedgerWrite) {
                    self.gate.note_write();
                }
                match verdict {
                    Verdict::DieAfter => std::future::pending().await,
                    Verdict::LoseReply => Err(MemoryLedger::unavailable()),
                    _ => answer,
                }
            })*
        }
    };
}

gated! {
    LedgerWrite put_policy(policy: &ProtectedVm, records: &[Record]) -> ();
    LedgerWrite remove_policy(vm: &VmId, records: &[Record]) -> bool;
    Ledger policy(vm: &VmId) -> Option<ProtectedVm>;
    Ledger policies(subscription: SubscriptionId) -> Vec<ProtectedVm>;
    LedgerWrite admit(grant: &Grant, name: Option<&IdempotencyName>, records: &[Record]) -> Admitted;
    Ledger unclosed(subscription: SubscriptionId) -> Vec<HeldLease>;
    Ledger unclosed_of_vm(vm: &VmId) -> Vec<HeldLease>;
    Ledger due(now: Timestamp) -> Vec<HeldLease>;
    Ledger pending() -> Vec<HeldLease>;
    Ledger next_due(after: Timestamp) -> Option<Timestamp>;
    Ledger counts(now: Timestamp) -> LeaseCounts;
    LedgerWrite update_lease(held: &HeldLease, lease: Lease, trouble: Option<Trouble>, records: &[Record]) -> bool;
    LedgerWrite record(records: &[Record]) -> ();
    Ledger verify(subscription: SubscriptionId) -> Result<u64, Broken>;
    LedgerWrite put_inventory(inventory: &Inventory, at: Timestamp) -> ();
    Ledger inventory(subscription: SubscriptionId) -> Option<Dated<Inventory>>;
    Ledger machines(subscription: SubscriptionId) -> Vec<Machine>;
    Ledger machine(vm: &VmId) -> Option<(Machine, String, Timestamp)>;
    Ledger behind(nsg: &NsgId) -> BehindNsg;
    LedgerWrite put_machine(machine: &Machine, at: Timestamp) -> ();
    LedgerWrite forget_machine(vm: &VmId) -> ();
    LedgerWrite put_observation(observed: &ObservedNsg, at: Timestamp) -> ();
    Ledger observation(nsg: &NsgId) -> Option<Dated<ObservedNsg>>;
    Ledger observations(subscription: SubscriptionId) -> BTreeMap<NsgId, Dated<ObservedNsg>>;
    LedgerWrite forget_observation(nsg: &NsgId) -> ();
    LedgerWrite put_firewall(observed: &ObservedFirewall, at: Timestamp) -> ();
    Ledger firewalls(subscription: SubscriptionId) -> BTreeMap<FirewallId, Dated<ObservedFirewall>>;
    LedgerWrite forget_firewall(firewall: &FirewallId) -> ();
    LedgerWrite put_flush(nsg: &NsgId, at: Timestamp) -> ();
    LedgerWrite remove_flush(nsg: &NsgId) -> ();
    Ledger flushes(subscription: SubscriptionId) -> BTreeMap<NsgId, Timestamp>;
    LedgerWrite note_sweep(at: Timestamp) -> ();
    Ledger last_sweep() -> Option<Timestamp>;
}
