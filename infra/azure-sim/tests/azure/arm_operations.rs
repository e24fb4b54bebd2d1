use std::time::Duration;

use serde_json::json;

use super::support::{Azure, PROD, lease, rule};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_new_rule_takes_effect_after_the_latency() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    let path = rule("web-01-nsg", "lease-1");
    let answer = owner.put(&path, &lease(150)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (201, "1"));
    assert_eq!(answer.json()["properties"]["provisioningState"], "Updating");
    let operation = answer.header("azure-asyncoperation").to_owned();
    assert!(
        operation.contains("/providers/Microsoft.Network/locations/westeurope/operations/"),
        "{operation}"
    );
    azure.clock.advance(SECOND - Duration::from_millis(1));
    assert_eq!(owner.get(&operation).await.json()["status"], "InProgress");
    assert_eq!(owner.get(&path).await.json()["properties"]["provisioningState"], "Updating");
    assert_eq!(azure.verdict("web-01", 22, "203.0.113.7").await, "shut");
    azure.clock.advance(Duration::from_millis(1));
    assert_eq!(owner.get(&operation).await.json(), json!({"status": "Succeeded"}));
    assert_eq!(owner.get(&path).await.json()["properties"]["provisioningState"], "Succeeded");
    assert_eq!(azure.verdict("web-01", 22, "203.0.113.7").await, "open");
}

#[tokio::test]
async fn a_changed_rule_stays_as_it_was_until_then() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    let path = rule("web-01-nsg", "lease-1");
    owner.put(&path, &lease(150)).await;
    azure.clock.advance(SECOND);
    let mut moved = lease(150);
    moved["properties"]["sourceAddressPrefix"] = "198.51.100.9".into();
    let answer = owner.put(&path, &moved).await;
    assert_eq!((answer.status, answer.header("retry-after")), (200, "1"));
    assert_eq!(azure.verdict("web-01", 22, "203.0.113.7").await, "open");
    azure.clock.advance(SECOND);
    assert_eq!(azure.verdict("web-01", 22, "203.0.113.7").await, "shut");
    assert_eq!(azure.verdict("web-01", 22, "198.51.100.9").await, "open");
}

#[tokio::test]
async fn a_deleted_rule_lets_packets_in_until_the_latency_is_over() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    let path = rule("legacy-01-nsg", "allow-ssh");
    let answer = owner.delete(&path).await;
    assert_eq!(answer.status, 202);
    let (operation, location) = (answer.header("azure-asyncoperation"), answer.header("location"));
    assert_eq!(owner.get(location).await.status, 202);
    assert_eq!(owner.get(&path).await.json()["properties"]["provisioningState"], "Deleting");
    assert_eq!(azure.verdict("legacy-01", 22, "203.0.113.7").await, "open");
    azure.clock.advance(SECOND);
    assert_eq!(azure.verdict("legacy-01", 22, "203.0.113.7").await, "shut");
    assert_eq!(owner.get(operation).await.json()["status"], "Succeeded");
    assert_eq!(owner.get(location).await.status, 204);
    assert_eq!(owner.get(&path).await.status, 404);
}

#[tokio::test]
async fn an_nsg_takes_one_write_at_a_time() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    assert_eq!(owner.put(&rule("web-01-nsg", "one"), &lease(150)).await.status, 201);
    for _ in 0..2 {
        let refused = owner.put(&rule("web-01-nsg", "two"), &lease(151)).await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "RetryableErrorDueToAnotherOperation"));
        assert_eq!(refused.header("retry-after"), "1");
    }
    assert_eq!(owner.delete(&rule("web-01-nsg", "allow-https")).await.status, 429);
    assert_eq!(owner.delete(&rule("web-01-nsg", "missing")).await.status, 204);
    let elsewhere = owner.put(&rule("win-01-nsg", "two"), &lease(151)).await;
    assert_eq!(elsewhere.status, 201, "another NSG is not held");
    azure.clock.advance(SECOND);
    assert_eq!(owner.put(&rule("web-01-nsg", "two"), &lease(151)).await.status, 201);
}

#[tokio::test]
async fn follows_no_operation_that_was_never_started() {
    let azure = Azure::start().await;
    let path = format!("{PROD}/providers/Microsoft.Network/locations/westeurope/operations/none");
    assert_eq!(azure.identity().await.get(&path).await.status, 404);
}

#[tokio::test]
async fn the_history_holds_every_write_with_its_effect() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    owner.put(&rule("web-01-nsg", "one"), &lease(150)).await;
    owner.put(&rule("web-01-nsg", "two"), &lease(151)).await;
    owner.get(&rule("web-01-nsg", "one")).await;
    let history = azure.control("GET", "/history?since=0", json!(null)).await.json();
    let seen: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["method"].clone(), one["status"].clone()))
        .collect();
    assert_eq!(seen, [(json!("PUT"), json!(201)), (json!("PUT"), json!(429))]);
    assert_eq!(history[0]["principal"], azure.demo["service_principals"]["NOBODY"]["object_id"]);
    assert_eq!(
        (&history[0]["at"], &history[0]["effect_at"]),
        (&json!("2030-01-15T09:00:00Z"), &json!("2030-01-15T09:00:01Z"))
    );
    assert!(history[1]["effect_at"].is_null());
    let later = azure.control("GET", "/history?since=1", json!(null)).await.json();
    assert_eq!(later.as_array().unwrap().len(), 1);
    assert_eq!(azure.control("GET", "/history?since=x", json!(null)).await.status, 400);
}

#[tokio::test]
async fn the_activity_log_tells_the_writes() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    owner.put(&rule("web-01-nsg", "one"), &lease(150)).await;
    owner.put(&rule("web-01-nsg", "two"), &lease(150)).await;
    let list = format!("{PROD}/providers/Microsoft.Insights/eventtypes/management/values");
    let reader = azure.caller("READER").await;
    let path =
        format!("{list}?$filter=eventTimestamp ge '2030-01-15T08:00:00Z' and resourceGroupName eq 'prod-rg'");
    let log = reader.get(&path).await.json();
    let statuses: Vec<_> =
        log["value"].as_array().unwrap().iter().map(|one| one["status"]["value"].clone()).collect();
    assert_eq!(statuses, ["Failed", "Succeeded"], "newest first");
    assert_eq!(
        log["value"][1]["operationName"]["value"],
        "Microsoft.Network/networkSecurityGroups/securityRules/write"
    );
    for (filter, count) in [
        ("eventTimestamp ge '2030-01-15T10:00:00Z'", 0),
        ("eventTimestamp ge '2030-01-15T08:00:00Z' and resourceGroupName eq 'net-rg'", 0),
        ("eventTimestamp ge '2030-01-15T08:00:00Z' and resourceProvider eq 'Microsoft.Network'", 2),
    ] {
        let log = reader.get(&format!("{list}?$filter={filter}")).await.json();
        assert_eq!(log["value"].as_array().unwrap().len(), count, "{filter}");
    }
    assert_eq!(reader.get(&list).await.status, 400);
    assert_eq!(azure.identity().await.get(&path).await.status, 403);
}

#[tokio::test]
async fn a_deletion_can_have_a_location_alone() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    azure.control("PUT", "/settings", json!({"location_only": true})).await;
    let answer = owner.delete(&rule("web-01-nsg", "allow-https")).await;
    assert_eq!((answer.status, answer.header("azure-asyncoperation")), (202, ""));
    let location = answer.header("location").to_owned();
    assert_eq!(owner.get(&location).await.status, 202);
    azure.clock.advance(Duration::from_secs(1));
    assert_eq!(owner.get(&location).await.status, 204);
}
