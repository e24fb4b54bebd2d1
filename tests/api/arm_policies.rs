//! Policies by Azure's own API: put, shown, listed, deleted.

use http::Method;
use serde_json::{Value, json};
use shared::api;
use tests::{DEVELOPMENT, PRODUCTION, World, vm};

use crate::arm::{
    VERSION, at, delete, get, group, initiate, policy_path, protected, protecting, put, vms_of,
};

#[tokio::test]
async fn a_policy_is_put_shown_and_enforced() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    let web = vm("web-01");
    let shown = put(&admin, "default", &protecting(&[(&web, &[22])])).await.expect(200).json;
    assert_eq!(shown["id"], policy_path("default"));
    assert_eq!(
        (&shown["name"], &shown["type"], &shown["kind"], &shown["location"]),
        (
            &json!("default"),
            &json!("Microsoft.Security/locations/jitNetworkAccessPolicies"),
            &json!("Basic"),
            &json!("westeurope")
        )
    );
    let vm = &shown["properties"]["virtualMachines"][0];
    assert_eq!(vm["id"], web.to_string());
    assert_eq!(vm["ports"], json!([crate::arm::port(22)]));
    assert_eq!(shown["properties"]["provisioningState"], "Succeeded");
    assert_eq!(shown["properties"]["requests"], json!([]));
    assert_eq!(get(&admin, "default").await.expect(200).json, shown);
    assert!(world.rules("web-01-nsg").await.iter().any(|rule| rule.contains("-guard")));
}

#[tokio::test]
async fn what_azures_portal_and_posterns_own_enable_is_one_policy_default() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    admin.enable(&vm("web-01"), 22).await.expect(200);
    admin.enable(&vm("web-02"), 22).await.expect(200);
    assert_eq!(vms_of(&get(&admin, "default").await.expect(200).json), ["web-01", "web-02"]);
}

#[tokio::test]
async fn paths_and_names_are_found_in_any_case_and_in_both_versions() {
    let world = protected().await;
    let admin = world.client("ADMIN").await;
    let path = policy_path("DEFAULT");
    for path in [
        path.to_uppercase(),
        path.to_lowercase(),
        path.replace("westeurope", "West%20Europe"),
        format!("/{path}/"),
    ] {
        let shown = admin.get(&at(&path)).await.expect(200).json;
        assert_eq!(shown["id"], policy_path("default"), "{path}");
    }
    admin.get(&format!("{path}?API-version=2015-06-01-Preview")).await.expect(200);
    for (query, code) in
        [("", "MissingApiVersionParameter"), ("?api-version=2021-01-01", "InvalidApiVersionParameter")]
    {
        assert_eq!(admin.get(&format!("{path}{query}")).await.expect(400).code(), code);
    }
}

#[tokio::test]
async fn the_four_lists_have_what_is_in_their_scope_and_seen() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    put(&admin, "default", &protecting(&[(&vm("web-01"), &[22])])).await.expect(200);
    put(&admin, "ops", &protecting(&[(&vm("web-02"), &[22])])).await.expect(200);
    let subscription = format!("/subscriptions/{PRODUCTION}/providers/Microsoft.Security");
    let both = ["default", "ops"];
    for (scope, expected) in [
        (subscription.clone(), &both[..]),
        (format!("{subscription}/locations/westeurope"), &both),
        (format!("{subscription}/locations/northeurope"), &[]),
        (group(), &both),
        (group().replace("prod-rg", "PROD-RG"), &both),
        (group().replace("prod-rg", "dev-rg"), &[]),
        (format!("{}/locations/westeurope", group()), &both),
        (format!("{}/locations/northeurope", group()), &[]),
    ] {
        let path = at(&format!("{scope}/jitNetworkAccessPolicies"));
        assert_eq!(names(&admin.get(&path).await.expect(200).json), expected, "{path}");
        assert!(names(&world.client("NOBODY").await.get(&path).await.expect(200).json).is_empty(), "{path}");
    }
    let nowhere = subscription.replace(PRODUCTION, "11111111-2222-3333-4444-555555555555");
    let refused = admin.get(&at(&format!("{nowhere}/jitNetworkAccessPolicies"))).await.expect(404);
    assert_eq!(refused.code(), "SubscriptionNotFound");
}

#[tokio::test]
async fn lists_come_in_pages_whose_links_lead_to_every_policy_once() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    for (name, machine) in [("c", "web-01"), ("a", "web-02"), ("b", "win-01")] {
        put(&admin, name, &protecting(&[(&vm(machine), &[22])])).await.expect(200);
    }
    let list = at(&format!("{}/jitNetworkAccessPolicies", group()));
    assert!(admin.get(&list).await.expect(200).json.get("nextLink").is_none());
    let mut path = format!("{list}&$top=1");
    let mut found = Vec::new();
    for _ in 0..3 {
        let page = admin.get(&path).await.expect(200).json;
        found.extend(names(&page));
        let Some(link) = page["nextLink"].as_str() else { break };
        path = link.strip_prefix("http://127.0.0.1:8080").expect("an absolute link").to_owned();
        assert!(path.contains(VERSION), "{path}");
    }
    assert_eq!(found, ["a", "b", "c"]);
    for bad in ["$top=0", "$top=x", "$skiptoken=%25"] {
        admin.get(&format!("{list}&{bad}")).await.expect(400);
    }
}

#[tokio::test]
async fn put_replaces_the_policy_and_closes_what_it_no_longer_has() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    let (one, two) = (vm("web-01"), vm("web-02"));
    put(&admin, "default", &protecting(&[(&one, &[22, 443]), (&two, &[22])])).await.expect(200);
    for (vm, port) in [(&one, 22), (&one, 443), (&two, 22)] {
        admin.open(vm, port, "PT1H").await.expect(201);
        assert_eq!(world.probe(vm, port, tests::CLIENT_ADDRESS).await, "open");
    }
    let shown = put(&admin, "default", &protecting(&[(&one, &[22])])).await.expect(200).json;
    assert_eq!(vms_of(&shown), ["web-01"]);
    assert_eq!(world.probe(&one, 22, tests::CLIENT_ADDRESS).await, "open");
    let held = world.app.store().unclosed(PRODUCTION.parse().unwrap()).await.unwrap();
    assert_eq!(held.len(), 1, "the removed VM's lease and the removed port's are closed: {held:?}");
    assert!(!world.rules("app-subnet-nsg").await.iter().any(|rule| rule.contains("-lease-")));
    assert!(world.app.store().policy(&two).await.unwrap().is_none());
}

#[tokio::test]
async fn posterns_own_settings_are_kept_unless_the_body_names_them() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    let rule = json!({ "port": 22, "protocol": "tcp", "allowed_sources": "any", "max_duration": "PT3H" });
    let body = json!({ "ports": [rule], "justification": "required", "precedence": "guard_first", "live_sessions": "never" });
    admin.call(Method::PUT, &api::policy_path(&vm("web-01")), Some(body.to_string())).await.expect(200);
    let mut body = protecting(&[(&vm("web-01"), &[22, 443])]);
    let shown = put(&admin, "default", &body).await.expect(200).json;
    let settings = |shown: &Value| shown["properties"]["virtualMachines"][0]["postern"].clone();
    let kept = json!({ "justification": "required", "precedence": "guard_first", "live_sessions": "never" });
    assert_eq!(settings(&shown), kept);
    body["properties"]["virtualMachines"][0]["postern"] = json!({ "justification": "off" });
    let shown = put(&admin, "default", &body).await.expect(200).json;
    assert_eq!(settings(&shown)["justification"], "off");
    assert_eq!(settings(&shown)["precedence"], "guard_first");
    // What was shown can be sent back as it is, and changes nothing.
    let before = world.history().await.len();
    assert_eq!(put(&admin, "default", &shown).await.expect(200).json, shown);
    assert_eq!(world.history().await.len(), before);
    body["properties"]["virtualMachines"][0]["postern"] = json!({ "justification": "maybe" });
    put(&admin, "default", &body).await.expect(400);
}

#[tokio::test]
async fn delete_answers_200_once_and_204_after_and_closes_what_was_open() {
    let world = protected().await;
    let admin = world.client("ADMIN").await;
    admin.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    delete(&admin, "default").await.expect(200);
    assert!(
        !world
            .rules("web-01-nsg")
            .await
            .iter()
            .any(|rule| rule.contains("-lease-") || rule.contains("-guard"))
    );
    delete(&admin, "default").await.expect(204);
    assert_eq!(get(&admin, "default").await.expect(404).code(), "PolicyNotFound");
}

#[tokio::test]
async fn nobody_without_the_right_reads_changes_or_learns_of_a_policy() {
    let world = protected().await;
    let body = protecting(&[(&vm("web-01"), &[22, 443])]);
    for (who, reads) in [("REQUESTER", true), ("READER", true), ("NOBODY", false)] {
        let client = world.client(who).await;
        get(&client, "default").await.expect(if reads { 200 } else { 403 });
        get(&client, "none").await.expect(if reads { 404 } else { 403 });
        assert_eq!(put(&client, "default", &body).await.expect(403).code(), "AuthorizationFailed", "{who}");
        put(&client, "new", &protecting(&[(&vm("web-02"), &[22])])).await.expect(403);
        delete(&client, "default").await.expect(403);
        delete(&client, "none").await.expect(403);
    }
    for who in ["READER", "NOBODY"] {
        let client = world.client(who).await;
        initiate(&client, "default", &vm("web-01"), json!({ "number": 22, "duration": "PT1H" }))
            .await
            .expect(403);
    }
    let admin = world.client("ADMIN").await;
    assert_eq!(
        get(&admin, "default").await.expect(200).json["properties"]["virtualMachines"][0]["ports"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let unsigned = world.anonymous();
    assert_eq!(get(&unsigned, "default").await.expect(401).code(), "AuthenticationFailed");
    assert_eq!(
        unsigned.get("/subscriptions?api-version=2022-12-01").await.expect(401).code(),
        "AuthenticationFailed"
    );
    assert_eq!(
        get(&world.with_token("a.b.c"), "default").await.expect(401).code(),
        "InvalidAuthenticationToken"
    );
}

#[tokio::test]
async fn every_operation_refuses_the_unauthenticated() {
    let world = World::start().await;
    let policy = policy_path("default");
    for (method, path) in [
        (Method::GET, format!("{}/jitNetworkAccessPolicies", group())),
        (Method::GET, policy.clone()),
        (Method::PUT, policy.clone()),
        (Method::DELETE, policy.clone()),
        (Method::POST, format!("{policy}/initiate")),
        (Method::GET, "/subscriptions".to_owned()),
        (Method::GET, "/tenants".to_owned()),
        (Method::POST, "/batch".to_owned()),
    ] {
        let answer = world.anonymous().call(method, &path, Some("{}".to_owned())).await.expect(401);
        assert_eq!(answer.code(), "AuthenticationFailed", "{path}");
        assert!(answer.headers.contains_key(http::header::WWW_AUTHENTICATE), "{path}");
    }
}

#[tokio::test]
async fn the_subscriptions_of_a_caller_are_those_where_it_has_a_role() {
    let world = World::start().await;
    let list = async |who: &str| {
        let answer = world.client(who).await.get("/subscriptions?api-version=2022-12-01").await.expect(200);
        let all = answer.json["value"].as_array().unwrap().iter();
        all.map(|one| one["subscriptionId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list("ADMIN").await, [PRODUCTION, DEVELOPMENT]);
    assert_eq!(list("REQUESTER").await, [PRODUCTION]);
    assert!(list("NOBODY").await.is_empty());
}

fn names(list: &Value) -> Vec<String> {
    list["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}
