//! A VM's own facts.

use serde_json::Value;
use shared::{
    inventory::{Machine, MachineKind, WayIn},
    vm::{Os, PowerState, SubscriptionId, VmId},
};

use super::{
    network::{Network, Reach},
    wire::{ClassicVm, InstanceView, Ref, Resource, Vm},
};

/// A VM, its network found in `network`; `None` if its id is none.
pub(super) fn machine(value: Value, power: Option<PowerState>, network: &Network) -> Option<Machine> {
    let Resource { id, location, properties } = readable(value)?;
    let vm: VmId = id.parse().map_err(|error| tracing::warn!(%error, id, "a VM with a strange id")).ok()?;
    let Reach { interfaces, way_in, firewall } = network.of_vm(&interfaces_of(&properties));
    Some(Machine {
        vm,
        location: location.unwrap_or_default(),
        os: properties.os(),
        power: power.unwrap_or_else(|| power_of(properties.instance_view.as_ref())),
        admin_user: properties.os_profile.and_then(|profile| profile.admin_username),
        kind: MachineKind::ResourceManager,
        way_in,
        firewall,
        interfaces,
    })
}

/// A VM whose body is not understood is still there: one without interfaces, which makes it unreadable.
fn readable(value: Value) -> Option<Resource<Vm>> {
    let id = value["id"].as_str()?.to_owned();
    let location = value["location"].as_str().map(str::to_owned);
    let parsed = serde_json::from_value::<Resource<Vm>>(value);
    Some(parsed.unwrap_or_else(|error| {
        tracing::warn!(%error, id, "a VM could not be read");
        Resource { id, location, properties: Vm::default() }
    }))
}

pub(super) fn interfaces_of(vm: &Vm) -> Vec<Ref> {
    let profile = vm.network_profile.as_ref();
    profile.and_then(|profile| profile.network_interfaces.clone()).unwrap_or_default()
}

impl Vm {
    fn os(&self) -> Option<Os> {
        os(self.storage_profile.as_ref()?.os_disk.as_ref()?.os_type.as_deref()?)
    }
}

fn os(text: &str) -> Option<Os> {
    match text.to_ascii_lowercase().as_str() {
        "linux" => Some(Os::Linux),
        "windows" => Some(Os::Windows),
        _ => None,
    }
}

pub(super) fn power_of(view: Option<&InstanceView>) -> PowerState {
    let statuses = view.and_then(|view| view.statuses.as_ref()).into_iter().flatten();
    let codes = statuses.filter_map(|status| status.code.as_deref());
    let state = codes
        .filter_map(|code| code.split_once('/'))
        .find(|(kind, _)| kind.eq_ignore_ascii_case("PowerState"));
    match state.map(|(_, state)| state.to_ascii_lowercase()).as_deref() {
        Some("running") => PowerState::Running,
        Some("stopped" | "deallocated") => PowerState::Stopped,
        _ => PowerState::Unknown,
    }
}

/// A classic VM; its id is written as if it were one of today's.
pub(super) fn classic(value: Value, subscription: SubscriptionId) -> Option<Machine> {
    let parsed = serde_json::from_value::<Resource<ClassicVm>>(value);
    let Resource { id, location, properties } =
        parsed.map_err(|error| tracing::warn!(%error, "a classic VM could not be read")).ok()?;
    let parts: Vec<&str> = id.split('/').collect();
    let ["", _, _, _, group, .., name] = parts[..] else { return None };
    let disk = properties.storage_profile.and_then(|storage| storage.operating_system_disk);
    let power = properties.instance_view.and_then(|view| view.power_state);
    Some(Machine {
        vm: VmId::new(subscription, group, name).ok()?,
        location: location.unwrap_or_default(),
        os: disk.and_then(|disk| os(&disk.operating_system?)),
        power: match power.as_deref() {
            Some("Started") => PowerState::Running,
            Some("Stopped" | "StoppedDeallocated") => PowerState::Stopped,
            _ => PowerState::Unknown,
        },
        admin_user: None,
        kind: MachineKind::Classic,
        way_in: WayIn::Unreadable,
        firewall: None,
        interfaces: Vec::new(),
    })
}
