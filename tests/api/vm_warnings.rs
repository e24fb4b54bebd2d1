//! What the list of VMs warns of, by what is stored: Azure is not asked for it.

use serde_json::{Value, json};
use shared::api::route;
use tests::{World, nsg, vm};

#[tokio::test]
async fn a_vm_that_is_as_it_should_be_has_no_warning_and_names_its_nsgs() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    assert_eq!(warnings(&world, "web-01").await, json!([]));
    assert_eq!(summary(&world, "web-01").await["nsgs"], json!(["web-01-nsg"]));
    assert_eq!(summary(&world, "win-01").await["nsgs"], json!(["app-subnet-nsg", "win-01-nsg"]));
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    assert_eq!(warnings(&world, "web-01").await, json!([]));
}

#[tokio::test]
async fn a_customers_rule_that_keeps_a_port_open_is_warned_of() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("legacy-01"), 22).await.expect(200);
    assert_eq!(warnings(&world, "legacy-01").await, json!(["still_open"]));
}

#[tokio::test]
async fn a_vm_without_a_policy_is_not_warned_of() {
    let world = World::start().await;
    assert_eq!(warnings(&world, "legacy-01").await, json!([]));
    assert_eq!(warnings(&world, "bare-01").await, json!([]));
}

#[tokio::test]
async fn drift_is_warned_of_for_a_week_after_it_was_put_right() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let rules = world.rules("web-01-nsg").await;
    let guard = rules.iter().find(|name| name.contains("-guard-")).unwrap();
    world.remove_rule("web-01-nsg", guard).await;
    world.pass(60);
    world.sweep().await;
    assert_eq!(warnings(&world, "web-01").await, json!(["drifted"]));
    assert_eq!(summary(&world, "web-01").await["state"], "closed");
    world.client("ADMIN").await.get(&shared::api::vm_path(&vm("web-01"))).await.expect(200);
    world.pass(7 * 24 * 3600 + 1);
    world.sweep().await;
    assert_eq!(warnings(&world, "web-01").await, json!([]));
}

#[tokio::test]
async fn what_cannot_be_closed_is_warned_of() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    let name = nsg("web-01-nsg").name().to_owned();
    world.fault(json!({ "kind": "server_error", "path_contains": name, "count": 10_000 })).await;
    world.pass(3600);
    world.sweep().await;
    let warned = warnings(&world, "web-01").await;
    assert_eq!(warned[0], "overdue", "{warned}");
    assert_eq!(summary(&world, "web-01").await["state"], "possibly_open");
}

async fn warnings(world: &World, name: &str) -> Value {
    summary(world, name).await["warnings"].clone()
}

/// As the page has it and as the whole list has it, which is the same.
async fn summary(world: &World, name: &str) -> Value {
    let admin = world.client("ADMIN").await;
    let page = admin.get(&format!("{}?search={name}", route::VMS)).await.expect(200);
    let whole = admin.get(route::VMS).await.expect(200);
    let of = |answer: &tests::Answer| {
        let all = answer.json["vms"].as_array().unwrap();
        all.iter().find(|one| one["vm"].as_str().unwrap().ends_with(name)).unwrap().clone()
    };
    assert_eq!(of(&page), of(&whole));
    of(&page)
}
