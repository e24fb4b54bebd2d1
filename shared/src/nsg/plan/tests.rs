use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    decision::tests::{a_policy, now, vm},
    exposure::{Observations, is_held, lets_in},
    firewall::FirewallReadings,
    grant::{CloseReason, Lease, LeaseId, LeaseState},
    inventory::{
        Machine, WayIn,
        tests::{a_machine, nsg},
    },
    nsg::{
        desired::{Author, desired},
        evaluate::{
            evaluate,
            tests::{a_rule, an_nsg, rules, ssh},
        },
        stamp::StoreId,
    },
    policy::{LiveSessions, Precedence, ProtectedVm},
    port::{Port, Protocol},
    rule::AddressMatch,
    source::Sources,
    vm::VmId,
};

pub(crate) const LATER: SignedDuration = SignedDuration::from_hours(1);

#[test]
fn enabling_writes_one_guard_at_the_weakest_priority_and_then_nothing() {
    let mut observed = an_nsg(vec![]);
    let changes = settle(&mut observed, &[]);
    let [RuleChange::Put(guard)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((guard.priority.number(), guard.access), (4096, Access::Deny));
    assert_eq!(settle(&mut observed, &[]), []);
}

#[test]
fn an_opening_is_one_rule_before_the_guard_and_its_end_takes_it_away() {
    let mut observed = an_nsg(vec![]);
    settle(&mut observed, &[]);
    let opened = settle(&mut observed, &[a_lease(1, "203.0.113.7")]);
    let [RuleChange::Put(rule)] = &opened[..] else { panic!("{opened:?}") };
    assert_eq!((rule.priority.number(), rule.access), (100, Access::Allow));
    let closed = settle(&mut observed, &[]);
    assert_eq!(closed, [RuleChange::Remove(rule.clone())]);
}

#[test]
fn a_request_for_many_vms_behind_one_nsg_is_one_write() {
    let machines: Vec<Machine> =
        (4..54).map(|n| a_machine(&format!("vm-{n}"), &format!("10.1.0.{n}"), &["nic"])).collect();
    let leases: Vec<(GrantId, Lease)> = machines
        .iter()
        .map(|machine| {
            let (grant, lease) = a_lease(1, "203.0.113.7");
            (grant, Lease { vm: machine.vm.clone(), ..lease })
        })
        .collect();
    let wanted = desired(&author(), &nsg("nic"), &machines, &BTreeMap::new(), &leases, now());
    let plan = plan(&wanted, &an_nsg(vec![]), now());
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(plan.changes[0].rule().destinations.len(), 50);
}

#[test]
fn overlapping_grants_are_separate_rules_and_never_cut_each_other() {
    let mut observed = an_nsg(vec![]);
    let (first, second) = (a_lease(1, "203.0.113.7"), a_lease(2, "203.0.113.7"));
    settle(&mut observed, &[first.clone(), second.clone()]);
    settle(&mut observed, std::slice::from_ref(&second));
    let observed = Observations::from([(observed.id.clone(), observed)]);
    assert!(lets_in(&machine(), &second.1, &observed, &FirewallReadings::new()));
    let held = |lease: &(GrantId, Lease)| {
        is_held(
            &author().deployment,
            lease.0,
            &lease.1,
            Some(&machine()),
            &observed,
            &FirewallReadings::new(),
        )
    };
    assert!(held(&second) && !held(&first));
}

#[test]
fn an_extended_lease_is_there_before_the_old_rule_goes() {
    let mut observed = an_nsg(vec![]);
    let (grant, lease) = a_lease(1, "203.0.113.7");
    settle(&mut observed, &[(grant, lease.clone())]);
    let longer = Lease { expires_at: lease.expires_at + LATER, ..lease };
    let changes = settle(&mut observed, &[(grant, longer)]);
    assert!(matches!(changes[..], [RuleChange::Put(_), RuleChange::Remove(_)]), "{changes:?}");
}

#[test]
fn a_customers_earlier_deny_is_named_before_anything_is_written() {
    let deny = a_rule("deny-ssh", 100, Access::Deny, "*", "22");
    let plan = planned(&an_nsg(vec![deny]), &[a_lease(1, "203.0.113.7")], now());
    assert!(plan.changes.iter().all(|change| change.rule().access == Access::Deny));
    let [Obstacle { grant: Some(_), reason: ObstacleReason::DefeatedByDeny { rule } }] = &plan.obstacles[..]
    else {
        panic!("{plan:?}")
    };
    assert_eq!((rule.name.as_str(), rule.priority.number()), ("deny-ssh", 100));
}

#[test]
fn a_customers_deny_for_other_packets_obstructs_nothing() {
    let deny = a_rule("deny-rdp", 100, Access::Deny, "*", "3389");
    let elsewhere = a_rule("deny-office", 101, Access::Deny, "198.51.100.0/24", "22");
    let plan = planned(&an_nsg(vec![deny, elsewhere]), &[a_lease(1, "203.0.113.7")], now());
    assert_eq!((plan.obstacles, plan.changes.len()), (vec![], 2));
}

#[test]
fn a_full_nsg_is_an_obstacle_and_one_place_is_enough_for_a_guard() {
    let full = |n: u16| {
        an_nsg((0..n).map(|i| a_rule(&format!("c{i}"), 1000 + i, Access::Allow, "*", "443")).collect())
    };
    assert_eq!(planned(&full(999), &[], now()).changes.len(), 1);
    let plan = planned(&full(1000), &[], now());
    assert_eq!(plan.obstacles, [Obstacle { grant: None, reason: ObstacleReason::NsgFull }]);
    assert_eq!(plan.changes, []);
}

#[test]
fn more_prefixes_than_azure_takes_are_an_obstacle() {
    let mut crowded = a_rule("blocklist", 1000, Access::Deny, "*", "443");
    let nets =
        (0..4000u32).map(|n| ipnet::IpNet::from(std::net::IpAddr::from((0x2d00_0000 + n).to_be_bytes())));
    crowded.sources = nets.map(AddressMatch::Prefix).collect();
    let lease = [a_lease(1, "203.0.113.7")];
    let plan = planned(&an_nsg(vec![crowded.clone()]), &lease, now());
    let grant = Some(lease[0].0);
    assert_eq!(plan.obstacles, [Obstacle { grant, reason: ObstacleReason::TooManyPrefixes }]);
    assert_eq!(plan.changes.len(), 1, "the guard has room among the destinations");
    crowded.sources.pop_last();
    assert_eq!(planned(&an_nsg(vec![crowded]), &lease, now()).obstacles, []);
}

#[test]
fn a_rule_with_a_lease_s_name_that_shuts_something_is_left_and_reported() {
    let mut observed = an_nsg(vec![]);
    settle(&mut observed, &[a_lease(1, "203.0.113.7")]);
    let lease = observed.rules.iter_mut().find(|rule| rule.access == Access::Allow).unwrap();
    lease.access = Access::Deny;
    let odd = lease.clone();
    let plan = planned(&observed, &[], now());
    assert_eq!((plan.changes, plan.odd), (vec![], vec![odd]));
    let repaired = planned(&observed, &[a_lease(1, "203.0.113.7")], now());
    assert!(matches!(&repaired.changes[..], [RuleChange::Put(rule)] if rule.access == Access::Allow));
    assert_eq!(repaired.odd, []);
}

#[test]
fn guard_first_stands_before_a_customers_allow_and_customer_first_behind() {
    let allow = a_rule("allow-ssh", 300, Access::Allow, "*", "22");
    let behind = planned(&an_nsg(vec![allow.clone()]), &[], now());
    assert_eq!(behind.changes[0].rule().priority.number(), 4096);
    let policy = ProtectedVm { precedence: Precedence::GuardFirst, ..a_policy() };
    let policies = BTreeMap::from([(policy.vm.clone(), policy)]);
    let wanted =
        desired(&author(), &nsg("nic"), &[machine()], &policies, &[a_lease(1, "203.0.113.7")], now());
    let plan = plan(&wanted, &an_nsg(vec![allow]), now());
    let priorities: Vec<u16> = plan.changes.iter().map(|change| change.rule().priority.number()).collect();
    assert_eq!(priorities, [299, 100]);
}

#[test]
fn a_guard_that_cannot_stand_first_stands_where_it_can_and_says_so() {
    let first: Vec<NsgRule> =
        (100..104).map(|n| a_rule(&format!("allow-{n}"), n, Access::Allow, "*", "22")).collect();
    let policy = ProtectedVm { precedence: Precedence::GuardFirst, ..a_policy() };
    let policies = BTreeMap::from([(policy.vm.clone(), policy)]);
    let mut observed = an_nsg(first);
    let put = settle_as(&author(), &policies, &mut observed, &[], now());
    assert!(matches!(&put[..], [RuleChange::Put(guard)] if guard.priority.number() == 4096), "{put:?}");
    let wanted = desired(&author(), &observed.id, &[machine()], &policies, &[], now());
    let again = plan(&wanted, &observed, now());
    let reason = ObstacleReason::NoFreePriority;
    assert_eq!((again.changes, again.obstacles), (vec![], vec![Obstacle { grant: None, reason }]));
}

#[test]
fn a_lease_that_can_stand_elsewhere_makes_room_for_one_that_cannot() {
    let mut observed = an_nsg(vec![a_rule("allow-ssh", 102, Access::Allow, "*", "22")]);
    let machines = [machine(), a_machine("web-02", "10.1.0.5", &["nic"])];
    let guard_first = |name: &str| ProtectedVm {
        vm: vm(name),
        precedence: if name == "web-01" { Precedence::GuardFirst } else { Precedence::CustomerFirst },
        ..a_policy()
    };
    let policies: BTreeMap<VmId, ProtectedVm> =
        ["web-01", "web-02"].map(|name| (vm(name), guard_first(name))).into();
    let (grant, lease) = a_lease(1, "203.0.113.7");
    let elsewhere = (grant, Lease { vm: vm("web-02"), ..lease });
    let here = a_lease(2, "203.0.113.7");
    let mut settle = |leases: &[(GrantId, Lease)]| {
        let wanted = desired(&author(), &observed.id, &machines, &policies, leases, now());
        let plan = plan(&wanted, &observed, now());
        let law = crate::nsg::proof::Law::of(&wanted, &observed, &machines);
        for change in &plan.changes {
            observed = law.prove(&observed, change).unwrap();
        }
        let place = |part: &str| {
            let rule = observed.rules.iter().find(|rule| rule.name.contains(part));
            rule.map(|rule| rule.priority.number())
        };
        let leases = ["00000001-", "00000002-"].map(|grant| place(&format!("{grant}6553")));
        let guards: BTreeSet<u16> = observed
            .rules
            .iter()
            .filter(|rule| rule.name.contains("-guard-"))
            .map(|r| r.priority.number())
            .collect();
        (leases, guards, plan.obstacles)
    };
    let (leases, guards, _) = settle(std::slice::from_ref(&elsewhere));
    assert_eq!((leases, guards), ([Some(100), None], BTreeSet::from([101, 4096])));
    let (leases, _, obstacles) = settle(&[elsewhere.clone(), here.clone()]);
    assert_eq!((leases, obstacles), ([Some(103), Some(100)], vec![]));
    let third = a_lease(3, "198.51.100.7");
    let (_, _, obstacles) = settle(&[elsewhere, here, third.clone()]);
    let reason = ObstacleReason::NoFreePriority;
    assert_eq!(obstacles, [Obstacle { grant: Some(third.0), reason }]);
}

#[test]
fn a_place_that_is_about_to_become_free_is_taken() {
    let deny = a_rule("deny-ssh", 101, Access::Deny, "*", "22");
    let mut observed = an_nsg(vec![deny]);
    settle(&mut observed, &[a_lease(1, "203.0.113.7")]);
    let changes = settle(&mut observed, &[a_lease(2, "203.0.113.8")]);
    let [RuleChange::Remove(old), RuleChange::Put(new)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((old.priority.number(), new.priority.number()), (100, 100));
}

#[test]
fn a_widened_rule_is_narrowed_even_where_a_later_deny_leaves_its_lease_no_place() {
    let mut observed = an_nsg(vec![]);
    let lease = [a_lease(1, "203.0.113.0/24")];
    settle(&mut observed, &lease);
    let rule = observed.rules.iter_mut().find(|rule| rule.access == Access::Allow).unwrap();
    rule.sources = BTreeSet::from([AddressMatch::Any]);
    rule.priority = RulePriority::new(200).unwrap();
    observed.rules.push(a_rule("deny", 100, Access::Deny, "203.0.113.0/28", "22"));
    let wanted = desired(&author(), &observed.id, &[machine()], &policies(), &lease, now());
    let plan = plan(&wanted, &observed, now());
    assert!(matches!(&plan.obstacles[..], [Obstacle { reason: ObstacleReason::DefeatedByDeny { .. }, .. }]));
    let [change @ RuleChange::Put(narrowed)] = &plan.changes[..] else { panic!("{plan:?}") };
    assert_eq!((&narrowed.sources, narrowed.priority.number()), (&wanted.rules[1].anywhere().sources, 200));
    let law = crate::nsg::proof::Law::of(&wanted, &observed, &[machine()]);
    assert!(law.prove(&observed, change).is_ok());
}

#[test]
fn rules_of_a_lost_store_close_at_their_stamped_end_and_guards_stay() {
    let mut observed = an_nsg(vec![]);
    let lost = Author { store: StoreId::new(1), ..author() };
    settle_as(&lost, &policies(), &mut observed, &[a_lease(1, "203.0.113.7")], now());
    let nothing = BTreeMap::new();
    assert_eq!(settle_as(&author(), &nothing, &mut observed, &[], now()), []);
    let after = settle_as(&author(), &nothing, &mut observed, &[], now() + LATER);
    assert!(matches!(&after[..], [RuleChange::Remove(rule)] if rule.access == Access::Allow), "{after:?}");
    let adopted = settle_as(&author(), &policies(), &mut observed, &[], now() + LATER);
    assert!(matches!(&adopted[..], [RuleChange::Put(_), RuleChange::Remove(_)]), "{adopted:?}");
}

#[test]
fn while_a_protected_vm_cannot_be_read_no_guard_is_taken_away_or_narrowed() {
    let mut observed = an_nsg(vec![]);
    settle(&mut observed, &[]);
    let other = ProtectedVm { vm: vm("web-02"), ..a_policy() };
    let both: BTreeMap<VmId, ProtectedVm> = policies().into_iter().chain([(vm("web-02"), other)]).collect();
    let unread = Machine { way_in: WayIn::Unreadable, interfaces: vec![], ..machine() };
    for machines in [vec![], vec![unread], vec![a_machine("web-02", "10.1.0.5", &["nic"])]] {
        let wanted = desired(&author(), &observed.id, &machines, &both, &[], now());
        for change in plan(&wanted, &observed, now()).changes {
            let RuleChange::Put(rule) = change else { panic!("{change:?}") };
            assert!(rule.destinations.is_superset(&observed.rules[0].destinations), "{rule:?}");
        }
    }
    let nothing = desired(&author(), &observed.id, &[], &BTreeMap::new(), &[], now());
    assert!(matches!(plan(&nothing, &observed, now()).changes[..], [RuleChange::Remove(_)]));
}

#[test]
fn an_edited_rule_of_ours_is_written_again_and_other_deployments_are_left_alone() {
    let mut observed = an_nsg(vec![]);
    let theirs = Author { deployment: "other".parse().unwrap(), ..author() };
    settle_as(&theirs, &policies(), &mut observed, &[], now());
    settle(&mut observed, &[]);
    let edited = observed.rules.iter_mut().find(|rule| rule.name.contains("-dev-")).unwrap();
    edited.access = Access::Allow;
    let repaired = settle(&mut observed, &[]);
    assert!(matches!(&repaired[..], [RuleChange::Put(rule)] if rule.access == Access::Deny), "{repaired:?}");
    assert_eq!(observed.rules.len(), 2);
}

proptest! {
    #[test]
    fn planning_again_is_idle_and_foreign_rules_are_untouched(foreign in rules(), sources in leases()) {
        let mut observed = an_nsg(foreign.clone());
        settle(&mut observed, &sources);
        prop_assert_eq!(settle(&mut observed, &sources), []);
        let left: Vec<&NsgRule> = observed.rules.iter().filter(|rule| rule.name.parse::<Stamp>().is_err()).collect();
        prop_assert_eq!(left, foreign.iter().collect::<Vec<_>>());
        let places: BTreeSet<_> = observed.rules.iter().map(|rule| rule.priority).collect();
        prop_assert_eq!(places.len(), observed.rules.len());
    }

    #[test]
    fn an_opening_lets_in_exactly_the_granted_packets_and_its_end_takes_exactly_them(
        foreign in rules(), granted in 0u8..255, length in 24u8..=32, probe: u8, port in 20u16..25,
    ) {
        let mut observed = an_nsg(foreign);
        settle(&mut observed, &[]);
        let before = observed.clone();
        let net = ipnet::IpNet::new([203, 0, 113, granted].into(), length).unwrap().trunc();
        let lease = a_lease(1, &net.to_string());
        let obstructed = !planned(&observed, std::slice::from_ref(&lease), now()).obstacles.is_empty();
        settle(&mut observed, std::slice::from_ref(&lease));
        let source: std::net::IpAddr = [203, 0, 113, probe].into();
        let target = crate::nsg::evaluate::Target { port, ..ssh() };
        let access = |nsg: &ObservedNsg| evaluate(nsg, source, target).map(|(access, _)| access);
        let is_granted = port == 22 && net.contains(&source) && !obstructed;
        let expected = if is_granted { Some(Access::Allow) } else { access(&before) };
        prop_assert_eq!(access(&observed), expected);
        settle(&mut observed, &[]);
        prop_assert_eq!(observed, before);
    }
}

pub(crate) fn leases() -> impl Strategy<Value = Vec<(GrantId, Lease)>> {
    proptest::collection::vec(1u8..255, 0..5).prop_map(|list| {
        list.iter()
            .enumerate()
            .map(|(n, last)| a_lease(n as u128 + 1, &format!("203.0.113.{last}")))
            .collect()
    })
}

pub(crate) fn author() -> Author {
    Author { deployment: "dev".parse().unwrap(), store: StoreId::new(0xbeef) }
}

pub(crate) fn machine() -> Machine {
    a_machine("web-01", "10.1.0.4", &["nic"])
}

pub(crate) fn policies() -> BTreeMap<VmId, ProtectedVm> {
    BTreeMap::from([(vm("web-01"), a_policy())])
}

fn planned(observed: &ObservedNsg, leases: &[(GrantId, Lease)], at: Timestamp) -> Plan {
    plan(&desired(&author(), &observed.id, &[machine()], &policies(), leases, at), observed, at)
}

/// Applies the plan as ARM would, and returns what was done.
fn settle(observed: &mut ObservedNsg, leases: &[(GrantId, Lease)]) -> Vec<RuleChange> {
    settle_as(&author(), &policies(), observed, leases, now())
}

fn settle_as(
    author: &Author,
    policies: &BTreeMap<VmId, ProtectedVm>,
    observed: &mut ObservedNsg,
    leases: &[(GrantId, Lease)],
    at: Timestamp,
) -> Vec<RuleChange> {
    let wanted = desired(author, &observed.id, &[machine()], policies, leases, at);
    let changes = plan(&wanted, observed, at).changes;
    for change in &changes {
        observed.rules.retain(|rule| rule.name != change.rule().name);
        if let RuleChange::Put(rule) = change {
            assert!(observed.rules.iter().all(|other| other.priority != rule.priority), "priority is free");
            observed.rules.push(rule.clone());
        }
    }
    changes
}

pub(crate) fn a_lease(grant: u128, source: &str) -> (GrantId, Lease) {
    let lease = Lease {
        id: LeaseId::from_uuid(Uuid::from_u128(grant)),
        vm: vm("web-01"),
        port: Port::SSH,
        protocol: Protocol::Tcp,
        sources: Sources::one(source.parse().unwrap()),
        expires_at: now() + LATER,
        ends_as: CloseReason::Expired,
        live_sessions: LiveSessions::Never,
        sessions: crate::grant::Sessions::Untouched,
        state: LeaseState::Pending { written_at: None },
    };
    (GrantId::from_uuid(Uuid::from_u128(grant)), lease)
}
