//! What people do to VMs and networks meanwhile: at the next look the world is right again.

use serde_json::{Value, json};
use shared::api::vm_path;
use tests::{PRODUCTION, World, a_rule, nsg, vm};

#[tokio::test]
async fn the_rules_follow_a_vm_to_its_new_private_address() {
    let world = opened().await;
    edit(&world, "web-01-nic", |nic| {
        nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] = "10.1.0.77".into();
    })
    .await;
    next_look(&world).await;
    assert_eq!(destinations(&world, "web-01-nsg").await, ["10.1.0.77/32", "10.1.0.77/32"]);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    assert_eq!(world.probe(&vm("web-01"), 22, "198.51.100.1").await, "shut");
    world.pass(3600);
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn an_opening_asks_azure_where_the_vm_is_however_new_the_inventory_is() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    admin.enable(&vm("web-01"), 22).await.expect(200);
    admin.get(shared::api::route::VMS).await.expect(200);
    edit(&world, "web-01-nic", |nic| {
        nic["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] = "10.1.0.78".into();
    })
    .await;
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    assert_eq!(destinations(&world, "web-01-nsg").await, ["10.1.0.78/32", "10.1.0.78/32"]);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
}

#[tokio::test]
async fn the_rules_follow_a_vm_to_another_nsg_and_nothing_stays_in_the_old_one() {
    let world = opened().await;
    edit(&world, "web-01-nic", |nic| {
        nic["properties"]["networkSecurityGroup"]["id"] = nsg("stopped-01-nsg").to_string().into();
    })
    .await;
    next_look(&world).await;
    assert_eq!(ours(&world, "web-01-nsg").await, 0);
    assert_eq!(ours(&world, "stopped-01-nsg").await, 2);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    assert_eq!(world.probe(&vm("web-01"), 22, "198.51.100.1").await, "shut");
}

#[tokio::test]
async fn without_a_lease_the_guard_leaves_the_old_nsg_as_well() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    edit(&world, "web-01-nic", |nic| {
        nic["properties"]["networkSecurityGroup"]["id"] = nsg("stopped-01-nsg").to_string().into();
    })
    .await;
    next_look(&world).await;
    assert_eq!((ours(&world, "web-01-nsg").await, ours(&world, "stopped-01-nsg").await), (0, 1));
}

#[tokio::test]
async fn a_vm_that_moves_into_a_subnet_with_an_nsg_gets_its_rules_in_both() {
    let world = opened().await;
    let subnet = {
        let win = resource(&world, &nic("win-01-nic")).await;
        win["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"].clone()
    };
    edit(&world, "web-01-nic", |nic| {
        let properties = &mut nic["properties"]["ipConfigurations"][0]["properties"];
        properties["subnet"]["id"] = subnet.clone();
        properties["privateIPAddress"] = "10.1.1.77".into();
    })
    .await;
    next_look(&world).await;
    assert_eq!((ours(&world, "web-01-nsg").await, ours(&world, "app-subnet-nsg").await), (2, 2));
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open");
    world.pass(3600);
    world.sweep().await;
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn a_second_address_is_guarded_and_opened_too() {
    let world = opened().await;
    edit(&world, "web-01-nic", |nic| {
        let list = nic["properties"]["ipConfigurations"].as_array_mut().unwrap();
        let mut second = list[0].clone();
        second["name"] = "ipconfig2".into();
        second["id"] = format!("{}-2", second["id"].as_str().unwrap_or_default()).into();
        second["properties"]["privateIPAddress"] = "10.1.0.78".into();
        second["properties"]["primary"] = false.into();
        second["properties"].as_object_mut().unwrap().remove("publicIPAddress");
        list.push(second);
    })
    .await;
    next_look(&world).await;
    for rule in world.nsg("web-01-nsg").await.rules.iter().filter(|rule| rule.name.starts_with("postern-")) {
        assert_eq!(rule.destinations.len(), 2, "{rule:?}");
    }
}

#[tokio::test]
async fn a_second_interface_with_an_nsg_of_its_own_gets_its_rules_there() {
    let world = opened().await;
    let mut second = resource(&world, &nic("web-01-nic")).await;
    let (first_id, second_id) = (nic("web-01-nic"), nic("web-01-nic-2"));
    second["id"] = second_id.clone().into();
    second["name"] = "web-01-nic-2".into();
    second["properties"]["primary"] = false.into();
    second["properties"]["networkSecurityGroup"]["id"] = nsg("stopped-01-nsg").to_string().into();
    let address = &mut second["properties"]["ipConfigurations"][0];
    address["id"] = format!("{second_id}/ipConfigurations/ipconfig1").into();
    address["properties"]["privateIPAddress"] = "10.1.0.79".into();
    address["properties"].as_object_mut().unwrap().remove("publicIPAddress");
    let mut machine = resource(&world, &vm("web-01").to_string()).await;
    machine["properties"]["networkProfile"]["networkInterfaces"] = json!([
        { "id": first_id, "properties": { "primary": true } },
        { "id": second_id, "properties": { "primary": false } },
    ]);
    for (id, body) in [(second_id, second), (vm("web-01").to_string(), machine)] {
        world.sim_call(reqwest::Method::PUT, "resources", &json!({ "id": id, "body": body })).await;
    }
    next_look(&world).await;
    assert_eq!((ours(&world, "web-01-nsg").await, ours(&world, "stopped-01-nsg").await), (2, 2));
    assert_eq!(destinations(&world, "stopped-01-nsg").await, ["10.1.0.79/32", "10.1.0.79/32"]);
}

#[tokio::test]
async fn an_nsg_that_is_gone_is_said_and_holds_up_nothing() {
    let world = opened().await;
    edit(&world, "web-01-nic", |nic| {
        nic["properties"].as_object_mut().unwrap().remove("networkSecurityGroup");
    })
    .await;
    let gone = json!({ "id": nsg("web-01-nsg").to_string() });
    world.sim_call(reqwest::Method::DELETE, "resources", &gone).await;
    next_look(&world).await;
    let detail = world.client("READER").await.get(&vm_path(&vm("web-01"))).await.expect(200);
    assert_ne!(detail.json["summary"]["state"], "closed", "{}", detail.text);
    assert_eq!(
        world.app.store().observation(&nsg("web-01-nsg")).await.unwrap(),
        None,
        "nothing of it is kept"
    );
    world.pass(3600);
    world.sweep().await;
    world.pass(600);
    let report = world.sweep().await;
    assert_eq!(report.overdue, 0, "{report:?}");
}

#[tokio::test]
async fn a_rule_of_ours_in_an_nsg_that_nothing_uses_is_found_and_removed() {
    let world = opened().await;
    let lease = world.rules("web-01-nsg").await.into_iter().find(|name| name.contains("-lease-")).unwrap();
    let mut loose = resource(&world, &nsg("stopped-01-nsg").to_string()).await;
    loose["name"] = "loose-nsg".into();
    loose["id"] = nsg("loose-nsg").to_string().into();
    loose["properties"].as_object_mut().unwrap().remove("networkInterfaces");
    let put = json!({ "id": nsg("loose-nsg").to_string(), "body": loose });
    world.sim_call(reqwest::Method::PUT, "resources", &put).await;
    world.put_rule("loose-nsg", &lease, &a_rule(100, "Allow", "203.0.113.7", "22")).await;
    next_look(&world).await;
    assert_eq!((ours(&world, "loose-nsg").await, ours(&world, "web-01-nsg").await), (0, 2));
}

#[tokio::test]
async fn a_stopped_vm_keeps_its_guard_and_its_end() {
    let world = World::start().await;
    let stopped = vm("stopped-01");
    world.client("ADMIN").await.enable(&stopped, 22).await.expect(200);
    world.client("REQUESTER").await.open(&stopped, 22, "PT1H").await.expect(201);
    world.pass(3600);
    assert_eq!(world.sweep().await.overdue, 0);
    let detail = world.client("READER").await.get(&vm_path(&stopped)).await.expect(200);
    assert_eq!(detail.json["summary"]["state"], "closed", "{}", detail.text);
}

#[tokio::test]
async fn an_opening_that_a_later_deny_defeats_is_not_called_open() {
    let world = opened().await;
    let path = vm_path(&vm("web-01"));
    let reader = world.client("READER").await;
    assert_eq!(reader.get(&path).await.expect(200).json["summary"]["state"], "open");
    // The customer's rule takes the place before ours.
    let lease = world.rules("web-01-nsg").await.into_iter().find(|name| name.contains("-lease-")).unwrap();
    world.remove_rule("web-01-nsg", &lease).await;
    world.put_rule("web-01-nsg", "no-ssh", &a_rule(100, "Deny", "203.0.113.0/24", "22")).await;
    next_look(&world).await;
    let detail = reader.get(&path).await.expect(200);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
    assert_eq!(detail.json["ports"][0]["state"]["state"], "possibly_open", "{}", detail.text);
    assert!(detail.text.contains("not_effective"), "{}", detail.text);
}

async fn opened() -> World {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    world
}

async fn next_look(world: &World) {
    world.pass(60);
    world.sweep().await;
}

fn nic(name: &str) -> String {
    format!(
        "/subscriptions/{PRODUCTION}/resourceGroups/prod-rg/providers/Microsoft.Network/networkInterfaces/{name}"
    )
}

async fn edit(world: &World, name: &str, change: impl Fn(&mut Value)) {
    let mut body = resource(world, &nic(name)).await;
    change(&mut body);
    let put = json!({ "id": nic(name), "body": body });
    let answer = world.sim_call(reqwest::Method::PUT, "resources", &put).await;
    assert!(answer["error"].is_null(), "{answer}");
}

async fn resource(world: &World, id: &str) -> Value {
    let state = world.sim_call(reqwest::Method::GET, "state", &Value::Null).await;
    state.get(id.to_lowercase()).unwrap_or_else(|| panic!("no {id}")).clone()
}

async fn ours(world: &World, nsg: &str) -> usize {
    world.rules(nsg).await.iter().filter(|name| name.starts_with("postern-")).count()
}

async fn destinations(world: &World, nsg: &str) -> Vec<String> {
    let rules = world.nsg(nsg).await.rules.into_iter().filter(|rule| rule.name.starts_with("postern-"));
    let texts = rules.flat_map(|rule| rule.destinations).map(|to| match to {
        shared::rule::AddressMatch::Prefix(net) => net.to_string(),
        other => format!("{other:?}"),
    });
    texts.collect()
}
