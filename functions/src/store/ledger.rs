//! The port to the store: what enforcement needs of it. The SQL store keeps it durable, the memory ledger for tests.

use std::{collections::BTreeMap, fmt::Debug};

use async_trait::async_trait;
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

use super::{Admitted, BehindNsg, HeldLease, IdempotencyName, LeaseCounts, Store, StoreError, Trouble};

/// One thing with the time at which it was read.
pub type Dated<T> = (T, Timestamp);

macro_rules! ledger {
    ($($(#[$doc:meta])* fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty;)*) => {
        /// Where policies, leases, the audit and the last readings are kept.
        ///
        /// Each call is one step that happens wholly or not at all, and is durable when it answers.
        #[async_trait]
        pub trait Ledger: Send + Sync + Debug {
            $($(#[$doc])* async fn $name(&self $(, $argument: $type)*) -> Result<$answer, StoreError>;)*
        }

        #[async_trait]
        impl Ledger for Store {
            $(async fn $name(&self $(, $argument: $type)*) -> Result<$answer, StoreError> {
                Store::$name(self $(, $argument)*).await
            })*
        }
    };
}

ledger! {
    fn put_policy(&self, policy: &ProtectedVm, records: &[Record]) -> ();
    /// Whether there was one.
    fn remove_policy(&self, vm: &VmId, records: &[Record]) -> bool;
    fn policy(&self, vm: &VmId) -> Option<ProtectedVm>;
    fn policies(&self, subscription: SubscriptionId) -> Vec<ProtectedVm>;
    /// Makes a grant durable, unless its name was used in the 24 hours before.
    fn admit(&self, grant: &Grant, name: Option<&IdempotencyName>, records: &[Record]) -> Admitted;
    /// Every lease of a subscription that is not closed; the first to end comes first.
    fn unclosed(&self, subscription: SubscriptionId) -> Vec<HeldLease>;
    fn unclosed_of_vm(&self, vm: &VmId) -> Vec<HeldLease>;
    /// Every lease of any subscription whose time is over and that is not closed.
    fn due(&self, now: Timestamp) -> Vec<HeldLease>;
    /// Every lease of any subscription that was not yet read back as open.
    fn pending(&self) -> Vec<HeldLease>;
    /// The first end after `after` among the leases that are not closed.
    fn next_due(&self, after: Timestamp) -> Option<Timestamp>;
    fn counts(&self, now: Timestamp) -> LeaseCounts;
    /// `false`: somebody changed it meanwhile, and nothing is written, no record either.
    fn update_lease(&self, held: &HeldLease, lease: Lease, trouble: Option<Trouble>, records: &[Record]) -> bool;
    fn record(&self, records: &[Record]) -> ();
    /// Checks the whole chain of a subscription; the number of its entries.
    fn verify(&self, subscription: SubscriptionId) -> Result<u64, Broken>;
    fn put_inventory(&self, inventory: &Inventory, at: Timestamp) -> ();
    /// `None`: never read as a whole.
    fn inventory(&self, subscription: SubscriptionId) -> Option<Dated<Inventory>>;
    fn machines(&self, subscription: SubscriptionId) -> Vec<Machine>;
    /// With the subscription's name and the time of the reading.
    fn machine(&self, vm: &VmId) -> Option<(Machine, String, Timestamp)>;
    /// The VMs that an NSG decides over and those that may be, all of one moment.
    fn behind(&self, nsg: &NsgId) -> BehindNsg;
    fn put_machine(&self, machine: &Machine, at: Timestamp) -> ();
    fn forget_machine(&self, vm: &VmId) -> ();
    /// Keeps the last reading of an NSG; one that is older than what is there changes nothing.
    fn put_observation(&self, observed: &ObservedNsg, at: Timestamp) -> ();
    fn forget_observation(&self, nsg: &NsgId) -> ();
    fn observation(&self, nsg: &NsgId) -> Option<Dated<ObservedNsg>>;
    fn observations(&self, subscription: SubscriptionId) -> BTreeMap<NsgId, Dated<ObservedNsg>>;
    /// As for an NSG.
    fn put_firewall(&self, observed: &ObservedFirewall, at: Timestamp) -> ();
    fn forget_firewall(&self, firewall: &FirewallId) -> ();
    fn firewalls(&self, subscription: SubscriptionId) -> BTreeMap<FirewallId, Dated<ObservedFirewall>>;
    /// Notes, before it is done, that we make an NSG cut flows, which is to be undone.
    fn put_flush(&self, nsg: &NsgId, at: Timestamp) -> ();
    fn remove_flush(&self, nsg: &NsgId) -> ();
    /// The NSGs that we made cut flows.
    fn flushes(&self, subscription: SubscriptionId) -> BTreeMap<NsgId, Timestamp>;
    fn note_sweep(&self, at: Timestamp) -> ();
    fn last_sweep(&self) -> Option<Timestamp>;
}
