//! Who may do what to policies and their VMs: Azure's roles, asked about the actions that ARM asks about.

use std::sync::Arc;

use shared::{
    policy_id::PolicyId,
    rbac::{AccessRights, action},
    vm::{SubscriptionId, VmId},
};

use super::error::ArmError;
use crate::{app::App, caller::Principal, store::NamedPolicy};

/// What one caller may do in one subscription.
#[derive(Debug)]
pub(super) struct Access(Arc<AccessRights>);

impl Access {
    pub(super) async fn of(
        app: &App,
        subscription: SubscriptionId,
        principal: &Principal,
    ) -> Result<Self, ArmError> {
        if !app.serves(subscription) {
            return Err(ArmError::subscription_not_found(subscription));
        }
        Ok(Self(app.rights.of(subscription, &principal.requester.id).await?))
    }

    /// Whether the caller has any role at all here.
    pub(super) fn is_known(&self) -> bool {
        !self.0.assignments.is_empty()
    }

    /// Whether the caller sees what a policy says of this VM.
    pub(super) fn sees(&self, vm: &VmId) -> bool {
        self.0.may(action::READ_POLICY, &vm.to_string())
    }

    /// What the caller sees of a policy.
    pub(super) fn seen(&self, mut policy: NamedPolicy) -> NamedPolicy {
        policy.vms.retain(|one| self.sees(&one.vm));
        policy
    }

    /// Passes for whoever may learn that there is no such policy.
    pub(super) fn may_look_for(&self, id: &PolicyId) -> Result<(), ArmError> {
        self.may(action::READ_POLICY, id)
    }

    /// Passes for whoever may learn that there was no such policy to remove.
    pub(super) fn may_remove(&self, id: &PolicyId) -> Result<(), ArmError> {
        self.may(action::WRITE_POLICY, id)
    }

    fn may(&self, action: &str, id: &PolicyId) -> Result<(), ArmError> {
        if self.0.may(action, &id.to_string()) { Ok(()) } else { Err(ArmError::forbidden(action, id)) }
    }

    /// Passes if the caller may configure JIT on every one of these VMs.
    pub(super) fn may_configure<'v>(&self, vms: impl IntoIterator<Item = &'v VmId>) -> Result<(), ArmError> {
        match vms.into_iter().find(|vm| !self.0.on_vm(vm).configure) {
            Some(vm) => Err(ArmError::forbidden(action::WRITE_POLICY, vm)),
            None => Ok(()),
        }
    }

    /// Passes if the caller may ask for access to every one of these VMs.
    pub(super) fn may_request<'v>(&self, vms: impl IntoIterator<Item = &'v VmId>) -> Result<(), ArmError> {
        match vms.into_iter().find(|vm| !self.0.on_vm(vm).request) {
            Some(vm) => Err(ArmError::forbidden(action::INITIATE, vm)),
            None => Ok(()),
        }
    }
}
