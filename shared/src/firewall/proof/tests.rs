use proptest::prelude::*;

use super::*;
use crate::{
    decision::tests::now,
    firewall::{
        desired_firewall, plan_firewall,
        tests::{a_collection, a_firewall, a_lease, a_nat, a_port, author, machine},
    },
    port::PortRange,
};

#[test]
fn what_was_planned_is_proven_and_anything_wider_is_refused() {
    let observed =
        a_firewall(vec![a_collection("customers", 200, vec![a_nat("web", "*", 443, ("10.1.0.9", 443))])]);
    let (desired, planned) = planned(&observed, &["203.0.113.7"]);
    let after = prove_nat(&desired, &observed, &planned).unwrap();
    assert_eq!(after.collections.len(), 2);
    let change = |edit: fn(&mut NatRule)| {
        let mut collection = planned.clone();
        edit(&mut collection.rules[0]);
        prove_nat(&desired, &observed, &collection)
    };
    let wider: [fn(&mut NatRule); 5] = [
        |rule| rule.sources = BTreeSet::from([AddressMatch::Any]),
        |rule| rule.sources = BTreeSet::from([AddressMatch::Prefix("203.0.113.6/31".parse().unwrap())]),
        |rule| rule.translated_address = Some("10.1.0.9".parse().unwrap()),
        |rule| rule.translated_port = Some(a_port(3389)),
        |rule| rule.vague = true,
    ];
    for edit in wider {
        let refused = change(edit);
        assert!(matches!(refused, Err(NatUnproven::LeadsInMore { .. })), "{refused:?}");
    }
    let unknown = change(|rule| rule.name = rule.name.replace("beef", "dead"));
    assert!(matches!(unknown, Err(NatUnproven::LeadsInMore { .. })), "{unknown:?}");
    let narrower = change(|rule| rule.protocol = crate::port::Protocol::Tcp);
    assert!(matches!(narrower, Err(NatUnproven::LeadsInLess { .. })), "{narrower:?}");
}

#[test]
fn a_foreign_rule_keeps_its_packets() {
    let observed =
        a_firewall(vec![a_collection("customers", 65_000, vec![a_nat("web", "*", 443, ("10.1.0.9", 443))])]);
    let (desired, mut planned) = planned(&observed, &["203.0.113.7"]);
    planned.rules[0].ports = BTreeSet::from([PortRange::single(a_port(443))]);
    let taken = prove_nat(&desired, &observed, &NatCollection { priority: 100, ..planned.clone() });
    assert_eq!(taken, Err(NatUnproven::Redirects { rule: "web".to_owned() }));
    // Behind the customer's rule ours gets nothing, which is not what was granted either.
    let observed =
        a_firewall(vec![a_collection("customers", 100, vec![a_nat("web", "*", 443, ("10.1.0.9", 443))])]);
    let useless = prove_nat(&desired, &observed, &planned);
    assert!(matches!(useless, Err(NatUnproven::LeadsInLess { .. })), "{useless:?}");
}

#[test]
fn taking_away_is_proven_whatever_customers_did_meanwhile() {
    let (_, planned) = planned(&a_firewall(vec![]), &["203.0.113.7"]);
    let port = planned.rules[0].single_port().unwrap().number();
    let late = a_collection("late", 65_000, vec![a_nat("late", "*", port, ("10.1.0.9", 443))]);
    let observed = a_firewall(vec![late, planned.clone()]);
    let nothing = desired_firewall(&author(), &observed.id, &[machine(1)], &[], now());
    let gone = NatCollection { rules: vec![], ..planned };
    let after = prove_nat(&nothing, &observed, &gone).unwrap();
    assert_eq!(after.collections.len(), 1);
}

proptest! {
    #[test]
    fn every_plan_is_proven(foreign in foreign(), first in 1u8..255, second in 1u8..255) {
        let mut observed = a_firewall(vec![a_collection("customers", 300, foreign)]);
        for last in [vec![first], vec![first, second], vec![second], vec![]] {
            let leases: Vec<_> = last.iter().enumerate().map(|(n, last)| {
                a_lease(n as u128 + 1, 1, &[format!("203.0.113.{last}").as_str()])
            }).collect();
            let desired = desired_firewall(&author(), &observed.id, &[machine(1)], &leases, now());
            let plan = plan_firewall(&desired, &observed, now());
            prop_assert!(plan.obstacles.is_empty());
            if let Some(collection) = plan.collection {
                observed = prove_nat(&desired, &observed, &collection)
                    .map_err(|error| TestCaseError::fail(error.to_string()))?;
            }
        }
    }
}

fn foreign() -> impl Strategy<Value = Vec<NatRule>> {
    proptest::collection::vec(50_000u16..60_000, 0..8).prop_map(|ports| {
        let rule = |port| a_nat(&format!("customer-{port}"), "*", port, ("10.1.0.9", 443));
        ports.into_iter().map(rule).collect()
    })
}

fn planned(observed: &ObservedFirewall, sources: &[&str]) -> (DesiredFirewall, NatCollection) {
    let lease = a_lease(1, 1, sources);
    let desired = desired_firewall(&author(), &observed.id, &[machine(1)], &[lease], now());
    let plan = plan_firewall(&desired, observed, now());
    (desired, plan.collection.unwrap())
}
