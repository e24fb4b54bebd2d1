use functions::fabric::{Fabric, FabricError};
use serde_json::json;
use shared::{
    rule::{Access, AddressMatch},
    vm::NsgId,
};

use crate::azure::{Azure, nsg, production};

#[tokio::test]
async fn customers_rules_and_azures_own_are_read() {
    let azure = Azure::start().await;
    let observed = azure.fabric.observe(&nsg("legacy-01-nsg")).await.unwrap().unwrap();
    let [allow_ssh] = &observed.rules[..] else { panic!("{observed:?}") };
    assert_eq!((allow_ssh.name.as_str(), allow_ssh.priority.number()), ("allow-ssh", 300));
    assert_eq!(allow_ssh.access, Access::Allow);
    assert!(allow_ssh.sources.contains(&AddressMatch::Tag("Internet".to_owned())));
    assert_eq!(observed.default_rules.len(), 6);
}

#[tokio::test]
async fn a_crowded_nsg_is_read_whole() {
    let azure = Azure::start().await;
    assert_eq!(azure.fabric.observe(&nsg("crowded-01-nsg")).await.unwrap().unwrap().rules.len(), 997);
}

#[tokio::test]
async fn an_nsg_that_does_not_exist_is_none() {
    let azure = Azure::start().await;
    assert_eq!(azure.fabric.observe(&nsg("gone-nsg")).await, Ok(None));
    let elsewhere = NsgId::new(production(), "gone-rg", "web-01-nsg").unwrap();
    assert_eq!(azure.fabric.observe(&elsewhere).await, Ok(None));
}

#[tokio::test]
async fn a_rule_of_an_unknown_kind_makes_the_nsg_unreadable() {
    let azure = Azure::start().await;
    let rule = json!({"name": "odd", "properties": {
        "protocol": "Tcp", "sourcePortRange": "*", "destinationPortRange": "22", "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*", "access": "Audit", "priority": 150, "direction": "Inbound",
    }});
    azure.edit(&format!("{}/securityRules/odd", nsg("web-01-nsg")), rule).await;
    let error = azure.fabric.observe(&nsg("web-01-nsg")).await.unwrap_err();
    assert!(matches!(error, FabricError::Unintelligible { .. }), "{error}");
}
