//! The port to what enforces NSG rules.

pub mod azure;
pub mod memory;

use std::{collections::BTreeSet, fmt::Debug, time::Duration};

use async_trait::async_trait;
use jiff::SignedDuration;
use shared::{
    api::ArmBudget,
    firewall::{NatCollection, ObservedFirewall},
    inventory::{Inventory, Machine},
    nsg::{ObservedNsg, RuleChange},
    rbac::AccessRights,
    vm::{FirewallId, NsgId, SubscriptionId, VmId},
};

/// For how long a fabric may believe what it read of a role, which many people share.
pub const ROLE_BELIEVED: SignedDuration = SignedDuration::from_secs(15);

/// Reads machines, NSGs and rights, and writes NSG rules.
#[async_trait]
pub trait Fabric: Send + Sync + Debug {
    /// The VMs of a subscription with the way that packets take to each.
    async fn inventory(&self, subscription: SubscriptionId) -> Result<Inventory, FabricError>;

    /// The NSGs of a subscription that have a rule with a name that a Postern gives, attached to something or not.
    async fn marked_nsgs(&self, subscription: SubscriptionId) -> Result<BTreeSet<NsgId>, FabricError>;

    /// One VM, read anew; `None` if it does not exist. Classic VMs are only in the inventory.
    async fn machine(&self, vm: &VmId) -> Result<Option<Machine>, FabricError>;

    /// The rules of an NSG when no write to it is under way; `None` if it does not exist.
    async fn observe(&self, nsg: &NsgId) -> Result<Option<ObservedNsg>, FabricError>;

    /// Returns when ARM says that the change has taken effect, or why it has not.
    async fn apply(&self, nsg: &NsgId, change: &RuleChange) -> Result<Written, WriteFailure>;

    /// A firewall when no write to it is under way; `None` if it does not exist.
    async fn observe_firewall(&self, firewall: &FirewallId) -> Result<Option<ObservedFirewall>, FabricError>;

    /// Makes our own NAT collection be just `collection` (an empty one is removed), everything else untouched, if the
    /// firewall is still as it was observed; else it is a conflict.
    async fn apply_firewall(
        &self,
        observed: &ObservedFirewall,
        collection: &NatCollection,
    ) -> Result<Written, WriteFailure>;

    /// Whether the NSG cuts established flows that its rules no longer let in.
    async fn flushes(&self, nsg: &NsgId) -> Result<bool, FabricError>;

    /// Sets whether the NSG cuts established flows that its rules no longer let in, and tells what was set before.
    /// Where it was so already nothing is written. Refused where Azure does not offer it.
    async fn set_flush(&self, nsg: &NsgId, on: bool) -> Result<FlushSet, WriteFailure>;

    /// By how much this process's clock is ahead of Azure's, as its last answer told; `None`: no answer yet.
    fn clock_ahead(&self) -> Option<SignedDuration>;

    /// How much may be asked of Azure at once before it is held back; `None`: it is not known.
    fn budget(&self, _subscription: SubscriptionId) -> Option<ArmBudget> {
        None
    }

    /// What a principal (by object id) may do in a subscription.
    async fn rights(
        &self,
        subscription: SubscriptionId,
        principal: &str,
    ) -> Result<AccessRights, FabricError>;
}

/// What came of setting whether an NSG cuts flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlushSet {
    /// How it was set before.
    pub before: bool,
    pub written: Written,
}

/// A change that has taken effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// By which Azure's activity log knows the write.
    pub correlation_id: Option<String>,
}

/// A change that has not taken effect, or of which that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteFailure {
    pub error: FabricError,
    pub correlation_id: Option<String>,
}

/// Why Azure did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FabricError {
    #[error("Azure asks for fewer requests{}", after(.retry_after))]
    Throttled { retry_after: Option<Duration> },
    #[error("another operation is under way in Azure: {message}")]
    Locked { message: String },
    /// Something changed since it was read: plan anew.
    #[error("the change does not fit what is there now: {message}")]
    Conflict { message: String },
    /// It will not work by itself.
    #[error("Azure refused with {code}: {message}")]
    Refused { status: u16, code: String, message: String },
    #[error("Azure could not be reached: {message}")]
    Unreachable { message: String },
    #[error("an answer of Azure could not be understood: {what}")]
    Unintelligible { what: String },
    #[error("Azure's answer did not arrive; the change may have been made")]
    Lost,
}

impl FabricError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub const fn is_transient(&self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::Unintelligible { .. })
    }
}

fn after(wait: &Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!(", again in {} s", wait.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_somebody_to_act_is_not_transient() {
        let refused = FabricError::Refused {
            status: 403,
            code: "AuthorizationFailed".to_owned(),
            message: "no".to_owned(),
        };
        assert!(!refused.is_transient());
        assert!(!FabricError::Unintelligible { what: "a rule".to_owned() }.is_transient());
        assert!(FabricError::Lost.is_transient());
        assert!(FabricError::Conflict { message: "priority 100".to_owned() }.is_transient());
    }

    #[test]
    fn messages_say_what_happened_and_how_long_to_wait() {
        let throttled = FabricError::Throttled { retry_after: Some(Duration::from_secs(17)) };
        assert_eq!(throttled.to_string(), "Azure asks for fewer requests, again in 17 s");
        assert_eq!(FabricError::Throttled { retry_after: None }.to_string(), "Azure asks for fewer requests");
    }
}
