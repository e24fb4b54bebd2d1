use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Azure, network, nsg};

const OUTSIDE: &str = "203.0.113.7";

fn vnet() -> String {
    network("virtualNetworks", "prod-vnet")
}

fn subnet(name: &str) -> String {
    format!("{}/subnets/{name}", vnet())
}

#[tokio::test]
async fn a_subnet_swaps_its_nsg() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    let mut app = owner.get(&subnet("app")).await.json();
    app["properties"]["networkSecurityGroup"] = json!({"id": nsg("legacy-01-nsg")});
    let answer = owner.put(&subnet("app"), &app).await;
    assert_eq!((answer.status, &answer.json()["name"]), (200, &json!("app")));
    assert_eq!(azure.verdict("web-02", 22, OUTSIDE).await, "shut", "not yet");
    assert_eq!(owner.put(&subnet("web"), &owner.get(&subnet("web")).await.json()).await.status, 429);
    azure.clock.advance(Duration::from_secs(1));
    assert_eq!(azure.verdict("web-02", 22, OUTSIDE).await, "open");
    assert_eq!(owner.delete(&nsg("legacy-01-nsg")).await.code(), "InUseNetworkSecurityGroupCannotBeDeleted");
    assert_eq!(owner.delete(&nsg("app-subnet-nsg")).await.status, 202);
}

#[tokio::test]
async fn a_network_is_written_with_all_its_subnets() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let mut whole = owner.get(&vnet()).await.json();
    let subnets = whole["properties"]["subnets"].as_array_mut().unwrap();
    subnets[1]["properties"].as_object_mut().unwrap().remove("networkSecurityGroup");
    subnets.push(json!({"name": "new", "properties": {"addressPrefix": "10.1.20.0/24"}}));
    assert_eq!(owner.put(&vnet(), &whole).await.status, 200);
    assert_eq!(azure.verdict("web-02", 22, OUTSIDE).await, "open");
    assert_eq!(owner.get(&subnet("new")).await.json()["id"], subnet("new"));
    whole["properties"]["subnets"].as_array_mut().unwrap().remove(0);
    assert_eq!(owner.put(&vnet(), &whole).await.code(), "InUseSubnetCannotBeDeleted");
}

#[tokio::test]
async fn subnets_come_and_go() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let body = json!({"properties": {"addressPrefix": "10.1.20.0/24"}});
    assert_eq!(owner.put(&subnet("new"), &body).await.status, 201);
    assert_eq!(owner.delete(&subnet("new")).await.status, 200);
    assert_eq!(owner.get(&subnet("new")).await.status, 404);
    assert_eq!(owner.delete(&subnet("new")).await.status, 204);
    assert_eq!(owner.delete(&subnet("web")).await.code(), "InUseSubnetCannotBeDeleted");
}

#[tokio::test]
async fn rejects_subnets_that_cannot_be() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let nothing = json!({"id": nsg("nothing")});
    for (properties, code) in [
        (json!({}), "NetcfgInvalidSubnet"),
        (json!({"addressPrefix": "10.7.0.0/24"}), "NetcfgInvalidSubnet"),
        (
            json!({"addressPrefix": "10.1.20.0/24", "networkSecurityGroup": nothing}),
            "InvalidResourceReference",
        ),
        (json!({"addressPrefix": "10.1.20.0/24", "routeTable": nothing}), "InvalidResourceReference"),
    ] {
        let answer = owner.put(&subnet("new"), &json!({"properties": properties})).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code));
    }
    let empty = json!({"location": "westeurope", "properties": {}});
    assert_eq!(owner.put(&vnet(), &empty).await.code(), "InvalidRequestFormat");
    let nowhere = format!("{}/subnets/new", network("virtualNetworks", "nothing"));
    let body: Value = json!({"properties": {"addressPrefix": "10.1.20.0/24"}});
    assert_eq!(owner.put(&nowhere, &body).await.status, 404);
}

#[tokio::test]
async fn a_subnet_is_written_only_in_the_version_that_is_named() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let known = owner.get(&subnet("app")).await.json();
    let etag = known["etag"].as_str().unwrap();
    assert_eq!(owner.put_if(etag, &subnet("app"), &known).await.status, 200);
    assert_eq!(owner.put_if(etag, &subnet("app"), &known).await.status, 412);
}
