//! `/api/policies`: many VMs at once, all or none.

use http::Method;
use serde_json::{Value, json};
use shared::{
    api::route,
    policy::{JustificationRule, Precedence},
    vm::VmId,
};
use tests::{Answer, PRODUCTION, World, vm};

use crate::fleet::{add_like_web_02, ids, reads, writes};

#[tokio::test]
async fn twenty_vms_behind_one_nsg_take_one_write_and_few_reads() {
    let world = World::start().await;
    let vms = add_like_web_02(&world, 20).await;
    let before = reads(&world).await;
    let answer = put(&world, "ADMIN", &vms, whole()).await.expect(200);
    assert_eq!(writes(&world, "-guard-").await.len(), 1);
    let taken = reads(&world).await - before;
    assert!(taken <= 25, "{taken} reads");
    let shown = answer.json["vms"].as_array().unwrap();
    let names: Vec<&str> = shown.iter().map(|one| one["summary"]["vm"].as_str().unwrap()).collect();
    assert_eq!(names, ids(&vms));
    for one in shown {
        assert_eq!(one["ports"][0]["state"]["state"], "closed", "{one}");
        assert_eq!(
            (&one["summary"]["support"]["list"], &one["trouble"]),
            (&json!("configured"), &Value::Null)
        );
    }
    for vm in &vms {
        assert_eq!(world.probe(vm, 22, "10.1.0.9").await, "shut");
    }
    assert_eq!(kinds(&world).await.iter().filter(|kind| *kind == "policy_put").count(), 20);
}

#[tokio::test]
async fn a_field_that_is_missing_keeps_what_each_vm_has() {
    let world = World::start().await;
    let (web, win) = (vm("web-02"), vm("win-01"));
    put(&world, "ADMIN", std::slice::from_ref(&web), whole()).await.expect(200);
    let other = json!({ "ports": [rule(3389, "tcp")], "justification": "required", "precedence": "customer_first", "live_sessions": "never" });
    put(&world, "ADMIN", std::slice::from_ref(&win), other).await.expect(200);
    let patch = json!({ "precedence": "guard_first" });
    let answer = put(&world, "ADMIN", &[win.clone(), web.clone()], patch).await.expect(200);
    assert_eq!(answer.json["vms"][0]["policy"]["ports"][0]["port"], 3389, "{}", answer.text);
    for (vm, justification) in [(web, JustificationRule::Optional), (win, JustificationRule::Required)] {
        let kept = world.app.store().policy(&vm).await.unwrap().unwrap();
        assert_eq!((kept.justification, kept.precedence), (justification, Precedence::GuardFirst));
    }
}

#[tokio::test]
async fn a_vm_without_a_policy_needs_every_field_and_is_named() {
    let world = World::start().await;
    put(&world, "ADMIN", &[vm("web-02")], whole()).await.expect(200);
    let patch = json!({ "ports": [rule(22, "tcp")], "justification": "required" });
    let refused = put(&world, "ADMIN", &[vm("web-02"), vm("win-01")], patch).await.expect(400);
    let details = refused.json["error"]["details"].as_array().unwrap();
    assert_eq!(details.len(), 1, "{}", refused.text);
    assert_eq!(details[0]["target"], vm("win-01").to_string());
    for field in ["win-01", "precedence", "live_sessions"] {
        assert!(refused.message().contains(field), "{}", refused.text);
    }
    let kept = world.app.store().policy(&vm("web-02")).await.unwrap().unwrap();
    assert_eq!(kept.justification, JustificationRule::Optional);
}

#[tokio::test]
async fn one_vm_that_cannot_be_protected_keeps_all_as_they_were() {
    let world = World::start().await;
    let refused =
        put(&world, "ADMIN", &[vm("web-02"), vm("bare-01"), vm("win-01")], whole()).await.expect(409);
    assert_eq!(refused.code(), "vm_unsupported");
    assert_eq!(refused.json["error"]["details"][0]["target"], vm("bare-01").to_string(), "{}", refused.text);
    nothing_configured(&world).await;
}

#[tokio::test]
async fn one_nsg_that_takes_no_guard_keeps_all_as_they_were() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("crowded-01"), 3389).await.expect(200);
    for address in ["203.0.113.8", "203.0.113.9"] {
        let requester = world.client("REQUESTER").await.from(address);
        requester.open(&vm("crowded-01"), 3389, "PT1H").await.expect(201);
    }
    let patch = json!({ "ports": [rule(3389, "tcp"), rule(22, "udp")], "justification": "off", "precedence": "customer_first", "live_sessions": "never" });
    let refused = put(&world, "ADMIN", &[vm("web-02"), vm("crowded-01")], patch).await.expect(409);
    assert_eq!(refused.code(), "obstructed");
    let targets: Vec<&str> = refused.json["error"]["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["target"].as_str().unwrap())
        .collect();
    assert_eq!(targets, [vm("crowded-01").to_string()], "{}", refused.text);
    assert!(world.app.store().policy(&vm("web-02")).await.unwrap().is_none());
    assert!(!world.rules("app-subnet-nsg").await.iter().any(|name| name.contains("-guard-")));
}

#[tokio::test]
async fn one_nsg_that_cannot_cut_sessions_keeps_all_as_they_were() {
    let world = World::start().await;
    put(&world, "ADMIN", &[vm("web-02")], whole()).await.expect(200);
    let offers = json!({ "flush_connection": false });
    world.sim_call(reqwest::Method::PUT, "settings", &offers).await;
    let patch = json!({ "live_sessions": "at_end", "justification": "required" });
    let refused = put(&world, "ADMIN", &[vm("web-02")], patch.clone()).await.expect(409);
    assert_eq!(refused.code(), "sessions_cannot_be_cut");
    assert_eq!(refused.json["error"]["details"][0]["target"], vm("web-02").to_string());
    let kept = world.app.store().policy(&vm("web-02")).await.unwrap().unwrap();
    assert_eq!(kept.justification, JustificationRule::Optional);
    world.sim_call(reqwest::Method::PUT, "settings", &json!({ "flush_connection": true })).await;
    put(&world, "ADMIN", &[vm("web-02")], patch).await.expect(200);
}

#[tokio::test]
async fn what_an_nsg_did_not_take_is_told_with_the_answer() {
    let world = World::start().await;
    put(&world, "ADMIN", &[vm("web-01")], whole()).await.expect(200);
    let fault =
        json!({ "kind": "server_error", "method": "PUT", "path_contains": "app-subnet-nsg", "count": 1000 });
    world.fault(fault).await;
    let answer = put(&world, "ADMIN", &[vm("web-01"), vm("web-02")], whole()).await.expect(200);
    let trouble = |index: usize| answer.json["vms"][index]["trouble"].as_str();
    assert_eq!(trouble(0), None, "{}", answer.text);
    assert!(trouble(1).unwrap().starts_with("app-subnet-nsg: "), "{}", answer.text);
    assert_eq!(answer.json["vms"][1]["ports"][0]["state"]["state"], "possibly_open", "{}", answer.text);
    world.clear_faults().await;
    world.pass(120);
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-02"), 22, "10.1.0.9").await, "shut");
}

#[tokio::test]
async fn only_who_may_configure_each_of_them_does() {
    let world = World::start().await;
    let both = [vm("web-02"), vm("win-01")];
    for (who, status, code) in [("REQUESTER", 403, "forbidden"), ("NOBODY", 404, "not_found")] {
        for refused in [
            put(&world, who, &both, whole()).await.expect(status),
            remove(&world, who, &both).await.expect(status),
        ] {
            assert_eq!(refused.json["error"]["details"].as_array().unwrap().len(), 2, "{}", refused.text);
            assert_eq!(refused.json["error"]["details"][1]["code"], code);
        }
    }
    let missing = put(&world, "ADMIN", &[vm("web-02"), vm("nowhere")], whole()).await.expect(404);
    assert_eq!(missing.json["error"]["details"][0]["target"], vm("nowhere").to_string());
    nothing_configured(&world).await;
    let body = json!({ "vms": ids(&both), "policy": whole() }).to_string();
    world.anonymous().call(Method::PUT, route::POLICIES, Some(body)).await.expect(401);
    world
        .anonymous()
        .call(Method::DELETE, route::POLICIES, Some(json!({ "vms": ids(&both) }).to_string()))
        .await
        .expect(401);
}

#[tokio::test]
async fn bodies_that_say_too_little_too_much_or_something_else_are_rejected() {
    let world = World::start().await;
    let web = vm("web-02").to_string();
    let many: Vec<String> = (0..501).map(|n| vm(&format!("x-{n}")).to_string()).collect();
    let cases = [
        (json!({ "vms": [], "policy": whole() }), "vms", "at least one"),
        (json!({ "vms": [web, web], "policy": whole() }), "vms", "twice"),
        (json!({ "vms": many, "policy": whole() }), "vms", "500"),
        (json!({ "vms": ["web-02"], "policy": whole() }), "vms", "/subscriptions/"),
        (json!({ "vms": [web] }), "policy", "missing"),
        (json!({ "vms": [web], "policy": {} }), "policy", "at least one field"),
        (json!({ "vms": [web], "policy": { "ports": [] } }), "ports", "at least one port"),
        (json!({ "vms": [web], "policy": { "colour": "red" } }), "colour", "unknown"),
    ];
    let admin = world.client("ADMIN").await;
    for (body, field, allowed) in cases {
        let refused = admin.call(Method::PUT, route::POLICIES, Some(body.to_string())).await.expect(400);
        assert!(refused.json["error"]["target"].as_str().unwrap().contains(field), "{}", refused.text);
        assert!(refused.message().contains(allowed), "{}", refused.text);
    }
    admin.call(Method::DELETE, route::POLICIES, Some("{}".to_owned())).await.expect(400);
    nothing_configured(&world).await;
}

#[tokio::test]
async fn removing_closes_what_is_open_and_takes_the_guard_away_in_one_write() {
    let world = World::start().await;
    let before = world.rules("app-subnet-nsg").await;
    let vms = add_like_web_02(&world, 20).await;
    put(&world, "ADMIN", &vms, whole()).await.expect(200);
    world.client("REQUESTER").await.open(&vms[3], 22, "PT1H").await.expect(201);
    let written = writes(&world, "-guard-").await.len();
    let answer = remove(&world, "ADMIN", &vms).await.expect(200);
    assert_eq!(writes(&world, "-guard-").await.len() - written, 1);
    let left = answer.json["vms"].as_array().unwrap();
    assert_eq!(left.len(), 20);
    assert!(left.iter().all(|one| one["leases"] == json!([]) && one["trouble"].is_null()), "{}", answer.text);
    assert_eq!(world.rules("app-subnet-nsg").await, before);
    let kinds = kinds(&world).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "policy_removed").count(), 20);
    assert!(kinds.contains(&"closed".to_owned()));
}

#[tokio::test]
async fn one_vm_without_a_policy_keeps_the_policies_of_all() {
    let world = World::start().await;
    put(&world, "ADMIN", &[vm("web-02")], whole()).await.expect(200);
    world.client("REQUESTER").await.open(&vm("web-02"), 22, "PT1H").await.expect(201);
    let refused = remove(&world, "ADMIN", &[vm("web-02"), vm("win-01")]).await.expect(409);
    assert_eq!(refused.code(), "not_configured");
    assert!(refused.message().contains("win-01"), "{}", refused.text);
    assert!(world.app.store().policy(&vm("web-02")).await.unwrap().is_some());
    assert_eq!(world.probe(&vm("web-02"), 22, "203.0.113.7").await, "open");
}

async fn put(world: &World, who: &str, vms: &[VmId], policy: Value) -> Answer {
    let body = json!({ "vms": ids(vms), "policy": policy });
    world.client(who).await.call(Method::PUT, route::POLICIES, Some(body.to_string())).await
}

async fn remove(world: &World, who: &str, vms: &[VmId]) -> Answer {
    let body = json!({ "vms": ids(vms) });
    world.client(who).await.call(Method::DELETE, route::POLICIES, Some(body.to_string())).await
}

fn rule(port: u16, protocol: &str) -> Value {
    json!({ "port": port, "protocol": protocol, "allowed_sources": "any", "max_duration": "PT3H" })
}

fn whole() -> Value {
    json!({ "ports": [rule(22, "tcp")], "justification": "optional", "precedence": "customer_first", "live_sessions": "never" })
}

async fn nothing_configured(world: &World) {
    assert_eq!(world.app.store().policies(PRODUCTION.parse().unwrap()).await.unwrap(), []);
    assert_eq!(writes(world, "-guard-").await, Vec::<String>::new());
}

async fn kinds(world: &World) -> Vec<String> {
    let answer = world.client("ADMIN").await.get(&format!("{}?limit=200", route::ACTIVITY)).await.expect(200);
    let steps = answer.json["steps"].as_array().unwrap();
    steps.iter().map(|one| one["entry"]["event"].as_str().unwrap().to_owned()).collect()
}
