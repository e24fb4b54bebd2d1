//! The end of an opening, whatever happened before.

use serde_json::json;
use tests::{World, vm};

#[tokio::test]
async fn a_port_is_shut_at_its_end_and_not_a_second_before() {
    let world = opened().await;
    world.pass(3599);
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    world.pass(1);
    let report = world.sweep().await;
    assert_eq!((report.overdue, report.failures.len()), (0, 0));
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn the_rule_is_gone_and_the_guard_and_the_customers_rules_stay() {
    let world = World::start().await;
    let foreign = world.rules("web-01-nsg").await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let guarded = world.rules("web-01-nsg").await;
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    world.pass(3600);
    world.sweep().await;
    assert_eq!(world.rules("web-01-nsg").await, guarded);
    assert_eq!(guarded.len(), foreign.len() + 1);
}

#[tokio::test]
async fn a_killed_process_closes_at_its_next_sweep() {
    let mut world = opened().await;
    world.pass(7200);
    world.restart().await;
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn a_close_that_azure_refuses_is_overdue_until_it_works() {
    let world = opened().await;
    world.fault(json!({ "kind": "server_error", "method": "DELETE", "count": 1000 })).await;
    world.pass(3600);
    let report = world.sweep().await;
    assert_eq!(report.overdue, 1);
    let detail = world.client("ADMIN").await.get(&shared::api::vm_path(&vm("web-01"))).await.expect(200);
    assert_eq!(detail.json["ports"][0]["state"]["state"], "possibly_open", "{}", detail.text);
    let text = detail.json["ports"][0]["state"]["concerns"].to_string();
    assert!(text.contains("overdue"), "{text}");
    world.clear_faults().await;
    world.pass(600);
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn a_rule_whose_grant_nobody_knows_is_removed() {
    let world = opened().await;
    let lease = world.rules("web-01-nsg").await.into_iter().find(|name| name.contains("-lease-")).unwrap();
    let id = shared::vm::NsgId::new(tests::PRODUCTION.parse().unwrap(), "prod-rg", "web-01-nsg").unwrap();
    let mut observed = world.app.engine.fabric.observe(&id).await.unwrap().unwrap();
    let mut orphan =
        observed.rules.remove(observed.rules.iter().position(|rule| rule.name == lease).unwrap());
    orphan.name = orphan.name.replacen(&lease[24..30], "ffffff", 1);
    orphan.priority = shared::rule::RulePriority::new(150).unwrap();
    world.app.engine.fabric.apply(&id, &shared::nsg::RuleChange::Put(orphan.clone())).await.unwrap();
    world.sweep().await;
    let left = world.rules("web-01-nsg").await;
    assert!(left.contains(&lease) && !left.contains(&orphan.name), "{left:?}");
}

#[tokio::test]
async fn a_wiped_guard_and_a_wiped_lease_rule_are_written_again() {
    let world = opened().await;
    let before = world.rules("web-01-nsg").await;
    let id = shared::vm::NsgId::new(tests::PRODUCTION.parse().unwrap(), "prod-rg", "web-01-nsg").unwrap();
    let observed = world.app.engine.fabric.observe(&id).await.unwrap().unwrap();
    for rule in observed.rules.iter().filter(|rule| rule.name.starts_with("postern-")) {
        world.app.engine.fabric.apply(&id, &shared::nsg::RuleChange::Remove(rule.clone())).await.unwrap();
    }
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
    world.sweep().await;
    let mut after = world.rules("web-01-nsg").await;
    let mut expected = before;
    after.sort();
    expected.sort();
    assert_eq!(after, expected);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
}

#[tokio::test]
async fn with_the_store_lost_every_lease_closes_at_its_stamped_end_and_guards_stay_and_are_adopted() {
    let mut world = opened().await;
    let guard = world.rules("web-01-nsg").await.into_iter().find(|name| name.contains("-guard-")).unwrap();
    world.lose_store().await;
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open", "it is never closed early");
    world.pass(3600);
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
    assert_eq!(world.probe(&vm("web-01"), 22, "10.1.0.9").await, "shut");
    let ours = |rules: Vec<String>| -> Vec<String> {
        rules.into_iter().filter(|name| name.starts_with("postern-")).collect()
    };
    assert_eq!(ours(world.rules("web-01-nsg").await), std::slice::from_ref(&guard));
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let adopted = ours(world.rules("web-01-nsg").await);
    assert!(adopted.len() == 1 && adopted[0] != guard && adopted[0].contains("-dead-guard-"), "{adopted:?}");
}

async fn opened() -> World {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    world
}
