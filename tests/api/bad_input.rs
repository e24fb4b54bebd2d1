//! Bad input: the right status, the field by name, what is allowed, and nothing changed.

use http::Method;
use serde_json::{Value, json};
use shared::api::{policy_path, route};
use tests::{DEVELOPMENT, World, vm};

#[tokio::test]
async fn what_the_policy_does_not_allow_is_denied_with_every_reason() {
    let world = enabled().await;
    let cases = [
        (opening("web-01", 443, "203.0.113.7", "PT1H"), "port_not_in_policy", "22"),
        (opening("web-01", 22, "203.0.113.7", "PT4H"), "duration_over_maximum", "PT3H"),
        (opening("web-02", 22, "203.0.113.7", "PT1H"), "vm_not_protected", "web-02"),
    ];
    for (opening, code, named) in cases {
        let refused = ask(&world, opening).await.expect(403);
        assert_eq!(refused.json["error"]["details"][0]["code"], code, "{}", refused.text);
        assert!(refused.text.contains(named), "{}", refused.text);
    }
    nothing_changed(&world).await;
}

#[tokio::test]
async fn a_source_outside_the_allowed_ones_is_denied() {
    let world = World::start().await;
    let rule = json!({ "port": 22, "protocol": "tcp", "allowed_sources": { "only": ["198.51.100.0/24"] }, "max_duration": "PT3H" });
    let body = json!({ "ports": [rule], "justification": "required", "precedence": "customer_first", "live_sessions": "never" });
    let admin = world.client("ADMIN").await;
    admin.call(Method::PUT, &policy_path(&vm("web-01")), Some(body.to_string())).await.expect(200);
    let refused = ask(&world, opening("web-01", 22, "203.0.113.7", "PT1H")).await.expect(403);
    let codes: Vec<&str> = refused.json["error"]["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["justification_required", "source_not_allowed"], "{}", refused.text);
    assert!(refused.text.contains("198.51.100.0/24"), "{}", refused.text);
}

#[tokio::test]
async fn what_cannot_be_parsed_is_rejected_with_the_field() {
    let world = enabled().await;
    let cases = [
        (opening("web-01", 22, "203.0.113.7", "3 hours"), "duration", "PT3H"),
        (opening("web-01", 22, "203.0.113.7", "PT25H"), "duration", "24 hours"),
        (opening("web-01", 22, "203.0.113.7", "PT30S"), "duration", "1 minute"),
        (opening("web-01", 22, "0.0.0.0/0", "PT1H"), "sources", "every address"),
        (opening("web-01", 22, "*", "PT1H"), "sources", "203.0.113.7"),
        (opening("web-01", 22, "203.0.113.7/24", "PT1H"), "sources", "203.0.113.0/24"),
        (opening("web-01", 0, "203.0.113.7", "PT1H"), "port", "65535"),
        (opening("web-01", 70_000, "203.0.113.7", "PT1H"), "port", "65535"),
        (json!({ "vm": "web-01", "port": 22, "duration": "PT1H" }), "vm", "/subscriptions/"),
        (json!({ "vm": vm("web-01").to_string(), "port": 22 }), "duration", "missing"),
        (
            json!({ "vm": vm("web-01").to_string(), "port": 22, "duration": "PT1H", "sources": [] }),
            "sources",
            "at least one",
        ),
        (
            json!({ "vm": vm("web-01").to_string(), "port": 22, "duration": "PT1H", "source": "*" }),
            "source",
            "unknown",
        ),
    ];
    for (opening, field, allowed) in cases {
        let refused = ask(&world, opening.clone()).await.expect(400);
        let target = refused.json["error"]["target"].as_str().unwrap_or_default();
        assert!(target.contains(field), "{opening}: {}", refused.text);
        assert!(refused.message().contains(allowed), "{opening}: {}", refused.text);
    }
    nothing_changed(&world).await;
}

#[tokio::test]
async fn bodies_that_are_no_request_are_rejected() {
    let world = enabled().await;
    let client = world.client("REQUESTER").await;
    let post = |body: &str| {
        let (client, body) = (client.clone(), body.to_owned());
        async move { client.call(Method::POST, route::GRANTS, Some(body)).await }
    };
    post("{").await.expect(400);
    post("[]").await.expect(400);
    post("{}").await.expect(400);
    post(r#"{"openings":[]}"#).await.expect(400);
    post(&"x".repeat(3 * 1024 * 1024)).await.expect(413);
    let twice = json!({ "openings": [opening("web-01", 22, "203.0.113.7", "PT1H"), opening("web-01", 22, "203.0.113.8", "PT1H")] });
    let refused = post(&twice.to_string()).await.expect(400);
    assert!(refused.message().contains("twice"), "{}", refused.text);
    nothing_changed(&world).await;
}

#[tokio::test]
async fn unknown_and_foreign_vms_look_the_same() {
    let world = enabled().await;
    let nowhere = opening("nowhere", 22, "203.0.113.7", "PT1H");
    ask(&world, nowhere).await.expect(404);
    let foreign = vm("web-01").to_string().replace(tests::PRODUCTION, "11111111-2222-3333-4444-555555555555");
    ask(&world, json!({ "vm": foreign, "port": 22, "duration": "PT1H" })).await.expect(404);
    let unseen =
        vm("dev-01").to_string().replace(tests::PRODUCTION, DEVELOPMENT).replace("prod-rg", "dev-rg");
    ask(&world, json!({ "vm": unseen, "port": 22, "duration": "PT1H" })).await.expect(404);
    nothing_changed(&world).await;
}

#[tokio::test]
async fn a_policy_without_a_field_is_rejected_since_nothing_means_any() {
    let world = World::start().await;
    let rule = json!({ "port": 22, "protocol": "tcp", "allowed_sources": "any", "max_duration": "PT3H" });
    let whole = json!({ "ports": [rule], "justification": "optional", "precedence": "customer_first", "live_sessions": "never" });
    let admin = world.client("ADMIN").await;
    let put = |body: Value| {
        let admin = admin.clone();
        async move { admin.call(Method::PUT, &policy_path(&vm("web-01")), Some(body.to_string())).await }
    };
    for field in ["ports", "justification", "precedence", "live_sessions"] {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(field);
        assert!(put(body).await.expect(400).message().contains(field));
    }
    for field in ["port", "protocol", "allowed_sources", "max_duration"] {
        let mut body = whole.clone();
        body["ports"][0].as_object_mut().unwrap().remove(field);
        assert!(put(body).await.expect(400).message().contains(field));
    }
    let mut short = whole.clone();
    short["ports"][0]["max_duration"] = json!("PT4M");
    assert!(put(short).await.expect(400).message().contains("5 minutes"));
    put(whole).await.expect(200);
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_say_so_in_the_envelope() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    assert_eq!(admin.get("/api/nothing").await.expect(404).code(), "not_found");
    assert_eq!(admin.call(Method::DELETE, route::VMS, None).await.expect(405).code(), "method_not_allowed");
    admin.get("/api/vms/not-a-guid/rg/x").await.expect(400);
    admin.get("/api/grants/not-a-guid").await.expect(400);
    admin.get(&format!("{}?limit=0", route::ACTIVITY)).await.expect(400);
    admin.get(&format!("{}?limit=0", route::ACTIVITY_CSV)).await.expect(400);
    admin.get(&format!("{}?before=%00", route::ACTIVITY)).await.expect(400);
    admin.get(&format!("{}?colour=red", route::ACTIVITY)).await.expect(400);
}

fn opening(name: &str, port: u32, source: &str, duration: &str) -> Value {
    json!({ "vm": vm(name).to_string(), "port": port, "sources": [source], "duration": duration })
}

async fn ask(world: &World, opening: Value) -> tests::Answer {
    world.client("REQUESTER").await.post(route::GRANTS, &json!({ "openings": [opening] })).await
}

async fn enabled() -> World {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world
}

async fn nothing_changed(world: &World) {
    assert!(!world.rules("web-01-nsg").await.iter().any(|name| name.contains("-lease-")));
    assert_eq!(world.app.store().counts(world.app.now()).await.unwrap().pending, 0);
}
