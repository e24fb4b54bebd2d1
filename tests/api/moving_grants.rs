//! `POST /api/grants/{id}/move`: the caller's address changed while something is open.

use http::Method;
use serde_json::{Value, json};
use shared::api::{IDEMPOTENCY_HEADER, route};
use tests::{Answer, Client, World, vm};

const NEW: &str = "198.51.100.9";

#[tokio::test]
async fn an_opening_moves_to_the_new_address_and_ends_when_it_would_have() {
    let (world, old) = opened().await;
    world.pass(600);
    let requester = world.client("REQUESTER").await.from(NEW);
    let new = move_to(&requester, &old, &json!({})).await.expect(201);
    let lease = &new.json["leases"][0];
    assert_eq!((&lease["state"], &lease["sources"]), (&json!("open"), &json!([NEW])), "{}", new.text);
    assert_eq!(lease["expires_at"], old.json["leases"][0]["expires_at"]);
    assert_eq!(reached(&world).await, ["shut", "open"]);
    let old = requester.get(&path(&old)).await.expect(200);
    assert_eq!(old.json["leases"][0]["reason"], "superseded", "{}", old.text);
    world.pass(3000);
    world.sweep().await;
    assert_eq!(reached(&world).await, ["shut", "shut"]);
}

#[tokio::test]
async fn the_trail_says_which_grant_took_the_place_of_which() {
    let (world, old) = opened().await;
    let requester = world.client("REQUESTER").await.from(NEW);
    move_to(&requester, &old, &json!({})).await.expect(201);
    let activity = world.client("READER").await.get(route::ACTIVITY).await.expect(200);
    let steps = activity.json["steps"].as_array().unwrap();
    let entry = |event: &str, grant: &str, name: &str| {
        steps.iter().find(|step| step["entry"]["event"] == event && step["entry"][name] == grant).cloned()
    };
    let id = old.json["id"].as_str().unwrap();
    let granted = entry("granted", id, "replaces").unwrap();
    let closed = entry("closed", id, "grant").unwrap();
    assert_eq!(closed["entry"]["reason"], "superseded");
    let new = granted["entry"]["grant"].as_str().unwrap();
    let seq = |step: &Value| step["entry"]["seq"].as_u64().unwrap();
    let opened = entry("opened", new, "grant").unwrap();
    assert!(seq(&granted) < seq(&opened) && seq(&opened) < seq(&closed), "{}", activity.text);
}

#[tokio::test]
async fn the_old_opening_stays_where_the_new_one_cannot_be_confirmed() {
    let (world, old) = opened().await;
    world.fail_leases("PUT").await;
    let requester = world.client("REQUESTER").await.from(NEW);
    let new = move_to(&requester, &old, &json!({})).await;
    assert!(new.status.is_success() || new.status.is_server_error(), "{}", new.text);
    let kept = requester.get(&path(&old)).await.expect(200);
    assert_eq!(kept.json["leases"][0]["state"], "open", "{}", kept.text);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
}

#[tokio::test]
async fn what_the_policy_no_longer_allows_is_refused_and_nothing_moves() {
    let (world, old) = opened().await;
    let rule = json!({
        "port": 22, "protocol": "tcp", "allowed_sources": { "only": ["203.0.113.0/24"] }, "max_duration": "PT3H",
    });
    let body = json!({ "ports": [rule], "justification": "optional", "precedence": "customer_first", "live_sessions": "never" });
    let admin = world.client("ADMIN").await;
    let policy = shared::api::policy_path(&vm("web-01"));
    admin.call(Method::PUT, &policy, Some(body.to_string())).await.expect(200);
    let requester = world.client("REQUESTER").await.from(NEW);
    let refused = move_to(&requester, &old, &json!({})).await.expect(403);
    assert_eq!(refused.json["error"]["details"][0]["code"], "source_not_allowed", "{}", refused.text);
    assert_eq!(reached(&world).await, ["open", "shut"]);
}

#[tokio::test]
async fn only_its_holder_moves_a_grant() {
    let (world, old) = opened().await;
    for (who, status) in [("ADMIN", 403), ("READER", 403), ("NOBODY", 404)] {
        move_to(&world.client(who).await.from(NEW), &old, &json!({})).await.expect(status);
    }
    assert_eq!(reached(&world).await, ["open", "shut"]);
}

#[tokio::test]
async fn moving_twice_under_one_name_is_moving_once() {
    let (world, old) = opened().await;
    let requester = world.client("REQUESTER").await.from(NEW).with_header(IDEMPOTENCY_HEADER, "tap-2");
    let first = move_to(&requester, &old, &json!({})).await.expect(201);
    let again = move_to(&requester, &old, &json!({})).await.expect(200);
    assert_eq!(first.json["id"], again.json["id"]);
    let other = move_to(&requester, &old, &json!({ "sources": ["198.51.100.10"] })).await.expect(422);
    assert_eq!(other.code(), "idempotency_mismatch");
}

#[tokio::test]
async fn what_is_over_or_there_already_or_nearly_over_is_not_moved() {
    let (world, old) = opened().await;
    let requester = world.client("REQUESTER").await;
    assert_eq!(move_to(&requester, &old, &json!({})).await.expect(409).code(), "already_there");
    world.pass(3550);
    let late = requester.clone().from(NEW);
    assert_eq!(move_to(&late, &old, &json!({})).await.expect(409).code(), "ended");
    world.pass(60);
    world.sweep().await;
    assert_eq!(move_to(&late, &old, &json!({})).await.expect(409).code(), "ended");
    assert_eq!(move_to(&late, &old, &json!({ "sources": [] })).await.expect(400).code(), "rejected");
    assert_eq!(reached(&world).await, ["shut", "shut"]);
}

/// web-01's port 22, open for an hour from the usual address.
async fn opened() -> (World, Answer) {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    (world, grant)
}

fn path(grant: &Answer) -> String {
    format!("{}/{}", route::GRANTS, grant.json["id"].as_str().unwrap())
}

async fn move_to(client: &Client, grant: &Answer, body: &Value) -> Answer {
    client.post(&format!("{}/move", path(grant)), body).await
}

/// From the old address, and from the new one.
async fn reached(world: &World) -> [String; 2] {
    let web = vm("web-01");
    [world.probe(&web, 22, "203.0.113.7").await, world.probe(&web, 22, NEW).await]
}
