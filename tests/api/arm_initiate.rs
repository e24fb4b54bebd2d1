//! Access asked for by Azure's own API.

use serde_json::{Value, json};
use tests::{CLIENT_ADDRESS, World, vm};

use crate::arm::{at, get, initiate, policy_path, protected, protecting, put};

#[tokio::test]
async fn a_request_is_answered_with_202_opens_and_is_shown_until_and_after_its_end() {
    let world = protected().await;
    let client = world.client("REQUESTER").await;
    let end = world.app.now() + jiff::SignedDuration::from_hours(1);
    let ask = json!({ "number": 22, "endTimeUtc": format!("{end:.7}"), "allowedSourceAddressPrefix": "192.0.2.10" });
    let body = json!({ "virtualMachines": [{ "id": vm("web-01").to_string(), "ports": [ask] }], "justification": "patching" });
    let path = at(&format!("{}/initiate", policy_path("default")));
    let answer = client.post(&path, &body).await.expect(202).json;
    assert_eq!(answer["justification"], "patching");
    assert_eq!(world.probe(&vm("web-01"), 22, "192.0.2.10").await, "open");
    assert_eq!(world.probe(&vm("web-01"), 22, CLIENT_ADDRESS).await, "shut");
    let asked = &answer["virtualMachines"][0];
    assert_eq!(asked["id"], vm("web-01").to_string());
    let expected = json!({
        "number": 22, "allowedSourceAddressPrefix": "192.0.2.10", "endTimeUtc": format!("{end:.7}"),
        "status": "Initiated", "statusReason": "UserRequested",
    });
    assert_eq!(asked["ports"], json!([expected]));
    let policy = get(&client, "default").await.expect(200).json;
    assert_eq!(policy["properties"]["requests"], json!([answer]));
    world.pass(3600);
    world.sweep().await;
    assert_eq!(stands(&world).await, [stand("Revoked", "Expired")]);
    world.pass(30 * 24 * 3600 - 3600);
    assert_eq!(stands(&world).await.len(), 1);
    world.pass(1);
    assert!(stands(&world).await.is_empty());
}

#[tokio::test]
async fn a_request_is_initiating_until_it_was_read_back() {
    let world = protected().await;
    world.fail_leases("PUT").await;
    let client = world.client("REQUESTER").await;
    let port = json!({ "number": 22, "duration": "PT1H" });
    let answer = initiate(&client, "default", &vm("web-01"), port).await.expect(202);
    assert_eq!(answer.json["virtualMachines"][0]["ports"][0]["status"], "Initiating");
    assert_eq!(stands(&world).await, [stand("Initiating", "UserRequested")]);
    world.clear_faults().await;
    world.sweep().await;
    assert_eq!(stands(&world).await, [stand("Initiated", "UserRequested")]);
}

#[tokio::test]
async fn what_is_overdue_is_not_called_revoked() {
    let world = protected().await;
    let client = world.client("REQUESTER").await;
    let port = json!({ "number": 22, "duration": "PT1H" });
    initiate(&client, "default", &vm("web-01"), port).await.expect(202);
    world.fail_leases("DELETE").await;
    world.pass(3600);
    world.sweep().await;
    assert_eq!(stands(&world).await, [stand("Initiated", "UserRequested")]);
}

#[tokio::test]
async fn what_could_not_be_opened_is_revoked_and_says_why() {
    let world = protected().await;
    world.fail_leases("PUT").await;
    let client = world.client("REQUESTER").await;
    let port = json!({ "number": 22, "duration": "PT1H" });
    initiate(&client, "default", &vm("web-01"), port).await.expect(202);
    world.clear_faults().await;
    world.put_rule("web-01-nsg", "deny-ssh", &tests::a_rule(100, "Deny", "*", "22")).await;
    world.pass(600);
    world.sweep().await;
    let (status, reason) = stands(&world).await.remove(0);
    assert!(status == "Revoked" && reason.contains("deny-ssh"), "{status}: {reason}");
}

#[tokio::test]
async fn what_a_person_closed_says_so_and_requests_come_oldest_first() {
    let world = protected().await;
    let client = world.client("REQUESTER").await;
    let first = client.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    world.pass(60);
    initiate(&client, "default", &vm("web-01"), json!({ "number": 22, "duration": "PT1H" }))
        .await
        .expect(202);
    let id = first.json["id"].as_str().unwrap();
    client.post(&format!("/api/grants/{id}/revoke"), &Value::Null).await.expect(200);
    let expected = [stand("Revoked", "UserRequested"), stand("Initiated", "UserRequested")];
    assert_eq!(stands(&world).await, expected);
}

#[tokio::test]
async fn every_way_to_write_a_request_that_azure_takes_is_taken() {
    let world = protected().await;
    let client = world.client("REQUESTER").await;
    let now = world.app.now();
    let hour = jiff::SignedDuration::from_hours(1);
    for (port, from) in [
        (json!({ "number": "22", "duration": "PT1H" }), CLIENT_ADDRESS),
        (
            json!({ "number": 22, "duration": "PT1H", "endTimeUtc": null, "allowedSourceAddressPrefix": null }),
            CLIENT_ADDRESS,
        ),
        (
            json!({ "number": 22, "duration": "PT1H", "allowedSourceAddressPrefixes": ["192.0.2.1", "198.51.100.0/24"] }),
            "198.51.100.9",
        ),
        (
            json!({ "number": 22, "endTimeUtc": (now + hour).to_string(), "allowedSourceAddressPrefix": "192.0.2.2/32" }),
            "192.0.2.2",
        ),
        // Its clock is half a minute ahead of ours, and three hours are allowed.
        (
            json!({ "number": 22, "endTimeUtc": (now + hour * 3 + jiff::SignedDuration::from_secs(30)).to_string() }),
            CLIENT_ADDRESS,
        ),
    ] {
        let answer = initiate(&client, "Default", &vm("web-01"), port.clone()).await.expect(202);
        assert_eq!(world.probe(&vm("web-01"), 22, from).await, "open", "{port}");
        let end: jiff::Timestamp =
            answer.json["virtualMachines"][0]["ports"][0]["endTimeUtc"].as_str().unwrap().parse().unwrap();
        assert!(end <= now + hour * 3, "{port}: {end}");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_invalid_input_and_opens_nothing() {
    let world = protected().await;
    let client = world.client("REQUESTER").await;
    let now = world.app.now();
    for (port, named) in [
        (json!({ "number": 22 }), "endTimeUtc"),
        (
            json!({ "number": 22, "duration": "PT1H", "endTimeUtc": (now + jiff::SignedDuration::from_hours(1)).to_string() }),
            "exactly one",
        ),
        (
            json!({ "number": 22, "endTimeUtc": (now - jiff::SignedDuration::from_hours(1)).to_string() }),
            "over",
        ),
        (json!({ "number": 22, "endTimeUtc": "soon" }), "endTimeUtc"),
        (json!({ "number": 22, "duration": "P2D" }), "24 hours"),
        (json!({ "number": 0, "duration": "PT1H" }), "65535"),
        (json!({ "number": 22, "duration": "PT1H", "allowedSourceAddressPrefix": "*" }), "own"),
        (
            json!({ "number": 22, "duration": "PT1H", "allowedSourceAddressPrefix": "0.0.0.0/0" }),
            "every address",
        ),
        (
            json!({ "number": 22, "duration": "PT1H", "allowedSourceAddressPrefix": "10.0.0.1 10.0.0.2" }),
            "valid address prefix",
        ),
        (
            json!({ "number": 22, "duration": "PT1H", "allowedSourceAddressPrefix": "10.0.0.1", "allowedSourceAddressPrefixes": ["10.0.0.2"] }),
            "not both",
        ),
        (json!({ "duration": "PT1H" }), "number"),
    ] {
        // The body is judged before the policy is looked for.
        for policy in ["default", "none"] {
            let refused = initiate(&client, policy, &vm("web-01"), port.clone()).await.expect(400);
            assert_eq!(refused.code(), "InvalidInitiateInput", "{port}");
            assert!(refused.message().contains(named), "{port}: {}", refused.text);
        }
    }
    let whole = json!({ "number": 22, "duration": "PT1H" });
    assert_eq!(initiate(&client, "none", &vm("web-01"), whole).await.expect(404).code(), "PolicyNotFound");
    let path = at(&format!("{}/initiate", policy_path("default")));
    for body in [
        json!({}),
        json!({ "virtualMachines": [] }),
        json!({ "virtualMachines": [{ "id": vm("web-01").to_string(), "ports": [] }] }),
    ] {
        assert_eq!(client.post(&path, &body).await.expect(400).code(), "InvalidInitiateInput", "{body}");
    }
    nothing_was_opened(&world).await;
}

#[tokio::test]
async fn more_than_the_policy_allows_is_not_a_subset_and_every_reason_is_told() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    let mut body = protecting(&[(&vm("web-01"), &[22])]);
    body["properties"]["virtualMachines"][0]["ports"][0]["allowedSourceAddressPrefix"] =
        json!("198.51.100.0/24");
    put(&admin, "default", &body).await.expect(200);
    put(&admin, "ops", &protecting(&[(&vm("web-02"), &[22])])).await.expect(200);
    let one = json!({ "id": vm("web-01").to_string(), "ports": [
        { "number": 22, "duration": "PT4H", "allowedSourceAddressPrefix": "203.0.113.7" },
        { "number": 443, "duration": "PT1H" },
    ] });
    let other = json!({ "id": vm("web-02").to_string(), "ports": [{ "number": 22, "duration": "PT1H" }] });
    let path = at(&format!("{}/initiate", policy_path("default")));
    let client = world.client("REQUESTER").await;
    let refused = client.post(&path, &json!({ "virtualMachines": [one, other] })).await.expect(400);
    assert_eq!(refused.code(), "InvalidInitiateInput");
    let said = format!("is not a subset of policy '{}'", policy_path("default"));
    assert!(refused.message().contains(&said), "{}", refused.text);
    let details = refused.json["error"]["details"].as_array().unwrap().iter();
    let reasons: Vec<&str> = details.map(|detail| detail["code"].as_str().unwrap()).collect();
    assert_eq!(
        reasons,
        ["source_not_allowed", "duration_over_maximum", "port_not_in_policy", "vm_not_protected"]
    );
    nothing_was_opened(&world).await;
    // One host within the range that is allowed, and no larger range around it.
    let ask =
        |prefix: &str| json!({ "number": 22, "duration": "PT1H", "allowedSourceAddressPrefix": prefix });
    initiate(&client, "default", &vm("web-01"), ask("198.51.100.7")).await.expect(202);
    initiate(&client, "default", &vm("web-01"), ask("198.51.0.0/16")).await.expect(400);
}

#[tokio::test]
async fn a_justification_that_the_policy_asks_for_must_be_there() {
    let world = World::start().await;
    let mut body = protecting(&[(&vm("web-01"), &[22])]);
    body["properties"]["virtualMachines"][0]["postern"] = json!({ "justification": "required" });
    put(&world.client("ADMIN").await, "default", &body).await.expect(200);
    let client = world.client("REQUESTER").await;
    let refused = initiate(&client, "default", &vm("web-01"), json!({ "number": 22, "duration": "PT1H" }))
        .await
        .expect(400);
    assert_eq!(refused.json["error"]["details"][0]["code"], "justification_required");
    nothing_was_opened(&world).await;
}

/// The status and its reason of each port of each request on the policy `default`.
async fn stands(world: &World) -> Vec<(String, String)> {
    let policy = get(&world.client("ADMIN").await, "default").await.expect(200).json;
    let requests = policy["properties"]["requests"].as_array().unwrap().clone();
    let ports = requests.iter().map(|request| &request["virtualMachines"][0]["ports"][0]);
    ports.map(|port| (text(&port["status"]), text(&port["statusReason"]))).collect()
}

fn stand(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn nothing_was_opened(world: &World) {
    assert!(!world.rules("web-01-nsg").await.iter().any(|name| name.contains("-lease-")));
    assert!(world.app.store().unclosed(tests::PRODUCTION.parse().unwrap()).await.unwrap().is_empty());
}
