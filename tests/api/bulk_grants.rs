//! `POST /api/grants` for many VMs: one look at each NSG and one write to it.

use http::Method;
use serde_json::{Value, json};
use shared::{api::route, vm::VmId};
use tests::{World, vm};

use crate::fleet::{add_like_web_02, ids, reads, writes};

#[tokio::test]
async fn fifty_vms_behind_one_nsg_take_one_write_and_hardly_more_reads_than_ten() {
    let mut taken = Vec::new();
    for count in [10, 50] {
        let (world, vms) = enabled(count).await;
        let requester = world.client("REQUESTER").await;
        requester.get(route::VMS).await.expect(200);
        world.pass(30);
        let before = reads(&world).await;
        let grant = requester.post(route::GRANTS, &body(&vms)).await.expect(201);
        taken.push(reads(&world).await - before);
        assert_eq!(writes(&world, "-lease-").await.len(), 1, "{count}");
        let leases = grant.json["leases"].as_array().unwrap();
        assert!(
            leases.len() == count && leases.iter().all(|lease| lease["state"] == "open"),
            "{}",
            grant.text
        );
        for vm in &vms {
            assert_eq!(world.probe(vm, 22, "203.0.113.7").await, "open");
        }
    }
    // Lists of more VMs have more pages.
    assert!(taken[0] <= 12 && taken[1] <= taken[0] + 5, "{taken:?} reads");
}

#[tokio::test]
async fn a_preview_of_fifty_vms_takes_few_reads_and_writes_nothing() {
    let (world, vms) = enabled(50).await;
    let requester = world.client("REQUESTER").await;
    requester.get(route::VMS).await.expect(200);
    world.pass(30);
    let before = (reads(&world).await, world.history().await.len());
    let preview = requester.post(route::GRANT_PREVIEW, &body(&vms)).await.expect(200);
    let taken = reads(&world).await - before.0;
    assert!(taken <= 15, "{taken} reads");
    assert_eq!(preview.json["changes"].as_array().unwrap().len(), 1, "{}", preview.text);
    assert_eq!(world.history().await.len(), before.1);
}

#[tokio::test]
async fn a_vm_that_is_gone_from_azure_is_found_out_among_many() {
    let (world, vms) = enabled(10).await;
    world.sim_call(reqwest::Method::DELETE, "resources", &json!({ "id": vms[4].to_string() })).await;
    world.pass(10);
    let refused = world.client("REQUESTER").await.post(route::GRANTS, &body(&vms)).await.expect(404);
    assert!(refused.message().contains(vms[4].name()), "{}", refused.text);
    assert_eq!(writes(&world, "-lease-").await, Vec::<String>::new());
}

#[tokio::test]
async fn vms_that_postern_has_not_heard_of_are_looked_up_together() {
    let world = World::start().await;
    let vms = add_like_web_02(&world, 10).await;
    let before = reads(&world).await;
    let refused = world.client("REQUESTER").await.post(route::GRANTS, &body(&vms)).await.expect(403);
    assert_eq!(refused.json["error"]["details"].as_array().unwrap().len(), 10, "{}", refused.text);
    let taken = reads(&world).await - before;
    assert!(taken <= 25, "{taken} reads");
    let mut with_unknown = vms;
    with_unknown.push(vm("nowhere"));
    world.client("REQUESTER").await.post(route::GRANTS, &body(&with_unknown)).await.expect(404);
}

async fn enabled(count: usize) -> (World, Vec<VmId>) {
    let world = World::start().await;
    let vms = add_like_web_02(&world, count).await;
    let rule = json!({ "port": 22, "protocol": "tcp", "allowed_sources": "any", "max_duration": "PT3H" });
    let policy = json!({ "ports": [rule], "justification": "optional", "precedence": "customer_first", "live_sessions": "never" });
    let enable = json!({ "vms": ids(&vms), "policy": policy });
    world
        .client("ADMIN")
        .await
        .call(Method::PUT, route::POLICIES, Some(enable.to_string()))
        .await
        .expect(200);
    world.pass(30);
    (world, vms)
}

fn body(vms: &[VmId]) -> Value {
    let opening = |vm: &VmId| json!({ "vm": vm.to_string(), "port": 22, "duration": "PT1H" });
    json!({ "openings": vms.iter().map(opening).collect::<Vec<_>>() })
}
