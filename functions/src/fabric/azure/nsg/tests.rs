use serde_json::{Value, json};
use shared::{
    rule::{AddressMatch, Direction},
    vm::NsgId,
};

use super::*;
use crate::fabric::{
    Fabric,
    azure::scripted::{Arm, answer, refusal},
};

const ARMS_EXAMPLE: &str = include_str!("../../../../../tests/fabric/data/nsg.json");

fn nsg() -> NsgId {
    NsgId::new("0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap(), "rg1", "testnsg").unwrap()
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut json: Value = serde_json::from_str(ARMS_EXAMPLE).unwrap();
    change(&mut json["properties"]);
    json
}

#[tokio::test]
async fn arms_own_example_is_understood() {
    let arm = Arm::in_order([answer(200, ARMS_EXAMPLE)]).await;
    let observed = arm.fabric.observe(&nsg()).await.unwrap().unwrap();
    assert_eq!(observed.id, nsg());
    assert_eq!(observed.rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["rule1"]);
    assert_eq!(observed.default_rules.len(), 6);
    let vnet = observed.default_rules.iter().find(|rule| rule.name == "AllowVnetInBound").unwrap();
    assert_eq!((vnet.priority.number(), vnet.direction), (65000, Direction::Inbound));
    assert!(vnet.sources.contains(&AddressMatch::Tag("VirtualNetwork".to_owned())));
    assert!(arm.lines()[0].ends_with("/networkSecurityGroups/testnsg?api-version=2023-09-01"));
}

#[tokio::test]
async fn one_unreadable_rule_makes_the_whole_nsg_unreadable() {
    let strange = with(|properties| properties["securityRules"][0]["properties"]["access"] = "Audit".into());
    let unlisted = with(|properties| _ = properties.as_object_mut().unwrap().remove("securityRules"));
    for body in [strange, unlisted, json!([])] {
        let arm = Arm::in_order([answer(200, body)]).await;
        let error = arm.fabric.observe(&nsg()).await.unwrap_err();
        assert!(matches!(error, FabricError::Unintelligible { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_nsg_under_a_write_is_looked_at_again_until_the_write_is_over() {
    let updating = with(|properties| {
        properties["securityRules"][0]["properties"]["provisioningState"] = "Updating".into()
    });
    let arm =
        Arm::in_order([answer(200, &updating), answer(200, &updating), answer(200, ARMS_EXAMPLE)]).await;
    assert_eq!(arm.fabric.observe(&nsg()).await.unwrap().unwrap().rules.len(), 1);
    assert_eq!(arm.clock.waits(), [0.5, 0.5]);
}

#[tokio::test]
async fn an_nsg_that_stays_under_writes_is_not_called_observed() {
    let updating = with(|properties| properties["provisioningState"] = "Updating".into()).to_string();
    let arm = Arm::by(move |_| Some(answer(200, &updating))).await;
    let error = arm.fabric.observe(&nsg()).await.unwrap_err();
    assert!(matches!(error, FabricError::Locked { .. }), "{error}");
}

#[tokio::test]
async fn only_a_missing_nsg_is_none() {
    let arm = Arm::in_order([refusal(404, "ResourceNotFound")]).await;
    assert_eq!(arm.fabric.observe(&nsg()).await, Ok(None));
    for (status, code) in [(404, "SubscriptionNotFound"), (403, "AuthorizationFailed")] {
        let arm = Arm::in_order([refusal(status, code)]).await;
        let error = arm.fabric.observe(&nsg()).await.unwrap_err();
        assert!(matches!(error, FabricError::Refused { .. }), "{error}");
    }
}
