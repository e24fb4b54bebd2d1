//! `/api/health`, for those who configure.

use serde_json::{Value, json};
use shared::api::route;
use tests::{PRODUCTION, World, a_rule, vm};

const SECURITY_ADMIN: &str = "fb1c8493-542b-48eb-b624-b4c8fea62acd";
const VM_CONTRIBUTOR: &str = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c";

#[tokio::test]
async fn it_is_for_who_may_configure_some_vm() {
    let world = World::start().await;
    world.client("ADMIN").await.get(route::HEALTH).await.expect(200);
    for who in ["REQUESTER", "READER", "NOBODY"] {
        assert_eq!(world.client(who).await.get(route::HEALTH).await.expect(403).code(), "forbidden", "{who}");
    }
    world.anonymous().get(route::HEALTH).await.expect(401);
}

#[tokio::test]
async fn the_session_tells_who_may_read_it_and_the_version() {
    let world = World::start().await;
    for (who, may) in [("ADMIN", true), ("REQUESTER", false), ("READER", false), ("NOBODY", false)] {
        let client = world.client(who).await;
        client.get(route::VMS).await.expect(200);
        let session = client.get(route::SESSION).await.expect(200);
        assert_eq!(session.json["configures"], may, "{who}");
        assert_eq!(session.json["version"], env!("CARGO_PKG_VERSION"));
    }
}

#[tokio::test]
async fn a_single_vm_that_one_may_configure_is_enough() {
    let world = World::start().await;
    let requester = world.client("REQUESTER").await;
    world.client("READER").await.get(route::VMS).await.expect(200);
    world.assign("REQUESTER", VM_CONTRIBUTOR, &vm("web-01").to_string()).await;
    requester.get(route::HEALTH).await.expect(403);
    world
        .assign("REQUESTER", SECURITY_ADMIN, &format!("/subscriptions/{PRODUCTION}/resourceGroups/prod-rg"))
        .await;
    world.pass(60);
    requester.get(route::HEALTH).await.expect(200);
    world.client("READER").await.get(route::HEALTH).await.expect(403);
}

#[tokio::test]
async fn it_tells_of_sweeps_leases_budgets_and_the_version() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    let fresh = health(&world).await;
    assert_eq!((&fresh["last_sweep_at"], &fresh["oldest_overdue"]), (&Value::Null, &Value::Null), "{fresh}");
    assert_eq!(fresh["version"], env!("CARGO_PKG_VERSION"));
    admin.enable(&vm("web-01"), 22).await.expect(200);
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    world.sweep().await;
    let swept = world.app.store().last_sweep().await.unwrap().unwrap();
    world.pass(181);
    let health = health(&world).await;
    assert_eq!(health["last_sweep_at"], swept.to_string(), "{health}");
    assert_eq!(health["timer_silent_since"], swept.to_string());
    assert_eq!(health["leases"], json!({ "pending": 0, "open": 1, "overdue": 0 }));
    assert!(health["clock_ahead_millis"].as_i64().unwrap().abs() < 1000, "{health}");
    let budgets = health["arm_budgets"].as_array().unwrap();
    let budget = budgets.iter().find(|one| one["subscription"] == PRODUCTION).unwrap();
    assert_eq!(budget["writes"], 200, "{health}");
    assert!((200..250).contains(&budget["reads"].as_u64().unwrap()), "{health}");
}

#[tokio::test]
async fn the_oldest_overdue_lease_is_told_with_its_reason() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    world.fault(json!({ "kind": "server_error", "method": "DELETE", "count": 1000 })).await;
    world.pass(3600);
    world.sweep().await;
    let health = health(&world).await;
    assert_eq!(health["leases"]["overdue"], 1, "{health}");
    let oldest = &health["oldest_overdue"];
    assert_eq!(oldest["since"], grant.json["leases"][0]["expires_at"]);
    assert_eq!(oldest["vm"], vm("web-01").to_string());
    assert!(oldest["reason"].as_str().unwrap().starts_with("web-01-nsg: "), "{health}");
    world.clear_faults().await;
    world.pass(600);
    world.sweep().await;
    assert_eq!(self::health(&world).await["oldest_overdue"], Value::Null);
}

#[tokio::test]
async fn drift_is_counted_for_seven_days() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    assert_eq!(health(&world).await["drift"], json!({ "last_7_days": 0, "newest_at": null }));
    let guard = world.rules("web-01-nsg").await.into_iter().find(|name| name.contains("-guard-")).unwrap();
    world.put_rule("web-01-nsg", &guard, &a_rule(4000, "Allow", "*", "22")).await;
    world.pass(5);
    world.sweep().await;
    let drift = health(&world).await["drift"].clone();
    assert_eq!(drift["last_7_days"], 1, "{drift}");
    assert!(drift["newest_at"].is_string());
    world.pass(7 * 24 * 3600 + 60);
    assert_eq!(health(&world).await["drift"]["last_7_days"], 0);
}

async fn health(world: &World) -> Value {
    world.client("ADMIN").await.get(route::HEALTH).await.expect(200).json
}
