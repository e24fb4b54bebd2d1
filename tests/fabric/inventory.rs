use functions::fabric::{Fabric, FabricError};
use serde_json::json;
use shared::{
    api::Unsupported,
    inventory::{Inventory, Machine},
    vm::{Os, PowerState, VmId},
};

use crate::azure::{Azure, development, production, vm};

async fn of_production(azure: &Azure) -> Inventory {
    azure.fabric.inventory(production()).await.unwrap()
}

fn machine<'i>(inventory: &'i Inventory, name: &str) -> &'i Machine {
    inventory.machines.iter().find(|machine| machine.vm.name() == name).unwrap()
}

#[tokio::test]
async fn the_fleet_is_found_with_the_reason_for_each_unsupported_vm() {
    let azure = Azure::start().await;
    let inventory = of_production(&azure).await;
    assert_eq!(inventory.subscription_name, "Contoso Production");
    let found: Vec<(&str, Vec<Unsupported>)> =
        inventory.machines.iter().map(|machine| (machine.vm.name(), machine.unsupported())).collect();
    let mut expected = [
        ("bare-01", vec![Unsupported::NoNsg]),
        ("classic-01", vec![Unsupported::Classic]),
        ("crowded-01", vec![]),
        ("fw-01", vec![]),
        ("fwpol-01", vec![Unsupported::FirewallPolicy, Unsupported::NoNsg]),
        ("legacy-01", vec![]),
        ("locked-01", vec![]),
        ("stopped-01", vec![]),
        ("web-01", vec![]),
        ("web-02", vec![]),
        ("win-01", vec![]),
    ];
    expected.iter_mut().for_each(|(_, reasons)| reasons.sort());
    let mut found: Vec<_> = found;
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(azure.fabric.inventory(development()).await.unwrap().machines.len(), 3);
}

#[tokio::test]
async fn a_vm_is_known_with_its_os_state_addresses_and_nsgs() {
    let azure = Azure::start().await;
    let inventory = of_production(&azure).await;
    let win = machine(&inventory, "win-01");
    assert_eq!(
        (win.os, win.power, win.location.as_str()),
        (Some(Os::Windows), PowerState::Running, "westeurope")
    );
    let network = win.network();
    assert_eq!(network.private_addresses, ["10.1.1.5".parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(network.public_addresses, ["20.51.3.11".parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(network.nsgs, ["app-subnet-nsg", "win-01-nsg"]);
    assert_eq!(network.admin_user.as_deref(), Some("azureuser"));
    let stopped = machine(&inventory, "stopped-01");
    assert_eq!((stopped.os, stopped.power), (Some(Os::Linux), PowerState::Stopped));
    assert!(stopped.network().public_addresses.is_empty());
}

#[tokio::test]
async fn a_dual_stack_vm_has_a_path_for_each_address() {
    let azure = Azure::start().await;
    let inventory = azure.fabric.inventory(development()).await.unwrap();
    let machine = machine(&inventory, "dev-01");
    let destinations: Vec<String> = machine.paths().map(|path| path.destination.to_string()).collect();
    assert_eq!(destinations, ["10.8.0.4", "fd00:8::4"]);
    assert!(machine.paths().all(|path| path.nsgs.len() == 1 && path.virtual_network.len() == 2));
}

#[tokio::test]
async fn a_vm_read_alone_is_as_in_the_inventory() {
    let azure = Azure::start().await;
    for subscription in [production(), development()] {
        for listed in azure.fabric.inventory(subscription).await.unwrap().machines {
            if listed.vm.name() != "classic-01" {
                let alone = azure.fabric.machine(&listed.vm).await.unwrap().unwrap();
                assert_eq!(alone, listed);
            }
        }
    }
}

#[tokio::test]
async fn small_pages_make_the_same_inventory() {
    let azure = Azure::start().await;
    let in_large = of_production(&azure).await;
    azure.set(json!({"page_size": 2})).await;
    assert_eq!(of_production(&azure).await, in_large);
}

#[tokio::test]
async fn a_vm_that_does_not_exist_is_none() {
    let azure = Azure::start().await;
    assert_eq!(azure.fabric.machine(&vm("gone-01")).await, Ok(None));
    let elsewhere = VmId::new(production(), "gone-rg", "web-01").unwrap();
    assert_eq!(azure.fabric.machine(&elsewhere).await, Ok(None));
}

#[tokio::test]
async fn trouble_that_passes_does_not_show() {
    let azure = Azure::start().await;
    for kind in ["server_error", "drop_before", "throttle"] {
        azure
            .order(json!({"kind": kind, "method": "GET", "path_contains": "networkInterfaces", "count": 1}))
            .await;
    }
    assert_eq!(of_production(&azure).await.machines.len(), 11);
}

#[tokio::test]
async fn without_the_right_to_read_there_is_a_clear_refusal() {
    let azure = Azure::start().await;
    let error = azure.fabric_as("NOBODY").inventory(production()).await.unwrap_err();
    assert!(
        matches!(&error, FabricError::Refused { status: 403, code, .. } if code == "AuthorizationFailed"),
        "{error}"
    );
}
