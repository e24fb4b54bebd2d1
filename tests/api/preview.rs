//! `POST /api/grants/preview`.

use serde_json::{Value, json};
use shared::api::route;
use tests::{World, a_rule, vm};

#[tokio::test]
async fn a_preview_says_what_would_be_written_and_writes_nothing() {
    let world = enabled().await;
    let (before, history) = (world.rules("web-01-nsg").await, world.history().await.len());
    let preview =
        world.client("REQUESTER").await.post(route::GRANT_PREVIEW, &body("web-01")).await.expect(200);
    let [change] = preview.json["changes"].as_array().unwrap().as_slice() else { panic!("{}", preview.text) };
    assert_eq!(change["nsg"], "web-01-nsg");
    assert_eq!(change["put"]["access"], "allow", "{}", preview.text);
    let opens = json!([{
        "from": ["203.0.113.7/32"], "to": ["10.1.0.4"], "protocol": "tcp", "ports": ["22"], "certain": true,
    }]);
    assert_eq!(preview.json["proof"], json!({ "opens": opens, "closes": [] }), "{}", preview.text);
    assert_eq!((&preview.json["denials"], &preview.json["obstacles"]), (&json!([]), &json!([])));
    assert_eq!((world.rules("web-01-nsg").await, world.history().await.len()), (before, history));
    let activity = world.client("READER").await.get(route::ACTIVITY).await.expect(200);
    assert!(!activity.text.contains("\"asked\""), "{}", activity.text);
}

#[tokio::test]
async fn what_is_written_down_with_the_rule_is_what_was_previewed() {
    let world = enabled().await;
    let requester = world.client("REQUESTER").await;
    let preview = requester.post(route::GRANT_PREVIEW, &body("web-01")).await.expect(200);
    requester.post(route::GRANTS, &body("web-01")).await.expect(201);
    let written = step(&world, "rule_written").await;
    assert_eq!(written["proof"], preview.json["proof"], "{written}");
    world.pass(3600);
    world.sweep().await;
    let removed = step(&world, "rule_removed").await;
    assert_eq!(
        removed["proof"],
        json!({ "opens": [], "closes": preview.json["proof"]["opens"] }),
        "{removed}"
    );
}

#[tokio::test]
async fn every_reason_against_it_is_told() {
    let world = enabled().await;
    let refused = json!({ "openings": [
        { "vm": vm("web-01").to_string(), "port": 443, "duration": "PT1H" },
        { "vm": vm("web-01").to_string(), "port": 22, "duration": "PT10H" },
    ] });
    let preview = world.client("REQUESTER").await.post(route::GRANT_PREVIEW, &refused).await.expect(200);
    let denials = preview.json["denials"].as_array().unwrap();
    let codes: Vec<&str> = denials.iter().map(|denial| denial["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["port_not_in_policy", "duration_over_maximum"], "{}", preview.text);

    world.put_rule("web-01-nsg", "no-ssh", &a_rule(100, "Deny", "203.0.113.0/24", "22")).await;
    let preview =
        world.client("REQUESTER").await.post(route::GRANT_PREVIEW, &body("web-01")).await.expect(200);
    let obstacle = &preview.json["obstacles"][0];
    assert_eq!(obstacle["place"], "web-01-nsg", "{}", preview.text);
    assert!(obstacle["reason"].as_str().unwrap().contains("no-ssh"), "{}", preview.text);
    assert_eq!(preview.json["proof"]["opens"], json!([]));
}

#[tokio::test]
async fn nobody_previews_what_they_may_not_see() {
    let world = enabled().await;
    world.client("NOBODY").await.post(route::GRANT_PREVIEW, &body("web-01")).await.expect(404);
    world.anonymous().post(route::GRANT_PREVIEW, &body("web-01")).await.expect(401);
}

fn body(name: &str) -> Value {
    json!({ "openings": [{ "vm": vm(name).to_string(), "port": 22, "duration": "PT1H" }] })
}

async fn enabled() -> World {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world
}

async fn step(world: &World, event: &str) -> Value {
    let activity = world.client("READER").await.get(route::ACTIVITY).await.expect(200);
    let steps = activity.json["steps"].as_array().unwrap();
    let newest = steps.iter().find(|step| step["entry"]["event"] == event);
    newest.unwrap_or_else(|| panic!("no {event} in {}", activity.text))["entry"].clone()
}
