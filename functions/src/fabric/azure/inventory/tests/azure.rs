//! A small Azure: one VM that the tests change.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fabric::azure::scripted::{Arm, Scripted, answer, refusal};

pub(super) const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
const GROUP: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg";

/// Resources by id in lower case.
#[derive(Clone, Default)]
pub(super) struct Azure(BTreeMap<String, Value>);

pub(super) fn network(kind: &str, name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/{kind}/{name}")
}

pub(super) fn vm_id(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}")
}

impl Azure {
    /// web-01 in the subnet `web`, with an NSG on its interface, another on the subnet, and a public address.
    pub(super) fn with_web_01() -> Self {
        let mut azure = Self::default();
        azure.put(&vm_id("web-01"), json!({
            "storageProfile": {"osDisk": {"osType": "Linux"}}, "osProfile": {"adminUsername": "azureuser"},
            "networkProfile": {"networkInterfaces": [{"id": network("networkInterfaces", "WEB-01-nic")}]},
            "instanceView": {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": "PowerState/running"}]},
        }));
        let vnet = network("virtualNetworks", "prod-vnet");
        azure.put(
            &network("networkInterfaces", "web-01-nic"),
            json!({
                "networkSecurityGroup": {"id": network("networkSecurityGroups", "web-01-nsg")},
                "ipConfigurations": [
                    {"properties": {
                        "privateIPAddress": "10.1.0.4", "subnet": {"id": format!("{vnet}/subnets/WEB")},
                        "publicIPAddress": {"id": network("publicIPAddresses", "web-01-ip")},
                    }},
                    {"properties": {"privateIPAddress": null, "privateIPAddressPrefix": "10.1.0.16/28"}},
                ],
            }),
        );
        azure.put(&network("publicIPAddresses", "web-01-ip"), json!({"ipAddress": "20.51.3.9"}));
        azure.put(
            &vnet,
            json!({
                "addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00:1::/48"]},
                "subnets": [
                    {"id": format!("{vnet}/subnets/other"), "properties": {}},
                    {"id": format!("{vnet}/subnets/web"), "properties": {
                        "networkSecurityGroup": {"id": network("networkSecurityGroups", "web-subnet-nsg")},
                    }},
                ],
            }),
        );
        azure
    }

    /// The subnet's traffic to the Internet goes through `fw`.
    pub(super) fn behind_firewall(mut self, policy: Option<&str>) -> Self {
        let routes = network("routeTables", "to-fw");
        self.change("virtualNetworks", "prod-vnet", |vnet| {
            vnet["subnets"][1]["properties"]["routeTable"] = json!({"id": routes})
        });
        self.put(&routes, json!({"routes": [{"properties": {
            "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.9.4",
        }}]}));
        let subnet = format!("{}/subnets/AzureFirewallSubnet", network("virtualNetworks", "prod-vnet"));
        let public = ["fw-1", "fw-2"].map(|name| network("publicIPAddresses", name));
        for (id, address) in public.iter().zip(["20.51.4.2", "20.51.4.1"]) {
            self.put(id, json!({"ipAddress": address}));
        }
        self.change("virtualNetworks", "prod-vnet", |vnet| {
            let own = json!({"id": subnet.to_uppercase(), "properties": {"addressPrefix": "10.1.9.0/26"}});
            vnet["subnets"].as_array_mut().unwrap().push(own);
        });
        self.put(&network("azureFirewalls", "Fw"), json!({
            "ipConfigurations": [
                {"properties": {
                    "privateIPAddress": "10.1.9.4", "subnet": {"id": subnet}, "publicIPAddress": {"id": public[0]},
                }},
                {"properties": {"publicIPAddress": {"id": public[1]}}},
                {"properties": {}},
            ],
            "firewallPolicy": policy.map(|id| json!({"id": id})),
        }));
        self
    }

    pub(super) fn without_public_ip(mut self) -> Self {
        self.change("networkInterfaces", "web-01-nic", |nic| {
            nic["ipConfigurations"][0]["properties"]["publicIPAddress"] = Value::Null;
        });
        self
    }

    pub(super) fn put(&mut self, id: &str, properties: Value) {
        let body = json!({"id": id, "location": "westeurope", "properties": properties});
        self.0.insert(id.to_lowercase(), body);
    }

    pub(super) fn remove(&mut self, kind: &str, name: &str) {
        self.0.remove(&network(kind, name).to_lowercase()).unwrap();
    }

    /// Changes the properties of a network resource.
    pub(super) fn change(&mut self, kind: &str, name: &str, change: impl FnOnce(&mut Value)) {
        change(&mut self.0.get_mut(&network(kind, name).to_lowercase()).unwrap()["properties"]);
    }

    pub(super) async fn arm(self) -> Arm {
        Arm::by(move |line| Some(self.answer(line))).await
    }

    /// Lists by type, resources by id; classic VMs are a provider that is not registered.
    pub(super) fn answer(&self, line: &str) -> Scripted {
        let line = line.strip_prefix("GET ").unwrap().to_lowercase();
        let (path, query) = line.split_once('?').unwrap();
        if path == format!("/subscriptions/{SUBSCRIPTION}") {
            return answer(200, json!({"displayName": "Contoso Production"}));
        }
        if path.contains("classiccompute") {
            return refusal(404, "InvalidResourceNamespace");
        }
        if let Some(body) = self.0.get(path) {
            return answer(200, shown(body, query));
        }
        let Some(kind) = path.strip_prefix(&format!("/subscriptions/{SUBSCRIPTION}/providers/")) else {
            return refusal(404, "ResourceNotFound");
        };
        let of_kind = self.0.iter().filter(|(id, _)| id.contains(&format!("/providers/{kind}/")));
        let values: Vec<Value> = of_kind.map(|(_, body)| shown(body, query)).collect();
        answer(200, json!({ "value": values }))
    }
}

/// Lists have no instance view, and the list of states has nothing else.
fn shown(body: &Value, query: &str) -> Value {
    let mut body = body.clone();
    if query.contains("statusonly=true") {
        body["properties"] = json!({"instanceView": body["properties"]["instanceView"]});
    } else if !query.contains("expand=instanceview")
        && let Some(properties) = body["properties"].as_object_mut()
    {
        properties.remove("instanceView");
    }
    body
}
