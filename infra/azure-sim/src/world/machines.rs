use jiff::Timestamp;
use serde_json::Value;

use super::{World, children};
use crate::fleet::instance_view;

const INTERFACES: &str = "microsoft.network/networkinterfaces";

impl World {
    /// A machine that stops keeps no connection, and without its resources no dynamic public address.
    pub(super) fn set_power(&mut self, vm: &str, state: &str, at: Timestamp) {
        self.show_power(vm, state);
        if state != "running" {
            self.drop_flows_of(vm, at);
        }
        for public in self.public_ips_of(vm) {
            match state {
                "deallocated" => self.release_public_address(&public),
                "running" => self.assign_public_address(&public),
                _ => {}
            }
        }
    }

    pub(crate) fn show_power(&mut self, vm: &str, state: &str) {
        let Some(machine) = self.get_mut(vm) else { return };
        let name = machine["name"].as_str().unwrap_or_default().to_owned();
        let os = machine["properties"]["storageProfile"]["osDisk"]["osType"].as_str();
        let os = os.unwrap_or_default().to_owned();
        machine["properties"]["instanceView"] = instance_view(&name, &os, state);
    }

    /// The last part of the machine's power state code.
    pub(crate) fn power_of(&self, vm: &str) -> Option<&str> {
        let statuses = self.get(vm)?["properties"]["instanceView"]["statuses"].as_array()?;
        statuses.iter().find_map(|status| status["code"].as_str()?.strip_prefix("PowerState/"))
    }

    /// The network interfaces of a deleted machine stay, without it.
    pub(super) fn release_interfaces(&mut self, vm: &str) {
        for key in self.interfaces_of(vm) {
            let nic = self.get_mut(&key).and_then(|nic| nic["properties"].as_object_mut());
            nic.map(|properties| properties.remove("virtualMachine"));
        }
    }

    fn interfaces_of(&self, vm: &str) -> Vec<String> {
        let names_it = |nic: &Value| {
            let own = nic["properties"]["virtualMachine"]["id"].as_str();
            own.is_some_and(|own| own.eq_ignore_ascii_case(vm))
        };
        let all = self.all_of(INTERFACES);
        all.filter(|(_, nic)| names_it(nic)).map(|(key, _)| key.to_owned()).collect()
    }

    fn public_ips_of(&self, vm: &str) -> Vec<String> {
        let keys = self.interfaces_of(vm);
        let nics = keys.iter().filter_map(|key| self.get(key));
        let configurations = nics.flat_map(|nic| children(nic, "ipConfigurations"));
        let ids = configurations.filter_map(|one| one["properties"]["publicIPAddress"]["id"].as_str());
        ids.map(str::to_owned).collect()
    }

    fn release_public_address(&mut self, id: &str) {
        let Some(public) = self.get_mut(id).filter(|public| is_dynamic(public)) else { return };
        public["properties"].as_object_mut().map(|properties| properties.remove("ipAddress"));
    }

    fn assign_public_address(&mut self, id: &str) {
        let address = self.free_public_address();
        let Some(public) = self.get_mut(id).filter(|public| is_dynamic(public)) else { return };
        if public["properties"]["ipAddress"].is_null() {
            public["properties"]["ipAddress"] = address.to_string().into();
        }
    }
}

fn is_dynamic(public: &Value) -> bool {
    public["properties"]["publicIPAllocationMethod"] == "Dynamic"
}
