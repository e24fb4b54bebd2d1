use serde_json::{Value, json};

use super::body;
use crate::ids::Ids;
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Os {
    Linux,
    Windows,
}

impl Os {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Windows => "Windows",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublicIp<'a> {
    None,
    /// There is one, but no address is assigned to it.
    Unassigned,
    At(&'a str),
}

/// One virtual machine with its network interface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vm<'a> {
    pub(super) name: &'a str,
    pub(super) os: Os,
    /// The id of the subnet.
    pub(super) subnet: &'a str,
    pub(super) address: &'a str,
    pub(super) second_address: Option<&'a str>,
    pub(super) public: PublicIp<'a>,
    /// The id of the NSG of the network interface.
    pub(super) nsg: Option<&'a str>,
    pub(super) state: &'a str,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Subnet<'a> {
    pub(super) name: &'a str,
    pub(super) prefixes: &'a [&'a str],
    /// The id of its NSG.
    pub(super) nsg: Option<&'a str>,
    /// The id of its route table.
    pub(super) routes: Option<&'a str>,
}

/// A resource group, and where it is.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) location: String,
}

impl Group {
    pub(super) fn network(&self, kind: &str, name: &str) -> String {
        format!("{}/providers/Microsoft.Network/{kind}/{name}", self.id)
    }
}

pub(super) struct Builder {
    pub(super) world: World,
    pub(super) ids: Ids,
}

impl Builder {
    pub(super) fn new(ids: Ids) -> Self {
        Self { world: World::default(), ids }
    }

    pub(super) fn subscription(&mut self, id: &str, name: &str) {
        let body = json!({
            "id": format!("/subscriptions/{id}"), "subscriptionId": id, "tenantId": crate::directory::TENANT,
            "displayName": name, "state": "Enabled", "authorizationSource": "RoleBased", "managedByTenants": [],
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01",
                "spendingLimit": "Off",
            },
        });
        self.world.insert(&format!("/subscriptions/{id}"), body);
    }

    pub(super) fn group(&mut self, subscription: &str, name: &str, location: &str) -> Group {
        let id = format!("/subscriptions/{subscription}/resourceGroups/{name}");
        let kind = "Microsoft.Resources/resourceGroups";
        let mut properties =
            body::resource(&id, kind, location, None, json!({"provisioningState": "Succeeded"}));
        properties["tags"] = json!({});
        self.world.insert(&id, properties);
        Group { id, location: location.to_owned() }
    }

    pub(super) fn nsg(&mut self, group: &Group, name: &str, rules: Vec<Value>) -> String {
        let id = group.network("networkSecurityGroups", name);
        let rules: Vec<Value> = rules.into_iter().map(|rule| self.owned_rule(&id, rule)).collect();
        let properties = json!({
            "provisioningState": "Succeeded", "resourceGuid": self.ids.guid(), "securityRules": rules,
        });
        self.put(group, &id, "Microsoft.Network/networkSecurityGroups", properties);
        id
    }

    fn owned_rule(&mut self, nsg: &str, mut rule: Value) -> Value {
        let name = rule["name"].as_str().unwrap_or_default();
        rule["id"] = format!("{nsg}/securityRules/{name}").into();
        rule["type"] = "Microsoft.Network/networkSecurityGroups/securityRules".into();
        rule["etag"] = self.ids.etag().into();
        rule
    }

    pub(super) fn vnet(
        &mut self,
        group: &Group,
        name: &str,
        space: &[&str],
        subnets: &[Subnet<'_>],
    ) -> String {
        let id = group.network("virtualNetworks", name);
        let subnets: Vec<Value> = subnets.iter().map(|subnet| self.subnet(&id, *subnet)).collect();
        let properties = json!({
            "provisioningState": "Succeeded", "resourceGuid": self.ids.guid(),
            "addressSpace": {"addressPrefixes": space}, "subnets": subnets, "virtualNetworkPeerings": [],
            "enableDdosProtection": false,
        });
        self.put(group, &id, "Microsoft.Network/virtualNetworks", properties);
        id
    }

    fn subnet(&mut self, vnet: &str, subnet: Subnet<'_>) -> Value {
        let Subnet { name, prefixes, nsg, routes } = subnet;
        let mut properties = json!({"provisioningState": "Succeeded", "delegations": []});
        match prefixes {
            [one] => properties["addressPrefix"] = json!(one),
            several => properties["addressPrefixes"] = json!(several),
        }
        if let Some(nsg) = nsg {
            properties["networkSecurityGroup"] = json!({"id": nsg});
        }
        if let Some(routes) = routes {
            properties["routeTable"] = json!({"id": routes});
        }
        json!({
            "name": name, "id": format!("{vnet}/subnets/{name}"), "etag": self.ids.etag(),
            "type": "Microsoft.Network/virtualNetworks/subnets", "properties": properties,
        })
    }

    /// A route table that sends everything through one appliance.
    pub(super) fn route_table(&mut self, group: &Group, name: &str, next_hop: &str) -> String {
        let id = group.network("routeTables", name);
        let route = json!({
            "name": "to-firewall", "id": format!("{id}/routes/to-firewall"), "etag": self.ids.etag(),
            "type": "Microsoft.Network/routeTables/routes",
            "properties": {
                "provisioningState": "Succeeded", "addressPrefix": "0.0.0.0/0",
                "nextHopType": "VirtualAppliance", "nextHopIpAddress": next_hop,
            },
        });
        let properties = json!({
            "provisioningState": "Succeeded", "disableBgpRoutePropagation": false, "routes": [route],
        });
        self.put(group, &id, "Microsoft.Network/routeTables", properties);
        id
    }

    pub(super) fn public_ip(
        &mut self,
        group: &Group,
        name: &str,
        address: Option<&str>,
        used_by: &str,
    ) -> String {
        let id = group.network("publicIPAddresses", name);
        let method = if address.is_some() { "Static" } else { "Dynamic" };
        let mut properties = json!({
            "provisioningState": "Succeeded", "resourceGuid": self.ids.guid(), "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": method, "idleTimeoutInMinutes": 4, "ipTags": [],
            "ipConfiguration": {"id": used_by},
        });
        if let Some(address) = address {
            properties["ipAddress"] = address.into();
        }
        self.put(group, &id, "Microsoft.Network/publicIPAddresses", properties);
        id
    }

    pub(super) fn vm(&mut self, group: &Group, vm: Vm<'_>) -> String {
        let id = format!("{}/providers/Microsoft.Compute/virtualMachines/{}", group.id, vm.name);
        let nic = self.nic(group, vm, &id);
        let vm_id = self.ids.guid();
        let properties = body::virtual_machine(vm.name, &vm_id, &group.id, &[nic], vm.os, vm.state);
        let kind = "Microsoft.Compute/virtualMachines";
        let mut machine = body::resource(&id, kind, &group.location, None, properties);
        machine["tags"] = json!({"owner": "contoso", "service": vm.name.split('-').next()});
        self.world.insert(&id, machine);
        id
    }

    fn nic(&mut self, group: &Group, vm: Vm<'_>, vm_id: &str) -> String {
        let id = group.network("networkInterfaces", &format!("{}-nic", vm.name));
        let public_name = format!("{}-ip", vm.name);
        let used_by = format!("{id}/ipConfigurations/ipconfig1");
        let public = match vm.public {
            PublicIp::None => None,
            PublicIp::Unassigned => Some(self.public_ip(group, &public_name, None, &used_by)),
            PublicIp::At(address) => Some(self.public_ip(group, &public_name, Some(address), &used_by)),
        };
        let mut configurations = vec![self.ip_configuration(&id, "ipconfig1", vm.address, vm.subnet, public)];
        if let Some(second) = vm.second_address {
            configurations.push(self.ip_configuration(&id, "ipconfig2", second, vm.subnet, None));
        }
        let mut properties = json!({
            "provisioningState": "Succeeded", "resourceGuid": self.ids.guid(), "ipConfigurations": configurations,
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []}, "enableAcceleratedNetworking": true,
            "enableIPForwarding": false, "primary": true, "virtualMachine": {"id": vm_id}, "nicType": "Standard",
        });
        if let Some(nsg) = vm.nsg {
            properties["networkSecurityGroup"] = json!({"id": nsg});
        }
        self.put(group, &id, "Microsoft.Network/networkInterfaces", properties);
        id
    }

    fn ip_configuration(
        &mut self,
        nic: &str,
        name: &str,
        address: &str,
        subnet: &str,
        public: Option<String>,
    ) -> Value {
        let version = if address.contains(':') { "IPv6" } else { "IPv4" };
        let mut properties = json!({
            "provisioningState": "Succeeded", "privateIPAddress": address, "privateIPAllocationMethod": "Static",
            "subnet": {"id": subnet}, "primary": name == "ipconfig1", "privateIPAddressVersion": version,
        });
        if let Some(public) = public {
            properties["publicIPAddress"] = json!({"id": public});
        }
        json!({
            "name": name, "id": format!("{nic}/ipConfigurations/{name}"), "etag": self.ids.etag(),
            "type": "Microsoft.Network/networkInterfaces/ipConfigurations", "properties": properties,
        })
    }

    pub(super) fn put(&mut self, group: &Group, id: &str, kind: &str, properties: Value) {
        let etag = self.ids.etag();
        self.world.insert(id, body::resource(id, kind, &group.location, Some(etag), properties));
    }
}
