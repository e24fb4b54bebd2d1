use functions::fabric::Fabric;
use serde_json::json;
use shared::{
    rbac::{AccessRights, VmRights},
    vm::VmId,
};

use crate::azure::{Azure, PRODUCTION, development, production, vm};

async fn rights_of(azure: &Azure, person: &str) -> AccessRights {
    azure.fabric.rights(production(), &azure.object_id_of(person)).await.unwrap()
}

fn in_net_rg() -> VmId {
    VmId::new(production(), "net-rg", "fw-01").unwrap()
}

#[tokio::test]
async fn the_admin_may_do_everything_in_both_subscriptions() {
    let azure = Azure::start().await;
    let all = VmRights { read: true, request: true, configure: true, remove: true };
    assert_eq!(rights_of(&azure, "Ada").await.on_vm(&in_net_rg()), all);
    let there = azure.fabric.rights(development(), &azure.object_id_of("Ada")).await.unwrap();
    assert_eq!(there.on_vm(&VmId::new(development(), "dev-rg", "dev-01").unwrap()), all);
}

#[tokio::test]
async fn the_requester_may_request_in_one_resource_group_through_a_group() {
    let azure = Azure::start().await;
    let rights = rights_of(&azure, "Rui").await;
    assert_eq!(
        rights.on_vm(&vm("web-01")),
        VmRights { read: true, request: true, configure: false, remove: false }
    );
    assert_eq!(rights.on_vm(&in_net_rg()), VmRights::NONE);
}

#[tokio::test]
async fn the_reader_may_read_and_nobody_may_nothing() {
    let azure = Azure::start().await;
    let read_only = VmRights { read: true, request: false, configure: false, remove: false };
    assert_eq!(rights_of(&azure, "Rea").await.on_vm(&vm("web-01")), read_only);
    assert_eq!(rights_of(&azure, "Noah").await, AccessRights::default());
}

#[tokio::test]
async fn a_deny_assignment_takes_the_right_to_request_away() {
    let azure = Azure::start().await;
    let rui = azure.object_id_of("Rui");
    let name = "5b0d8a52-6e0c-4d7c-8f4e-0a4b7f0c9e01";
    let id = format!("/subscriptions/{PRODUCTION}/providers/Microsoft.Authorization/denyAssignments/{name}");
    let body = json!({
        "id": id, "name": name, "type": "Microsoft.Authorization/denyAssignments",
        "properties": {
            "denyAssignmentName": "no openings", "scope": format!("/subscriptions/{PRODUCTION}"),
            "permissions": [{"actions": ["*/initiate/action"], "notActions": [], "dataActions": [], "notDataActions": []}],
            "principals": [{"id": rui, "type": "User"}], "excludePrincipals": [], "doNotApplyToChildScopes": false,
        },
    });
    azure.edit(&id, body).await;
    let rights = rights_of(&azure, "Rui").await.on_vm(&vm("web-01"));
    assert_eq!(rights, VmRights { read: true, request: false, configure: false, remove: false });
}
