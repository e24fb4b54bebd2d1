use serde_json::{Value, json};

use super::support::{Azure, DEV, PROD, nsg, rule};

fn network(kind: &str, name: &str) -> String {
    format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Network/{kind}/{name}")
}

#[tokio::test]
async fn shows_the_subscriptions_on_which_the_caller_has_a_role() {
    let azure = Azure::start().await;
    for (caller, count) in [("ADMIN", 2), ("REQUESTER", 1), ("READER", 1), ("NOBODY", 0)] {
        let answer = azure.caller(caller).await.get("/subscriptions").await;
        assert_eq!(answer.json()["value"].as_array().unwrap().len(), count, "{caller}");
    }
    let one = azure.caller("READER").await.get(PROD).await.json();
    assert_eq!((&one["displayName"], &one["state"]), (&json!("Contoso Production"), &json!("Enabled")));
}

#[tokio::test]
async fn shows_the_instance_view_only_when_asked() {
    let azure = Azure::start().await;
    let reader = azure.caller("READER").await;
    let vm = format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines/stopped-01");
    let power = |view: &Value| view["statuses"][1]["code"].clone();
    assert!(reader.get(&vm).await.json()["properties"]["instanceView"].is_null());
    let expanded = reader.get(&format!("{vm}?$expand=instanceView")).await.json();
    assert_eq!(power(&expanded["properties"]["instanceView"]), "PowerState/deallocated");
    assert_eq!(power(&reader.get(&format!("{vm}/instanceView")).await.json()), "PowerState/deallocated");
    let all = format!("{PROD}/providers/Microsoft.Compute/virtualMachines");
    assert!(reader.get(&all).await.json()["value"][0]["properties"]["instanceView"].is_null());
    let with_status = reader.get(&format!("{all}?statusOnly=true")).await.json();
    assert!(
        with_status["value"]
            .as_array()
            .unwrap()
            .iter()
            .all(|vm| vm["properties"]["instanceView"].is_object())
    );
}

#[tokio::test]
async fn shows_a_machine_down_to_its_address() {
    let azure = Azure::start().await;
    let reader = azure.caller("READER").await;
    let vm = format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines/win-01");
    let vm = reader.get(&vm).await.json();
    assert_eq!(vm["type"], "Microsoft.Compute/virtualMachines");
    assert_eq!(vm["properties"]["storageProfile"]["osDisk"]["osType"], "Windows");
    assert_eq!(vm["properties"]["osProfile"]["adminUsername"], "azureuser");
    let nic = vm["properties"]["networkProfile"]["networkInterfaces"][0]["id"].as_str().unwrap();
    let nic = reader.get(nic).await.json();
    assert_eq!(nic["properties"]["virtualMachine"]["id"], vm["id"]);
    let to = &nic["properties"]["ipConfigurations"][0]["properties"];
    assert_eq!(to["privateIPAddress"], "10.1.1.5");
    let public = reader.get(to["publicIPAddress"]["id"].as_str().unwrap()).await.json();
    assert_eq!(public["properties"]["ipAddress"], "20.51.3.11");
    let subnet = reader.get(to["subnet"]["id"].as_str().unwrap()).await.json();
    assert_eq!(subnet["properties"]["networkSecurityGroup"]["id"], nsg("app-subnet-nsg"));
}

#[tokio::test]
async fn shows_an_nsg_with_its_default_rules_and_attachments() {
    let azure = Azure::start().await;
    let reader = azure.caller("READER").await;
    let group = reader.get(&nsg("app-subnet-nsg")).await.json();
    assert!(group["etag"].as_str().unwrap().starts_with("W/\""));
    assert_eq!(group["properties"]["securityRules"][0]["name"], "allow-https");
    let priorities: Vec<_> = group["properties"]["defaultSecurityRules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["properties"]["priority"].as_i64().unwrap())
        .collect();
    assert_eq!(priorities, [65_000, 65_001, 65_500, 65_000, 65_001, 65_500]);
    assert_eq!(
        group["properties"]["subnets"][0]["id"],
        format!("{}/subnets/app", network("virtualNetworks", "prod-vnet"))
    );
    let group = reader.get(&nsg("web-01-nsg")).await.json();
    assert_eq!(group["properties"]["networkInterfaces"][0]["id"], network("networkInterfaces", "web-01-nic"));
    let default = format!("{}/defaultSecurityRules/denyallinbound", nsg("web-01-nsg"));
    assert_eq!(reader.get(&default).await.json()["properties"]["access"], "Deny");
    assert_eq!(reader.get(&rule("web-01-nsg", "allow-https")).await.json()["properties"]["priority"], 200);
}

#[tokio::test]
async fn shows_the_firewalls_and_the_routes_to_them() {
    let azure = Azure::start().await;
    let reader = azure.caller("READER").await;
    let answer = reader.get(&format!("{PROD}/providers/Microsoft.Network/azureFirewalls")).await;
    assert_eq!(answer.names(), ["hub-fw", "policy-fw"]);
    let both = answer.json();
    assert_eq!(
        both["value"][0]["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"],
        "10.2.0.4"
    );
    assert!(both["value"][0]["properties"]["firewallPolicy"].is_null());
    assert!(both["value"][1]["properties"]["firewallPolicy"]["id"].is_string());
    let routes =
        format!("{PROD}/resourceGroups/net-rg/providers/Microsoft.Network/routeTables/workload-routes");
    let route = &reader.get(&routes).await.json()["properties"]["routes"][0]["properties"];
    assert_eq!(
        (&route["addressPrefix"], &route["nextHopIpAddress"]),
        (&json!("0.0.0.0/0"), &json!("10.2.0.4"))
    );
}

#[tokio::test]
async fn keeps_classic_machines_apart() {
    let azure = Azure::start().await;
    let reader = azure.caller("READER").await;
    let classic = reader.get(&format!("{PROD}/providers/Microsoft.ClassicCompute/virtualMachines")).await;
    assert_eq!(classic.names(), ["classic-01"]);
    let modern = reader.get(&format!("{PROD}/providers/Microsoft.Compute/virtualMachines")).await;
    assert!(!modern.names().contains(&"classic-01".to_owned()));
}

#[tokio::test]
async fn has_the_fourteen_machines_of_the_contract() {
    let azure = Azure::start().await;
    let caller = azure.identity().await;
    let mut all = Vec::new();
    for (subscription, namespace) in [(PROD, "Compute"), (PROD, "ClassicCompute"), (DEV, "Compute")] {
        let path = format!("{subscription}/providers/Microsoft.{namespace}/virtualMachines");
        all.extend(caller.get(&path).await.names());
    }
    all.sort_unstable();
    let expected = "bare-01 classic-01 crowded-01 dev-01 dev-02 dev-win-01 fw-01 fwpol-01 legacy-01 locked-01 \
                    stopped-01 web-01 web-02 win-01";
    assert_eq!(all.join(" "), expected);
}

#[tokio::test]
async fn gives_the_dual_stack_machine_both_addresses() {
    let azure = Azure::start().await;
    let nic = format!("{DEV}/resourceGroups/dev-rg/providers/Microsoft.Network/networkInterfaces/dev-01-nic");
    let nic = azure.identity().await.get(&nic).await.json();
    let configurations = nic["properties"]["ipConfigurations"].as_array().unwrap();
    let addresses: Vec<_> =
        configurations.iter().map(|one| one["properties"]["privateIPAddress"].clone()).collect();
    assert_eq!(addresses, ["10.8.0.4", "fd00:8::4"]);
}
