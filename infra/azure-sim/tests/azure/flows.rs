use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Azure, Caller, lease, network, network_in, nsg, rule, vm};

const OUTSIDE: &str = "203.0.113.7";

fn packet() -> Value {
    json!({"vm": "web-01", "port": 22, "source": OUTSIDE})
}

async fn flush(owner: &Caller<'_>, name: &str, on: bool) {
    let mut group = owner.get(&nsg(name)).await.json();
    group["properties"]["flushConnection"] = on.into();
    let answer = owner.put(&nsg(name), &group).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn establish(azure: &Azure, packet: Value) -> u64 {
    let answer = azure.control("POST", "/flows", packet).await;
    assert_eq!((answer.status, &answer.json()["state"]), (201, &json!("established")), "{}", answer.text);
    answer.json()["id"].as_u64().unwrap()
}

async fn state(azure: &Azure, id: u64) -> (String, Value) {
    let flows = azure.control("GET", "/flows", Value::Null).await.json();
    let flow = flows.as_array().unwrap().iter().find(|flow| flow["id"] == id).expect("the flow is listed");
    (flow["state"].as_str().unwrap().to_owned(), flow["dropped_at"].clone())
}

/// A simulator in which `web-01` is open to one address, and a flow to it.
async fn open(azure: &Azure, owner: &Caller<'_>) -> u64 {
    assert_eq!(owner.put(&rule("web-01-nsg", "lease"), &lease(150)).await.status, 201);
    establish(azure, packet()).await
}

#[tokio::test]
async fn a_flow_begins_only_where_its_packet_gets_in() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let refused = azure.control("POST", "/flows", packet()).await;
    assert_eq!((refused.status, &refused.json()["probe"]["verdict"]), (409, &json!("shut")));
    let id = open(&azure, &owner).await;
    let flows = azure.control("GET", "/flows", Value::Null).await.json();
    let expected = json!([{
        "id": id, "source": OUTSIDE, "destination": "10.1.0.4", "port": 22, "state": "established",
        "dropped_at": null,
    }]);
    assert_eq!(flows, expected);
    assert_eq!(azure.control("DELETE", &format!("/flows/{id}"), Value::Null).await.status, 204);
    assert_eq!(azure.control("DELETE", &format!("/flows/{id}"), Value::Null).await.status, 404);
    assert_eq!(azure.control("GET", "/flows", Value::Null).await.json(), json!([]));
}

#[tokio::test]
async fn a_flow_outlives_the_rule_that_let_it_in() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let id = open(&azure, &owner).await;
    assert_eq!(owner.delete(&rule("web-01-nsg", "lease")).await.status, 200);
    assert_eq!(azure.verdict("web-01", 22, OUTSIDE).await, "shut");
    assert_eq!(state(&azure, id).await, ("established".to_owned(), Value::Null));
}

#[tokio::test]
async fn an_nsg_that_flushes_cuts_when_a_change_takes_effect() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let id = open(&azure, &owner).await;
    flush(&owner, "web-01-nsg", true).await;
    assert_eq!(state(&azure, id).await.0, "established", "it would still get in");
    azure.control("PUT", "/settings", json!({"latency_ms": 1_000})).await;
    assert_eq!(owner.delete(&rule("web-01-nsg", "lease")).await.status, 202);
    assert_eq!(state(&azure, id).await.0, "established", "not yet");
    azure.clock.advance(Duration::from_secs(5));
    assert_eq!(state(&azure, id).await, ("dropped".to_owned(), json!("2030-01-15T09:00:01Z")));
}

#[tokio::test]
async fn turning_it_on_cuts_what_would_not_get_in_any_more() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let gone = open(&azure, &owner).await;
    let stays = establish(&azure, json!({"vm": "web-01", "port": 443, "source": OUTSIDE})).await;
    owner.delete(&rule("web-01-nsg", "lease")).await;
    flush(&owner, "web-01-nsg", true).await;
    assert_eq!(state(&azure, gone).await.0, "dropped");
    assert_eq!(state(&azure, stays).await.0, "established");
}

#[tokio::test]
async fn once_turned_off_nothing_is_cut() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let id = open(&azure, &owner).await;
    flush(&owner, "web-01-nsg", true).await;
    flush(&owner, "web-01-nsg", false).await;
    owner.delete(&rule("web-01-nsg", "lease")).await;
    assert_eq!(state(&azure, id).await.0, "established");
}

#[tokio::test]
async fn another_nsg_that_flushes_cuts_nothing() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let id = open(&azure, &owner).await;
    owner.delete(&rule("web-01-nsg", "lease")).await;
    flush(&owner, "app-subnet-nsg", true).await;
    assert_eq!(owner.put(&rule("app-subnet-nsg", "any"), &lease(150)).await.status, 201);
    assert_eq!(state(&azure, id).await.0, "established");
}

#[tokio::test]
async fn either_nsg_on_the_way_cuts() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    flush(&owner, "win-01-nsg", true).await;
    let rdp = |nsg: &str| {
        (
            rule(nsg, "rdp"),
            super::support::lease_with(json!({
                "destinationPortRange": "3389", "destinationAddressPrefix": "10.1.1.5",
            })),
        )
    };
    for nsg in ["app-subnet-nsg", "win-01-nsg"] {
        let (path, body) = rdp(nsg);
        assert_eq!(owner.put(&path, &body).await.status, 201);
    }
    let id = establish(&azure, json!({"vm": "win-01", "port": 3_389, "source": OUTSIDE})).await;
    owner.delete(&rdp("app-subnet-nsg").0).await;
    assert_eq!(state(&azure, id).await.0, "established", "the subnet's NSG does not flush");
    owner.put(&rule("win-01-nsg", "other"), &lease(200)).await;
    assert_eq!(state(&azure, id).await.0, "dropped", "any change of one that flushes looks at the whole way");
}

#[tokio::test]
async fn a_failed_write_cuts_nothing() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let id = open(&azure, &owner).await;
    owner.delete(&rule("web-01-nsg", "lease")).await;
    azure.fault(json!({"kind": "fail_late", "method": "PUT", "count": 1})).await;
    flush(&owner, "web-01-nsg", true).await;
    assert_eq!(state(&azure, id).await.0, "established");
}

#[tokio::test]
async fn a_hand_edit_of_an_nsg_that_flushes_cuts_too() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let id = open(&azure, &owner).await;
    flush(&owner, "web-01-nsg", true).await;
    azure.control("DELETE", "/resources", json!({"id": rule("web-01-nsg", "lease")})).await;
    assert_eq!(state(&azure, id).await.0, "dropped");
}

#[tokio::test]
async fn a_flow_through_a_firewall_is_cut_by_the_nsg_behind_it() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let id = establish(&azure, json!({"destination": "20.51.4.1", "port": 443, "source": OUTSIDE})).await;
    let path = network_in("net-rg", "networkSecurityGroups", "workload-nsg");
    let mut group = owner.get(&path).await.json();
    group["properties"]["flushConnection"] = true.into();
    owner.put(&path, &group).await;
    assert_eq!(state(&azure, id).await.0, "established");
    let guard = super::support::lease_with(json!({
        "access": "Deny", "destinationPortRange": "8443", "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "10.2.1.4",
    }));
    assert_eq!(owner.put(&format!("{path}/securityRules/guard"), &guard).await.status, 201);
    assert_eq!(state(&azure, id).await.0, "dropped");
}

#[tokio::test]
async fn a_machine_that_stops_keeps_no_flow() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let id = open(&azure, &owner).await;
    azure.control("PUT", "/settings", json!({"latency_ms": 1_000})).await;
    assert_eq!(owner.post(&format!("{}/deallocate", vm("web-01"))).await.status, 202);
    assert_eq!(state(&azure, id).await.0, "established", "not yet");
    azure.clock.advance(Duration::from_secs(5));
    assert_eq!(state(&azure, id).await, ("dropped".to_owned(), json!("2030-01-15T09:00:01Z")));
    azure.control("PUT", "/settings", json!({"latency_ms": 0})).await;
    let again = establish(&azure, json!({"vm": "legacy-01", "port": 22, "source": OUTSIDE})).await;
    owner.delete(&vm("legacy-01")).await;
    assert_eq!(state(&azure, again).await.0, "dropped");
    assert_eq!(owner.get(&network("networkInterfaces", "legacy-01-nic")).await.status, 200);
}
