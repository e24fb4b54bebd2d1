use std::collections::BTreeSet;

use serde_json::json;
use shared::{
    port::{Port, PortRange, Protocol},
    rule::AddressMatch,
};

use super::*;
use crate::fabric::{
    Fabric,
    azure::scripted::{Arm, Seen, answer, refusal},
};

const ARMS_EXAMPLE: &str = include_str!("../../../../../tests/fabric/data/azure_firewall.json");
const OURS: &str = "postern-dev";

fn id() -> FirewallId {
    FirewallId::new("0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap(), "rg1", "azurefirewall").unwrap()
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut json: Value = serde_json::from_str(ARMS_EXAMPLE).unwrap();
    change(&mut json["properties"]);
    json
}

async fn observed(body: &Value) -> ObservedFirewall {
    let arm = Arm::in_order([answer(200, body)]).await;
    arm.fabric.observe_firewall(&id()).await.unwrap().unwrap()
}

fn a_rule(name: &str) -> shared::firewall::NatRule {
    let address = |text: &str| AddressMatch::Prefix(text.parse().unwrap());
    shared::firewall::NatRule {
        name: name.to_owned(),
        description: "a lease".to_owned(),
        protocol: Protocol::Any,
        sources: BTreeSet::from([address("203.0.113.7/32"), address("198.51.100.0/24")]),
        destinations: BTreeSet::from([address("1.2.3.4/32")]),
        ports: BTreeSet::from([PortRange::single(Port::try_from(50_022).unwrap())]),
        translated_address: Some("10.0.1.4".parse().unwrap()),
        translated_port: Some(Port::SSH),
        vague: false,
    }
}

fn ours(names: &[&str]) -> NatCollection {
    let rules = names.iter().map(|name| a_rule(name)).collect();
    NatCollection { name: OURS.to_owned(), priority: 65_000, rules }
}

/// Observes, applies, and gives what was sent.
async fn applied(body: &Value, collection: &NatCollection) -> (Value, Seen) {
    let seen = observed(body).await;
    let arm = Arm::in_order([answer(200, body), answer(200, "{}")]).await;
    arm.fabric.apply_firewall(&seen, collection).await.unwrap();
    let put = arm.seen().remove(1);
    assert!(
        put.line.starts_with("PUT /subscriptions/") && put.line.contains("/azureFirewalls/azurefirewall?")
    );
    (serde_json::from_str(&put.body).unwrap(), put)
}

#[tokio::test]
async fn arms_own_example_is_understood() {
    let firewall = observed(&serde_json::from_str(ARMS_EXAMPLE).unwrap()).await;
    assert!(firewall.etag.is_some() && !firewall.has_policy && !firewall.failed);
    let [collection] = &firewall.collections[..] else { panic!("{firewall:?}") };
    assert_eq!((collection.name.as_str(), collection.priority), ("natrulecoll", 112));
    let [plain, by_name] = &collection.rules[..] else { panic!("{collection:?}") };
    assert_eq!((plain.protocol, plain.vague), (Protocol::Tcp, false));
    assert_eq!(plain.sources, BTreeSet::from([AddressMatch::Any]));
    assert_eq!(plain.single_port().unwrap().number(), 443);
    assert!(plain.leads_to("1.2.3.5".parse().unwrap(), Port::try_from(8443).unwrap()));
    assert_eq!((by_name.translated_address, by_name.translated_port.unwrap().number()), (None, 880));
}

#[tokio::test]
async fn what_is_written_is_read_back_the_same_and_all_else_goes_back_as_it_came() {
    let before: Value = serde_json::from_str(ARMS_EXAMPLE).unwrap();
    let (sent, _) = applied(&before, &ours(&["a", "b"])).await;
    assert_eq!(observed(&sent).await.collections[1], ours(&["a", "b"]));
    assert_eq!(
        sent["properties"]["natRuleCollections"][1]["properties"]["rules"][0],
        json!({
            "name": "a", "description": "a lease", "sourceAddresses": ["198.51.100.0/24", "203.0.113.7"],
            "destinationAddresses": ["1.2.3.4"], "destinationPorts": ["50022"], "protocols": ["TCP", "UDP"],
            "translatedAddress": "10.0.1.4", "translatedPort": "22",
        })
    );
    let (cleared, _) = applied(&sent, &ours(&[])).await;
    assert_eq!(cleared, before);
    let (smaller, _) = applied(&sent, &ours(&["b"])).await;
    assert_eq!(observed(&smaller).await.collections[1], ours(&["b"]));
    assert_eq!(smaller["properties"]["natRuleCollections"][0], before["properties"]["natRuleCollections"][0]);
}

#[tokio::test]
async fn taking_away_what_is_not_there_writes_the_firewall_as_it_is() {
    let before = with(|properties| properties["provisioningState"] = "Failed".into());
    assert!(observed(&before).await.failed);
    assert_eq!(applied(&before, &ours(&[])).await.0, before);
}

#[tokio::test]
async fn a_foreign_rule_within_our_collection_goes_back_as_it_came() {
    let by_hand = json!({"name": "by-hand", "sourceIpGroups": ["/Some/Group"], "destinationAddresses": ["1.2.3.4"],
        "destinationPorts": ["8080"], "protocols": ["TCP"], "translatedFqdn": "inner", "translatedPort": "80",
        "ruleType": "of tomorrow"});
    let mixed = with(|properties| {
        properties["natRuleCollections"].as_array_mut().unwrap().push(json!({
            "name": "Postern-DEV", "id": "/x", "properties": {
                "priority": 200, "action": {"type": "Dnat"}, "rules": [by_hand, {"name": "old"}],
            },
        }));
    });
    let mut collection = observed(&mixed).await.collections.remove(1);
    collection.rules[1] = a_rule("new");
    let (sent, _) = applied(&mixed, &collection).await;
    let written = &sent["properties"]["natRuleCollections"][1];
    assert_eq!((&written["name"], &written["id"]), (&json!("Postern-DEV"), &json!("/x")));
    assert_eq!(written["properties"]["rules"][0], by_hand);
    assert_eq!(written["properties"]["rules"][1]["name"], "new");
}

#[tokio::test]
async fn what_is_strange_in_a_foreign_rule_fails_nothing_and_is_taken_for_the_most_that_it_may_be() {
    let read = |rule: Value| read::rule(&rule);
    let nothing = read(json!({}));
    assert!(nothing.vague && nothing.ports.contains(&PortRange::ALL));
    assert_eq!(nothing.sources, BTreeSet::from([AddressMatch::Any]));
    assert_eq!(nothing.destinations, BTreeSet::from([AddressMatch::Any]));
    let good = json!({"name": "x", "sourceAddresses": ["10.0.0.1-10.0.0.2", "10.1.0.0/16"], "protocols": ["Any"],
        "destinationAddresses": ["1.2.3.4"], "destinationPorts": [443, "8000-8080"], "translatedAddress": "10.0.1.4",
        "translatedPort": 22});
    let understood = read(good.clone());
    assert!(!understood.vague && understood.leads_to("10.0.1.4".parse().unwrap(), Port::SSH));
    assert_eq!((understood.sources.len(), understood.ports.len()), (3, 2));
    for (field, value) in [
        ("protocols", json!(["ICMP"])),
        ("destinationAddresses", json!(["1.2.3.4", "gate.example"])),
        ("destinationPorts", json!(["https"])),
        ("destinationPorts", json!("443")),
        ("sourceAddresses", json!([])),
    ] {
        let mut strange = good.clone();
        strange[field] = value;
        assert!(read(strange).vague, "{field}");
    }
    let mut backwards = good;
    backwards["sourceAddresses"] = json!(["10.0.0.9-10.0.0.1"]);
    assert!(matches!(read(backwards).sources.first(), Some(AddressMatch::Tag(_))));
    let snat = with(|properties| {
        properties["natRuleCollections"][0]["properties"]["action"]["type"] = "Snat".into();
        properties["natRuleCollections"][0]["properties"]["priority"] = "first".into();
    });
    let odd = observed(&snat).await.collections.remove(0);
    assert!(
        odd.priority == 0 && odd.rules.iter().all(|rule| rule.vague && rule.translated_address.is_none())
    );
}

#[tokio::test]
async fn a_policy_or_a_hub_is_seen_and_a_missing_list_is_not_taken_for_an_empty_one() {
    for field in ["firewallPolicy", "virtualHub"] {
        let ruled = with(|properties| {
            properties[field] = json!({"id": "/x"});
            properties.as_object_mut().unwrap().remove("natRuleCollections");
        });
        assert!(observed(&ruled).await.has_policy, "{field}");
    }
    for body in [with(|properties| properties["natRuleCollections"] = Value::Null), json!([]), json!({})] {
        let arm = Arm::in_order([answer(200, body)]).await;
        let error = arm.fabric.observe_firewall(&id()).await.unwrap_err();
        assert!(matches!(error, FabricError::Unintelligible { .. }), "{error}");
    }
    let arm = Arm::in_order([refusal(404, "ResourceNotFound")]).await;
    assert_eq!(arm.fabric.observe_firewall(&id()).await, Ok(None));
}

#[tokio::test]
async fn a_firewall_under_a_write_is_looked_at_again_until_the_write_is_over_and_not_for_ever() {
    let updating = with(|properties| properties["provisioningState"] = "Updating".into());
    let arm = Arm::in_order([answer(200, &updating), answer(200, ARMS_EXAMPLE)]).await;
    assert!(arm.fabric.observe_firewall(&id()).await.unwrap().is_some());
    assert_eq!(arm.clock.waits(), [1.0]);
    let body = updating.to_string();
    let arm = Arm::by(move |_| Some(answer(200, &body))).await;
    let error = arm.fabric.observe_firewall(&id()).await.unwrap_err();
    assert!(matches!(error, FabricError::Locked { .. }), "{error}");
}

#[tokio::test]
async fn a_firewall_that_somebody_changed_since_is_not_written() {
    let seen = observed(&serde_json::from_str(ARMS_EXAMPLE).unwrap()).await;
    let changed = ObservedFirewall { etag: Some("W/\"older\"".to_owned()), ..seen.clone() };
    let arm = Arm::in_order([answer(200, ARMS_EXAMPLE)]).await;
    let failure = arm.fabric.apply_firewall(&changed, &ours(&["a"])).await.unwrap_err();
    assert!(matches!(failure.error, FabricError::Conflict { .. }), "{failure:?}");
    assert_eq!(arm.seen().len(), 1);

    let arm = Arm::in_order([answer(200, ARMS_EXAMPLE), refusal(412, "PreconditionFailed")]).await;
    let failure = arm.fabric.apply_firewall(&seen, &ours(&["a"])).await.unwrap_err();
    assert!(matches!(failure.error, FabricError::Conflict { .. }), "{failure:?}");
    assert!(failure.correlation_id.is_some());

    let updating = with(|properties| properties["provisioningState"] = "Updating".into());
    let arm = Arm::in_order([answer(200, updating)]).await;
    let failure = arm.fabric.apply_firewall(&seen, &ours(&["a"])).await.unwrap_err();
    assert!(matches!(failure.error, FabricError::Locked { .. }), "{failure:?}");

    let unversioned = ObservedFirewall { etag: None, ..seen };
    let arm = Arm::in_order([]).await;
    let failure = arm.fabric.apply_firewall(&unversioned, &ours(&["a"])).await.unwrap_err();
    assert!(matches!(failure.error, FabricError::Unintelligible { .. }), "{failure:?}");
    assert!(arm.seen().is_empty());
}

#[tokio::test]
async fn a_rule_that_cannot_be_said_exactly_is_not_written() {
    let seen = observed(&serde_json::from_str(ARMS_EXAMPLE).unwrap()).await;
    let mut vague = ours(&["a"]);
    vague.rules[0].vague = true;
    let arm = Arm::in_order([answer(200, ARMS_EXAMPLE)]).await;
    let failure = arm.fabric.apply_firewall(&seen, &vague).await.unwrap_err();
    assert!(matches!(failure.error, FabricError::Unintelligible { .. }), "{failure:?}");
    assert_eq!(arm.seen().len(), 1);
}

#[test]
fn what_takes_a_rule_away_is_urgent() {
    let body = with(|_| {});
    let seen = read::firewall(&id(), &body).unwrap();
    let before = ObservedFirewall { collections: vec![ours(&["a", "b"])], ..seen };
    assert_eq!(urgency(&before, &ours(&["a"])), Urgency::Urgent);
    assert_eq!(urgency(&before, &ours(&["a", "c"])), Urgency::Urgent);
    assert_eq!(urgency(&before, &ours(&["a", "b", "c"])), Urgency::Usual);
}
