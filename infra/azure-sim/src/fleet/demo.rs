use serde_json::{Value, json};

use super::body::rule;
use super::builder::{Builder, Group, Os, PublicIp, Subnet, Vm};
use super::{DEVELOPMENT, PRODUCTION};

/// Leaves room for three more: an NSG holds 1 000 rules.
const CROWDED_RULES: u32 = 997;

pub(super) fn add(b: &mut Builder) {
    production(b);
    hub(b);
    policy_network(b);
    classic(b);
    development(b);
}

fn production(b: &mut Builder) {
    let group = b.group(PRODUCTION, "prod-rg", "westeurope");
    let app_nsg = b.nsg(&group, "app-subnet-nsg", vec![allow_https()]);
    let vnet = b.vnet(
        &group,
        "prod-vnet",
        &["10.1.0.0/16"],
        &[
            Subnet { name: "web", prefixes: &["10.1.0.0/24"], nsg: None, routes: None },
            Subnet { name: "app", prefixes: &["10.1.1.0/24"], nsg: Some(&app_nsg), routes: None },
            Subnet { name: "bare", prefixes: &["10.1.9.0/24"], nsg: None, routes: None },
        ],
    );
    web_subnet(b, &group, &format!("{vnet}/subnets/web"));
    let app = format!("{vnet}/subnets/app");
    let win = b.nsg(&group, "win-01-nsg", vec![]);
    b.vm(&group, linux("web-02", &app, "10.1.1.4", "20.51.3.10"));
    b.vm(&group, Vm { os: Os::Windows, nsg: Some(&win), ..linux("win-01", &app, "10.1.1.5", "20.51.3.11") });
    b.vm(&group, linux("bare-01", &format!("{vnet}/subnets/bare"), "10.1.9.4", "20.51.3.15"));
}

fn web_subnet(b: &mut Builder, group: &Group, web: &str) {
    let nsg = b.nsg(group, "web-01-nsg", vec![allow_https()]);
    b.vm(group, Vm { nsg: Some(&nsg), ..linux("web-01", web, "10.1.0.4", "20.51.3.9") });

    let nsg = b.nsg(group, "legacy-01-nsg", vec![rule("allow-ssh", 300, "Allow", "22", "Internet")]);
    b.vm(group, Vm { nsg: Some(&nsg), ..linux("legacy-01", web, "10.1.0.5", "20.51.3.12") });

    let nsg = b.nsg(group, "locked-01-nsg", vec![rule("deny-ssh", 100, "Deny", "22", "*")]);
    b.vm(group, Vm { nsg: Some(&nsg), ..linux("locked-01", web, "10.1.0.6", "20.51.3.13") });

    let nsg = b.nsg(group, "crowded-01-nsg", crowd());
    let crowded = linux("crowded-01", web, "10.1.0.7", "20.51.3.14");
    b.vm(group, Vm { os: Os::Windows, nsg: Some(&nsg), ..crowded });

    let nsg = b.nsg(group, "stopped-01-nsg", vec![]);
    let stopped = linux("stopped-01", web, "10.1.0.8", "");
    b.vm(group, Vm { nsg: Some(&nsg), public: PublicIp::Unassigned, state: "deallocated", ..stopped });
}

/// Rules that concern neither SSH nor RDP, with gaps between their priorities.
fn crowd() -> Vec<Value> {
    let one = |n: u32| {
        let source = format!("10.20.{}.{}/32", n / 250, n % 250 + 1);
        rule(&format!("allow-batch-{n:04}"), 500 + 3 * n, "Allow", "8443", &source)
    };
    (0..CROWDED_RULES).map(one).collect()
}

fn hub(b: &mut Builder) {
    let group = b.group(PRODUCTION, "net-rg", "westeurope");
    let nsg = b.nsg(&group, "workload-nsg", vec![]);
    let routes = b.route_table(&group, "workload-routes", "10.2.0.4");
    let vnet = b.vnet(
        &group,
        "hub-vnet",
        &["10.2.0.0/16"],
        &[
            Subnet { name: "AzureFirewallSubnet", prefixes: &["10.2.0.0/26"], nsg: None, routes: None },
            Subnet { name: "workload", prefixes: &["10.2.1.0/24"], nsg: Some(&nsg), routes: Some(&routes) },
        ],
    );
    let hub = firewall(b, &group, "hub-fw", &vnet, "10.2.0.4", &["20.51.4.1", "20.51.4.2"], None);
    publish_website(b, &hub);
    let behind = linux("fw-01", "", "10.2.1.4", "");
    b.vm(&group, Vm { subnet: &format!("{vnet}/subnets/workload"), public: PublicIp::None, ..behind });
}

fn policy_network(b: &mut Builder) {
    let group = Group {
        id: format!("/subscriptions/{PRODUCTION}/resourceGroups/net-rg"),
        location: "westeurope".to_owned(),
    };
    let routes = b.route_table(&group, "policy-routes", "10.3.0.4");
    let vnet = b.vnet(
        &group,
        "policy-vnet",
        &["10.3.0.0/16"],
        &[
            Subnet { name: "AzureFirewallSubnet", prefixes: &["10.3.0.0/26"], nsg: None, routes: None },
            Subnet { name: "workload", prefixes: &["10.3.1.0/24"], nsg: None, routes: Some(&routes) },
        ],
    );
    let policy = group.network("firewallPolicies", "contoso-policy");
    firewall(b, &group, "policy-fw", &vnet, "10.3.0.4", &["20.51.4.3"], Some(&policy));
    let behind = linux("fwpol-01", "", "10.3.1.4", "");
    let workload = format!("{vnet}/subnets/workload");
    b.vm(&group, Vm { os: Os::Windows, subnet: &workload, public: PublicIp::None, ..behind });
}

fn firewall(
    b: &mut Builder,
    group: &Group,
    name: &str,
    vnet: &str,
    private: &str,
    addresses: &[&str],
    policy: Option<&str>,
) -> String {
    let id = group.network("azureFirewalls", name);
    let mut configurations = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        let configuration = format!("{id}/azureFirewallIpConfigurations/ipconfig{}", index + 1);
        let public = b.public_ip(group, &format!("{name}-ip-{}", index + 1), Some(address), &configuration);
        let mut properties = json!({"provisioningState": "Succeeded", "publicIPAddress": {"id": public}});
        if index == 0 {
            properties["privateIPAddress"] = private.into();
            properties["subnet"] = json!({"id": format!("{vnet}/subnets/AzureFirewallSubnet")});
        }
        configurations.push(json!({
            "name": format!("ipconfig{}", index + 1), "id": configuration, "etag": b.ids.etag(),
            "properties": properties,
        }));
    }
    let mut properties = json!({
        "provisioningState": "Succeeded", "sku": {"name": "AZFW_VNet", "tier": "Standard"},
        "threatIntelMode": "Alert", "ipConfigurations": configurations, "natRuleCollections": [],
        "networkRuleCollections": [], "applicationRuleCollections": [], "additionalProperties": {},
    });
    if let Some(policy) = policy {
        properties["firewallPolicy"] = json!({"id": policy});
    }
    b.put(group, &id, "Microsoft.Network/azureFirewalls", properties);
    id
}

/// A customer's own NAT rules.
fn publish_website(b: &mut Builder, firewall: &str) {
    let collection = json!({
        "name": "contoso-website", "id": format!("{firewall}/natRuleCollections/contoso-website"),
        "properties": {
            "provisioningState": "Succeeded", "priority": 300, "action": {"type": "Dnat"},
            "rules": [{
                "name": "https", "description": "The website", "sourceAddresses": ["*"], "protocols": ["TCP"],
                "destinationAddresses": ["20.51.4.1"], "destinationPorts": ["443"],
                "translatedAddress": "10.2.1.4", "translatedPort": "8443",
            }],
        },
    });
    if let Some(firewall) = b.world.get_mut(firewall) {
        firewall["properties"]["natRuleCollections"] = json!([collection]);
    }
}

fn classic(b: &mut Builder) {
    let group = b.group(PRODUCTION, "classic-rg", "westeurope");
    let id = format!("{}/providers/Microsoft.ClassicCompute/virtualMachines/classic-01", group.id);
    let properties = json!({
        "provisioningState": "Succeeded",
        "hardwareProfile": {"size": "Standard_D1_v2", "deploymentName": "classic-01", "platformGuestAgent": true},
        "instanceView": {"status": "ReadyRole", "powerState": "Started", "privateIpAddress": "10.4.0.4"},
        "storageProfile": {"operatingSystemDisk": {"diskName": "classic-01-os", "operatingSystem": "Windows"}},
    });
    b.put(&group, &id, "Microsoft.ClassicCompute/virtualMachines", properties);
}

fn development(b: &mut Builder) {
    let group = b.group(DEVELOPMENT, "dev-rg", "northeurope");
    let office = rule("allow-office", 400, "Allow", "3389", "198.51.100.0/24");
    let nsg = b.nsg(&group, "dev-nsg", vec![office]);
    let vnet = b.vnet(
        &group,
        "dev-vnet",
        &["10.8.0.0/16", "fd00:8::/48"],
        &[Subnet { name: "dev", prefixes: &["10.8.0.0/24", "fd00:8::/64"], nsg: Some(&nsg), routes: None }],
    );
    let dev = format!("{vnet}/subnets/dev");
    let dual = linux("dev-01", &dev, "10.8.0.4", "20.51.5.1");
    b.vm(&group, Vm { second_address: Some("fd00:8::4"), ..dual });
    b.vm(&group, linux("dev-02", &dev, "10.8.0.5", "20.51.5.2"));
    let win = b.nsg(&group, "dev-win-01-nsg", vec![]);
    b.vm(
        &group,
        Vm { os: Os::Windows, nsg: Some(&win), ..linux("dev-win-01", &dev, "10.8.0.6", "20.51.5.3") },
    );
}

fn allow_https() -> Value {
    rule("allow-https", 200, "Allow", "443", "Internet")
}

/// A running Linux machine with a public address and no NSG of its own.
fn linux<'a>(name: &'a str, subnet: &'a str, address: &'a str, public: &'a str) -> Vm<'a> {
    Vm {
        name,
        os: Os::Linux,
        subnet,
        address,
        second_address: None,
        public: PublicIp::At(public),
        nsg: None,
        state: "running",
    }
}
