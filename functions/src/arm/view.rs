//! From what is stored to what Azure's clients see.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use shared::{
    exposure::mapped,
    firewall::FirewallReadings,
    grant::Lease,
    inventory::Machine,
    policy::ProtectedVm,
    port::Port,
    vm::{SubscriptionId, VmId},
};

use super::{
    error::ArmError,
    wire::{
        policy::{PolicyView, VmView},
        request::RequestView,
    },
};
use crate::{
    app::App,
    handlers::view::undated,
    store::{HeldGrant, NamedPolicy},
};

/// For how long Azure shows past requests.
const SHOWN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What the policies of one subscription show besides what they say.
pub(super) struct Surroundings<'a> {
    app: &'a App,
    machines: BTreeMap<VmId, Machine>,
    firewalls: FirewallReadings,
    grants: Vec<HeldGrant>,
}

/// Policies of one subscription, with their requests of the last 30 days, oldest first.
pub(super) async fn shown(
    app: &App,
    subscription: SubscriptionId,
    policies: &[NamedPolicy],
) -> Result<Vec<PolicyView>, ArmError> {
    let vms: Vec<VmId> = policies.iter().flat_map(|policy| &policy.vms).map(|one| one.vm.clone()).collect();
    let since = app.now().checked_sub(SHOWN).unwrap_or(jiff::Timestamp::MIN);
    let grants = app.store().grants_on(subscription, &vms, since).await?;
    let around = Surroundings::new(app, subscription, &vms, grants).await?;
    Ok(policies.iter().map(|policy| around.policy(policy)).collect())
}

impl<'a> Surroundings<'a> {
    pub(super) async fn new(
        app: &'a App,
        subscription: SubscriptionId,
        vms: &[VmId],
        grants: Vec<HeldGrant>,
    ) -> Result<Self, ArmError> {
        let machines = app.store().machines_of(subscription, vms).await?;
        let firewalls = match machines.iter().any(|machine| machine.gate().is_some()) {
            true => undated(app.store().firewalls(subscription).await?),
            false => FirewallReadings::default(),
        };
        let machines = machines.into_iter().map(|machine| (machine.vm.clone(), machine)).collect();
        Ok(Self { app, machines, firewalls, grants })
    }

    fn policy(&self, policy: &NamedPolicy) -> PolicyView {
        let members: BTreeSet<&VmId> = policy.vms.iter().map(|one| &one.vm).collect();
        let vms = policy.vms.iter().map(|one| VmView::new(one, self.public_address(one))).collect();
        let requests = self.grants.iter().filter_map(|held| self.request(held, |vm| members.contains(vm)));
        PolicyView::new(&policy.id, vms, requests.collect())
    }

    pub(super) fn request(&self, held: &HeldGrant, is_shown: impl Fn(&VmId) -> bool) -> Option<RequestView> {
        RequestView::of(held, is_shown, |lease| self.mapped_port(lease))
    }

    /// Through which public address of a firewall the VM is reached.
    fn public_address(&self, policy: &ProtectedVm) -> Option<String> {
        let ports = policy.ports.iter().map(|rule| rule.port);
        let mapped = ports.filter_map(|port| self.mapped(&policy.vm, port)).next();
        mapped.map(|mapped| mapped.address.to_string())
    }

    fn mapped_port(&self, lease: &Lease) -> Option<u16> {
        Some(self.mapped(&lease.vm, lease.port)?.port.number())
    }

    fn mapped(&self, vm: &VmId, port: Port) -> Option<shared::api::Mapped> {
        let machine = self.machines.get(vm)?;
        mapped(&self.app.engine.author.deployment, machine, port, &self.firewalls, self.app.now())
    }
}
