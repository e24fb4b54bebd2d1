//! What is found out before a policy is durable, of one VM or many; and how it is written down.

use std::collections::BTreeMap;

use shared::{
    audit::{Event, PolicySettings, Record},
    inventory::Machine,
    policy::ProtectedVm,
    vm::{NsgId, VmId},
};

use crate::{app::App, caller::Principal, enforce::Cut, error::ApiError};

pub(super) fn may_not_configure(vm: &VmId) -> String {
    format!("your Azure roles do not let you configure JIT on {}", vm.name())
}

pub(super) fn may_not_remove(vm: &VmId) -> String {
    format!("your Azure roles do not let you remove JIT from {}", vm.name())
}

/// Why a VM cannot be protected, and what would help.
pub(crate) fn unsupported(machine: &Machine) -> Option<String> {
    let reason = machine.unsupported().into_iter().next()?;
    let name = machine.vm.name();
    Some(format!("{name} cannot be protected: {}. {}", reason.reason(), reason.remedy()))
}

pub(super) fn obstructed(place: &str, reason: &str) -> String {
    format!("no guard can be written to {place}: {reason}; nothing was changed")
}

/// The NSGs that cannot cut established sessions, and why. Found out by doing it: what is established and not let in
/// now is cut, which the policy wants anyway.
pub(super) async fn cannot_cut_sessions<'n>(
    app: &App,
    nsgs: impl IntoIterator<Item = &'n NsgId>,
) -> Result<BTreeMap<&'n NsgId, String>, ApiError> {
    let mut unable = BTreeMap::new();
    for nsg in nsgs {
        match app.engine.cut_sessions(nsg).await? {
            Cut::Done { .. } => {}
            Cut::Refused { reason } => {
                let name = nsg.name();
                let message =
                    format!("live_sessions: {name} cannot cut established sessions ({reason}); choose never");
                unable.insert(nsg, message);
            }
            Cut::Failed { reason } => return Err(ApiError::unavailable(reason)),
        }
    }
    Ok(unable)
}

pub(crate) fn record(app: &App, policy: &ProtectedVm, principal: &Principal) -> Record {
    let ProtectedVm { vm, ports, justification, precedence, live_sessions } = policy;
    let (justification, precedence, live_sessions) = (*justification, *precedence, *live_sessions);
    let settings = Some(PolicySettings { justification, precedence, live_sessions });
    let event = Event::PolicyPut { ports: ports.iter().cloned().collect(), settings };
    app.engine.record(Some(vm), vm.subscription(), Some(&principal.requester), event)
}
