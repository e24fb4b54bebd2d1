//! `/api/policies`: changes of single fields and ports, what somebody else changed meanwhile, and previews.

use http::Method;
use serde_json::{Value, json};
use shared::{
    api::route,
    policy::{PortRule, ProtectedVm},
    port::Port,
    vm::VmId,
};
use tests::{Answer, World, vm};

use crate::fleet::ids;

#[tokio::test]
async fn changing_one_field_of_one_port_keeps_everything_else_of_each_vm() {
    let world = World::start().await;
    put(&world, &["web-01"], whole(&[rule(22, "tcp"), rule(443, "tcp")])).await.expect(200);
    put(&world, &["web-02"], whole(&[rule(22, "udp")])).await.expect(200);
    put(&world, &["win-01"], whole(&[rule(3389, "any")])).await.expect(200);
    let patch = json!({ "change_ports": [{ "port": 22, "max_duration": "PT45M" }] });
    put(&world, &["web-01", "web-02", "win-01"], patch).await.expect(200);
    for (name, expected) in [
        ("web-01", vec![lasting(rule(22, "tcp"), "PT45M"), rule(443, "tcp")]),
        ("web-02", vec![lasting(rule(22, "udp"), "PT45M")]),
        ("win-01", vec![rule(3389, "any")]),
    ] {
        assert_eq!(json!(policy(&world, name).await.ports), json!(expected), "{name}");
    }
}

#[tokio::test]
async fn ports_are_added_by_operating_system_and_removed_where_they_are() {
    let world = World::start().await;
    let added = json!({
        "add_ports": [
            { "rule": rule(22, "tcp"), "only_on": "linux" },
            { "rule": rule(3389, "tcp"), "only_on": "windows" },
            { "rule": rule(5986, "tcp") },
        ],
        "justification": "off", "precedence": "customer_first", "live_sessions": "never",
    });
    put(&world, &["web-02", "win-01"], added).await.expect(200);
    assert_eq!(ports(&world, "web-02").await, [22, 5986]);
    assert_eq!(ports(&world, "win-01").await, [3389, 5986]);
    put(&world, &["web-02", "win-01"], json!({ "remove_ports": [22] })).await.expect(200);
    assert_eq!(ports(&world, "web-02").await, [5986]);
    assert_eq!(ports(&world, "win-01").await, [3389, 5986]);
    assert_eq!(world.probe(&vm("web-02"), 5986, "10.1.0.9").await, "shut");
}

#[tokio::test]
async fn a_vm_that_would_lose_its_last_port_keeps_all_as_they_were() {
    let world = World::start().await;
    put(&world, &["web-02"], whole(&[rule(22, "tcp")])).await.expect(200);
    put(&world, &["win-01"], whole(&[rule(22, "tcp"), rule(3389, "tcp")])).await.expect(200);
    let refused = put(&world, &["web-02", "win-01"], json!({ "remove_ports": [22] })).await.expect(400);
    assert_eq!(refused.json["error"]["details"][0]["target"], vm("web-02").to_string(), "{}", refused.text);
    assert!(refused.message().contains("at least one port"), "{}", refused.text);
    assert_eq!(ports(&world, "win-01").await, [22, 3389]);
}

#[tokio::test]
async fn a_port_that_is_added_has_no_field_that_somebody_else_fills_in() {
    let world = World::start().await;
    put(&world, &["web-02"], whole(&[rule(22, "tcp")])).await.expect(200);
    for field in ["protocol", "allowed_sources", "max_duration"] {
        let mut part = rule(443, "tcp");
        part.as_object_mut().unwrap().remove(field);
        let refused = put(&world, &["web-02"], json!({ "add_ports": [{ "rule": part }] })).await.expect(400);
        assert!(refused.message().contains(field), "{}", refused.text);
    }
    assert_eq!(ports(&world, "web-02").await, [22]);
}

#[tokio::test]
async fn policies_are_read_together_with_what_names_their_version() {
    let world = World::start().await;
    put(&world, &["web-02"], whole(&[rule(22, "tcp")])).await.expect(200);
    let answer = read(&world, "READER", &["win-01", "web-02", "bare-01"]).await.expect(200);
    let vms = answer.json["vms"].as_array().unwrap();
    let names: Vec<&str> = vms.iter().map(|one| one["summary"]["vm"].as_str().unwrap()).collect();
    assert_eq!(names, ids(&[vm("win-01"), vm("web-02"), vm("bare-01")]));
    assert_eq!(vms[0]["policy"], Value::Null);
    assert_eq!(vms[1]["policy"]["ports"], json!([rule(22, "tcp")]));
    assert_eq!(vms[2]["summary"]["support"]["list"], "unsupported");
    assert_ne!(vms[0]["version"], vms[1]["version"]);
    let before = vms[1]["version"].clone();
    put(&world, &["web-02"], json!({ "justification": "required" })).await.expect(200);
    let changed = read(&world, "READER", &["web-02"]).await.expect(200);
    assert_ne!(changed.json["vms"][0]["version"], before);
    put(&world, &["web-02"], json!({ "justification": "optional" })).await.expect(200);
    let again = read(&world, "READER", &["web-02"]).await.expect(200);
    assert_eq!(again.json["vms"][0]["version"], before, "the same policy has the same version");
}

#[tokio::test]
async fn a_policy_that_somebody_else_changed_is_not_overwritten() {
    let world = World::start().await;
    let both = ["web-02", "win-01"];
    let versions = versions(&world, &both).await;
    put(&world, &["win-01"], whole(&[rule(3389, "tcp")])).await.expect(200);
    let mine = json!({ "vms": named(&both), "policy": whole(&[rule(22, "tcp")]), "versions": versions });
    let refused = call(&world, Method::PUT, route::POLICIES, &mine).await.expect(412);
    assert_eq!(refused.code(), "policy_changed");
    let details = refused.json["error"]["details"].as_array().unwrap();
    assert_eq!(details.len(), 1, "{}", refused.text);
    assert_eq!(details[0]["target"], vm("win-01").to_string());
    assert!(world.app.store().policy(&vm("web-02")).await.unwrap().is_none());
    assert_eq!(ports(&world, "win-01").await, [3389]);
    let fresh = self::versions(&world, &both).await;
    let again = json!({ "vms": named(&both), "policy": whole(&[rule(22, "tcp")]), "versions": fresh });
    call(&world, Method::PUT, route::POLICIES, &again).await.expect(200);
    assert_eq!(ports(&world, "win-01").await, [22]);
    let short = json!({ "vms": named(&both), "policy": { "justification": "off" }, "versions": ["x"] });
    let refused = call(&world, Method::PUT, route::POLICIES, &short).await.expect(400);
    assert!(refused.message().contains("one for each VM"), "{}", refused.text);
}

#[tokio::test]
async fn a_preview_names_the_guard_its_place_and_what_it_closes_and_nothing_is_written() {
    let world = World::start().await;
    let (before, history) = (world.rules("web-01-nsg").await, world.history().await.len());
    let shown = preview(&world, "ADMIN", &["web-01"], whole(&[rule(22, "tcp")])).await.expect(200);
    let rules = shown.json["rules"].as_array().unwrap();
    let own = rules.iter().find(|one| one["nsg"] == "web-01-nsg").unwrap();
    assert!(own["name"].as_str().unwrap().contains("-guard-"), "{}", shown.text);
    assert_eq!(
        (&own["access"], &own["ports"], &own["before"]),
        (&json!("deny"), &json!(["22"]), &Value::Null)
    );
    assert!(
        shown.json["proof"]["closes"].as_array().is_some_and(|closes| !closes.is_empty()),
        "{}",
        shown.text
    );
    assert_eq!((&shown.json["proof"]["opens"], &shown.json["left_open"]), (&json!([]), &json!([])));
    assert_eq!((world.rules("web-01-nsg").await, world.history().await.len()), (before, history));
    assert!(world.app.store().policy(&vm("web-01")).await.unwrap().is_none());

    put(&world, &["web-01"], whole(&[rule(22, "tcp")])).await.expect(200);
    let written = world.nsg("web-01-nsg").await;
    let guard = written.rules.iter().find(|rule| rule.name == own["name"]).unwrap();
    assert_eq!(json!(guard.priority), own["after"], "what was previewed is what was written");
}

#[tokio::test]
async fn a_preview_tells_what_a_customers_rule_leaves_open_until_the_guard_comes_first() {
    let world = World::start().await;
    let shown = preview(&world, "ADMIN", &["legacy-01"], whole(&[rule(22, "tcp")])).await.expect(200);
    let left = &shown.json["left_open"][0];
    assert_eq!(
        (&left["vm"], &left["port"]),
        (&json!(vm("legacy-01").to_string()), &json!(22)),
        "{}",
        shown.text
    );
    assert_eq!(left["exposed"][0]["rule"]["name"], "allow-ssh");
    put(&world, &["legacy-01"], whole(&[rule(22, "tcp")])).await.expect(200);
    let patch = json!({ "precedence": "guard_first" });
    let shown = preview(&world, "ADMIN", &["legacy-01"], patch).await.expect(200);
    assert_eq!(shown.json["left_open"], json!([]), "{}", shown.text);
    let rules = shown.json["rules"].as_array().unwrap();
    assert!(rules.iter().any(|one| one["after"].as_u64().is_some_and(|after| after < 300)), "{}", shown.text);
}

#[tokio::test]
async fn a_preview_shows_the_rules_of_a_removed_port_go_and_what_that_opens() {
    let world = World::start().await;
    put(&world, &["web-01"], whole(&[rule(22, "tcp"), rule(443, "udp")])).await.expect(200);
    let shown = preview(&world, "ADMIN", &["web-01"], json!({ "remove_ports": [443] })).await.expect(200);
    let gone = shown.json["rules"].as_array().unwrap().iter().filter(|one| one["after"].is_null());
    assert!(
        gone.clone().count() > 0 && gone.clone().all(|one| one["ports"] == json!(["443"])),
        "{}",
        shown.text
    );
    assert!(shown.json["proof"]["opens"].as_array().is_some_and(|opens| !opens.is_empty()), "{}", shown.text);
}

#[tokio::test]
async fn what_would_be_refused_is_refused_in_a_preview() {
    let world = World::start().await;
    let body = whole(&[rule(22, "tcp")]);
    let unsupported = preview(&world, "ADMIN", &["bare-01"], body.clone()).await.expect(409);
    assert_eq!(unsupported.code(), "vm_unsupported");
    preview(&world, "ADMIN", &["web-01"], json!({})).await.expect(400);
    preview(&world, "REQUESTER", &["web-01"], body.clone()).await.expect(403);
    preview(&world, "NOBODY", &["web-01"], body.clone()).await.expect(404);
    read(&world, "NOBODY", &["web-01"]).await.expect(404);
    for path in [route::POLICIES_PREVIEW, route::POLICIES_READ] {
        world.anonymous().post(path, &json!({ "vms": named(&["web-01"]), "policy": body })).await.expect(401);
    }
}

async fn put(world: &World, vms: &[&str], policy: Value) -> Answer {
    call(world, Method::PUT, route::POLICIES, &json!({ "vms": named(vms), "policy": policy })).await
}

async fn preview(world: &World, who: &str, vms: &[&str], policy: Value) -> Answer {
    let body = json!({ "vms": named(vms), "policy": policy });
    world.client(who).await.post(route::POLICIES_PREVIEW, &body).await
}

async fn read(world: &World, who: &str, vms: &[&str]) -> Answer {
    world.client(who).await.post(route::POLICIES_READ, &json!({ "vms": named(vms) })).await
}

async fn versions(world: &World, vms: &[&str]) -> Vec<Value> {
    let answer = read(world, "ADMIN", vms).await.expect(200);
    answer.json["vms"].as_array().unwrap().iter().map(|one| one["version"].clone()).collect()
}

async fn call(world: &World, method: Method, path: &str, body: &Value) -> Answer {
    world.client("ADMIN").await.call(method, path, Some(body.to_string())).await
}

async fn policy(world: &World, name: &str) -> ProtectedVm {
    world.app.store().policy(&vm(name)).await.unwrap().unwrap()
}

async fn ports(world: &World, name: &str) -> Vec<u16> {
    let number = |rule: &PortRule| Port::number(rule.port);
    policy(world, name).await.ports.iter().map(number).collect()
}

fn named(vms: &[&str]) -> Vec<String> {
    ids(&vms.iter().map(|name| vm(name)).collect::<Vec<VmId>>())
}

fn rule(port: u16, protocol: &str) -> Value {
    json!({ "port": port, "protocol": protocol, "allowed_sources": "any", "max_duration": "PT3H" })
}

fn lasting(mut rule: Value, longest: &str) -> Value {
    rule["max_duration"] = longest.into();
    rule
}

fn whole(ports: &[Value]) -> Value {
    json!({ "ports": ports, "justification": "optional", "precedence": "customer_first", "live_sessions": "never" })
}
