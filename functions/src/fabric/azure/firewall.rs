//! Azure Firewalls: they have no sub-resource for a rule, so the whole object is written.

use shared::{
    firewall::{NatCollection, ObservedFirewall},
    vm::FirewallId,
};

use super::client::Client;
use crate::fabric::{FabricError, WriteFailure, Written};

pub(super) async fn observe(
    _client: &Client,
    firewall: &FirewallId,
) -> Result<Option<ObservedFirewall>, FabricError> {
    Err(FabricError::Unintelligible { what: firewall.name().to_owned() })
}

pub(super) async fn apply(
    _client: &Client,
    observed: &ObservedFirewall,
    _collection: &NatCollection,
) -> Result<Written, WriteFailure> {
    let error = FabricError::Unintelligible { what: observed.id.name().to_owned() };
    Err(WriteFailure { error, correlation_id: None })
}
