//! Several calls in one, as Azure's portal asks for access.

use serde_json::{Value, json};
use tests::{CLIENT_ADDRESS, Client, vm};

use crate::arm::{policy_path, protected};

const BATCH: &str = "/batch?api-version=2020-06-01";

#[tokio::test]
async fn access_asked_for_as_azures_portal_does_is_opened() {
    let world = protected().await;
    let client = world.client("REQUESTER").await;
    let port = json!({ "number": 22, "duration": "PT3H", "allowedSourceAddressPrefixes": ["203.0.113.7", "198.51.100.0/24"] });
    let ask = call("one", "POST", "/initiate?api-version=2015-06-01-preview", asking(port));
    let see = call("two", "GET", "?api-version=2015-06-01-preview", Value::Null);
    let answers = batch(&client, &[ask, see]).await;
    assert_eq!((&answers[0]["name"], &answers[0]["httpStatusCode"]), (&json!("one"), &json!(202)));
    let status = &answers[0]["content"]["virtualMachines"][0]["ports"][0]["status"];
    assert_eq!(status, "Initiated");
    assert!(answers[0]["headers"]["x-ms-request-id"].is_string());
    assert_eq!(answers[1]["content"]["properties"]["requests"], json!([answers[0]["content"]]));
    for source in ["203.0.113.7", "198.51.100.9"] {
        assert_eq!(world.probe(&vm("web-01"), 22, source).await, "open");
    }
}

#[tokio::test]
async fn each_call_of_a_batch_is_its_callers_own_and_fails_alone() {
    let world = protected().await;
    let own = asking(json!({ "number": 22, "duration": "PT1H" }));
    let version = "?api-version=2020-01-01";
    let ask = call("ask", "POST", &format!("/initiate{version}"), own);
    let remove = call("remove", "DELETE", version, Value::Null);
    let nowhere = json!({ "httpMethod": "GET", "url": "/subscriptions/x/y" });
    let calls = [remove, nowhere, ask];
    let answers = batch(&world.client("REQUESTER").await, &calls).await;
    let statuses: Vec<&Value> = answers.iter().map(|answer| &answer["httpStatusCode"]).collect();
    assert_eq!(statuses, [403, 404, 202]);
    assert_eq!(answers[0]["content"]["error"]["code"], "AuthorizationFailed");
    assert_eq!(world.probe(&vm("web-01"), 22, CLIENT_ADDRESS).await, "open");
    let answers = batch(&world.client("NOBODY").await, &calls).await;
    assert!(answers.iter().all(|answer| answer["httpStatusCode"].as_u64() > Some(399)));
    world.anonymous().post(BATCH, &json!({ "requests": calls })).await.expect(401);
}

#[tokio::test]
async fn a_batch_with_anything_that_is_no_call_makes_none() {
    let world = protected().await;
    let client = world.client("REQUESTER").await;
    let ask = call(
        "ask",
        "POST",
        "/initiate?api-version=2020-01-01",
        asking(json!({ "number": 22, "duration": "PT1H" })),
    );
    for wrong in [
        json!({ "httpMethod": "POST", "url": BATCH, "content": { "requests": [ask] } }),
        json!({ "httpMethod": "GET", "url": "/api/vms" }),
        json!({ "httpMethod": "a b", "url": policy_path("default") }),
        json!({ "httpMethod": "GET" }),
    ] {
        let refused = client.post(BATCH, &json!({ "requests": [ask, wrong] })).await.expect(400);
        assert_eq!(refused.code(), "InvalidRequestContent", "{wrong}");
    }
    client.post(BATCH, &json!({ "requests": [] })).await.expect(400);
    client.post(BATCH, &json!({ "requests": vec![ask; 21] })).await.expect(400);
    assert_eq!(world.probe(&vm("web-01"), 22, CLIENT_ADDRESS).await, "shut");
}

fn asking(port: Value) -> Value {
    json!({ "virtualMachines": [{ "id": vm("web-01").to_string(), "ports": [port] }] })
}

/// A call about the policy `default`, by the URL that Azure's portal has for it.
fn call(name: &str, method: &str, rest: &str, content: Value) -> Value {
    json!({
        "name": name, "httpMethod": method, "content": content,
        "requestHeaderDetails": { "commandName": "Microsoft_Azure_Compute." },
        "url": format!("https://management.azure.com{}{rest}", policy_path("default")),
    })
}

async fn batch(client: &Client, calls: &[Value]) -> Vec<Value> {
    let answer = client.post(BATCH, &json!({ "requests": calls })).await.expect(200);
    answer.json["responses"].as_array().unwrap().clone()
}
