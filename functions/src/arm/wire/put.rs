//! The body that puts a policy.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use shared::{
    api::ProblemBody,
    policy::{PortRule, PortRules},
    policy_id::PolicyId,
    vm::VmId,
};

use super::{Prefixes, Reasons, parse_port, parse_protocol, policy::Settings};

/// Only what may be set is read of it; names, times and past requests are Azure's to say.
#[derive(Debug, Deserialize)]
pub(in crate::arm) struct PutBody {
    properties: Properties,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    virtual_machines: Vec<PutVm>,
}

#[derive(Debug, Deserialize)]
struct PutVm {
    id: String,
    ports: Vec<PutPort>,
    #[serde(default)]
    postern: Option<Settings>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutPort {
    number: Value,
    protocol: String,
    #[serde(default)]
    allowed_source_address_prefix: Option<String>,
    #[serde(default)]
    allowed_source_address_prefixes: Option<Vec<String>>,
    max_request_access_duration: String,
}

/// How one VM is to be protected.
#[derive(Debug)]
pub(in crate::arm) struct WantedVm {
    pub(in crate::arm) vm: VmId,
    pub(in crate::arm) ports: PortRules,
    pub(in crate::arm) settings: Settings,
}

impl PutBody {
    /// Each VM once, at least one; all of the policy's resource group.
    pub(in crate::arm) fn parsed(self, id: &PolicyId) -> Result<Vec<WantedVm>, Vec<ProblemBody>> {
        const LIST: &str = "properties.virtualMachines";
        let mut reasons = Reasons::default();
        let mut wanted = Vec::new();
        let vms = self.properties.virtual_machines;
        if vms.is_empty() {
            reasons.note(LIST, Err::<(), _>("protect at least one VM, or delete the policy"));
        }
        for (at, vm) in vms.into_iter().enumerate() {
            wanted.extend(vm.parsed(id, &format!("{LIST}[{at}]"), &mut reasons));
        }
        let mut seen = BTreeSet::new();
        let again = wanted.iter().map(|one| &one.vm).find(|vm| !seen.insert(*vm));
        if let Some(again) = again {
            reasons.note(LIST, Err::<(), _>(format!("{} is named twice", again.name())));
        }
        reasons.or_all_well(|| wanted)
    }
}

impl PutVm {
    fn parsed(self, id: &PolicyId, field: &str, reasons: &mut Reasons) -> Option<WantedVm> {
        let vm: Option<VmId> = reasons.note(&format!("{field}.id"), self.id.parse());
        let vm = vm.and_then(|vm| {
            let stays =
                if id.may_hold(&vm) { Ok(()) } else { Err("it is not of the policy's resource group") };
            reasons.note(&format!("{field}.id"), stays).map(|()| vm)
        });
        let number = self.ports.len();
        let rules: Vec<PortRule> = self
            .ports
            .into_iter()
            .enumerate()
            .filter_map(|(at, port)| port.parsed(&format!("{field}.ports[{at}]"), reasons))
            .collect();
        // Where one rule is wrong already, the rest is no list to judge.
        let is_whole = rules.len() == number;
        let ports =
            is_whole.then(|| reasons.note(&format!("{field}.ports"), PortRules::try_from(rules)))??;
        Some(WantedVm { vm: vm?, ports, settings: self.postern.unwrap_or_default() })
    }
}

impl PutPort {
    fn parsed(self, field: &str, reasons: &mut Reasons) -> Option<PortRule> {
        let prefixes = Prefixes {
            one: self.allowed_source_address_prefix,
            several: self.allowed_source_address_prefixes,
        };
        let port = reasons.note(&format!("{field}.number"), parse_port(&self.number));
        let protocol = reasons.note(&format!("{field}.protocol"), parse_protocol(&self.protocol));
        let allowed = reasons.note(&format!("{field}.allowedSourceAddressPrefix"), prefixes.allowed());
        let longest = self.max_request_access_duration.parse();
        let longest = reasons.note(&format!("{field}.maxRequestAccessDuration"), longest);
        Some(PortRule { port: port?, protocol: protocol?, allowed_sources: allowed?, max_duration: longest? })
    }
}
