use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Azure, Caller, network, vm};

async fn power(caller: &Caller<'_>, name: &str) -> Value {
    let view = caller.get(&format!("{}/instanceView", vm(name))).await.json();
    view["statuses"][1]["code"].clone()
}

#[tokio::test]
async fn a_machine_stops_and_starts_in_time() {
    let azure = Azure::start_slow().await;
    let admin = azure.caller("ADMIN").await;
    for (action, meanwhile, then) in [
        ("deallocate", "PowerState/deallocating", "PowerState/deallocated"),
        ("start", "PowerState/starting", "PowerState/running"),
        ("powerOff", "PowerState/stopping", "PowerState/stopped"),
    ] {
        let answer = admin.post(&format!("{}/{action}", vm("web-01"))).await;
        assert_eq!(answer.status, 202);
        let (operation, location) = (answer.header("azure-asyncoperation"), answer.header("location"));
        assert_eq!(admin.get(operation).await.json()["status"], "InProgress");
        assert_eq!(admin.get(location).await.status, 202);
        assert_eq!(power(&admin, "web-01").await, meanwhile);
        azure.clock.advance(Duration::from_secs(1));
        assert_eq!(admin.get(operation).await.json()["status"], "Succeeded");
        assert_eq!(admin.get(location).await.status, 200);
        assert_eq!(power(&admin, "web-01").await, then);
    }
}

#[tokio::test]
async fn a_dynamic_address_comes_with_the_machine_and_goes() {
    let azure = Azure::start().await;
    let admin = azure.caller("ADMIN").await;
    let public = network("publicIPAddresses", "stopped-01-ip");
    let address = async || admin.get(&public).await.json()["properties"]["ipAddress"].clone();
    assert!(address().await.is_null());
    assert_eq!(admin.post(&format!("{}/start", vm("stopped-01"))).await.status, 202);
    assert!(address().await.is_string());
    assert_eq!(power(&admin, "stopped-01").await, "PowerState/running");
    admin.post(&format!("{}/deallocate", vm("stopped-01"))).await;
    assert!(address().await.is_null());
    admin.post(&format!("{}/deallocate", vm("web-01"))).await;
    let fixed = admin.get(&network("publicIPAddresses", "web-01-ip")).await.json();
    assert_eq!(fixed["properties"]["ipAddress"], "20.51.3.9");
}

#[tokio::test]
async fn a_failed_start_starts_nothing() {
    let azure = Azure::start().await;
    let admin = azure.caller("ADMIN").await;
    azure.fault(json!({"kind": "fail_late", "method": "POST", "count": 1})).await;
    let answer = admin.post(&format!("{}/start", vm("stopped-01"))).await;
    assert_eq!(answer.status, 202);
    assert_eq!(admin.get(answer.header("azure-asyncoperation")).await.json()["status"], "Failed");
    assert_eq!(power(&admin, "stopped-01").await, "PowerState/deallocated");
}

#[tokio::test]
async fn only_those_who_may_start_a_machine() {
    let azure = Azure::start().await;
    let answer = azure.caller("READER").await.post(&format!("{}/start", vm("stopped-01"))).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "AuthorizationFailed"));
    let admin = azure.caller("ADMIN").await;
    assert_eq!(admin.post(&format!("{}/start", vm("nothing"))).await.status, 404);
    assert_eq!(admin.post(&format!("{}/explode", vm("web-01"))).await.status, 405);
    assert_eq!(admin.post(&vm("web-01")).await.status, 405);
}

#[tokio::test]
async fn the_history_tells_who_stopped_a_machine() {
    let azure = Azure::start().await;
    let admin = azure.caller("ADMIN").await;
    admin.post(&format!("{}/deallocate", vm("web-01"))).await;
    let history = azure.control("GET", "/history", Value::Null).await.json();
    assert_eq!((&history[0]["method"], &history[0]["status"]), (&json!("POST"), &json!(202)));
    assert!(history[0]["effect_at"].is_string());
}
