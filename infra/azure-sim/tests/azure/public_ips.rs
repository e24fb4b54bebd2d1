use serde_json::{Value, json};

use super::support::{Azure, network};

const OUTSIDE: &str = "203.0.113.7";

async fn probe_to(azure: &Azure, address: &str) -> Value {
    let packet = json!({"destination": address, "port": 443, "source": OUTSIDE});
    azure.control("POST", "/probe", packet).await.json()
}

#[tokio::test]
async fn a_static_address_is_given_at_once_and_kept() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = network("publicIPAddresses", "new-ip");
    let body = json!({"location": "westeurope", "properties": {"publicIPAllocationMethod": "Static"}});
    let made = owner.put(&path, &body).await;
    assert_eq!(made.status, 201);
    let address = made.json()["properties"]["ipAddress"].clone();
    assert!(address.as_str().unwrap().parse::<std::net::Ipv4Addr>().is_ok());
    assert_eq!(owner.put(&path, &body).await.json()["properties"]["ipAddress"], address);
    let second = owner.put(&network("publicIPAddresses", "second-ip"), &body).await.json();
    assert_ne!(second["properties"]["ipAddress"], address);
    let dynamic = json!({"location": "westeurope", "properties": {}});
    let made = owner.put(&network("publicIPAddresses", "dynamic-ip"), &dynamic).await.json();
    assert!(made["properties"]["ipAddress"].is_null());
}

#[tokio::test]
async fn has_one_user_and_is_not_deleted_from_under_it() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = network("publicIPAddresses", "web-01-ip");
    let refused = owner.delete(&path).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "PublicIPAddressCannotBeDeleted"));
    let other = network("networkInterfaces", "legacy-01-nic");
    let mut nic = owner.get(&other).await.json();
    nic["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] = json!({"id": path});
    assert_eq!(owner.put(&other, &nic).await.code(), "PublicIPAddressInUse");
    assert_eq!(probe_to(&azure, "20.51.3.9").await["verdict"], "open");

    let own = network("networkInterfaces", "web-01-nic");
    let mut nic = owner.get(&own).await.json();
    nic["properties"]["ipConfigurations"][0]["properties"].as_object_mut().unwrap().remove("publicIPAddress");
    assert_eq!(owner.put(&own, &nic).await.status, 200);
    assert!(owner.get(&path).await.json()["properties"]["ipConfiguration"].is_null());
    assert_eq!(probe_to(&azure, "20.51.3.9").await["verdict"], "shut");
    assert_eq!(owner.delete(&path).await.status, 200);
    assert_eq!(owner.get(&path).await.status, 404);
}

#[tokio::test]
async fn goes_from_one_interface_to_another() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = network("publicIPAddresses", "new-ip");
    let body = json!({"location": "westeurope", "properties": {"publicIPAllocationMethod": "Static"}});
    let address =
        owner.put(&path, &body).await.json()["properties"]["ipAddress"].as_str().unwrap().to_owned();
    let nic_path = network("networkInterfaces", "web-01-nic");
    let mut nic = owner.get(&nic_path).await.json();
    nic["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] = json!({"id": path});
    assert_eq!(owner.put(&nic_path, &nic).await.status, 200);
    let user = owner.get(&path).await.json()["properties"]["ipConfiguration"]["id"].clone();
    assert_eq!(user, format!("{nic_path}/ipConfigurations/ipconfig1"));
    let seen = probe_to(&azure, &address).await;
    assert!(seen["vm"].as_str().unwrap().ends_with("/web-01"), "{seen}");
}

#[tokio::test]
async fn rejects_an_unknown_method() {
    let azure = Azure::start().await;
    let body = json!({"location": "westeurope", "properties": {"publicIPAllocationMethod": "Sometimes"}});
    let answer = azure.owner().await.put(&network("publicIPAddresses", "new-ip"), &body).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "InvalidRequestFormat"));
}
