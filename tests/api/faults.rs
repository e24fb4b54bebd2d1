//! ARM at its worst, in the middle of an opening.

use serde_json::json;
use tests::{World, vm};

#[tokio::test]
async fn a_lost_answer_is_recognised_by_reading_back() {
    for kind in ["drop_after", "drop_before", "conflict", "server_error", "locked"] {
        let world = enabled().await;
        world.fault(json!({ "kind": kind, "method": "PUT", "path_contains": "-lease-", "count": 1 })).await;
        let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
        assert_eq!(grant.json["leases"][0]["state"], "open", "{kind}: {}", grant.text);
        assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open", "{kind}");
        let leases =
            world.rules("web-01-nsg").await.into_iter().filter(|name| name.contains("-lease-")).count();
        assert_eq!(leases, 1, "{kind}");
    }
}

#[tokio::test]
async fn an_nsg_that_cannot_be_read_is_possibly_open_whatever_was_read_before() {
    let world = enabled().await;
    let reader = world.client("READER").await;
    let path = shared::api::vm_path(&vm("web-01"));
    assert_eq!(reader.get(&path).await.expect(200).json["summary"]["state"], "closed");
    let nsg = "networksecuritygroups/web-01-nsg";
    world
        .fault(json!({ "kind": "server_error", "method": "GET", "path_contains": nsg, "count": 10_000 }))
        .await;
    world.pass(60);
    let detail = reader.get(&path).await.expect(200);
    assert_eq!(detail.json["summary"]["state"], "possibly_open", "{}", detail.text);
    assert_eq!(
        detail.json["ports"][0]["state"]["concerns"][0]["concern"], "not_answering",
        "{}",
        detail.text
    );
}

#[tokio::test]
async fn one_broken_nsg_delays_no_other() {
    let world = enabled().await;
    let admin = world.client("ADMIN").await;
    admin.enable(&vm("web-02"), 22).await.expect(200);
    let requester = world.client("REQUESTER").await;
    requester.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    requester.open(&vm("web-02"), 22, "PT1H").await.expect(201);
    world.fault(json!({ "kind": "server_error", "path_contains": "web-01-nsg", "count": 10_000 })).await;
    world.pass(3600);
    let report = world.sweep().await;
    assert_eq!(report.overdue, 1);
    assert_eq!(world.probe(&vm("web-02"), 22, "203.0.113.7").await, "shut");
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
}

#[tokio::test]
async fn one_rule_that_cannot_be_removed_keeps_no_other_of_its_nsg_open() {
    for broken in ["203.0.113.7", "203.0.113.8"] {
        let world = enabled().await;
        let requester = world.client("REQUESTER").await;
        for address in ["203.0.113.7", "203.0.113.8"] {
            let grant = requester.clone().from(address).open(&vm("web-01"), 22, "PT1H").await.expect(201);
            if address == broken {
                let name = grant.json["id"].as_str().unwrap().replace('-', "");
                let fault = json!({ "kind": "server_error", "method": "DELETE", "path_contains": name, "count": 10_000 });
                world.fault(fault).await;
            }
        }
        world.pass(3600);
        assert_eq!(world.sweep().await.overdue, 1);
        for address in ["203.0.113.7", "203.0.113.8"] {
            let expected = if address == broken { "open" } else { "shut" };
            assert_eq!(
                world.probe(&vm("web-01"), 22, address).await,
                expected,
                "{address}, {broken} is broken"
            );
        }
    }
}

#[tokio::test]
async fn an_opening_that_a_new_deny_defeats_ends_as_failed_and_says_so() {
    let world = enabled().await;
    world.fail_leases("PUT").await;
    let requester = world.client("REQUESTER").await;
    let grant = requester.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    assert_eq!(grant.json["leases"][0]["state"], "pending", "{}", grant.text);
    world.clear_faults().await;
    let nsg = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg/providers\
               /Microsoft.Network/networkSecurityGroups/web-01-nsg/securityRules/deny-ssh";
    let body = json!({ "properties": {
        "protocol": "*", "access": "Deny", "direction": "Inbound", "priority": 100, "sourcePortRange": "*",
        "destinationPortRange": "22", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*",
    } });
    world.sim_call(reqwest::Method::PUT, "resources", &json!({ "id": nsg, "body": body })).await;
    world.pass(600);
    world.sweep().await;
    let path = format!("/api/grants/{}", grant.json["id"].as_str().unwrap());
    let ended = requester.get(&path).await.expect(200);
    assert_eq!(ended.json["leases"][0]["reason"], "failed", "{}", ended.text);
    assert!(ended.json["leases"][0]["trouble"].as_str().unwrap().contains("deny-ssh"), "{}", ended.text);
    let activity = requester.get(shared::api::route::ACTIVITY).await.expect(200);
    assert!(activity.text.contains("obstructed"), "{}", activity.text);
    assert!(!world.rules("web-01-nsg").await.iter().any(|name| name.contains("-lease-")));
}

#[tokio::test]
async fn without_an_answer_about_roles_nobody_has_any() {
    let world = enabled().await;
    world.fault(json!({ "kind": "server_error", "path_contains": "roleassignments", "count": 10_000 })).await;
    let refused = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(503);
    assert_eq!(refused.code(), "azure_unavailable");
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn a_holder_can_close_while_roles_cannot_be_read() {
    let world = enabled().await;
    let requester = world.client("REQUESTER").await;
    let grant = requester.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    world.fault(json!({ "kind": "server_error", "path_contains": "roleassignments", "count": 10_000 })).await;
    world.pass(120);
    let path = format!("/api/grants/{}/revoke", grant.json["id"].as_str().unwrap());
    requester.post(&path, &json!({})).await.expect(200);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

async fn enabled() -> World {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world
}
