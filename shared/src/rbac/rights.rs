//! What Azure's roles let somebody do in Postern: Azure's own table of its just-in-time access, row by row.

use serde::{Deserialize, Serialize};

use super::AccessRights;
use crate::vm::VmId;

/// Actions that Postern asks about, in Azure's words (`azure/facts` §2.6).
pub mod action {
    pub const READ_VM: &str = "Microsoft.Compute/virtualMachines/read";
    pub const WRITE_VM: &str = "Microsoft.Compute/virtualMachines/write";
    pub const READ_POLICY: &str = "Microsoft.Security/locations/jitNetworkAccessPolicies/read";
    pub const WRITE_POLICY: &str = "Microsoft.Security/locations/jitNetworkAccessPolicies/write";
    pub const DELETE_POLICY: &str = "Microsoft.Security/locations/jitNetworkAccessPolicies/delete";
    pub const INITIATE: &str = "Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action";
    pub const READ_INTERFACE: &str = "Microsoft.Network/networkInterfaces/read";
    pub const READ_PUBLIC_ADDRESS: &str = "Microsoft.Network/publicIPAddresses/read";
    /// As the table has them. As patterns they do not cover the reading of the thing itself, and yet a role that is made
    /// of the table's words is to do; so either will.
    pub const READ_BELOW_POLICY: &str = "Microsoft.Security/locations/jitNetworkAccessPolicies/*/read";
    pub const READ_BELOW_INTERFACE: &str = "Microsoft.Network/networkInterfaces/*/read";
}

/// One of some actions, at a scope.
struct Need {
    one_of: &'static [&'static str],
    at: At,
}

#[derive(Clone, Copy)]
enum At {
    Vm,
    /// A policy is a resource in the VM's resource group: a role on the VM alone does not reach it.
    ResourceGroup,
}

const SEE_VM: Need = at_vm(&[action::READ_VM]);
const SEE_POLICY: Need = at_vm(&[action::READ_POLICY, action::READ_BELOW_POLICY]);
const SEE_INTERFACE: Need = at_vm(&[action::READ_INTERFACE, action::READ_BELOW_INTERFACE]);

const READ: &[Need] = &[SEE_VM, SEE_POLICY];
const REQUEST: &[Need] =
    &[SEE_VM, SEE_POLICY, at_vm(&[action::INITIATE]), SEE_INTERFACE, at_vm(&[action::READ_PUBLIC_ADDRESS])];
const CONFIGURE: &[Need] =
    &[SEE_VM, SEE_POLICY, at_group(&[action::WRITE_POLICY]), at_vm(&[action::WRITE_VM])];
const REMOVE: &[Need] = &[SEE_VM, SEE_POLICY, at_group(&[action::DELETE_POLICY])];

const fn at_vm(one_of: &'static [&'static str]) -> Need {
    Need { one_of, at: At::Vm }
}

const fn at_group(one_of: &'static [&'static str]) -> Need {
    Need { one_of, at: At::ResourceGroup }
}

/// What may be done to a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    Read,
    Request,
    Configure,
    Remove,
}

impl Right {
    pub const ALL: [Self; 4] = [Self::Read, Self::Request, Self::Configure, Self::Remove];

    /// All that the right takes. What cannot be seen can neither be asked for nor changed.
    const fn needs(self) -> &'static [Need] {
        match self {
            Self::Read => READ,
            Self::Request => REQUEST,
            Self::Configure => CONFIGURE,
            Self::Remove => REMOVE,
        }
    }
}

/// What a caller may do to one VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VmRights {
    /// See the VM, its policy and its activity.
    pub read: bool,
    /// Ask for openings, and close its own.
    pub request: bool,
    /// Enable and change JIT, and close anybody's opening.
    pub configure: bool,
    /// Remove JIT.
    pub remove: bool,
}

impl VmRights {
    pub const NONE: Self = Self { read: false, request: false, configure: false, remove: false };

    pub const fn has(self, right: Right) -> bool {
        match right {
            Right::Read => self.read,
            Right::Request => self.request,
            Right::Configure => self.configure,
            Right::Remove => self.remove,
        }
    }
}

impl AccessRights {
    /// What the principal may do to a VM.
    pub fn on_vm(&self, vm: &VmId) -> VmRights {
        let group = format!("/subscriptions/{}/resourceGroups/{}", vm.subscription(), vm.resource_group());
        let vm = vm.to_string();
        let has = |right: Right| {
            right.needs().iter().all(|need| {
                let given_at = match need.at {
                    At::Vm => &vm,
                    At::ResourceGroup => &group,
                };
                self.is_given(need.one_of, given_at) && !self.is_denied(need.one_of, &vm)
            })
        };
        VmRights {
            read: has(Right::Read),
            request: has(Right::Request),
            configure: has(Right::Configure),
            remove: has(Right::Remove),
        }
    }

    /// Whether the principal has a right to every VM below a scope, as far as it is not denied somewhere below.
    pub fn has_below(&self, right: Right, scope: &str) -> bool {
        right
            .needs()
            .iter()
            .all(|need| self.is_given(need.one_of, scope) && !self.is_denied(need.one_of, scope))
    }
}

#[cfg(test)]
mod tests;
