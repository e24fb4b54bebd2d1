mod azure;

use serde_json::{Value, json};
use shared::{
    api::Unsupported,
    inventory::{MachineKind, WayIn},
    vm::{Os, PowerState},
};

use self::azure::{Azure, SUBSCRIPTION, network as network_id, vm_id};
use super::*;
use crate::fabric::{
    Fabric,
    azure::scripted::{answer, refusal},
};

/// web-01 as the list gives it, which must be the same as it is read alone.
async fn web_01(azure: Azure) -> Machine {
    let arm = azure.arm().await;
    let listed = arm.fabric.inventory(SUBSCRIPTION.parse().unwrap()).await.unwrap().machines;
    let alone = arm.fabric.machine(&vm_id("web-01").parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(listed, std::slice::from_ref(&alone));
    alone
}

#[tokio::test]
async fn a_vm_is_joined_with_its_network_whatever_the_spelling_of_ids() {
    let machine = web_01(Azure::with_web_01()).await;
    assert_eq!((machine.os, machine.power), (Some(Os::Linux), PowerState::Running));
    assert_eq!((machine.location.as_str(), machine.admin_user.as_deref()), ("westeurope", Some("azureuser")));
    assert_eq!((machine.kind, machine.way_in), (MachineKind::ResourceManager, WayIn::Direct));
    let interface = &machine.interfaces[0];
    assert_eq!(interface.nsg.as_ref().unwrap().name(), "web-01-nsg");
    assert_eq!(interface.addresses.len(), 1);
    let address = &interface.addresses[0];
    assert_eq!(address.private.to_string(), "10.1.0.4");
    assert_eq!(address.public.unwrap().to_string(), "20.51.3.9");
    assert_eq!(address.subnet_nsg.as_ref().unwrap().name(), "web-subnet-nsg");
    assert_eq!(address.virtual_network.len(), 2);
    assert_eq!(machine.unsupported(), []);
}

#[tokio::test]
async fn what_is_missing_or_strange_makes_a_vm_unreadable() {
    type Change = (&'static str, fn(&mut Azure));
    let changes: [Change; 8] = [
        ("no interface", |azure| azure.remove("networkInterfaces", "web-01-nic")),
        ("no network", |azure| azure.remove("virtualNetworks", "prod-vnet")),
        ("no subnet", |azure| {
            azure.change("virtualNetworks", "prod-vnet", |vnet| vnet["subnets"] = json!([]))
        }),
        ("odd interface", |azure| azure.change("networkInterfaces", "web-01-nic", |nic| *nic = json!({}))),
        ("odd address", |azure| {
            azure.change("networkInterfaces", "web-01-nic", |nic| {
                nic["ipConfigurations"][0]["properties"]["privateIPAddress"] = "10.1.0".into();
            });
        }),
        ("odd NSG", |azure| {
            azure.change("networkInterfaces", "web-01-nic", |nic| {
                nic["networkSecurityGroup"]["id"] = "/x".into()
            });
        }),
        ("no route table", |azure| {
            azure.change("virtualNetworks", "prod-vnet", |vnet| {
                vnet["subnets"][1]["properties"]["routeTable"] =
                    json!({"id": network_id("routeTables", "gone")});
            });
        }),
        ("no interfaces", |azure| azure.put(&vm_id("web-01"), json!({}))),
    ];
    for (name, change) in changes {
        let mut azure = Azure::with_web_01();
        change(&mut azure);
        let machine = web_01(azure).await;
        assert_eq!(machine.way_in, WayIn::Unreadable, "{name}");
        assert!(machine.unsupported().contains(&Unsupported::NetworkUnreadable), "{name}");
    }
}

#[tokio::test]
async fn a_network_of_another_subscription_is_unreadable() {
    let mut azure = Azure::with_web_01();
    azure.change("networkInterfaces", "web-01-nic", |nic| {
        let id = &mut nic["ipConfigurations"][0]["properties"]["subnet"]["id"];
        *id = id.as_str().unwrap().replace(SUBSCRIPTION, "7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311").into();
    });
    assert_eq!(web_01(azure).await.way_in, WayIn::Unreadable);
}

#[tokio::test]
async fn a_default_route_to_a_firewall_is_the_way_in_unless_the_vm_has_a_public_address() {
    let policy = network_id("firewallPolicies", "p");
    for (policy, expected) in [(None, WayIn::Firewall), (Some(policy.as_str()), WayIn::FirewallWithPolicy)] {
        let firewalled = Azure::with_web_01().behind_firewall(policy);
        assert_eq!(web_01(firewalled.clone().without_public_ip()).await.way_in, expected);
        assert_eq!(web_01(firewalled).await.way_in, WayIn::Direct);
    }
}

fn firewalled() -> Azure {
    Azure::with_web_01().behind_firewall(None).without_public_ip()
}

#[tokio::test]
async fn a_vm_behind_a_firewall_knows_its_subnet_and_its_public_addresses() {
    let machine = web_01(firewalled()).await;
    let gate = machine.firewall.as_ref().unwrap();
    assert_eq!(gate.id.name(), "Fw");
    assert_eq!(gate.subnet, ["10.1.9.0/26".parse::<ipnet::IpNet>().unwrap()]);
    let addresses = ["20.51.4.1", "20.51.4.2"].map(|text| text.parse::<std::net::IpAddr>().unwrap());
    assert_eq!(gate.addresses, addresses);
    assert_eq!(machine.unsupported(), []);
    assert_eq!(web_01(Azure::with_web_01().behind_firewall(None)).await.firewall, None);
}

#[tokio::test]
async fn a_firewall_that_cannot_lead_anybody_there_is_named_as_the_reason() {
    type Change = (&'static str, fn(&mut Azure));
    let changes: [Change; 4] = [
        ("another network", |azure| {
            azure.change("azureFirewalls", "fw", |fw| {
                let id = &mut fw["ipConfigurations"][0]["properties"]["subnet"]["id"];
                *id = id.as_str().unwrap().replace("prod-vnet", "hub-vnet").into();
            });
        }),
        ("no public address", |azure| {
            azure.change("publicIPAddresses", "fw-1", |ip| *ip = json!({}));
            azure.remove("publicIPAddresses", "fw-2");
        }),
        ("no subnet", |azure| {
            azure.change("virtualNetworks", "prod-vnet", |vnet| {
                vnet["subnets"].as_array_mut().unwrap().truncate(2);
            });
        }),
        ("odd subnet", |azure| {
            azure.change("virtualNetworks", "prod-vnet", |vnet| {
                vnet["subnets"][2]["properties"]["addressPrefix"] = "10.1.9".into();
            });
        }),
    ];
    for (name, change) in changes {
        let mut azure = firewalled();
        change(&mut azure);
        assert_eq!(web_01(azure).await.unsupported(), [Unsupported::FirewallOutOfReach], "{name}");
    }
}

#[tokio::test]
async fn a_firewall_of_a_virtual_hub_is_ruled_elsewhere() {
    let mut azure = firewalled();
    azure.change("azureFirewalls", "fw", |fw| fw["virtualHub"] = json!({"id": "/x"}));
    assert_eq!(web_01(azure).await.unsupported(), [Unsupported::FirewallPolicy]);
}

#[tokio::test]
async fn other_routes_and_appliances_are_no_firewall() {
    for (field, value) in
        [("addressPrefix", "10.0.0.0/8"), ("nextHopType", "Internet"), ("nextHopIpAddress", "10.1.9.9")]
    {
        let mut azure = Azure::with_web_01().behind_firewall(None).without_public_ip();
        azure.change("routeTables", "to-fw", |table| table["routes"][0]["properties"][field] = value.into());
        assert_eq!(web_01(azure).await.way_in, WayIn::Direct, "{field}");
    }
}

#[tokio::test]
async fn an_unassigned_public_address_is_none_but_still_a_way_in() {
    let mut azure = Azure::with_web_01().behind_firewall(None);
    azure.change("publicIPAddresses", "web-01-ip", |ip| *ip = json!({}));
    let machine = web_01(azure).await;
    assert_eq!((machine.interfaces[0].addresses[0].public, machine.way_in), (None, WayIn::Direct));
}

#[tokio::test]
async fn a_vm_that_cannot_be_read_is_listed_all_the_same() {
    let mut azure = Azure::with_web_01();
    azure.put(&vm_id("odd-01"), json!({"storageProfile": "none"}));
    let arm = azure.arm().await;
    let machines = arm.fabric.inventory(SUBSCRIPTION.parse().unwrap()).await.unwrap().machines;
    assert_eq!(machines.iter().map(|machine| machine.vm.name()).collect::<Vec<_>>(), ["odd-01", "web-01"]);
    assert_eq!(machines[0].unsupported(), [Unsupported::NetworkUnreadable]);
}

#[tokio::test]
async fn classic_vms_are_listed_as_such() {
    let azure = Azure::with_web_01();
    let classic = json!({"value": [{
        "id": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/classic-rg/providers/Microsoft.ClassicCompute/virtualMachines/classic-01"),
        "location": "westeurope",
        "properties": {
            "instanceView": {"powerState": "Started"},
            "storageProfile": {"operatingSystemDisk": {"operatingSystem": "Windows"}},
        },
    }]});
    let arm = crate::fabric::azure::scripted::Arm::by(move |line| {
        let is_classic = line.contains("ClassicCompute");
        Some(if is_classic { answer(200, &classic) } else { azure.answer(line) })
    });
    let inventory = arm.await.fabric.inventory(SUBSCRIPTION.parse().unwrap()).await.unwrap();
    assert_eq!(inventory.subscription_name, "Contoso Production");
    let machine = &inventory.machines[0];
    assert_eq!((machine.vm.name(), machine.kind), ("classic-01", MachineKind::Classic));
    assert_eq!((machine.os, machine.power), (Some(Os::Windows), PowerState::Running));
    assert_eq!(machine.unsupported(), [Unsupported::Classic]);
}

#[tokio::test]
async fn a_list_that_is_refused_is_an_error_but_for_classic_vms_and_states() {
    for (part, is_error) in [
        ("ClassicCompute", false),
        ("statusOnly", false),
        ("networkInterfaces", true),
        ("azureFirewalls", true),
    ] {
        let azure = Azure::with_web_01();
        let arm = crate::fabric::azure::scripted::Arm::by(move |line| {
            Some(if line.contains(part) { refusal(403, "AuthorizationFailed") } else { azure.answer(line) })
        });
        let outcome = arm.await.fabric.inventory(SUBSCRIPTION.parse().unwrap()).await;
        assert_eq!(outcome.is_err(), is_error, "{part}");
        if let Ok(inventory) = outcome {
            let expected = if part == "statusOnly" { PowerState::Unknown } else { PowerState::Running };
            assert_eq!(inventory.machines[0].power, expected);
        }
    }
}

#[tokio::test]
async fn an_inventory_takes_a_fixed_number_of_requests() {
    let mut azure = Azure::with_web_01();
    for n in 0..50 {
        azure.put(&vm_id(&format!("more-{n}")), json!({}));
    }
    let arm = azure.arm().await;
    arm.fabric.inventory(SUBSCRIPTION.parse().unwrap()).await.unwrap();
    assert_eq!(arm.seen().len(), 9);
}

#[tokio::test]
async fn only_a_missing_vm_is_none() {
    let arm = Azure::with_web_01().arm().await;
    assert_eq!(arm.fabric.machine(&vm_id("gone").parse().unwrap()).await, Ok(None));
}

#[tokio::test]
async fn power_states_are_told_apart() {
    for (code, expected) in [
        ("PowerState/running", PowerState::Running),
        ("powerstate/Deallocated", PowerState::Stopped),
        ("PowerState/stopped", PowerState::Stopped),
        ("PowerState/starting", PowerState::Unknown),
        ("ProvisioningState/succeeded", PowerState::Unknown),
    ] {
        let view = serde_json::from_value(json!({"statuses": [{"code": code}]})).unwrap();
        assert_eq!(vm::power_of(Some(&view)), expected, "{code}");
    }
}

#[test]
fn arms_own_examples_are_understood() {
    let example = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let mut network = Network {
        interfaces: by_id(vec![example(include_str!(
            "../../../../../tests/fabric/data/network_interface.json"
        ))]),
        public_ips: by_id(vec![example(include_str!("../../../../../tests/fabric/data/public_ip.json"))]),
        firewalls: network::firewalls(vec![example(include_str!(
            "../../../../../tests/fabric/data/azure_firewall.json"
        ))]),
        ..Network::default()
    };
    assert_eq!((network.interfaces.len(), network.public_ips.len(), network.firewalls.len()), (1, 1, 1));
    let nic = network.interfaces.drain().next().unwrap().1;
    assert_eq!(nic.ip_configurations[0].properties.private_address.as_deref(), Some("172.20.2.4"));
    assert_eq!(nic.ip_configurations[1].properties.private_address, None);

    let mut vm = example(include_str!("../../../../../tests/fabric/data/virtual_machine.json"));
    vm["properties"]["instanceView"] =
        example(include_str!("../../../../../tests/fabric/data/instance_view.json"));
    let machine = vm::machine(vm, None, &network).unwrap();
    assert_eq!((machine.os, machine.power), (Some(Os::Windows), PowerState::Running));
    assert_eq!(machine.way_in, WayIn::Unreadable);
}
