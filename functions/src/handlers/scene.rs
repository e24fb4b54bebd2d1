//! What is stored of one subscription, to show several of its VMs without asking Azure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use shared::{
    api::EventKind,
    decision::Requester,
    exposure::Observations,
    firewall::FirewallReadings,
    inventory::Machine,
    policy::ProtectedVm,
    rbac::AccessRights,
    vm::{NsgId, SubscriptionId, VmId},
};

use super::view::{Sight, WEEK, only, undated};
use crate::{
    app::App,
    error::ApiError,
    store::{HeldLease, VmUsage},
};

pub(super) struct Scene {
    pub(super) rights: Arc<AccessRights>,
    subscription_name: String,
    policies: BTreeMap<VmId, ProtectedVm>,
    held: BTreeMap<VmId, Vec<HeldLease>>,
    observed: Observations,
    firewalls: FirewallReadings,
    usage: BTreeMap<String, VmUsage>,
    /// The keys of VMs of which somebody changed a rule of ours within a week.
    drifted: BTreeSet<String>,
    now: Timestamp,
}

impl Scene {
    /// Of every VM of a subscription.
    pub(super) async fn whole(
        app: &App,
        subscription: SubscriptionId,
        subscription_name: String,
        viewer: &Requester,
    ) -> Result<Self, ApiError> {
        let (store, now) = (app.store(), app.now());
        let rights = app.rights.of(subscription, &viewer.id).await?;
        Ok(Self {
            rights,
            subscription_name,
            policies: by_vm(store.policies(subscription).await?),
            held: held(app, subscription).await?,
            observed: only(store.observations(subscription).await?, |_| true),
            firewalls: undated(store.firewalls(subscription).await?),
            usage: store.usage(subscription, now - WEEK).await?,
            drifted: store.vms_with_kind(subscription, EventKind::Drifted, now - WEEK).await?,
            now,
        })
    }

    /// Of some VMs of a subscription: nothing is read that is not about them.
    pub(super) async fn around(
        app: &App,
        subscription: SubscriptionId,
        machines: &[Machine],
        viewer: &Requester,
    ) -> Result<Self, ApiError> {
        let (store, now) = (app.store(), app.now());
        let rights = app.rights.of(subscription, &viewer.id).await?;
        let vms: Vec<VmId> = machines.iter().map(|machine| machine.vm.clone()).collect();
        let head = store.inventory_head(subscription).await?;
        let policies = by_vm(store.policies_of(subscription, &vms).await?);
        // Of a VM without a policy nothing is said of its ports.
        let shown = machines.iter().filter(|machine| policies.contains_key(&machine.vm));
        let nsgs: BTreeSet<&NsgId> = shown.flat_map(Machine::nsgs).collect();
        let mut observed = Observations::new();
        for nsg in nsgs {
            if let Some((reading, _)) = store.observation(nsg).await? {
                observed.insert(nsg.clone(), reading);
            }
        }
        Ok(Self {
            rights,
            subscription_name: head.map_or_else(|| subscription.to_string(), |(name, _)| name),
            policies,
            held: held(app, subscription).await?,
            observed,
            firewalls: undated(store.firewalls(subscription).await?),
            usage: store.usage_of(subscription, now - WEEK, &vms).await?,
            drifted: store.vms_with_kind(subscription, EventKind::Drifted, now - WEEK).await?,
            now,
        })
    }

    pub(super) fn policy(&self, vm: &VmId) -> Option<&ProtectedVm> {
        self.policies.get(vm)
    }

    /// `failure`: what kept the VM's NSGs from being read just now.
    pub(super) fn sight<'s>(
        &'s self,
        machine: &'s Machine,
        viewer: &'s Requester,
        failure: Option<String>,
    ) -> Sight<'s> {
        Sight {
            machine,
            subscription_name: &self.subscription_name,
            policy: self.policies.get(&machine.vm),
            held: self.held.get(&machine.vm).map_or(&[], Vec::as_slice),
            observed: &self.observed,
            firewalls: &self.firewalls,
            usage: self.usage.get(&machine.vm.key()),
            has_drifted: self.drifted.contains(&machine.vm.key()),
            rights: self.rights.on_vm(&machine.vm),
            viewer,
            failure,
            now: self.now,
        }
    }
}

fn by_vm(policies: Vec<ProtectedVm>) -> BTreeMap<VmId, ProtectedVm> {
    policies.into_iter().map(|policy| (policy.vm.clone(), policy)).collect()
}

async fn held(app: &App, subscription: SubscriptionId) -> Result<BTreeMap<VmId, Vec<HeldLease>>, ApiError> {
    let mut held: BTreeMap<VmId, Vec<HeldLease>> = BTreeMap::new();
    for one in app.store().unclosed(subscription).await? {
        held.entry(one.lease.vm.clone()).or_default().push(one);
    }
    Ok(held)
}
