use std::collections::BTreeSet;

use azure_sim::Fleet;
use serde_json::{Value, json};

use super::support::{Azure, DEV, PROD};

async fn generated(count: usize, seed: u64) -> Azure {
    Azure::start_with(|options| {
        options.fleet = Fleet::Generated(count);
        options.seed = seed;
    })
    .await
}

async fn state(azure: &Azure) -> Value {
    azure.control("GET", "/state", json!(null)).await.json()
}

#[tokio::test]
async fn generates_as_many_machines_as_ordered() {
    let azure = generated(350, 7).await;
    azure.control("PUT", "/settings", json!({"page_size": 1_000})).await;
    let identity = azure.identity().await;
    let mut count = 0;
    for subscription in [PROD, DEV] {
        let vms = identity
            .get(&format!("{subscription}/providers/Microsoft.Compute/virtualMachines"))
            .await
            .names();
        assert!(!vms.is_empty());
        count += vms.len();
    }
    assert_eq!(count, 350);
}

#[tokio::test]
async fn generates_the_same_fleet_from_the_same_seed() {
    let first = state(&generated(40, 7).await).await;
    assert_eq!(first, state(&generated(40, 7).await).await);
    assert_ne!(first, state(&generated(40, 8).await).await);
}

#[tokio::test]
async fn generates_no_address_twice_and_no_dangling_reference() {
    let azure = generated(350, 7).await;
    let state = state(&azure).await;
    let all = state.as_object().unwrap();
    let mut addresses = BTreeSet::new();
    for (key, nic) in all.iter().filter(|(key, _)| key.contains("/networkinterfaces/")) {
        let to = &nic["properties"]["ipConfigurations"][0]["properties"];
        assert!(addresses.insert(to["privateIPAddress"].as_str().unwrap().to_owned()), "{key}");
        let named = [&nic["properties"]["networkSecurityGroup"]["id"], &to["publicIPAddress"]["id"]];
        for id in named.into_iter().filter_map(Value::as_str) {
            assert!(all.contains_key(&id.to_ascii_lowercase()), "{id}");
        }
    }
    assert_eq!(addresses.len(), 350);
}

#[tokio::test]
async fn the_demo_people_keep_their_roles_in_a_generated_fleet() {
    let azure = generated(10, 7).await;
    let requester = azure.caller("REQUESTER").await;
    let vms = format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines");
    assert_eq!(requester.get(&vms).await.names().len(), 10);
}

#[tokio::test]
async fn describes_itself_for_tests() {
    let azure = Azure::start().await;
    let demo = &azure.demo;
    assert_eq!(
        (&demo["audience"], &demo["arm_audience"]),
        (&json!("api://postern"), &json!("https://management.azure.com"))
    );
    assert_eq!(
        (demo["authority"].as_str(), demo["arm"].as_str()),
        (Some(azure.sim.url()), Some(azure.sim.url()))
    );
    assert_eq!(demo["identity"]["endpoint"], format!("{}/msi/token", azure.sim.url()));
    let names: Vec<_> = demo["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["user_principal_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ada", "rui", "rea", "noah"].map(|name| format!("{name}@contoso.example")));
    let secrets: BTreeSet<_> = ["ADMIN", "REQUESTER", "READER", "NOBODY"]
        .iter()
        .map(|name| demo["service_principals"][name]["client_secret"].as_str().unwrap())
        .collect();
    assert_eq!(secrets.len(), 4);
}

#[tokio::test]
async fn makes_new_secrets_each_time() {
    let (first, second) = (Azure::start().await, Azure::start().await);
    assert_ne!(first.demo["portal"]["client_secret"], second.demo["portal"]["client_secret"]);
    assert_ne!(first.demo["identity"]["header"], second.demo["identity"]["header"]);
}
