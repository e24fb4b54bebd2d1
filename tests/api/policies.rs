//! `/api/vms/…/policy`.

use http::Method;
use serde_json::json;
use shared::api::{policy_path, vm_path};
use tests::{World, vm};

#[tokio::test]
async fn enabling_writes_a_guard_and_the_port_is_closed() {
    let world = World::start().await;
    let detail = world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    assert_eq!(detail.json["ports"][0]["state"]["state"], "closed", "{}", detail.text);
    assert!(world.rules("web-01-nsg").await.iter().any(|name| name.contains("-guard-")));
    assert_eq!(world.probe(&vm("web-01"), 22, "10.1.0.9").await, "shut");
}

#[tokio::test]
async fn a_customers_allow_stays_and_is_reported() {
    let world = World::start().await;
    let detail = world.client("ADMIN").await.enable(&vm("legacy-01"), 22).await.expect(200);
    let state = &detail.json["ports"][0]["state"];
    assert_eq!(state["state"], "possibly_open", "{}", detail.text);
    assert_eq!(state["concerns"][0]["rule"]["name"], "allow-ssh");
    assert_eq!(state["concerns"][0]["rule"]["priority"], 300);
    assert_eq!(world.probe(&vm("legacy-01"), 22, "198.51.100.1").await, "open");
}

#[tokio::test]
async fn guard_first_shuts_what_a_customers_rule_leaves_open() {
    let world = World::start().await;
    let rule = json!({ "port": 22, "protocol": "tcp", "allowed_sources": "any", "max_duration": "PT3H" });
    let body = json!({ "ports": [rule], "justification": "optional", "precedence": "guard_first", "live_sessions": "never" });
    let admin = world.client("ADMIN").await;
    let detail =
        admin.call(Method::PUT, &policy_path(&vm("legacy-01")), Some(body.to_string())).await.expect(200);
    assert_eq!(detail.json["ports"][0]["state"]["state"], "closed", "{}", detail.text);
    assert_eq!(world.probe(&vm("legacy-01"), 22, "198.51.100.1").await, "shut");
    assert!(world.rules("legacy-01-nsg").await.contains(&"allow-ssh".to_owned()));
}

#[tokio::test]
async fn removing_a_policy_closes_what_is_open_and_takes_the_guard_away() {
    let world = World::start().await;
    let before = world.rules("web-01-nsg").await;
    let admin = world.client("ADMIN").await;
    admin.enable(&vm("web-01"), 22).await.expect(200);
    let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    admin.call(Method::DELETE, &policy_path(&vm("web-01")), None).await.expect(200);
    assert_eq!(world.rules("web-01-nsg").await, before);
    let path = format!("/api/grants/{}", grant.json["id"].as_str().unwrap());
    let closed = world.client("REQUESTER").await.get(&path).await.expect(200);
    assert_eq!(closed.json["leases"][0]["state"], "closed", "{}", closed.text);
    admin.call(Method::DELETE, &policy_path(&vm("web-01")), None).await.expect(404);
}

#[tokio::test]
async fn of_a_deleted_vm_nothing_is_left_behind() {
    let world = World::start().await;
    let before = world.rules("web-01-nsg").await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    let id = json!({ "id": vm("web-01").to_string() });
    world.sim_call(reqwest::Method::DELETE, "resources", &id).await;
    world.pass(120);
    world.sweep().await;
    assert_eq!(world.rules("web-01-nsg").await, before);
    assert_eq!(world.app.store().policies(tests::PRODUCTION.parse().unwrap()).await.unwrap(), []);
    world.pass(3600);
    world.sweep().await;
    let path = format!("/api/grants/{}", grant.json["id"].as_str().unwrap());
    let closed = world.client("REQUESTER").await.get(&path).await.expect(200);
    assert_eq!(closed.json["leases"][0]["state"], "closed", "{}", closed.text);
}

#[tokio::test]
async fn only_who_may_configure_does() {
    let world = World::start().await;
    let others = [("REQUESTER", 403), ("READER", 403), ("NOBODY", 404)];
    for (who, status) in others {
        world.client(who).await.enable(&vm("web-01"), 22).await.expect(status);
    }
    assert!(!world.rules("web-01-nsg").await.iter().any(|name| name.contains("postern")));
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    for (who, status) in others {
        world.client(who).await.call(Method::DELETE, &policy_path(&vm("web-01")), None).await.expect(status);
    }
    assert!(world.rules("web-01-nsg").await.iter().any(|name| name.contains("-guard-")));
}

#[tokio::test]
async fn an_unsupported_vm_is_refused_with_its_reason() {
    let world = World::start().await;
    let refused = world.client("ADMIN").await.enable(&vm("bare-01"), 22).await.expect(409);
    assert_eq!(refused.code(), "vm_unsupported");
    assert!(refused.message().contains("network security group"), "{}", refused.text);
    world.client("ADMIN").await.get(&vm_path(&vm("nowhere"))).await.expect(404);
}
