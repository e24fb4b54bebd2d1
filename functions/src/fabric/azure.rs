//! Azure Resource Manager as the fabric. Azure's spellings stay here.
//!
//! Invariants: a token is sent to the configured ARM alone, whatever link an answer contains; a write whose
//! answer was lost is not repeated (the caller reads back); what cannot be understood is an error, never left
//! out of an NSG.

mod answer;
mod client;
pub mod credential;
mod firewall;
mod flush;
mod inventory;
mod limiter;
mod nsg;
mod operation;
mod resource;
mod retry;
mod rights;
mod rules;
#[cfg(test)]
mod scripted;
mod token;
mod write;

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use jiff::SignedDuration;
use shared::{
    api::ArmBudget,
    firewall::{NatCollection, ObservedFirewall},
    inventory::{Inventory, Machine},
    nsg::{ObservedNsg, RuleChange},
    rbac::AccessRights,
    vm::{FirewallId, NsgId, SubscriptionId, VmId},
};
use url::Url;

use self::{client::Client, rights::RoleCache};
use super::{Fabric, FabricError, FlushSet, WriteFailure, Written};
use crate::{
    clock::{Clock, Ids},
    metrics::Metrics,
};

/// The ARM of a cloud.
#[derive(Clone, Debug)]
pub struct ArmEndpoint {
    pub url: Url,
    /// For whom tokens are asked, like `https://management.core.windows.net/`.
    pub audience: String,
}

/// Azure, by its public API.
#[derive(Debug)]
pub struct AzureFabric {
    client: Client,
    roles: RoleCache,
}

impl AzureFabric {
    pub fn new(
        endpoint: ArmEndpoint,
        credential: Arc<dyn TokenCredential>,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { client: Client::new(endpoint, credential, http, clock, ids), roles: RoleCache::default() }
    }

    /// Counts its calls there.
    #[must_use]
    pub fn counted_in(mut self, metrics: &Metrics) -> Self {
        self.client.count_in(metrics.arm.clone());
        self
    }
}

#[async_trait]
impl Fabric for AzureFabric {
    async fn inventory(&self, subscription: SubscriptionId) -> Result<Inventory, FabricError> {
        inventory::list(&self.client, subscription).await
    }

    async fn marked_nsgs(&self, subscription: SubscriptionId) -> Result<BTreeSet<NsgId>, FabricError> {
        nsg::marked(&self.client, subscription).await
    }

    async fn machine(&self, vm: &VmId) -> Result<Option<Machine>, FabricError> {
        inventory::machine(&self.client, vm).await
    }

    async fn observe(&self, nsg: &NsgId) -> Result<Option<ObservedNsg>, FabricError> {
        nsg::observe(&self.client, nsg).await
    }

    async fn apply(&self, nsg: &NsgId, change: &RuleChange) -> Result<Written, WriteFailure> {
        write::apply(&self.client, nsg, change).await
    }

    async fn observe_firewall(&self, firewall: &FirewallId) -> Result<Option<ObservedFirewall>, FabricError> {
        firewall::observe(&self.client, firewall).await
    }

    async fn apply_firewall(
        &self,
        observed: &ObservedFirewall,
        collection: &NatCollection,
    ) -> Result<Written, WriteFailure> {
        firewall::apply(&self.client, observed, collection).await
    }

    async fn flushes(&self, nsg: &NsgId) -> Result<bool, FabricError> {
        flush::read(&self.client, nsg).await
    }

    async fn set_flush(&self, nsg: &NsgId, on: bool) -> Result<FlushSet, WriteFailure> {
        flush::set(&self.client, nsg, on).await
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.client.clock_ahead()
    }

    fn budget(&self, subscription: SubscriptionId) -> Option<ArmBudget> {
        self.client.budget(subscription)
    }

    async fn rights(
        &self,
        subscription: SubscriptionId,
        principal: &str,
    ) -> Result<AccessRights, FabricError> {
        rights::rights(&self.client, &self.roles, subscription, principal).await
    }
}
