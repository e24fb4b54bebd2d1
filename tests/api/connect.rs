//! How people are told to connect to a VM behind an Azure Firewall.

use serde_json::{Value, json};
use shared::{
    api::{route, vm_path},
    vm::VmId,
};
use tests::{PRODUCTION, World};

fn fw_01() -> VmId {
    VmId::new(PRODUCTION.parse().unwrap(), "net-rg", "fw-01").unwrap()
}

async fn enabled(port: u16) -> World {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&fw_01(), port).await.expect(200);
    world
}

async fn detail(world: &World) -> Value {
    world.client("ADMIN").await.get(&vm_path(&fw_01())).await.expect(200).json
}

#[tokio::test]
async fn the_firewall_is_named_in_the_list_and_in_the_detail() {
    let world = enabled(22).await;
    let network = &detail(&world).await["network"];
    assert_eq!(network["firewall"]["name"], "hub-fw", "{network}");
    assert!(["20.51.4.1", "20.51.4.2"].contains(&network["firewall"]["address"].as_str().unwrap()));
    let list = world.client("ADMIN").await.get(route::VMS).await.expect(200);
    let named = |name: &str| {
        let vms = list.json["vms"].as_array().unwrap();
        let vm = vms.iter().find(|vm| vm["vm"].as_str().unwrap().ends_with(name)).unwrap();
        vm["firewall"].clone()
    };
    assert_eq!((named("/fw-01"), named("/web-01")), (json!("hub-fw"), Value::Null));
}

#[tokio::test]
async fn a_port_is_mapped_while_it_is_open_and_not_otherwise() {
    let world = enabled(22).await;
    let port = |detail: &Value| detail["ports"][0].clone();
    let shut = port(&detail(&world).await);
    assert_eq!((&shut["mapped"], &shut["state"]["state"]), (&Value::Null, &json!("closed")), "{shut}");
    world.client("ADMIN").await.open(&fw_01(), 22, "PT1H").await.expect(201);
    let open = detail(&world).await;
    assert_eq!(port(&open)["state"]["state"], "open", "{open}");
    assert_eq!(port(&open)["mapped"]["address"], open["network"]["firewall"]["address"]);
    world.pass(3600);
    world.sweep().await;
    world.pass(60);
    let after = port(&detail(&world).await);
    assert_eq!((&after["mapped"], &after["state"]["state"]), (&Value::Null, &json!("closed")), "{after}");
}

#[tokio::test]
async fn an_rdp_file_leads_to_the_mapped_port_and_there_is_none_before() {
    let world = enabled(3389).await;
    let path = format!("{}/rdp", vm_path(&fw_01()));
    let refused = world.client("ADMIN").await.get(&path).await.expect(409);
    assert_eq!(refused.code(), "not_mapped", "{}", refused.text);
    world.client("ADMIN").await.open(&fw_01(), 3389, "PT1H").await.expect(201);
    let mapped = detail(&world).await["ports"][0]["mapped"].clone();
    let file = world.client("ADMIN").await.get(&path).await.expect(200).text;
    let address = format!("full address:s:{}:{}\r\n", mapped["address"].as_str().unwrap(), mapped["port"]);
    assert!(file.starts_with(&address), "{file}");
}

#[tokio::test]
async fn an_opening_that_would_let_in_whom_a_customers_nat_rule_leads_there_is_refused() {
    let world = enabled(8443).await;
    let refused = world.client("ADMIN").await.open(&fw_01(), 8443, "PT1H").await.expect(409);
    assert_eq!(refused.code(), "obstructed");
    assert!(refused.message().contains("https in contoso-website"), "{}", refused.text);
}

#[tokio::test]
async fn a_customers_nat_rule_to_a_protected_port_is_named_with_the_rule_that_lets_it_in() {
    let world = enabled(8443).await;
    let nsg = fw_01()
        .to_string()
        .replace("Compute/virtualMachines/fw-01", "Network/networkSecurityGroups/workload-nsg");
    let rule = tests::a_rule(300, "Allow", "10.2.0.0/26", "8443");
    let put = json!({ "id": format!("{nsg}/securityRules/published"), "body": { "properties": rule } });
    world.sim_call(reqwest::Method::PUT, "resources", &put).await;
    world.pass(60);
    world.sweep().await;
    let port = detail(&world).await["ports"][0].clone();
    assert_eq!(port["state"]["state"], "possibly_open", "{port}");
    let exposed = port["exposed"].as_array().unwrap();
    let led = exposed.iter().find(|one| one["nat"]["collection"] == "contoso-website");
    let led = led.unwrap_or_else(|| panic!("{port}"));
    assert_eq!((&led["nat"]["firewall"], &led["nat"]["name"]), (&json!("hub-fw"), &json!("https")));
    assert_eq!((&led["from"], &led["certain"]), (&json!(["*"]), &json!(true)));
    assert_eq!(led["rule"]["name"], "published", "{led}");
}
