use std::{collections::BTreeMap, net::IpAddr};

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::{
    decision::tests::now,
    firewall::{
        desired_firewall,
        tests::{PUBLIC, a_collection, a_firewall, a_grant, a_lease, a_nat, a_port, author, machine},
    },
    grant::Lease,
    inventory::{Machine, tests::firewall_id},
    nsg::{desired::Author, stamp::StoreId},
    port::{Port, PortRange, Protocol},
    rule::AddressMatch,
};

const LATER: SignedDuration = SignedDuration::from_hours(1);

type Leases = [(GrantId, Lease)];

#[test]
fn a_lease_is_one_dnat_rule_from_its_sources_and_its_end_takes_the_collection_away() {
    let mut firewall = a_firewall(vec![]);
    let written = settle(&mut firewall, &[a_lease(1, 4, &["203.0.113.7", "198.51.100.0/24"])]).unwrap();
    assert_eq!((written.name.as_str(), written.priority), ("postern-dev", 65_000));
    let [rule] = &written.rules[..] else { panic!("{written:?}") };
    assert_eq!(rule.sources.len(), 2);
    assert!(rule.leads_to("10.1.0.4".parse().unwrap(), Port::SSH));
    assert_eq!(rule.destinations, BTreeSet::from([AddressMatch::Prefix(public().into())]));
    assert_eq!(rule.protocol, Protocol::Any);
    assert!(MAPPED_PORTS.contains(&rule.single_port().unwrap().number()));
    assert!(rule.description.contains("ends"), "{}", rule.description);
    assert_eq!(settle(&mut firewall, &[a_lease(1, 4, &["203.0.113.7", "198.51.100.0/24"])]), None);
    assert_eq!(settle(&mut firewall, &[]).unwrap().rules, []);
    assert_eq!((firewall.collections.len(), settle(&mut firewall, &[])), (0, None));
}

#[test]
fn all_leases_of_a_port_have_one_mapped_port_and_each_its_rule() {
    let mut firewall = a_firewall(vec![]);
    let (first, second) = (a_lease(1, 4, &["203.0.113.7"]), a_lease(2, 4, &["198.51.100.1"]));
    settle(&mut firewall, std::slice::from_ref(&first));
    let mapped = ports(&firewall);
    settle(&mut firewall, &[first, second.clone()]);
    assert_eq!(ports(&firewall), [mapped[0], mapped[0]]);
    settle(&mut firewall, &[second]);
    assert_eq!(ports(&firewall), mapped);
}

#[test]
fn leases_of_one_grant_on_one_port_share_a_rule() {
    let leases = [a_lease(1, 4, &["203.0.113.7"]), a_lease(1, 4, &["203.0.113.9"])];
    let written = settle(&mut a_firewall(vec![]), &leases).unwrap();
    assert_eq!((written.rules.len(), written.rules[0].sources.len()), (1, 2));
}

#[test]
fn the_mapped_port_is_the_same_after_a_close_and_clear_of_every_other_rule() {
    let mut firewall = a_firewall(vec![]);
    let lease = [a_lease(1, 4, &["203.0.113.7"])];
    settle(&mut firewall, &lease);
    let first = ports(&firewall)[0];
    settle(&mut firewall, &[]);
    settle(&mut firewall, &lease);
    assert_eq!(ports(&firewall), [first]);

    let mut taken = a_nat("customer", "*", 443, ("10.1.0.9", 443));
    taken.ports = BTreeSet::from([PortRange::new(first.number(), first.number() + 4).unwrap()]);
    let mut crowded = a_firewall(vec![a_collection("customers", 100, vec![taken])]);
    settle(&mut crowded, &lease);
    assert_eq!(ports(&crowded), [a_port(first.number() + 5)]);
}

#[test]
fn a_customers_rule_for_other_packets_takes_no_port() {
    let lease = [a_lease(1, 4, &["203.0.113.7"])];
    let mut firewall = a_firewall(vec![]);
    settle(&mut firewall, &lease);
    let first = ports(&firewall)[0];
    let elsewhere: IpAddr = "20.51.4.9".parse().unwrap();
    let mut other = a_nat("customer", "*", first.number(), ("10.1.0.9", 443));
    other.destinations = BTreeSet::from([AddressMatch::Prefix(elsewhere.into())]);
    let mut by_udp = a_nat("customer-2", "*", first.number(), ("10.1.0.9", 443));
    by_udp.protocol = Protocol::Udp;
    let mut shared = a_firewall(vec![a_collection("customers", 100, vec![other, by_udp.clone()])]);
    let by_tcp = |(grant, lease): (GrantId, Lease)| (grant, Lease { protocol: Protocol::Tcp, ..lease });
    settle(&mut shared, &lease.clone().map(by_tcp));
    assert_eq!(ports(&shared), [first]);
    settle(&mut shared, &lease);
    assert_ne!(ports(&shared), [first], "of both protocols one is taken");
}

#[test]
fn a_lease_shares_the_port_of_a_lost_store_s_rule_for_the_same_target() {
    let mut firewall = a_firewall(vec![]);
    let lost = Author { store: StoreId::new(1), ..author() };
    settle_as(&lost, &mut firewall, &[a_lease(1, 4, &["203.0.113.7"])], now());
    settle(&mut firewall, &[a_lease(2, 4, &["198.51.100.1"])]);
    let ports = ports(&firewall);
    assert_eq!((ports.len(), ports[0]), (2, ports[1]));
}

#[test]
fn on_two_addresses_of_the_firewall_one_port_serves_two_vms() {
    let other = "20.51.4.2";
    let mut second = machine(5);
    second.firewall.as_mut().unwrap().addresses = vec![other.parse().unwrap()];
    let leases = [a_lease(1, 4, &["203.0.113.7"]), a_lease(1, 5, &["203.0.113.7"])];
    let wanted = desired_firewall(&author(), &firewall_id(), &[machine(4), second], &leases, now());
    let mut firewall =
        a_firewall(plan_firewall(&wanted, &a_firewall(vec![]), now()).collection.into_iter().collect());
    for rule in &mut firewall.collections[0].rules {
        rule.ports = BTreeSet::from([PortRange::single(a_port(51_234))]);
    }
    assert_eq!(plan_firewall(&wanted, &firewall, now()), FirewallPlan::default());
}

#[test]
fn a_collection_of_ours_without_rules_goes() {
    let left = a_firewall(vec![a_collection("postern-dev", 65_000, vec![])]);
    assert_eq!(planned(&left, &[], now()).collection, Some(left.collections[0].clone()));
}

#[test]
fn a_rule_that_is_there_keeps_its_port_when_others_come_and_go() {
    let mut firewall = a_firewall(vec![]);
    let lease = [a_lease(1, 4, &["203.0.113.7"])];
    settle(&mut firewall, &lease);
    let own = &mut firewall.collections[0].rules[0];
    own.ports = BTreeSet::from([PortRange::single(a_port(51_234))]);
    assert_eq!(settle(&mut firewall, &lease), None);
    firewall.collections[0].rules[0].ports = BTreeSet::from([PortRange::single(a_port(443))]);
    settle(&mut firewall, &lease);
    assert!(MAPPED_PORTS.contains(&ports(&firewall)[0].number()), "what others edited is put right");
}

#[test]
fn a_firewall_whose_every_port_is_taken_obstructs_and_a_living_rule_stays() {
    let mut firewall = a_firewall(vec![]);
    let lease = [a_lease(1, 4, &["203.0.113.7"])];
    settle(&mut firewall, &lease);
    let mut all = a_nat("catch-all", "*", 443, ("10.1.0.9", 443));
    all.ports = BTreeSet::from([PortRange::ALL]);
    firewall.collections.push(a_collection("customers", 100, vec![all]));
    let both = [lease[0].clone(), a_lease(2, 5, &["203.0.113.7"])];
    let plan = planned(&firewall, &both, now());
    assert_eq!(plan.collection, None);
    let reason = NatObstacleReason::NoFreePort;
    assert_eq!(plan.obstacles, [1, 2].map(|n| NatObstacle { grant: a_grant(n), reason: reason.clone() }));
}

#[test]
fn a_policy_a_full_firewall_and_the_other_family_are_obstacles() {
    let lease = [a_lease(1, 4, &["203.0.113.7"])];
    let obstacle = |firewall: &ObservedFirewall, leases: &Leases| {
        let plan = planned(firewall, leases, now());
        assert_eq!(plan.collection, None);
        plan.obstacles.into_iter().map(|one| one.reason).collect::<Vec<_>>()
    };
    let policy = ObservedFirewall { has_policy: true, ..a_firewall(vec![]) };
    assert_eq!(obstacle(&policy, &lease), [NatObstacleReason::Policy]);
    assert_eq!(obstacle(&policy, &[]), []);
    let many = |n: usize| vec![a_nat("c", "*", 443, ("10.1.0.9", 443)); n];
    let full = a_firewall(vec![a_collection("customers", 100, many(MAX_NAT_RULES))]);
    assert_eq!(obstacle(&full, &lease), [NatObstacleReason::FirewallFull]);
    let room = a_firewall(vec![a_collection("customers", 100, many(MAX_NAT_RULES - 1))]);
    assert!(planned(&room, &lease, now()).collection.is_some());
    assert_eq!(
        obstacle(&a_firewall(vec![]), &[a_lease(1, 4, &["2001:db8::7"])]),
        [NatObstacleReason::OtherFamily]
    );
}

#[test]
fn without_a_free_priority_nothing_is_written() {
    let taken: Vec<NatCollection> =
        (100..=65_000).map(|at| a_collection(&format!("c{at}"), at, vec![])).collect();
    let plan = planned(&a_firewall(taken), &[a_lease(1, 4, &["203.0.113.7"])], now());
    assert_eq!(plan.collection, None);
    let reason = NatObstacleReason::NoFreePriority;
    assert_eq!(plan.obstacles, [NatObstacle { grant: a_grant(1), reason }]);
}

#[test]
fn a_priority_that_customers_use_is_not_taken_and_ours_stays_where_it_stands() {
    let mut firewall = a_firewall(vec![a_collection("customers", 65_000, vec![])]);
    let lease = [a_lease(1, 4, &["203.0.113.7"])];
    assert_eq!(settle(&mut firewall, &lease).unwrap().priority, 64_999);
    firewall.collections.remove(0);
    assert_eq!(settle(&mut firewall, &lease), None);
}

#[test]
fn rules_of_a_lost_store_stay_until_their_stamped_end() {
    let mut firewall = a_firewall(vec![]);
    let lost = Author { store: StoreId::new(1), ..author() };
    settle_as(&lost, &mut firewall, &[a_lease(1, 4, &["203.0.113.7"])], now());
    assert_eq!(settle(&mut firewall, &[]), None);
    assert_eq!(settle_as(&author(), &mut firewall, &[], now() + LATER).unwrap().rules, []);
}

#[test]
fn other_deployments_and_rules_of_others_within_our_collection_are_left_alone() {
    let other = Author { deployment: "other".parse().unwrap(), ..author() };
    let lease = [a_lease(1, 4, &["203.0.113.7"])];
    let mut firewall = a_firewall(vec![]);
    settle_as(&other, &mut firewall, &lease, now());
    settle(&mut firewall, &lease);
    assert_eq!(firewall.collections.len(), 2);
    assert_ne!(ports(&firewall)[0], firewall.collections[0].rules[0].single_port().unwrap());
    let theirs = a_nat("by-hand", "*", 443, ("10.1.0.9", 443));
    firewall.collections[1].rules.push(theirs.clone());
    assert_eq!(settle(&mut firewall, &[]).unwrap().rules, [theirs]);
    assert_eq!(settle(&mut firewall, &[]), None);
    assert_eq!(firewall.collections[0].rules.len(), 1);
}

#[test]
fn an_edited_rule_and_one_that_lost_its_place_are_written_again() {
    let lease = [a_lease(1, 4, &["203.0.113.7"])];
    let mut firewall = a_firewall(vec![]);
    let written = settle(&mut firewall, &lease).unwrap();
    firewall.collections[0].rules[0].sources = BTreeSet::from([AddressMatch::Any]);
    assert_eq!(settle(&mut firewall, &lease).unwrap(), written);
    firewall.collections[0].priority = 0;
    assert_eq!(settle(&mut firewall, &lease).unwrap(), written);
}

#[test]
fn after_a_write_that_failed_all_is_written_again_where_we_have_a_part_in_it() {
    let lease = [a_lease(1, 4, &["203.0.113.7"])];
    let mut firewall = a_firewall(vec![]);
    settle(&mut firewall, &lease);
    let failed = ObservedFirewall { failed: true, ..firewall };
    assert_eq!(planned(&failed, &lease, now()).collection.as_ref(), failed.collections.first());
    let foreign = ObservedFirewall { failed: true, ..a_firewall(vec![]) };
    assert_eq!(planned(&foreign, &[], now()).collection, None);
    let closing = planned(&foreign, &lease, now() + LATER).collection;
    assert_eq!(closing.unwrap().rules, [], "a removal that failed is made again");
}

#[test]
fn a_firewall_that_no_machine_is_behind_has_nothing_wanted_of_it() {
    let direct = Machine { way_in: crate::inventory::WayIn::Direct, ..machine(4) };
    let lease = [a_lease(1, 4, &["203.0.113.7"])];
    let wanted = desired_firewall(&author(), &firewall_id(), &[direct], &lease, now());
    assert_eq!((wanted.rules, wanted.is_closing), (vec![], false));
}

proptest! {
    #[test]
    fn planning_again_is_idle_and_no_two_targets_share_a_port(
        foreign in foreign(), asked in proptest::collection::vec((1u128..4, 1u8..9, 1u8..200), 0..12),
    ) {
        let mut firewall = a_firewall(foreign.clone());
        let leases: Vec<(GrantId, Lease)> =
            asked.iter().map(|(grant, n, from)| a_lease(*grant, *n, &[&format!("203.0.113.{from}")])).collect();
        settle(&mut firewall, &leases);
        prop_assert_eq!(settle(&mut firewall, &leases), None);
        prop_assert_eq!(&firewall.collections[..foreign.len()], &foreign[..]);
        let mut by_port: BTreeMap<Port, (Option<IpAddr>, Option<Port>)> = BTreeMap::new();
        for rule in firewall.collections.iter().skip(foreign.len()).flat_map(|own| &own.rules) {
            prop_assert!(rule.name.len() <= 80 && rule.description.len() <= 140);
            let port = rule.single_port().unwrap();
            let target = (rule.translated_address, rule.translated_port);
            prop_assert_eq!(*by_port.entry(port).or_insert(target), target);
            let taken = foreign.iter().flat_map(|one| &one.rules).flat_map(|rule| &rule.ports);
            prop_assert!(taken.clone().all(|range| !range.contains(port.number())));
        }
        let few: Vec<_> = leases.iter().take(leases.len() / 2).cloned().collect();
        settle(&mut firewall, &few);
        let kept: BTreeMap<_, _> =
            firewall.collections.iter().skip(foreign.len()).flat_map(|own| &own.rules)
                .map(|rule| (rule.single_port().unwrap(), (rule.translated_address, rule.translated_port))).collect();
        prop_assert!(kept.iter().all(|(port, target)| by_port.get(port) == Some(target)));
    }
}

fn foreign() -> impl Strategy<Value = Vec<NatCollection>> {
    proptest::collection::vec((50_000u16..59_000, 0u16..900), 0..8).prop_map(|list| {
        let rules = list.into_iter().map(|(first, length)| {
            let mut rule = a_nat("customer", "*", 443, ("10.1.0.9", 443));
            rule.ports = BTreeSet::from([PortRange::new(first, first + length).unwrap()]);
            rule
        });
        let rules: Vec<NatRule> = rules.collect();
        if rules.is_empty() { vec![] } else { vec![a_collection("customers", 65_000, rules)] }
    })
}

fn public() -> IpAddr {
    PUBLIC.parse().unwrap()
}

/// The mapped ports of our rules, in their order.
fn ports(firewall: &ObservedFirewall) -> Vec<Port> {
    let own = firewall.own(&author().deployment);
    own.into_iter().flat_map(|own| &own.rules).filter_map(NatRule::single_port).collect()
}

fn planned(firewall: &ObservedFirewall, leases: &Leases, at: Timestamp) -> FirewallPlan {
    planned_as(&author(), firewall, leases, at)
}

fn planned_as(author: &Author, firewall: &ObservedFirewall, leases: &Leases, at: Timestamp) -> FirewallPlan {
    let machines: Vec<Machine> = (1..=9).map(machine).collect();
    plan_firewall(&desired_firewall(author, &firewall.id, &machines, leases, at), firewall, at)
}

/// Applies the plan as ARM would, and returns what was written.
fn settle(firewall: &mut ObservedFirewall, leases: &Leases) -> Option<NatCollection> {
    settle_as(&author(), firewall, leases, now())
}

fn settle_as(
    author: &Author,
    firewall: &mut ObservedFirewall,
    leases: &Leases,
    at: Timestamp,
) -> Option<NatCollection> {
    let written = planned_as(author, firewall, leases, at).collection?;
    firewall.collections.retain(|one| one.name != written.name);
    assert!(firewall.collections.iter().all(|one| one.priority != written.priority), "priority is free");
    firewall.collections.extend((!written.rules.is_empty()).then(|| written.clone()));
    Some(written)
}
