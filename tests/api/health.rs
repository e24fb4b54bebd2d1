//! Whether Postern is well, and how that is seen from outside.

use jiff::SignedDuration;
use shared::api::route;
use tests::{METRICS_TOKEN, World, vm};

#[tokio::test]
async fn a_process_lives_without_its_store_and_is_not_ready() {
    let world = World::start().await;
    let anyone = world.anonymous();
    assert_eq!(anyone.get("/readyz").await.expect(200).text, "ready");
    world.app.store().close().await;
    assert_eq!(anyone.get("/healthz").await.expect(200).text, "ok");
    let unready = anyone.get("/readyz").await.expect(503);
    assert_eq!(unready.code(), "store_unavailable");
    assert!(unready.message().contains("store does not answer"), "{}", unready.text);
}

#[tokio::test]
async fn a_process_is_ready_while_azure_does_not_answer() {
    let world = World::start().await;
    let fault = serde_json::json!({ "kind": "server_error", "path_contains": "", "count": 10_000 });
    world.fault(fault).await;
    world.anonymous().get("/readyz").await.expect(200);
}

#[tokio::test]
async fn a_silent_timer_is_told_to_everybody_after_three_minutes() {
    let world = World::start().await;
    let started = world.app.started_at;
    for principal in ["REQUESTER", "NOBODY"] {
        assert_eq!(silent_since(&world, principal).await, None, "{principal}");
    }
    world.clock.advance(started + SignedDuration::from_secs(181) - world.app.now());
    for principal in ["REQUESTER", "NOBODY"] {
        assert_eq!(silent_since(&world, principal).await, Some(started.to_string()), "{principal}");
    }
    world.sweep().await;
    assert_eq!(silent_since(&world, "NOBODY").await, None);
    let swept = world.app.store().last_sweep().await.unwrap().unwrap();
    world.clock.advance(swept + SignedDuration::from_secs(180) - world.app.now());
    assert_eq!(silent_since(&world, "NOBODY").await, None);
    world.pass(1);
    assert_eq!(silent_since(&world, "NOBODY").await, Some(swept.to_string()));
}

#[tokio::test]
async fn a_restart_does_not_hide_that_the_timer_was_silent() {
    let mut world = World::start().await;
    world.sweep().await;
    world.pass(600);
    world.restart().await;
    let swept = world.app.store().last_sweep().await.unwrap().unwrap();
    assert_eq!(silent_since(&world, "READER").await, Some(swept.to_string()));
}

#[tokio::test]
async fn while_the_timer_is_silent_one_can_open_all_the_same() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world.pass(600);
    assert!(silent_since(&world, "REQUESTER").await.is_some());
    let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    assert_eq!(grant.json["leases"][0]["state"], "open", "{}", grant.text);
}

#[tokio::test]
async fn metrics_are_for_whoever_has_their_token() {
    let world = World::start().await;
    let refused = world.anonymous().get("/metrics").await.expect(401);
    assert_eq!(refused.code(), "not_signed_in");
    let of_a_person = world.token("ADMIN", "api://postern/.default").await;
    for token in ["", "a-token-for-the-test", "a-token-for-the-tests-", &of_a_person] {
        let refused = world.with_token(token).get("/metrics").await.expect(401);
        assert!(!refused.text.contains(METRICS_TOKEN));
    }
    let answer = world.with_token(METRICS_TOKEN).get("/metrics").await.expect(200);
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    world.with_token(METRICS_TOKEN).get(route::VMS).await.expect(401);
}

#[tokio::test]
async fn without_a_token_in_the_configuration_there_are_no_metrics() {
    let mut world = World::start().await;
    world.config.metrics_token = None;
    world.restart().await;
    world.anonymous().get("/metrics").await.expect(404);
    world.with_token(METRICS_TOKEN).get("/metrics").await.expect(404);
}

#[tokio::test]
async fn metrics_tell_what_is_open_and_overdue_and_nothing_of_whom() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let grant = world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    world.sweep().await;
    let text = scraped(&world).await;
    for line in [
        r#"postern_leases{state="pending"} 0"#,
        r#"postern_leases{state="open"} 1"#,
        "postern_oldest_overdue_seconds 0.0",
        r#"postern_http_requests_total{operation="POST /api/grants",status_class="2xx"} 1"#,
        r#"postern_rule_writes_total{change="put",outcome="done"} 2"#,
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
    }
    let swept = world.app.store().last_sweep().await.unwrap().unwrap();
    assert!((value(&text, "postern_last_successful_sweep_timestamp_seconds") - seconds(swept)).abs() < 1.0);
    assert!(value(&text, r#"postern_arm_requests_total{method="PUT",outcome="success"}"#) >= 2.0);
    for secret in ["web-01", "prod-rg", tests::PRODUCTION, "203.0.113.7", grant.json["id"].as_str().unwrap()]
    {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
    world.fault(serde_json::json!({ "kind": "server_error", "method": "DELETE", "count": 1000 })).await;
    world.pass(3600 + 90);
    let text = scraped(&world).await;
    assert!(text.contains(r#"postern_leases{state="overdue"} 1"#), "{text}");
    assert!((60.0..=90.0).contains(&value(&text, "postern_oldest_overdue_seconds")), "{text}");
}

#[tokio::test]
async fn metrics_go_on_without_the_store_and_leave_out_what_it_would_say() {
    let world = World::start().await;
    world.app.store().close().await;
    let text = scraped(&world).await;
    assert!(text.contains("postern_drift_total 0") && !text.contains("postern_leases"), "{text}");
}

#[tokio::test]
async fn nobody_can_make_series_by_calling_what_is_not_there() {
    let world = World::start().await;
    let client = world.anonymous();
    for (method, path) in [("GET", "/api/secret-1"), ("PROPFIND", "/api/secret-2"), ("GET", "/secret-3")] {
        client.call(method.parse().unwrap(), path, None).await;
    }
    let text = scraped(&world).await;
    assert!(!text.contains("secret") && !text.contains("PROPFIND"), "{text}");
    let line = r#"postern_http_requests_total{operation="other /api/{*rest}",status_class="4xx"} 1"#;
    assert!(text.lines().any(|one| one == line), "{text}");
}

async fn silent_since(world: &World, principal: &str) -> Option<String> {
    let session = world.client(principal).await.get(route::SESSION).await.expect(200);
    session.json["health"]["timer_silent_since"].as_str().map(str::to_owned)
}

async fn scraped(world: &World) -> String {
    world.with_token(METRICS_TOKEN).get("/metrics").await.expect(200).text
}

/// The number behind a name and its labels.
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().expect("a number")
}

fn seconds(at: jiff::Timestamp) -> f64 {
    at.duration_since(jiff::Timestamp::UNIX_EPOCH).as_secs_f64()
}
