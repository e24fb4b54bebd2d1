//! What a PUT is refused for, and who wins where several change a policy.

use http::{Method, header::ETAG};
use serde_json::{Value, json};
use tests::{Client, PRODUCTION, World, vm};

use crate::arm::{at, delete, get, initiate, policy_path, protected, protecting, put, vms_of};

#[tokio::test]
async fn a_put_as_azures_logic_app_sends_it_is_taken() {
    let world = World::start().await;
    let port = |number: Value| {
        json!({
            "allowedSourceAddressPrefix": "*", "allowedSourceAddressPrefixes": null,
            "maxRequestAccessDuration": "PT3H", "number": number, "protocol": "*",
        })
    };
    let body = json!({
        "id": policy_path("default"), "kind": "Basic", "location": "westeurope", "name": "default",
        "type": "Microsoft.Security/locations/jitNetworkAccessPolicies",
        "properties": {
            "virtualMachines": [{ "id": vm("web-01").to_string().to_uppercase().replace("/PROD-RG/", "/prod-rg/"),
                                  "ports": [port(json!(22)), port(json!("3389"))] }],
            "provisioningState": "Succeeded",
        },
    });
    let shown = put(&world.client("ADMIN").await, "default", &body).await.expect(200).json;
    let machine = &shown["properties"]["virtualMachines"][0];
    assert_eq!(machine["id"], vm("web-01").to_string(), "as Azure spells it");
    assert_eq!(machine["ports"][1]["number"], 3389);
}

#[tokio::test]
async fn a_policy_that_cannot_be_meant_is_refused_with_every_field_and_changes_nothing() {
    let world = protected().await;
    let admin = world.client("ADMIN").await;
    let whole = protecting(&[(&vm("web-01"), &[22])]);
    let vms = "/properties/virtualMachines/0";
    for (place, value, field) in [
        ("/ports/0/number", json!(0), "number"),
        ("/ports/0/number", json!("ssh"), "number"),
        ("/ports/0/protocol", json!(""), "protocol"),
        ("/ports/0/maxRequestAccessDuration", json!("PT4M"), "maxRequestAccessDuration"),
        ("/ports/0/maxRequestAccessDuration", json!("PT25H"), "maxRequestAccessDuration"),
        ("/ports/0/allowedSourceAddressPrefix", json!(null), "allowedSourceAddressPrefix"),
        ("/ports/0/allowedSourceAddressPrefix", json!("10.0.0.1, 10.0.0.2"), "allowedSourceAddressPrefix"),
        ("/ports", json!([]), "ports"),
        ("/ports/0", json!({}), "ports[0]"),
        ("/id", json!("web-01"), "id"),
        ("/id", json!(vm("web-01").to_string().replace("prod-rg", "dev-rg")), "id"),
    ] {
        let mut body = whole.clone();
        *body.pointer_mut(&format!("{vms}{place}")).unwrap() = value;
        let refused = put(&admin, "default", &body).await.expect(400);
        assert!(refused.message().contains(field), "{body}: {}", refused.text);
    }
    let mut two = whole.clone();
    two["properties"]["virtualMachines"][0]["ports"][0]["number"] = json!(0);
    two["properties"]["virtualMachines"][0]["ports"][0]["protocol"] = json!("icmp");
    let refused = put(&admin, "default", &two).await.expect(400);
    assert_eq!(refused.code(), "InvalidPolicyInput");
    assert_eq!(refused.json["error"]["details"].as_array().unwrap().len(), 2, "{}", refused.text);
    for body in [json!({}), json!({ "properties": {} }), json!({ "properties": { "virtualMachines": [] } })] {
        put(&admin, "default", &body).await.expect(400);
    }
    let nowhere = protecting(&[(&vm("web-01"), &[22, 443]), (&vm("nowhere"), &[22])]);
    put(&admin, "default", &nowhere).await.expect(400);
    let twice = protecting(&[(&vm("web-01"), &[22]), (&vm("WEB-01"), &[443])]);
    put(&admin, "default", &twice).await.expect(400);
    let shown = get(&admin, "default").await.expect(200).json;
    assert_eq!(shown["properties"]["virtualMachines"].as_array().unwrap().len(), 1);
    assert_eq!(shown["properties"]["virtualMachines"][0]["ports"], json!([crate::arm::port(22)]));
}

#[tokio::test]
async fn a_vm_is_not_taken_from_the_policy_that_it_is_in() {
    let world = protected().await;
    let admin = world.client("ADMIN").await;
    let both = protecting(&[(&vm("web-01"), &[22]), (&vm("web-02"), &[22])]);
    let refused = put(&admin, "ops", &both).await.expect(409);
    assert!(refused.message().contains("default"), "{}", refused.text);
    get(&admin, "ops").await.expect(404);
    delete(&admin, "default").await.expect(200);
    assert_eq!(vms_of(&put(&admin, "ops", &both).await.expect(200).json), ["web-01", "web-02"]);
}

#[tokio::test]
async fn who_says_what_they_have_read_changes_nothing_else() {
    let world = protected().await;
    let admin = world.client("ADMIN").await;
    let tag = tag(&admin).await;
    let with = |name: &str, value: &str| admin.clone().with_header(name, value);
    let more = protecting(&[(&vm("web-01"), &[22, 443])]);
    put(&with("if-none-match", "*"), "default", &more).await.expect(412);
    put(&with("if-match", "\"another\""), "default", &more).await.expect(412);
    put(&with("if-match", "*"), "new", &protecting(&[(&vm("web-02"), &[22])])).await.expect(412);
    delete(&with("if-match", "\"another\""), "default").await.expect(412);
    delete(&with("if-match", "*"), "new").await.expect(412);
    assert_eq!(self::tag(&admin).await, tag);
    // Somebody asks for access meanwhile: that is no change of the policy.
    initiate(&admin, "default", &vm("web-01"), json!({ "number": 22, "duration": "PT1H" })).await.expect(202);
    let answer = put(&with("if-match", &format!("\"another\", {tag}")), "default", &more).await.expect(200);
    assert_eq!(answer.headers[ETAG], self::tag(&admin).await.as_str());
    assert_ne!(self::tag(&admin).await, tag);
    assert_eq!(put(&with("if-match", &tag), "default", &more).await.expect(412).code(), "PreconditionFailed");
    put(&with("if-none-match", "*"), "new", &protecting(&[(&vm("web-02"), &[22])])).await.expect(200);
    delete(&with("if-match", "*"), "default").await.expect(200);
}

#[tokio::test]
async fn of_puts_at_the_same_time_each_is_done_whole_or_refused() {
    let world = protected().await;
    let admin = world.client("ADMIN").await;
    let bodies = [22_u16, 443, 8443, 3389]
        .map(|port| protecting(&[(&vm("web-01"), &[22, port][usize::from(port == 22)..])]));
    let puts = bodies.iter().map(|body| put(&admin, "default", body));
    let answers = futures::future::join_all(puts).await;
    let done: Vec<&Value> =
        answers.iter().filter(|answer| answer.status == 200).map(|answer| &answer.json).collect();
    assert!(!done.is_empty());
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status.as_u16(), answer.code()), (409, "Conflict"), "{}", answer.text);
    }
    let ports = |shown: &Value| shown["properties"]["virtualMachines"][0]["ports"].clone();
    let now = ports(&get(&admin, "default").await.expect(200).json);
    assert!(done.iter().any(|shown| ports(shown) == now), "{now}");
}

#[tokio::test]
async fn answers_carry_the_ids_by_which_they_are_found_again() {
    let world = protected().await;
    let admin = world.client("ADMIN").await;
    let (client, correlation) =
        ("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222");
    let named = admin.clone().with_header("x-ms-client-request-id", client);
    let named = named.with_header("x-ms-correlation-request-id", correlation);
    for (path, status) in [
        (at(&policy_path("default")), 200),
        (at(&policy_path("none")), 404),
        ("/subscriptions?api-version=2022-12-01".to_owned(), 200),
        ("/tenants?api-version=2022-12-01".to_owned(), 200),
        ("/subscriptions/x/y".to_owned(), 404),
        ("/tenants".to_owned(), 400),
    ] {
        let answer = named.get(&path).await.expect(status);
        assert_eq!(answer.headers["x-ms-client-request-id"], client, "{path}");
        assert_eq!(answer.headers["x-ms-correlation-request-id"], correlation, "{path}");
        let id = &answer.headers["x-ms-request-id"];
        let plain = admin.get(&path).await.expect(status);
        assert_ne!(&plain.headers["x-ms-request-id"], id);
        assert_eq!(plain.headers["x-ms-correlation-request-id"], plain.headers["x-ms-request-id"]);
        assert!(!plain.headers.contains_key("x-ms-client-request-id"));
    }
    let tenants = admin.get("/tenants?api-version=2022-12-01").await.expect(200).json;
    assert_eq!(tenants["value"][0]["tenantId"], world.text("tenant"));
    let refused = admin.call(Method::PATCH, &at(&policy_path("default")), None).await.expect(405);
    assert_eq!(refused.code(), "MethodNotAllowed");
}

#[tokio::test]
async fn while_azure_does_not_answer_the_caller_is_told_when_to_come_again() {
    let world = World::start().await;
    let fault = json!({ "kind": "server_error", "method": "GET", "path_contains": "roleassignments", "count": 10_000 });
    world.fault(fault).await;
    let refused = get(&world.client("ADMIN").await, "default").await.expect(503);
    assert_eq!(refused.code(), "ServiceUnavailable");
    assert!(refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_left_over_vm_stays_in_its_policy_until_somebody_takes_it_out() {
    let world = protected().await;
    let admin = world.client("ADMIN").await;
    let both = protecting(&[(&vm("web-01"), &[22]), (&vm("web-02"), &[22])]);
    put(&admin, "default", &both).await.expect(200);
    world.sim_call(reqwest::Method::DELETE, "resources", &json!({ "id": vm("web-02").to_string() })).await;
    let shown = put(&admin, "default", &protecting(&[(&vm("web-01"), &[443]), (&vm("web-02"), &[22])]))
        .await
        .expect(200);
    assert_eq!(vms_of(&shown.json), ["web-01", "web-02"]);
    let shown = put(&admin, "default", &protecting(&[(&vm("web-01"), &[443])])).await.expect(200);
    assert_eq!(vms_of(&shown.json), ["web-01"]);
    assert_eq!(world.app.store().policies(PRODUCTION.parse().unwrap()).await.unwrap().len(), 1);
}

async fn tag(client: &Client) -> String {
    get(client, "default").await.expect(200).headers[ETAG].to_str().unwrap().to_owned()
}
