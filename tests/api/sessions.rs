//! What becomes of established sessions when a lease ends.

use http::Method;
use serde_json::{Value, json};
use shared::api::policy_path;
use tests::{Answer, World, nsg, vm};

#[tokio::test]
async fn sessions_go_on_or_are_cut_as_the_policy_says() {
    for (live_sessions, after_end, after_revoke) in [
        ("never", "established", "established"),
        ("on_revoke", "established", "dropped"),
        ("at_end", "dropped", "dropped"),
    ] {
        for (revoked, expected) in [(false, after_end), (true, after_revoke)] {
            let world = World::start().await;
            enable(&world, live_sessions).await.expect(200);
            let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
            let session = connect(&world).await;
            let lease = end(&world, &grant, revoked).await;
            assert_eq!(state(&world, &session).await, expected, "{live_sessions}, revoked: {revoked}");
            let told = if expected == "dropped" { "cut" } else { "untouched" };
            assert_eq!(lease["sessions"]["sessions"], told, "{lease}");
            assert!(!flushes(&world).await, "it is set back");
        }
    }
}

#[tokio::test]
async fn other_peoples_sessions_go_on() {
    let world = World::start().await;
    enable(&world, "at_end").await.expect(200);
    let requester = world.client("REQUESTER").await;
    let grant = requester.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    requester.clone().from("198.51.100.9").open(&vm("web-01"), 22, "PT3H").await.expect(201);
    let (mine, theirs) = (connect(&world).await, connect_from(&world, "198.51.100.9").await);
    end(&world, &grant, false).await;
    assert_eq!(
        (state(&world, &mine).await, state(&world, &theirs).await),
        ("dropped".into(), "established".into())
    );
}

#[tokio::test]
async fn a_policy_that_cannot_be_kept_is_refused() {
    let world = World::start().await;
    offer(&world, false).await;
    let refused = enable(&world, "at_end").await.expect(409);
    assert_eq!(refused.code(), "sessions_cannot_be_cut");
    assert!(refused.message().contains("SubscriptionNotRegisteredForFeature"), "{}", refused.text);
    assert!(!world.rules("web-01-nsg").await.iter().any(|name| name.starts_with("postern-")));
    enable(&world, "never").await.expect(200);
}

#[tokio::test]
async fn where_it_is_no_longer_to_be_had_the_port_is_closed_and_the_sessions_are_owned_up_to() {
    let world = World::start().await;
    enable(&world, "at_end").await.expect(200);
    let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    let session = connect(&world).await;
    offer(&world, false).await;
    let lease = end(&world, &grant, false).await;
    assert_eq!(lease["state"], "closed", "{lease}");
    assert_eq!(lease["sessions"]["sessions"], "left", "{lease}");
    assert_eq!(state(&world, &session).await, "established");
    let activity = world.client("READER").await.get(shared::api::route::ACTIVITY).await.expect(200);
    assert!(activity.text.contains("sessions_left"), "{}", activity.text);
}

#[tokio::test]
async fn what_the_customer_set_stays_set() {
    let world = World::start().await;
    world.app.engine.fabric.set_flush(&nsg("web-01-nsg"), true).await.unwrap();
    enable(&world, "at_end").await.expect(200);
    let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    let session = connect(&world).await;
    end(&world, &grant, false).await;
    assert_eq!(state(&world, &session).await, "dropped");
    assert!(flushes(&world).await);
}

#[tokio::test]
async fn what_a_killed_process_left_set_is_set_back() {
    let world = World::start().await;
    enable(&world, "at_end").await.expect(200);
    world.app.store().put_flush(&nsg("web-01-nsg"), world.app.now()).await.unwrap();
    world.app.engine.fabric.set_flush(&nsg("web-01-nsg"), true).await.unwrap();
    world.sweep().await;
    assert!(flushes(&world).await, "somebody may be at it");
    world.pass(120);
    world.sweep().await;
    assert!(!flushes(&world).await);
    let subscription = tests::PRODUCTION.parse().unwrap();
    assert!(world.app.store().flushes(subscription).await.unwrap().is_empty());
}

async fn enable(world: &World, live_sessions: &str) -> Answer {
    let rule = json!({ "port": 22, "protocol": "tcp", "allowed_sources": "any", "max_duration": "PT3H" });
    let body = json!({
        "ports": [rule], "justification": "optional", "precedence": "customer_first",
        "live_sessions": live_sessions,
    });
    let admin = world.client("ADMIN").await;
    admin.call(Method::PUT, &policy_path(&vm("web-01")), Some(body.to_string())).await
}

async fn connect(world: &World) -> Value {
    connect_from(world, "203.0.113.7").await
}

async fn connect_from(world: &World, source: &str) -> Value {
    let packet = json!({ "vm": vm("web-01").to_string(), "port": 22, "protocol": "tcp", "source": source });
    let flow = world.sim_call(reqwest::Method::POST, "flows", &packet).await;
    assert_eq!(flow["state"], "established", "{flow}");
    flow["id"].clone()
}

async fn state(world: &World, session: &Value) -> String {
    let flows = world.sim_call(reqwest::Method::GET, "flows", &Value::Null).await;
    let flow = flows.as_array().unwrap().iter().find(|flow| flow["id"] == *session);
    flow.unwrap_or_else(|| panic!("{flows}"))["state"].as_str().unwrap().to_owned()
}

async fn flushes(world: &World) -> bool {
    world.app.engine.fabric.flushes(&nsg("web-01-nsg")).await.unwrap()
}

async fn offer(world: &World, flush_connection: bool) {
    let settings = json!({ "flush_connection": flush_connection });
    world.sim_call(reqwest::Method::PUT, "settings", &settings).await;
}

/// Ends the grant's lease, by its time or by its holder, and gives it as it was read back.
async fn end(world: &World, grant: &Answer, revoked: bool) -> Value {
    let requester = world.client("REQUESTER").await;
    let path = format!("/api/grants/{}", grant.json["id"].as_str().unwrap());
    if revoked {
        requester.post(&format!("{path}/revoke"), &json!({})).await.expect(200);
    } else {
        world.pass(3600);
        world.sweep().await;
    }
    requester.get(&path).await.expect(200).json["leases"][0].clone()
}
