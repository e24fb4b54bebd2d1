//! `/api/vms`: who sees what.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::api;
use tests::{World, vm};

#[tokio::test]
async fn the_admin_sees_all_fourteen_in_their_lists_with_reasons() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    let lists = lists(&world, "ADMIN").await;
    assert_eq!(lists.len(), 14, "{lists:?}");
    let expected = [
        ("web-01", "configured"),
        ("web-02", "not_configured"),
        ("stopped-01", "not_configured"),
        ("bare-01", "unsupported no_nsg"),
        ("fw-01", "not_configured"),
        ("fwpol-01", "unsupported firewall_policy no_nsg"),
        ("classic-01", "unsupported classic"),
        ("dev-01", "not_configured"),
    ];
    for (name, list) in expected {
        let found = lists.get(name).map(String::as_str);
        let found = found.map(|text| if name == "fwpol-01" { sorted(text) } else { text.to_owned() });
        assert_eq!(found.as_deref(), Some(list), "{name}");
    }
}

#[tokio::test]
async fn a_classic_vm_can_be_looked_at_and_says_why_it_is_not_supported() {
    let world = World::start().await;
    assert!(lists(&world, "ADMIN").await.contains_key("classic-01"));
    let id = vm("classic-01").to_string().replace("prod-rg", "classic-rg").parse().unwrap();
    let detail = world.client("ADMIN").await.get(&api::vm_path(&id)).await.expect(200);
    assert_eq!(list(&detail.json["summary"]["support"]), "unsupported classic");
    assert!(lists(&world, "ADMIN").await.contains_key("classic-01"));
}

#[tokio::test]
async fn everybody_sees_only_what_azures_roles_let_them_read() {
    let world = World::start().await;
    let names = |lists: BTreeMap<String, String>| lists.into_keys().collect::<Vec<_>>();
    let requester = names(lists(&world, "REQUESTER").await);
    assert!(
        requester.contains(&"web-01".to_owned()) && !requester.contains(&"dev-01".to_owned()),
        "{requester:?}"
    );
    assert!(!requester.contains(&"fw-01".to_owned()), "another resource group: {requester:?}");
    let reader = names(lists(&world, "READER").await);
    assert!(reader.contains(&"fw-01".to_owned()) && !reader.contains(&"dev-01".to_owned()), "{reader:?}");
    assert_eq!(names(lists(&world, "NOBODY").await), Vec::<String>::new());
}

#[tokio::test]
async fn a_vm_that_may_not_be_seen_looks_like_one_that_does_not_exist() {
    let world = World::start().await;
    let hidden = world.client("NOBODY").await.get(&api::vm_path(&vm("web-01"))).await.expect(404);
    let missing = world.client("ADMIN").await.get(&api::vm_path(&vm("nowhere"))).await.expect(404);
    assert_eq!(hidden.code(), missing.code());
    assert_eq!(hidden.message().replace("web-01", "nowhere"), missing.message());
}

#[tokio::test]
async fn the_detail_says_how_to_connect() {
    let world = World::start().await;
    let detail = world.client("READER").await.get(&api::vm_path(&vm("web-01"))).await.expect(200);
    let network = &detail.json["network"];
    assert_eq!(network["public_addresses"][0], "20.51.3.9", "{}", detail.text);
    assert_eq!(network["private_addresses"][0], "10.1.0.4");
    assert_eq!(network["admin_user"], "azureuser");
    let file =
        world.client("READER").await.get(&format!("{}/rdp", api::vm_path(&vm("win-01")))).await.expect(200);
    assert!(file.text.starts_with("full address:s:20.51.3.11:3389\r\n"), "{}", file.text);
}

#[tokio::test]
async fn the_session_shows_the_address_that_the_trusted_proxy_saw() {
    let world = World::start().await;
    let client = world.client("READER").await;
    let session = client.get(api::route::SESSION).await.expect(200);
    assert_eq!(session.json["source"]["address"], "203.0.113.7");
    let spoofed = client.clone().from("198.51.100.1, 203.0.113.7").get(api::route::SESSION).await.expect(200);
    assert_eq!(spoofed.json["source"]["address"], "203.0.113.7");
    let private = client.from("10.0.0.7").get(api::route::SESSION).await.expect(200);
    assert_eq!(private.json["source"]["concern"], "private");
}

/// Name → list and reasons.
async fn lists(world: &World, who: &str) -> BTreeMap<String, String> {
    let answer = world.client(who).await.get(api::route::VMS).await.expect(200);
    let all = answer.json["vms"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    all.iter().map(|one| (name(one), list(&one["support"]))).collect()
}

fn name(summary: &Value) -> String {
    summary["vm"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

fn list(support: &Value) -> String {
    let mut text = support["list"].as_str().unwrap().to_owned();
    for reason in support["reasons"].as_array().into_iter().flatten() {
        text.push(' ');
        text.push_str(reason.as_str().unwrap());
    }
    text
}

fn sorted(text: &str) -> String {
    let (list, reasons) = text.split_once(' ').unwrap();
    let mut reasons: Vec<&str> = reasons.split(' ').collect();
    reasons.sort_unstable();
    format!("{list} {}", reasons.join(" "))
}
