//! Ten ways in which others fail, each once.

use http::Method;
use serde_json::{Value, json};
use shared::api::{self, vm_path};
use tests::{PRODUCTION, World, a_rule, vm};

#[tokio::test]
async fn jit_on_but_an_existing_allow_keeps_the_port_open_is_reported() {
    let world = World::start().await;
    let detail = world.client("ADMIN").await.enable(&vm("legacy-01"), 22).await.expect(200);
    assert_eq!(world.probe(&vm("legacy-01"), 22, "198.51.100.1").await, "open");
    let port = &detail.json["ports"][0];
    assert_eq!(port["state"]["state"], "possibly_open", "{}", detail.text);
    let exposed = &port["exposed"][0];
    assert_eq!(exposed["rule"], json!({ "nsg": "legacy-01-nsg", "name": "allow-ssh", "priority": 300 }));
    assert_eq!(
        (&exposed["from"], &exposed["certain"]),
        (&json!(["Internet"]), &json!(true)),
        "{}",
        detail.text
    );
}

#[tokio::test]
async fn a_customers_rule_is_never_renumbered_edited_or_removed() {
    let world = World::start().await;
    let customers =
        [("web-01-nsg", "web-01", "customer_first"), ("legacy-01-nsg", "legacy-01", "guard_first")];
    for (nsg, name, precedence) in customers {
        for (rule, priority, access) in [("at-100", 100, "Allow"), ("at-4096", 4096, "Deny")] {
            world.put_rule(nsg, rule, &a_rule(priority, access, "*", "443")).await;
        }
        let before = foreign(&world, nsg).await;
        assert!(before.len() >= 2);
        let body = policy(precedence);
        let admin = world.client("ADMIN").await;
        admin.call(Method::PUT, &api::policy_path(&vm(name)), Some(body)).await.expect(200);
        let requester = world.client("ADMIN").await;
        requester.open(&vm(name), 22, "PT1H").await.expect(201);
        assert_eq!(foreign(&world, nsg).await, before, "open");
        world.pass(3600);
        world.sweep().await;
        admin.call(Method::DELETE, &api::policy_path(&vm(name)), None).await.expect(200);
        assert_eq!(foreign(&world, nsg).await, before, "removed");
    }
}

#[tokio::test]
async fn terraform_wiping_a_lease_rule_is_noticed_repaired_and_written_down() {
    let world = opened().await;
    let lease = rule_named(&world, "web-01-nsg", "-lease-").await;
    world.remove_rule("web-01-nsg", &lease).await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
    world.pass(60);
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    let drift = drift(&world).await;
    assert_eq!((&drift["rule"], &drift["found"]), (&json!(lease), &Value::Null), "{drift}");
}

#[tokio::test]
async fn a_hand_edit_of_the_guard_is_noticed_repaired_and_shown_on_the_vm() {
    let world = opened().await;
    let guard = rule_named(&world, "web-01-nsg", "-guard-").await;
    world.put_rule("web-01-nsg", &guard, &a_rule(4096, "Allow", "*", "22")).await;
    assert_eq!(world.probe(&vm("web-01"), 22, "198.51.100.1").await, "open");
    world.pass(60);
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "198.51.100.1").await, "shut");
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    let drift = drift(&world).await;
    assert_eq!((&drift["rule"], &drift["found"]["access"]), (&json!(guard), &json!("allow")), "{drift}");
    let detail = world.client("READER").await.get(&vm_path(&vm("web-01"))).await.expect(200);
    assert!(detail.json["drift"]["what"].as_str().unwrap().contains(&guard), "{}", detail.text);
}

#[tokio::test]
async fn of_a_deleted_vm_neither_rule_nor_policy_nor_lease_is_left() {
    let world = opened().await;
    let id = json!({ "id": vm("web-01").to_string() });
    world.sim_call(reqwest::Method::DELETE, "resources", &id).await;
    world.pass(60);
    world.sweep().await;
    assert!(!world.rules("web-01-nsg").await.iter().any(|name| name.starts_with("postern-")));
    assert_eq!(world.app.store().policies(PRODUCTION.parse().unwrap()).await.unwrap(), []);
    assert!(world.app.store().unclosed(PRODUCTION.parse().unwrap()).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_address_inside_an_allowed_range_is_admitted_and_one_outside_is_not() {
    let world = World::start().await;
    let rule = json!({ "port": 22, "protocol": "tcp", "allowed_sources": { "only": ["203.0.113.0/24"] }, "max_duration": "PT3H" });
    let body = json!({ "ports": [rule], "justification": "optional", "precedence": "customer_first", "live_sessions": "never" });
    let admin = world.client("ADMIN").await;
    admin.call(Method::PUT, &api::policy_path(&vm("web-01")), Some(body.to_string())).await.expect(200);
    let requester = world.client("REQUESTER").await;
    requester.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    requester.clone().from("203.0.114.7").open(&vm("web-01"), 22, "PT1H").await.expect(403);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.114.7").await, "shut");
}

#[tokio::test]
async fn an_opening_finds_another_place_where_priority_100_is_taken() {
    let world = World::start().await;
    world.put_rule("web-01-nsg", "mine", &a_rule(100, "Allow", "*", "443")).await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    let lease = rule_named(&world, "web-01-nsg", "-lease-").await;
    let all = rules(&world, "web-01-nsg").await;
    assert_eq!(all.iter().find(|rule| rule["name"] == *lease).unwrap()["priority"], 101, "{all:?}");
}

#[tokio::test]
async fn a_rule_reported_removed_but_still_there_keeps_its_lease_overdue() {
    let world = opened().await;
    let lease = rule_named(&world, "web-01-nsg", "-lease-").await;
    let fault = json!({ "kind": "fail_late", "method": "DELETE", "path_contains": lease, "count": 10_000 });
    world.fault(fault).await;
    world.pass(3600);
    assert_eq!(world.sweep().await.overdue, 1);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    let detail = world.client("READER").await.get(&vm_path(&vm("web-01"))).await.expect(200);
    assert_eq!(detail.json["summary"]["state"], "possibly_open", "{}", detail.text);
    world.clear_faults().await;
    world.pass(600);
    assert_eq!(world.sweep().await.overdue, 0);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn the_end_of_one_of_two_overlapping_grants_leaves_the_other_open() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let requester = world.client("REQUESTER").await;
    requester.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    requester.open(&vm("web-01"), 22, "PT2H").await.expect(201);
    world.pass(3600);
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    world.pass(3600);
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn a_subnet_nsg_that_blocks_what_the_nic_nsg_would_allow_is_named_before_anything_is_written() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("win-01"), 3389).await.expect(200);
    world.put_rule("app-subnet-nsg", "no-rdp", &a_rule(100, "Deny", "*", "3389")).await;
    let before = rules(&world, "win-01-nsg").await;
    let refused = world.client("REQUESTER").await.open(&vm("win-01"), 3389, "PT1H").await.expect(409);
    assert_eq!(refused.code(), "obstructed");
    assert!(
        refused.message().contains("no-rdp") && refused.message().contains("app-subnet-nsg"),
        "{}",
        refused.text
    );
    assert_eq!(rules(&world, "win-01-nsg").await, before);
}

async fn opened() -> World {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    world
}

fn policy(precedence: &str) -> String {
    let rule = json!({ "port": 22, "protocol": "tcp", "allowed_sources": "any", "max_duration": "PT3H" });
    json!({ "ports": [rule], "justification": "optional", "precedence": precedence, "live_sessions": "never" })
        .to_string()
}

/// The last drift that the activity of web-01 tells of.
async fn drift(world: &World) -> Value {
    let path = format!("{}?vm={}", api::route::ACTIVITY, vm("web-01"));
    let activity = world.client("READER").await.get(&path).await.expect(200);
    let steps = activity.json["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["entry"]["event"] == "drifted");
    step.unwrap_or_else(|| panic!("{}", activity.text))["entry"].clone()
}

async fn rules(world: &World, nsg: &str) -> Vec<Value> {
    let observed = world.nsg(nsg).await;
    observed.rules.iter().map(|rule| serde_json::to_value(rule).unwrap()).collect()
}

async fn foreign(world: &World, nsg: &str) -> Vec<Value> {
    let all = rules(world, nsg).await;
    all.into_iter().filter(|rule| !rule["name"].as_str().unwrap().starts_with("postern-")).collect()
}

async fn rule_named(world: &World, nsg: &str, part: &str) -> String {
    let names = world.rules(nsg).await;
    names.iter().find(|name| name.contains(part)).unwrap_or_else(|| panic!("{names:?}")).clone()
}
