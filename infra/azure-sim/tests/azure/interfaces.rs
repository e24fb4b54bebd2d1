use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Azure, network, network_in, nsg};

const OUTSIDE: &str = "203.0.113.7";

fn configuration(name: &str, subnet: &str, changes: Value) -> Value {
    let subnet = format!("{}/subnets/{subnet}", network("virtualNetworks", "prod-vnet"));
    let mut one = json!({"name": name, "properties": {"subnet": {"id": subnet}}});
    one["properties"].as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    one
}

fn an_interface(configurations: &[Value]) -> Value {
    json!({"location": "westeurope", "properties": {"ipConfigurations": configurations}})
}

fn addresses(nic: &Value) -> Vec<String> {
    let all = nic["properties"]["ipConfigurations"].as_array().unwrap().iter();
    all.map(|one| one["properties"]["privateIPAddress"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn gives_addresses_that_are_free() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = network("networkInterfaces", "new-nic");
    let body = an_interface(&[
        configuration("one", "web", json!({})),
        configuration(
            "two",
            "web",
            json!({"privateIPAllocationMethod": "Static", "privateIPAddress": "10.1.0.77"}),
        ),
        configuration("three", "app", json!({})),
    ]);
    let made = owner.put(&path, &body).await;
    assert_eq!(
        (made.status, addresses(&made.json())),
        (201, ["10.1.0.9", "10.1.0.77", "10.1.1.6"].map(String::from).to_vec())
    );
    let primary: Vec<_> = made.json()["properties"]["ipConfigurations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["properties"]["primary"].clone())
        .collect();
    assert_eq!(primary, [true, false, false]);
    let again = owner.put(&path, &body).await;
    assert_eq!(
        (again.status, addresses(&again.json())[0].as_str()),
        (200, "10.1.0.9"),
        "an allocated address stays"
    );
    assert_eq!(owner.delete(&path).await.status, 200);
    assert_eq!(owner.get(&path).await.status, 404);
}

#[tokio::test]
async fn refuses_addresses_that_are_not_to_be_had() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = network("networkInterfaces", "new-nic");
    for (address, code) in [
        ("10.1.0.4", "PrivateIPAddressInUse"),
        ("10.1.0.3", "PrivateIPAddressInReservedRange"),
        ("10.1.1.9", "PrivateIPAddressNotInSubnet"),
        ("ten", "InvalidIPAddressFormat"),
    ] {
        let wanted = json!({"privateIPAllocationMethod": "Static", "privateIPAddress": address});
        let answer = owner.put(&path, &an_interface(&[configuration("one", "web", wanted)])).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{address}");
    }
    let twins = [configuration("one", "web", json!({})), configuration("ONE", "web", json!({}))];
    assert_eq!(owner.put(&path, &an_interface(&twins)).await.code(), "InvalidRequestFormat");
    let mut abroad = configuration("two", "web", json!({}));
    let other = network_in("net-rg", "virtualNetworks", "hub-vnet");
    abroad["properties"]["subnet"]["id"] = format!("{other}/subnets/workload").into();
    let split = [configuration("one", "web", json!({})), abroad];
    assert_eq!(owner.put(&path, &an_interface(&split)).await.code(), "SubnetsNotInSameVnet");
}

#[tokio::test]
async fn moves_to_another_subnet_and_its_nsg() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    let path = network("networkInterfaces", "web-01-nic");
    let mut nic = owner.get(&path).await.json();
    let vm = nic["properties"]["virtualMachine"].clone();
    let one = &mut nic["properties"]["ipConfigurations"][0]["properties"];
    one["privateIPAllocationMethod"] = "Dynamic".into();
    one["subnet"]["id"] = format!("{}/subnets/app", network("virtualNetworks", "prod-vnet")).into();
    let answer = owner.put(&path, &nic).await;
    assert_eq!((answer.status, addresses(&answer.json())), (200, vec!["10.1.1.6".to_owned()]));
    let before = ("open".to_owned(), vec!["web-01-nsg/allow-https".to_owned()]);
    assert_eq!(azure.probe("web-01", 443, OUTSIDE).await, before, "not yet");
    azure.clock.advance(Duration::from_secs(1));
    let (_, rules) = azure.probe("web-01", 443, OUTSIDE).await;
    assert_eq!(rules, ["app-subnet-nsg/allow-https", "web-01-nsg/allow-https"]);
    assert_eq!(owner.get(&path).await.json()["properties"]["virtualMachine"], vm);
}

#[tokio::test]
async fn takes_another_nsg_or_none() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = network("networkInterfaces", "web-01-nic");
    let mut nic = owner.get(&path).await.json();
    nic["properties"]["networkSecurityGroup"] = json!({"id": nsg("legacy-01-nsg")});
    assert_eq!(owner.put(&path, &nic).await.status, 200);
    assert_eq!(azure.probe("web-01", 22, OUTSIDE).await.1, ["legacy-01-nsg/allow-ssh"]);
    let users = owner.get(&nsg("legacy-01-nsg")).await.json();
    assert_eq!(users["properties"]["networkInterfaces"].as_array().unwrap().len(), 2);
    nic["properties"].as_object_mut().unwrap().remove("networkSecurityGroup");
    assert_eq!(owner.put(&path, &nic).await.status, 200);
    assert_eq!(owner.delete(&nsg("web-01-nsg")).await.status, 200, "nothing uses it any more");
}

#[tokio::test]
async fn a_failed_write_changes_nothing_that_packets_meet() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = network("networkInterfaces", "web-01-nic");
    let mut nic = owner.get(&path).await.json();
    nic["properties"].as_object_mut().unwrap().remove("networkSecurityGroup");
    azure.fault(json!({"kind": "fail_late", "method": "PUT", "count": 1})).await;
    assert_eq!(owner.put(&path, &nic).await.status, 200);
    assert_eq!(azure.verdict("web-01", 22, OUTSIDE).await, "shut");
    assert_eq!(owner.put(&path, &nic).await.status, 200);
    assert_eq!(azure.verdict("web-01", 22, OUTSIDE).await, "open");
}

#[tokio::test]
async fn is_not_deleted_from_under_a_machine() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let answer = owner.delete(&network("networkInterfaces", "web-01-nic")).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "NicInUse"));
}
