//! `/api/activity`: every step is there, in order, and cannot be changed quietly.

use serde_json::json;
use shared::api::route;
use tests::{PRODUCTION, World, vm};

#[tokio::test]
async fn every_step_of_an_opening_is_an_entry_of_its_own() {
    let world = lived_through().await;
    let steps = kinds(&world, "ADMIN").await;
    let expected = [
        "policy_put",
        "rule_written",
        "asked",
        "granted",
        "rule_written",
        "opened",
        "rule_removed",
        "closed",
    ];
    assert_eq!(steps, expected);
}

#[tokio::test]
async fn writes_carry_azures_correlation_id() {
    let world = lived_through().await;
    let answer = world.client("ADMIN").await.get(route::ACTIVITY).await.expect(200);
    let written: Vec<_> = answer.json["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["entry"]["event"] == "rule_written")
        .collect();
    assert_eq!(written.len(), 2);
    let history = world.history().await;
    for step in written {
        let id = step["entry"]["correlation_id"].as_str().unwrap_or_else(|| panic!("{step}"));
        assert!(history.iter().any(|write| write["correlation_id"] == id), "{id} is not one of ARM's");
    }
}

#[tokio::test]
async fn a_denied_request_is_written_down_too() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world.client("REQUESTER").await.open(&vm("web-01"), 443, "PT1H").await.expect(403);
    let steps = kinds(&world, "ADMIN").await;
    assert_eq!(steps[steps.len() - 2..], ["asked", "denied"]);
}

#[tokio::test]
async fn the_chain_holds() {
    let world = lived_through().await;
    let entries = world.app.store().verify(PRODUCTION.parse().unwrap()).await.unwrap();
    assert_eq!(entries, Ok(8));
}

#[tokio::test]
async fn nobody_sees_the_activity_of_vms_they_may_not_read() {
    let world = lived_through().await;
    assert_eq!(kinds(&world, "NOBODY").await, Vec::<String>::new());
    assert!(kinds(&world, "REQUESTER").await.contains(&"granted".to_owned()));
}

#[tokio::test]
async fn the_csv_has_the_same_steps() {
    let world = lived_through().await;
    let path = format!("{}?vm={}", route::ACTIVITY_CSV, vm("web-01").to_string().replace('/', "%2F"));
    let csv = world.client("ADMIN").await.get(&path).await.expect(200);
    let lines: Vec<&str> = csv.text.split("\r\n").filter(|line| !line.is_empty()).collect();
    assert!(lines[0].starts_with("time,subscription,sequence,actor"), "{}", csv.text);
    let steps = kinds(&world, "ADMIN").await.len();
    assert!(lines.len() == steps + 1, "{}", csv.text);
    assert!(csv.text.contains(",granted,"), "{}", csv.text);
    let two = world.client("ADMIN").await.get(&format!("{path}&limit=2")).await.expect(200);
    assert_eq!(two.text.lines().collect::<Vec<_>>(), csv.text.lines().take(3).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_csv_tells_why_somebody_asked_and_no_spreadsheet_runs_it() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let opening = json!({ "vm": vm("web-01"), "port": 22, "duration": "PT1H" });
    let body = json!({ "openings": [opening], "justification": "=1+1, \"now\"" });
    world.client("REQUESTER").await.post(route::GRANTS, &body).await.expect(201);
    let csv = world.client("ADMIN").await.get(route::ACTIVITY_CSV).await.expect(200);
    let head = csv.text.lines().next().unwrap();
    assert!(head.contains(",summary,justification,grant,"), "{head}");
    assert!(csv.text.contains(",\"'=1+1, \"\"now\"\"\","), "{}", csv.text);
}

#[tokio::test]
async fn a_written_rule_is_kept_with_the_one_whose_place_it_took() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    admin.enable(&vm("web-01"), 22).await.expect(200);
    let guard = world.rules("web-01-nsg").await.into_iter().find(|name| name.contains("-guard-")).unwrap();
    let widened = json!({
        "priority": 4096, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": "*",
        "sourcePortRange": "*", "destinationAddressPrefix": "10.1.0.4", "destinationPortRange": "22",
    });
    world.put_rule("web-01-nsg", &guard, &widened).await;
    world.pass(60);
    world.sweep().await;
    let answer = admin.get(&format!("{}?kind=rule_written", route::ACTIVITY)).await.expect(200);
    let written: Vec<&str> = answer.json["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["entry"]["replaced"]["access"].as_str().unwrap_or("nothing"))
        .collect();
    assert_eq!(written, ["allow", "nothing"], "{}", answer.text);
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let world = lived_through().await;
    let admin = world.client("ADMIN").await;
    let (mut seen, mut path) = (Vec::new(), format!("{}?limit=3", route::ACTIVITY));
    loop {
        let page = admin.get(&path).await.expect(200);
        seen.extend(
            page.json["steps"].as_array().unwrap().iter().map(|one| one["entry"]["seq"].as_u64().unwrap()),
        );
        match page.json["next"].as_str() {
            Some(next) => path = format!("{}?limit=3&before={next}", route::ACTIVITY),
            None => break,
        }
    }
    assert_eq!(seen, (1..=8).rev().collect::<Vec<u64>>());
}

async fn lived_through() -> World {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world.pass(1);
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    world.pass(3600);
    world.sweep().await;
    world
}

/// Oldest first.
async fn kinds(world: &World, who: &str) -> Vec<String> {
    let answer = world.client(who).await.get(route::ACTIVITY).await.expect(200);
    let steps = answer.json["steps"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    steps.iter().rev().map(|one| one["entry"]["event"].as_str().unwrap().to_owned()).collect()
}
