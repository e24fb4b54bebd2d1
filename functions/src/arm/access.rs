//! Who may do what to policies and their VMs: Azure's roles, asked about the actions that ARM asks about.

use std::sync::Arc;

use shared::{
    policy_id::PolicyId,
    rbac::{AccessRights, Right, action},
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
        self.0.on_vm(vm).read
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
        self.may(action::DELETE_POLICY, id)
    }

    fn may(&self, action: &str, id: &PolicyId) -> Result<(), ArmError> {
        if self.0.may(action, &id.to_string()) { Ok(()) } else { Err(ArmError::forbidden(action, id)) }
    }

    /// Passes if the caller has a right to every one of these VMs of a policy. One that the caller does not see is not
    /// named: the answer is as for a policy that is not there.
    pub(super) fn may_all<'v>(
        &self,
        right: Right,
        id: &PolicyId,
        vms: impl IntoIterator<Item = &'v VmId>,
    ) -> Result<(), ArmError> {
        match vms.into_iter().find(|vm| !self.0.on_vm(vm).has(right)) {
            Some(vm) if self.sees(vm) => Err(ArmError::forbidden(action_of(right), vm)),
            Some(_) => Err(ArmError::forbidden(action_of(right), id)),
            None => Ok(()),
        }
    }
}

/// The action that a right is mostly about.
const fn action_of(right: Right) -> &'static str {
    match right {
        Right::Read => action::READ_POLICY,
        Right::Request => action::INITIATE,
        Right::Configure => action::WRITE_POLICY,
        Right::Remove => action::DELETE_POLICY,
    }
}
