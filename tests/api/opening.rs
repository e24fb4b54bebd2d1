//! `/api/grants`: from asking to what packets meet.

use serde_json::json;
use shared::api;
use tests::{World, vm};

#[tokio::test]
async fn an_opening_lets_in_exactly_the_granted_address() {
    let world = World::start().await;
    let web = vm("web-01");
    world.client("ADMIN").await.enable(&web, 22).await.expect(200);
    assert_eq!(world.probe(&web, 22, "203.0.113.7").await, "shut");
    let grant = world.client("REQUESTER").await.open(&web, 22, "PT1H").await.expect(201);
    assert_eq!(grant.json["leases"][0]["state"], "open", "{}", grant.text);
    assert_eq!(world.probe(&web, 22, "203.0.113.7").await, "open");
    for other in ["203.0.113.8", "198.51.100.1", "10.1.0.9"] {
        assert_eq!(world.probe(&web, 22, other).await, "shut", "{other}");
    }
    assert_eq!(world.probe(&web, 3389, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn both_nsgs_of_a_vm_get_the_rules() {
    let world = World::start().await;
    let win = vm("win-01");
    world.client("ADMIN").await.enable(&win, 3389).await.expect(200);
    world.client("REQUESTER").await.open(&win, 3389, "PT1H").await.expect(201);
    assert_eq!(world.probe(&win, 3389, "203.0.113.7").await, "open");
    for nsg in ["win-01-nsg", "app-subnet-nsg"] {
        let rules = world.rules(nsg).await;
        assert!(rules.iter().any(|name| name.contains("-lease-")), "{nsg}: {rules:?}");
    }
}

#[tokio::test]
async fn a_neighbour_in_the_subnet_stays_shut() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    admin.enable(&vm("web-02"), 3389).await.expect(200);
    admin.enable(&vm("win-01"), 3389).await.expect(200);
    world.client("REQUESTER").await.open(&vm("web-02"), 3389, "PT1H").await.expect(201);
    assert_eq!(world.probe(&vm("web-02"), 3389, "203.0.113.7").await, "open");
    assert_eq!(world.probe(&vm("win-01"), 3389, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn close_now_closes_and_says_why() {
    let world = World::start().await;
    let web = vm("web-01");
    world.client("ADMIN").await.enable(&web, 22).await.expect(200);
    let requester = world.client("REQUESTER").await;
    let grant = requester.open(&web, 22, "PT1H").await.expect(201);
    let path = format!("{}/{}/revoke", api::route::GRANTS, grant.json["id"].as_str().unwrap());
    let closed = requester.post(&path, &json!({})).await.expect(200);
    assert_eq!(closed.json["leases"][0]["state"], "closed", "{}", closed.text);
    assert_eq!(closed.json["leases"][0]["reason"], "revoked");
    assert_eq!(world.probe(&web, 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn a_stranger_may_not_close_it_and_an_admin_may() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    admin.enable(&vm("web-01"), 22).await.expect(200);
    let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    let own = format!("{}/{}", api::route::GRANTS, grant.json["id"].as_str().unwrap());
    for (who, may) in [("REQUESTER", true), ("ADMIN", true), ("READER", false)] {
        let view = world.client(who).await.get(&own).await.expect(200);
        assert_eq!(view.json["leases"][0]["revocable"], may, "{who}: {}", view.text);
    }
    let path = format!("{own}/revoke");
    world.client("READER").await.post(&path, &json!({})).await.expect(403);
    world.client("NOBODY").await.post(&path, &json!({})).await.expect(404);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    admin.post(&path, &json!({})).await.expect(200);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn asking_twice_under_one_name_is_asking_once() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let client = world.client("REQUESTER").await.with_header(api::IDEMPOTENCY_HEADER, "tap-1");
    let first = client.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    let again = client.open(&vm("web-01"), 22, "PT1H").await.expect(200);
    assert_eq!(first.json["id"], again.json["id"]);
    let other = client.open(&vm("web-01"), 22, "PT2H").await.expect(422);
    assert_eq!(other.code(), "idempotency_mismatch");
}

#[tokio::test]
async fn a_request_for_two_vms_behind_one_nsg_is_one_write() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    admin.enable(&vm("web-02"), 22).await.expect(200);
    admin.enable(&vm("win-01"), 22).await.expect(200);
    let before = lease_writes(&world).await;
    let opening = |name| json!({ "vm": vm(name).to_string(), "port": 22, "duration": "PT1H" });
    let body = json!({ "openings": [opening("web-02"), opening("win-01")] });
    world.client("REQUESTER").await.post(api::route::GRANTS, &body).await.expect(201);
    // The subnet's NSG takes both VMs in one rule; win-01's own NSG takes one more.
    assert_eq!(lease_writes(&world).await - before, 2);
}

async fn lease_writes(world: &World) -> usize {
    let writes = world.history().await;
    writes.iter().filter(|write| write["path"].as_str().is_some_and(|path| path.contains("-lease-"))).count()
}

#[tokio::test]
async fn overlapping_grants_do_not_cut_each_other() {
    let world = World::start().await;
    let web = vm("web-01");
    world.client("ADMIN").await.enable(&web, 22).await.expect(200);
    let requester = world.client("REQUESTER").await;
    requester.open(&web, 22, "PT30M").await.expect(201);
    requester.open(&web, 22, "PT1H").await.expect(201);
    world.pass(30 * 60);
    world.sweep().await;
    assert_eq!(world.probe(&web, 22, "203.0.113.7").await, "open");
    world.pass(30 * 60);
    world.sweep().await;
    assert_eq!(world.probe(&web, 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn a_customers_earlier_deny_is_named_and_nothing_is_written() {
    let world = World::start().await;
    let locked = vm("locked-01");
    world.client("ADMIN").await.enable(&locked, 22).await.expect(200);
    let before = world.rules("locked-01-nsg").await;
    let refused = world.client("REQUESTER").await.open(&locked, 22, "PT1H").await.expect(409);
    assert_eq!(refused.code(), "obstructed");
    assert!(refused.message().contains("deny-ssh"), "{}", refused.text);
    assert_eq!(world.rules("locked-01-nsg").await, before);
}

#[tokio::test]
async fn a_nearly_full_nsg_takes_what_fits_and_refuses_the_rest() {
    let world = World::start().await;
    let crowded = vm("crowded-01");
    world.client("ADMIN").await.enable(&crowded, 3389).await.expect(200);
    let requester = world.client("REQUESTER").await;
    requester.open(&crowded, 3389, "PT1H").await.expect(201);
    requester.from("203.0.113.8").open(&crowded, 3389, "PT1H").await.expect(201);
    let refused =
        world.client("REQUESTER").await.from("203.0.113.9").open(&crowded, 3389, "PT1H").await.expect(409);
    assert!(refused.message().contains("1000"), "{}", refused.text);
}
