//! VMs that are reached through an Azure Firewall with classic rules.

use serde_json::{Value, json};
use shared::{
    api::{self, vm_path},
    vm::VmId,
};
use tests::{Answer, PRODUCTION, World};

const REQUESTER: &str = "203.0.113.7";
const STRANGER: &str = "198.51.100.9";

#[tokio::test]
async fn an_opening_leads_just_the_granted_address_through_and_its_end_shuts_both() {
    let world = enabled().await;
    let foreign = collections(&world).await;
    let grant = open(&world).await.expect(201);
    assert_eq!(grant.json["leases"][0]["state"], "open", "{}", grant.text);
    let mapped = mapped(&world).await;
    let public = mapped["address"].as_str().unwrap();
    assert!(["20.51.4.1", "20.51.4.2"].contains(&public), "{mapped}");
    assert_eq!(probe(&world, &mapped, REQUESTER).await, "open");
    assert_eq!(probe(&world, &mapped, STRANGER).await, "shut");
    let other = if public == "20.51.4.1" { "20.51.4.2" } else { "20.51.4.1" };
    let elsewhere = json!({ "address": other, "port": mapped["port"] });
    assert_eq!(probe(&world, &elsewhere, REQUESTER).await, "shut", "only one of the addresses stands for it");
    assert_eq!(world.probe(&fw_01(), 22, "10.2.1.9").await, "shut", "a neighbour");
    assert_eq!(collections(&world).await.len(), foreign.len() + 1);

    world.pass(3600);
    world.sweep().await;
    assert_eq!(probe(&world, &mapped, REQUESTER).await, "shut");
    assert_eq!(collections(&world).await, foreign, "everything of others is as it was");
    let closed = world.client("ADMIN").await.get(&path(&grant)).await.expect(200);
    assert_eq!(closed.json["leases"][0]["state"], "closed", "{}", closed.text);
}

#[tokio::test]
async fn two_people_share_the_mapped_port_and_neither_cuts_the_other() {
    let world = enabled().await;
    open(&world).await.expect(201);
    let first = mapped(&world).await;
    let admin = world.client("ADMIN").await;
    let other = admin.clone().from(STRANGER).open(&fw_01(), 22, "PT2H").await.expect(201);
    assert_eq!(other.json["leases"][0]["state"], "open", "{}", other.text);
    assert_eq!(mapped(&world).await, first);
    world.pass(3600);
    world.sweep().await;
    assert_eq!(probe(&world, &first, REQUESTER).await, "shut");
    assert_eq!(probe(&world, &first, STRANGER).await, "open");
}

#[tokio::test]
async fn a_killed_process_leaves_nothing_open_at_the_firewall() {
    let mut world = enabled().await;
    open(&world).await.expect(201);
    let mapped = mapped(&world).await;
    world.restart().await;
    world.pass(3600);
    world.sweep().await;
    assert_eq!(probe(&world, &mapped, REQUESTER).await, "shut");
}

#[tokio::test]
async fn a_firewall_that_resists_is_overdue_while_its_nsg_is_shut_already() {
    let world = enabled().await;
    let grant = open(&world).await.expect(201);
    let mapped = mapped(&world).await;
    let fault = json!({ "kind": "server_error", "method": "PUT", "path_contains": "azurefirewalls", "count": 10_000 });
    world.fault(fault).await;
    world.pass(3600);
    assert_eq!(world.sweep().await.overdue, 1);
    assert_eq!(probe(&world, &mapped, REQUESTER).await, "shut", "the NSG lets the firewall in no more");
    let lease = world.client("ADMIN").await.get(&path(&grant)).await.expect(200);
    assert_ne!(lease.json["leases"][0]["state"], "closed", "{}", lease.text);
    world.clear_faults().await;
    world.pass(600);
    assert_eq!(world.sweep().await.overdue, 0);
}

#[tokio::test]
async fn what_was_changed_meanwhile_is_not_overwritten() {
    let world = enabled().await;
    let fault = json!({ "kind": "slow", "method": "PUT", "path_contains": "azurefirewalls", "count": 1, "delay_ms": 300 });
    world.fault(fault).await;
    let before = raw(&world).await;
    let other = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let mut changed = before.clone();
        changed["properties"]["natRuleCollections"][0]["properties"]["rules"][0]["description"] =
            "changed".into();
        let body = json!({ "id": hub(), "body": changed });
        world.sim_call(reqwest::Method::PUT, "resources", &body).await;
    };
    let (grant, ()) = tokio::join!(open(&world), other);
    assert_eq!(grant.expect(201).json["leases"][0]["state"], "open");
    let rule = &raw(&world).await["properties"]["natRuleCollections"][0]["properties"]["rules"][0];
    assert_eq!(rule["description"], "changed");
}

fn fw_01() -> VmId {
    VmId::new(PRODUCTION.parse().unwrap(), "net-rg", "fw-01").unwrap()
}

fn hub() -> String {
    format!(
        "/subscriptions/{PRODUCTION}/resourceGroups/net-rg/providers/Microsoft.Network/azureFirewalls/hub-fw"
    )
}

async fn enabled() -> World {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&fw_01(), 22).await.expect(200);
    world
}

async fn open(world: &World) -> Answer {
    world.client("ADMIN").await.open(&fw_01(), 22, "PT1H").await
}

fn path(grant: &Answer) -> String {
    format!("{}/{}", api::route::GRANTS, grant.json["id"].as_str().unwrap())
}

/// Where the portal tells people to connect to.
async fn mapped(world: &World) -> Value {
    let detail = world.client("ADMIN").await.get(&vm_path(&fw_01())).await.expect(200);
    let mapped = detail.json["ports"][0]["mapped"].clone();
    assert!(mapped.is_object(), "{}", detail.text);
    mapped
}

async fn probe(world: &World, mapped: &Value, source: &str) -> String {
    let packet = json!({ "destination": mapped["address"], "port": mapped["port"], "protocol": "tcp", "source": source });
    let answer = world.sim_call(reqwest::Method::POST, "probe", &packet).await;
    answer["verdict"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn raw(world: &World) -> Value {
    let state = world.sim_call(reqwest::Method::GET, "state", &Value::Null).await;
    state.get(hub().to_lowercase()).unwrap_or_else(|| panic!("no {}", hub())).clone()
}

async fn collections(world: &World) -> Vec<Value> {
    let raw = raw(world).await;
    let mut all = raw["properties"]["natRuleCollections"].as_array().unwrap().clone();
    for one in &mut all {
        one.as_object_mut().unwrap().remove("etag");
    }
    all
}
