//! What somebody may not see is not there; and what was read about roles is soon forgotten.

use http::Method;
use serde_json::json;
use shared::{
    api::{policy_path, route, vm_path},
    vm::VmId,
};
use tests::{Answer, Client, PRODUCTION, World, vm};

use crate::arm;

const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

#[tokio::test]
async fn a_vm_that_one_may_not_see_answers_as_one_that_does_not_exist() {
    let world = World::start().await;
    let (hidden, missing) = (in_net_rg("fw-01"), in_net_rg("fw-99"));
    world.client("ADMIN").await.enable(&hidden, 22).await.expect(200);
    for who in ["REQUESTER", "NOBODY"] {
        let who = world.client(who).await;
        let (of_hidden, of_missing) = (answers(&who, &hidden).await, answers(&who, &missing).await);
        for (hidden, missing) in of_hidden.iter().zip(&of_missing) {
            assert_eq!((hidden.status.as_u16(), missing.status.as_u16()), (404, 404), "{}", hidden.text);
            assert_eq!(hidden.text.replace("fw-01", "fw-99"), missing.text);
        }
    }
}

#[tokio::test]
async fn azures_own_api_tells_nobody_which_policies_there_are() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&in_net_rg("fw-01"), 22).await.expect(200);
    for who in ["REQUESTER", "NOBODY"] {
        let who = world.client(who).await;
        let (of_hidden, of_missing) = (azures(&who, "default").await, azures(&who, "missing").await);
        for (hidden, missing) in of_hidden.iter().zip(&of_missing) {
            assert_eq!((hidden.status.as_u16(), missing.status.as_u16()), (403, 403), "{}", hidden.text);
            assert_eq!(hidden.text.replace("default", "missing"), missing.text);
        }
    }
}

#[tokio::test]
async fn of_a_grant_over_several_vms_only_the_part_is_shown_that_one_may_see() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    let openings: Vec<_> = ["web-02", "web-01"]
        .map(|name| json!({ "vm": vm(name).to_string(), "port": 22, "duration": "PT1H" }))
        .into();
    for name in ["web-01", "web-02"] {
        admin.enable(&vm(name), 22).await.expect(200);
    }
    let grant = admin.post(route::GRANTS, &json!({ "openings": openings })).await.expect(201);
    let path = format!("{}/{}", route::GRANTS, grant.json["id"].as_str().unwrap());
    let somebody = world.client("NOBODY").await;
    somebody.get(&path).await.expect(404);
    world.assign("NOBODY", READER, &vm("web-01").to_string()).await;
    world.pass(60);
    let shown = somebody.get(&path).await.expect(200);
    let leases = shown.json["leases"].as_array().unwrap();
    assert_eq!((leases.len(), &leases[0]["vm"]), (1, &json!(vm("web-01").to_string())), "{}", shown.text);
    assert!(!shown.text.contains("web-02"), "{}", shown.text);
    let refused = somebody.post(&format!("{path}/revoke"), &json!({})).await.expect(403);
    assert!(!refused.text.contains("web-02"), "{}", refused.text);
    assert_eq!(admin.get(&path).await.expect(200).json["leases"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_role_that_was_taken_away_is_gone_within_a_minute() {
    let world = World::start().await;
    let somebody = world.client("NOBODY").await;
    let assignment = world.assign("NOBODY", READER, &vm("web-01").to_string()).await;
    sees_web_01(&somebody, 200).await;
    world.unassign(&assignment).await;
    sees_web_01(&somebody, 200).await;
    world.pass(60);
    sees_web_01(&somebody, 404).await;
}

#[tokio::test]
async fn a_deny_assignment_is_heeded_within_a_minute() {
    let world = World::start().await;
    let reader = world.client("READER").await;
    sees_web_01(&reader, 200).await;
    let deny =
        world.deny("READER", &["Microsoft.Compute/*/read"], &format!("/subscriptions/{PRODUCTION}")).await;
    world.pass(60);
    sees_web_01(&reader, 404).await;
    world.unassign(&deny).await;
    world.pass(60);
    sees_web_01(&reader, 200).await;
}

/// The role is read for one person, and its copy serves another just before it is forgotten.
#[tokio::test]
async fn a_role_that_was_changed_is_heeded_within_a_minute_by_whomever_it_was_read_for() {
    let world = World::start().await;
    let (first, second) = (world.client("NOBODY").await, world.client("READER").await);
    let role = world.define_role(&["*/read"], &[]).await;
    let group = format!("/subscriptions/{PRODUCTION}/resourceGroups/prod-rg");
    let of_reader = format!("/subscriptions/{PRODUCTION}");
    let own = world.demo["service_principals"]["READER"]["object_id"].clone();
    take_all_roles(&world, &own).await;
    world.assign("NOBODY", role, &group).await;
    world.assign("READER", role, &of_reader).await;
    sees_web_01(&first, 200).await;
    world.define_role(&["*/read"], &["Microsoft.Compute/*"]).await;
    world.pass(14);
    sees_web_01(&second, 200).await;
    world.pass(46);
    for somebody in [&first, &second] {
        sees_web_01(somebody, 404).await;
    }
}

#[tokio::test]
async fn while_roles_cannot_be_read_nothing_new_is_allowed_and_what_is_due_is_closed() {
    let world = World::start().await;
    let (admin, requester) = (world.client("ADMIN").await, world.client("REQUESTER").await);
    admin.enable(&vm("web-01"), 22).await.expect(200);
    requester.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    let before = world.rules("web-01-nsg").await;
    for kind in ["server_error", "drop_before"] {
        world
            .fault(json!({ "kind": kind, "path_contains": "microsoft.authorization", "count": 100_000 }))
            .await;
        world.pass(60);
        for answer in answers(&admin, &vm("web-01")).await {
            assert_eq!(
                (answer.status.as_u16(), answer.code()),
                (503, "azure_unavailable"),
                "{}",
                answer.text
            );
        }
        assert_eq!(world.rules("web-01-nsg").await, before, "{kind}");
        assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "open", "{kind}");
    }
    world.pass(3600);
    let report = world.sweep().await;
    assert_eq!(report.overdue, 0);
    assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
}

/// What every operation about one VM answers.
async fn answers(who: &Client, vm: &VmId) -> Vec<Answer> {
    let vms = json!({ "vms": [vm.to_string()] });
    let change = json!({ "vms": [vm.to_string()], "policy": { "justification": "optional" } });
    let request = json!({ "openings": [{ "vm": vm.to_string(), "port": 22, "duration": "PT1H" }] });
    vec![
        who.get(&vm_path(vm)).await,
        who.get(&format!("{}/rdp", vm_path(vm))).await,
        who.get(&format!("{}?vm={vm}", route::ACTIVITY)).await,
        who.get(&format!("{}?vm={vm}", route::ACTIVITY_CSV)).await,
        who.post(route::POLICIES_READ, &vms).await,
        who.post(route::POLICIES_PREVIEW, &change).await,
        who.call(Method::PUT, route::POLICIES, Some(change.to_string())).await,
        who.call(Method::DELETE, route::POLICIES, Some(vms.to_string())).await,
        who.enable(vm, 22).await,
        who.call(Method::DELETE, &policy_path(vm), None).await,
        who.post(route::GRANT_PREVIEW, &request).await,
        who.post(route::GRANTS, &request).await,
    ]
}

/// What Azure's own API answers about a policy of `net-rg`.
async fn azures(who: &Client, policy: &str) -> Vec<Answer> {
    let path = arm::policy_path(policy).replace("prod-rg", "net-rg");
    let vm = in_net_rg("fw-01");
    let port = json!({ "number": 22, "duration": "PT1H" });
    let request = json!({ "virtualMachines": [{ "id": vm.to_string(), "ports": [port] }] });
    let body = arm::protecting(&[(&vm, &[22])]);
    vec![
        who.get(&arm::at(&path)).await,
        who.call(Method::PUT, &arm::at(&path), Some(body.to_string())).await,
        who.call(Method::DELETE, &arm::at(&path), None).await,
        who.post(&arm::at(&format!("{path}/initiate")), &request).await,
    ]
}

async fn sees_web_01(who: &Client, status: u16) {
    who.get(&vm_path(&vm("web-01"))).await.expect(status);
}

async fn take_all_roles(world: &World, object_id: &serde_json::Value) {
    let state = world.sim_call(reqwest::Method::GET, "state", &serde_json::Value::Null).await;
    let all = state.as_object().unwrap().iter();
    for (id, _) in all.filter(|(_, one)| one["properties"]["principalId"] == *object_id) {
        world.unassign(id).await;
    }
}

fn in_net_rg(name: &str) -> VmId {
    VmId::new(PRODUCTION.parse().unwrap(), "net-rg", name).unwrap()
}
