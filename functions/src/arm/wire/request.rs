//! A request as Azure shows it: what became of what somebody asked for.

use serde::Serialize;
use shared::{
    grant::{CloseReason, Lease, LeaseState},
    vm::VmId,
};

use super::{Prefixes, time};
use crate::store::{HeldGrant, HeldLease};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::arm) struct RequestView {
    virtual_machines: Vec<VmView>,
    start_time_utc: String,
    requestor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
}

#[derive(Debug, Serialize)]
struct VmView {
    id: String,
    ports: Vec<PortView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PortView {
    number: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_source_address_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_source_address_prefixes: Option<Vec<String>>,
    end_time_utc: String,
    status: &'static str,
    status_reason: String,
    /// Where the firewall in front takes it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    mapped_port: Option<u16>,
}

impl RequestView {
    /// As far as it is about VMs that `is_shown`; `None`: it is about none of them.
    pub(in crate::arm) fn of(
        held: &HeldGrant,
        is_shown: impl Fn(&VmId) -> bool,
        mapped: impl Fn(&Lease) -> Option<u16>,
    ) -> Option<Self> {
        let mut virtual_machines: Vec<(&VmId, Vec<PortView>)> = Vec::new();
        for one in held.leases.iter().filter(|held| is_shown(&held.lease.vm)) {
            let port = PortView::of(one, mapped(&one.lease));
            match virtual_machines.iter_mut().find(|(vm, _)| **vm == one.lease.vm) {
                Some((_, ports)) => ports.push(port),
                None => virtual_machines.push((&one.lease.vm, vec![port])),
            }
        }
        (!virtual_machines.is_empty()).then(|| Self {
            virtual_machines: virtual_machines
                .into_iter()
                .map(|(vm, ports)| VmView { id: vm.to_string(), ports })
                .collect(),
            start_time_utc: time(held.grant.window.start()),
            requestor: held.grant.requester.name.clone(),
            justification: held.grant.justification.as_ref().map(ToString::to_string),
        })
    }
}

impl PortView {
    fn of(held: &HeldLease, mapped_port: Option<u16>) -> Self {
        let Prefixes { one, several } = Prefixes::of(&held.lease.sources);
        let (status, status_reason) = status(held);
        Self {
            number: held.lease.port.number(),
            allowed_source_address_prefix: one,
            allowed_source_address_prefixes: several,
            end_time_utc: time(held.lease.expires_at),
            status,
            status_reason,
            mapped_port,
        }
    }
}

/// `Revoked` only where it was read back as closed: what is overdue may be open. Of a failed one the reason is told.
fn status(held: &HeldLease) -> (&'static str, String) {
    let (status, reason) = match held.lease.state {
        LeaseState::Pending { .. } => ("Initiating", "UserRequested"),
        LeaseState::Open { .. } => ("Initiated", "UserRequested"),
        LeaseState::Closed { reason, .. } => (
            "Revoked",
            match reason {
                CloseReason::Expired => "Expired",
                CloseReason::Revoked => "UserRequested",
                CloseReason::Superseded => "NewerRequestInitiated",
                CloseReason::Failed => "Failed",
            },
        ),
    };
    let trouble = held.trouble.as_ref().filter(|_| reason == "Failed");
    (status, trouble.map_or_else(|| reason.to_owned(), |trouble| trouble.message.clone()))
}
