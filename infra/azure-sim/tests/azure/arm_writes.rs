use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Azure, PROD, nsg};

fn resource(group: &str, kind: &str, name: &str) -> String {
    format!("{PROD}/resourceGroups/{group}/providers/Microsoft.Network/{kind}/{name}")
}

fn an_nsg(priorities: &[i64]) -> Value {
    let rules: Vec<Value> = priorities
        .iter()
        .map(|priority| {
            json!({"name": format!("rule-{priority}-{}", priorities.len()), "properties": {
                "protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": priority,
                "sourcePortRange": "*", "destinationPortRange": "22", "sourceAddressPrefix": "*",
                "destinationAddressPrefix": "*",
            }})
        })
        .collect();
    json!({"location": "westeurope", "properties": {"securityRules": rules}})
}

#[tokio::test]
async fn replaces_a_whole_nsg() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    assert_eq!(azure.verdict("web-01", 443, "203.0.113.7").await, "open");
    let answer = owner.put(&nsg("web-01-nsg"), &an_nsg(&[150])).await;
    assert_eq!(
        (answer.status, answer.json()["properties"]["securityRules"].as_array().unwrap().len()),
        (200, 1)
    );
    assert_eq!(azure.verdict("web-01", 443, "203.0.113.7").await, "shut");
    assert_eq!(azure.verdict("web-01", 22, "203.0.113.7").await, "open");
    let both = owner.get(&nsg("web-01-nsg")).await.json();
    assert_eq!(both["properties"]["defaultSecurityRules"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn creates_and_deletes_an_nsg() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = nsg("new-nsg");
    assert_eq!(owner.put(&path, &json!({"properties": {}})).await.code(), "LocationRequired");
    assert_eq!(owner.put(&path, &an_nsg(&[])).await.status, 201);
    assert_eq!(owner.get(&path).await.json()["name"], "new-nsg");
    assert_eq!(owner.delete(&path).await.status, 200);
    assert_eq!(owner.delete(&path).await.status, 204);
}

#[tokio::test]
async fn rejects_an_nsg_with_bad_rules() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    assert_eq!(owner.put(&nsg("web-01-nsg"), &an_nsg(&[99])).await.code(), "SecurityRuleInvalidPriority");
    let mut twice = an_nsg(&[150, 150]);
    twice["properties"]["securityRules"][1]["name"] = "other".into();
    assert_eq!(owner.put(&nsg("web-01-nsg"), &twice).await.code(), "SecurityRuleConflict");
    assert_eq!(azure.verdict("web-01", 443, "203.0.113.7").await, "open", "nothing changed");
}

#[tokio::test]
async fn deletes_no_nsg_that_is_in_use() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    for name in ["web-01-nsg", "app-subnet-nsg"] {
        let answer = owner.delete(&nsg(name)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "InUseNetworkSecurityGroupCannotBeDeleted")
        );
    }
}

#[tokio::test]
async fn attaches_an_nsg_to_an_interface() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = resource("prod-rg", "networkInterfaces", "bare-01-nic");
    let mut nic = owner.get(&path).await.json();
    assert_eq!(azure.verdict("bare-01", 22, "203.0.113.7").await, "open");
    nic["properties"]["networkSecurityGroup"] = json!({"id": nsg("web-01-nsg")});
    assert_eq!(owner.put(&path, &nic).await.status, 200);
    assert_eq!(azure.verdict("bare-01", 22, "203.0.113.7").await, "shut");
    nic["properties"]["networkSecurityGroup"] = json!({"id": nsg("nothing")});
    assert_eq!(owner.put(&path, &nic).await.code(), "InvalidResourceReference");
    nic["properties"]["ipConfigurations"] = json!([]);
    assert_eq!(owner.put(&path, &nic).await.code(), "InvalidRequestFormat");
}

#[tokio::test]
async fn changes_a_firewall_as_a_whole_and_in_time() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    let path = resource("net-rg", "azureFirewalls", "hub-fw");
    let mut firewall = owner.get(&path).await.json();
    firewall["properties"]["natRuleCollections"] = json!([{
        "name": "jit", "properties": {"priority": 200, "action": {"type": "Dnat"}, "rules": []},
    }]);
    let answer = owner.put(&path, &firewall).await;
    assert_eq!((answer.status, &answer.json()["properties"]["provisioningState"]), (200, &json!("Updating")));
    assert_eq!(owner.put(&path, &firewall).await.status, 429);
    azure.clock.advance(Duration::from_secs(1));
    let operation = answer.header("azure-asyncoperation").to_owned();
    assert_eq!(owner.get(&operation).await.json()["status"], "Succeeded");
    let now = owner.get(&path).await.json();
    assert_eq!(now["properties"]["natRuleCollections"][0]["name"], "jit");
    firewall["properties"]["natRuleCollections"][0]["properties"]["priority"] = json!(99);
    assert_eq!(owner.put(&path, &firewall).await.code(), "AzureFirewallRuleCollectionInvalidPriority");
}

#[tokio::test]
async fn keeps_classic_rules_out_of_a_firewall_with_a_policy() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = resource("net-rg", "azureFirewalls", "policy-fw");
    let mut firewall = owner.get(&path).await.json();
    firewall["properties"]["natRuleCollections"] = json!([{
        "name": "jit", "properties": {"priority": 200, "action": {"type": "Dnat"}, "rules": []},
    }]);
    let answer = owner.put(&path, &firewall).await;
    assert_eq!(answer.code(), "AzureFirewallPolicyAndRuleCollectionsConflict");
}

#[tokio::test]
async fn a_deleted_machine_leaves_its_interface() {
    let azure = Azure::start_slow().await;
    let admin = azure.caller("ADMIN").await;
    let vm = format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines/web-01");
    let nic = resource("prod-rg", "networkInterfaces", "web-01-nic");
    let answer = admin.delete(&vm).await;
    assert_eq!(answer.status, 202);
    assert!(answer.header("azure-asyncoperation").contains("/providers/Microsoft.Compute/locations/"));
    assert_eq!(admin.get(&vm).await.json()["properties"]["provisioningState"], "Deleting");
    azure.clock.advance(Duration::from_secs(1));
    assert_eq!(admin.get(&vm).await.status, 404);
    assert!(admin.get(&nic).await.json()["properties"]["virtualMachine"].is_null());
    assert_eq!(admin.delete(&vm).await.status, 204);
}
