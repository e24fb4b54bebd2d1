use serde_json::{Value, json};
use shared::rbac::DenyAssignment;

use super::*;
use crate::fabric::{
    Fabric,
    azure::scripted::{Arm, Scripted, answer, refusal},
};

const ADA: &str = "6a1de3c2-9d0f-4f4e-9a35-2f2c7b1f4b01";
const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
const READER: &str =
    "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7";

fn assignment(role: &str, condition: Option<&str>) -> Value {
    json!({"properties": {
        "scope": format!("/subscriptions/{SUBSCRIPTION}"), "roleDefinitionId": role, "principalId": ADA,
        "condition": condition,
    }})
}

fn definition(action: &str) -> Scripted {
    answer(200, json!({"properties": {"permissions": [{"actions": [action], "notActions": ["x"]}]}}))
}

fn deny(principal: Value, excluded: Value) -> Value {
    json!({"properties": {
        "scope": "/", "permissions": [{"actions": ["*/delete"]}], "principals": principal,
        "excludePrincipals": excluded,
    }})
}

fn list(values: &[Value]) -> Scripted {
    answer(200, json!({"value": values}))
}

/// An ARM with these assignments and deny assignments; `denied` gets the request line.
async fn arm(
    assignments: Vec<Value>,
    denied: impl Fn(&str) -> Scripted + Send + Sync + 'static,
    role: impl Fn() -> Scripted + Send + Sync + 'static,
) -> Arm {
    Arm::by(move |line| match line {
        _ if line.contains("/roleAssignments?") => Some(list(&assignments)),
        _ if line.contains("/denyAssignments?") => Some(denied(line)),
        _ if line.contains("/roleDefinitions/") => Some(role()),
        _ => None,
    })
    .await
}

async fn rights_of(arm: &Arm) -> Result<AccessRights, FabricError> {
    arm.fabric.rights(SUBSCRIPTION.parse().unwrap(), ADA).await
}

#[tokio::test]
async fn assignments_come_with_their_roles_permissions() {
    let arm = arm(vec![assignment(READER, None)], |_| list(&[]), || definition("*/read")).await;
    let permissions =
        vec![Permission { actions: vec!["*/read".to_owned()], not_actions: vec!["x".to_owned()] }];
    let expected = RoleAssignment { scope: format!("/subscriptions/{SUBSCRIPTION}"), permissions };
    let rights = rights_of(&arm).await.unwrap();
    assert_eq!((rights.assignments, rights.deny_assignments), (vec![expected], vec![]));
    let filter = format!("%24filter=assignedTo%28%27{ADA}%27%29");
    assert!(
        arm.lines().iter().filter(|line| line.contains("Assignments?")).all(|line| line.ends_with(&filter))
    );
}

#[tokio::test]
async fn a_role_is_looked_up_once_in_a_short_while() {
    let arm = arm(vec![assignment(READER, None)], |_| list(&[]), || definition("*/read")).await;
    let lookups = || arm.lines().iter().filter(|line| line.contains("/roleDefinitions/")).count();
    rights_of(&arm).await.unwrap();
    rights_of(&arm).await.unwrap();
    assert_eq!(lookups(), 1);
    arm.clock.advance(ROLE_BELIEVED);
    rights_of(&arm).await.unwrap();
    assert_eq!(lookups(), 2);
}

#[tokio::test]
async fn conditional_and_unreadable_assignments_give_no_rights() {
    let conditional = assignment(READER, Some("@Resource[x] StringEquals 'y'"));
    let odd = json!({"properties": {"scope": 7}});
    let astray = assignment("/a/../b", None);
    let arm = arm(vec![conditional, odd, astray], |_| list(&[]), || definition("*")).await;
    assert_eq!(rights_of(&arm).await, Ok(AccessRights::default()));
}

#[tokio::test]
async fn a_role_that_cannot_be_read_gives_no_rights_and_is_asked_for_again() {
    let arm =
        arm(vec![assignment(READER, None)], |_| list(&[]), || refusal(403, "AuthorizationFailed")).await;
    assert_eq!(rights_of(&arm).await, Ok(AccessRights::default()));
    rights_of(&arm).await.unwrap();
    assert_eq!(arm.lines().iter().filter(|line| line.contains("/roleDefinitions/")).count(), 2);
}

#[tokio::test]
async fn a_role_that_azure_does_not_give_just_now_is_an_error() {
    let arm = arm(vec![assignment(READER, None)], |_| list(&[]), || refusal(503, "ServiceUnavailable")).await;
    assert!(matches!(rights_of(&arm).await, Err(FabricError::Unreachable { .. })));
}

#[tokio::test]
async fn deny_assignments_are_taken_as_arm_filters_them() {
    let denied = |_: &str| {
        list(&[deny(json!([{"id": "11111111-1111-4111-8111-111111111111", "type": "Group"}]), json!([]))])
    };
    let arm = arm(vec![], denied, || definition("*")).await;
    let permissions = vec![Permission { actions: vec!["*/delete".to_owned()], not_actions: vec![] }];
    let expected = DenyAssignment { scope: "/".to_owned(), permissions };
    assert_eq!(rights_of(&arm).await.unwrap().deny_assignments, [expected]);
}

#[tokio::test]
async fn without_arms_filter_those_that_may_concern_the_principal_are_kept() {
    let everybody = json!([{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}]);
    let someone = json!([{"id": "11111111-1111-4111-8111-111111111111", "type": "User"}]);
    let group = json!([{"id": "22222222-2222-4222-8222-222222222222", "type": "Group"}]);
    for (principals, excluded, kept) in [
        (json!([{"id": ADA, "type": "User"}]), json!([]), 1),
        (everybody.clone(), json!([]), 1),
        (everybody, json!([{"id": ADA}]), 0),
        (someone, json!([]), 0),
        (group, json!([]), 1),
    ] {
        let all = deny(principals.clone(), excluded);
        let denied = move |line: &str| {
            if line.contains("filter") {
                refusal(400, "UnsupportedQuery")
            } else {
                list(std::slice::from_ref(&all))
            }
        };
        let arm = arm(vec![], denied, || definition("*")).await;
        assert_eq!(rights_of(&arm).await.unwrap().deny_assignments.len(), kept, "{principals}");
    }
}

#[tokio::test]
async fn unreadable_deny_assignments_are_an_error() {
    let broken = |_: &str| list(&[json!({"properties": {"scope": "/"}})]);
    let forbidden = |_: &str| refusal(403, "AuthorizationFailed");
    for denied in [broken as fn(&str) -> Scripted, forbidden] {
        let arm = arm(vec![], denied, || definition("*")).await;
        assert!(rights_of(&arm).await.is_err());
    }
}

#[tokio::test]
async fn a_principal_that_is_no_guid_is_asked_about_nowhere() {
    let arm = arm(vec![], |_| list(&[]), || definition("*")).await;
    let injected = "x') or principalId eq '6a1de3c2-9d0f-4f4e-9a35-2f2c7b1f4b01";
    assert!(arm.fabric.rights(SUBSCRIPTION.parse().unwrap(), injected).await.is_err());
    assert!(arm.seen().is_empty());
}
