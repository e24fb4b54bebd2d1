use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::{
    decision::tests::now,
    grant::{GrantId, Lease},
    inventory::tests::{a_machine, nsg},
    nsg::{
        desired::{Desired, desired},
        evaluate::{
            Target, evaluate,
            tests::{a_rule, an_nsg, rules, ssh},
        },
        plan::{
            plan,
            tests::{a_lease, author, leases, machine, policies},
        },
    },
    rule::{Access, AddressMatch, RulePriority},
};

#[test]
fn an_opening_opens_the_granted_packets_and_its_end_closes_them() {
    let guarded = settled(&an_nsg(vec![]), &[]);
    let lease = a_lease(1, "203.0.113.7");
    let opening = proven(&guarded, std::slice::from_ref(&lease)).unwrap();
    let granted = Packets {
        from: vec!["203.0.113.7/32".to_owned()],
        to: vec!["10.1.0.4".parse().unwrap()],
        protocol: Protocol::Tcp,
        ports: vec!["22".parse().unwrap()],
        certain: true,
    };
    assert_eq!(opening, Proof { opens: vec![granted.clone()], closes: vec![] });
    let open = settled(&guarded, &[lease]);
    assert_eq!(proven(&open, &[]).unwrap(), Proof { opens: vec![], closes: vec![granted] });
}

#[test]
fn what_another_grant_lets_in_as_well_stays_open() {
    let both = [a_lease(1, "203.0.113.0/24"), a_lease(2, "203.0.113.7")];
    let open = settled(&an_nsg(vec![]), &both);
    assert!(proven(&open, &both[..1]).unwrap().is_empty());
    let proof = proven(&open, &both[1..]).unwrap();
    let from: Vec<&str> = proof.closes.iter().flat_map(|one| &one.from).map(String::as_str).collect();
    assert_eq!(from.len(), 8, "{from:?}");
    assert!(!from.contains(&"203.0.113.7/32"));
}

#[test]
fn enabling_closes_what_the_default_rules_let_in_and_no_customers_rule() {
    let office = a_rule("office", 300, Access::Allow, "198.51.100.0/24", "22");
    let proof = proven(&an_nsg(vec![office]), &[]).unwrap();
    assert!(proof.opens.is_empty());
    let certain: Vec<&String> =
        proof.closes.iter().filter(|one| one.certain).flat_map(|one| &one.from).collect();
    assert_eq!(certain, ["10.1.0.0/16"]);
}

#[test]
fn both_nsgs_of_a_way_count() {
    let machine = a_machine("web-01", "10.1.0.4", &["nic", "subnet"]);
    let subnet = ObservedNsg { id: nsg("subnet"), ..an_nsg(vec![]) };
    let nic = an_nsg(vec![]);
    let allow = a_rule("lease", 100, Access::Allow, "203.0.113.7/32", "22");
    let open = apply(&nic, &RuleChange::Put(allow.clone()));
    let seen = |nsgs: &[&ObservedNsg]| nsgs.iter().map(|one| (one.id.clone(), (*one).clone())).collect();
    let of = |before: &[&ObservedNsg], after: &[&ObservedNsg]| {
        Proof::of(std::slice::from_ref(&machine), (&seen(before), &seen(after)), [&allow])
    };
    assert!(of(&[&nic, &subnet], &[&open, &subnet]).is_empty());
    let wide = apply(&subnet, &RuleChange::Put(allow.clone()));
    assert_eq!(of(&[&nic, &wide], &[&open, &wide]).opens.len(), 1);
    assert_eq!(of(&[&nic], &[&open]).opens.len(), 1, "what was not read may let everything in");
}

#[test]
fn refuses_what_nobody_was_granted() {
    let guarded = settled(&an_nsg(vec![]), &[]);
    let wanted = wanted(&guarded, &[a_lease(1, "203.0.113.7")]);
    let lease = wanted.rules[1].at(RulePriority::FIRST);
    let law = Law::of(&wanted, &guarded, &[machine()]);
    assert!(law.prove(&guarded, &RuleChange::Put(lease.clone())).is_ok());
    for wider in [
        NsgRule { sources: BTreeSet::from([AddressMatch::Any]), ..lease.clone() },
        NsgRule {
            sources: BTreeSet::from([AddressMatch::Prefix("203.0.113.6/31".parse().unwrap())]),
            ..lease.clone()
        },
        NsgRule { sources: BTreeSet::from([AddressMatch::Tag("Storage".to_owned())]), ..lease.clone() },
        NsgRule { destination_ports: BTreeSet::from(["22-23".parse().unwrap()]), ..lease.clone() },
        NsgRule { protocol: crate::rule::RuleProtocol::Any, ..lease.clone() },
        NsgRule {
            destinations: BTreeSet::from([AddressMatch::Prefix("10.1.0.5/32".parse().unwrap())]),
            ..lease.clone()
        },
    ] {
        let refused = law.prove(&guarded, &RuleChange::Put(wider.clone()));
        assert!(matches!(refused, Err(Unproven::Opens { .. })), "{wider:?} {refused:?}");
    }
    let unguarded = law.prove(&guarded, &RuleChange::Remove(guarded.rules[0].clone()));
    assert!(matches!(unguarded, Err(Unproven::Opens { .. })), "{unguarded:?}");
}

#[test]
fn refuses_to_cut_a_living_grant() {
    let both = [a_lease(1, "203.0.113.7"), a_lease(2, "198.51.100.7")];
    let open = settled(&an_nsg(vec![]), &both);
    let wanted = wanted(&open, &both);
    let law = Law::of(&wanted, &open, &[machine()]);
    let lease = open.rules.iter().find(|rule| rule.access == Access::Allow).unwrap();
    let cut = law.prove(&open, &RuleChange::Remove(lease.clone()));
    assert!(matches!(cut, Err(Unproven::Closes { .. })), "{cut:?}");
    let guard = open.rules.iter().find(|rule| rule.access == Access::Deny).unwrap();
    let moved = NsgRule { priority: RulePriority::FIRST, ..guard.clone() };
    let cut = law.prove(&open, &RuleChange::Put(moved));
    assert!(matches!(cut, Err(Unproven::Closes { .. })), "{cut:?}");
}

#[test]
fn what_is_over_goes_even_where_a_customers_deny_defeats_a_living_grant_behind_it() {
    let both = [a_lease(1, "203.0.113.0/24"), a_lease(2, "203.0.113.7")];
    let mut open = settled(&an_nsg(vec![]), &both);
    let over = open.rules.iter().find(|rule| rule.priority == RulePriority::FIRST).unwrap().clone();
    let lives = if over.name.contains("00000001-") { 1..2 } else { 0..1 };
    for rule in open.rules.iter_mut().filter(|rule| rule.access == Access::Allow && rule.name != over.name) {
        rule.priority = RulePriority::new(300).unwrap();
    }
    open.rules.push(a_rule("late", 200, Access::Deny, "*", "22"));
    let wanted = wanted(&open, &both[lives]);
    let law = Law::of(&wanted, &open, &[machine()]);
    assert!(law.prove(&open, &RuleChange::Remove(over)).is_ok());
}

#[test]
fn refuses_an_opening_that_would_let_nobody_in() {
    let deny = a_rule("deny", 200, Access::Deny, "203.0.113.0/24", "22");
    let guarded = settled(&an_nsg(vec![deny]), &[]);
    let wanted = wanted(&guarded, &[a_lease(1, "203.0.113.7")]);
    let law = Law::of(&wanted, &guarded, &[machine()]);
    let lease = wanted.rules[1].at(RulePriority::new(300).unwrap());
    let useless = law.prove(&guarded, &RuleChange::Put(lease.clone()));
    assert!(matches!(useless, Err(Unproven::DoesNotOpen { .. })), "{useless:?}");
    let stronger = NsgRule { priority: RulePriority::FIRST, ..lease };
    assert!(law.prove(&guarded, &RuleChange::Put(stronger)).is_ok());
}

#[test]
fn refuses_to_shut_what_nobody_guards() {
    let open = an_nsg(vec![a_rule("web", 300, Access::Allow, "*", "443")]);
    let wanted = wanted(&open, &[]);
    let law = Law::of(&wanted, &open, &[machine()]);
    let guard = wanted.rules[0].at(RulePriority::new(200).unwrap());
    let wide = NsgRule { destination_ports: BTreeSet::from(["22-443".parse().unwrap()]), ..guard };
    let refused = law.prove(&open, &RuleChange::Put(wide));
    assert!(matches!(refused, Err(Unproven::Closes { .. })), "{refused:?}");
}

#[test]
fn the_words_name_the_rule_and_the_packets() {
    let error = Unproven::Opens {
        rule: "postern-dev".to_owned(),
        to: "10.1.0.4 port 22".to_owned(),
        from: "Internet".to_owned(),
    };
    let words = "rule postern-dev would open 10.1.0.4 port 22 from Internet, which nobody was granted";
    assert_eq!(error.to_string(), words);
}

proptest! {
    #[test]
    fn every_step_of_every_plan_is_proven(foreign in rules(), first in leases(), second in leases()) {
        let mut observed = an_nsg(foreign);
        for leases in [&[][..], &first, &second, &[]] {
            let wanted = wanted(&observed, leases);
            let planned = plan(&wanted, &observed, now());
            let law = Law::of(&wanted, &observed, &[machine()]);
            for change in &planned.changes {
                observed = law.prove(&observed, change).map_err(|error| TestCaseError::fail(error.to_string()))?;
            }
        }
    }

    #[test]
    fn a_proof_agrees_with_single_packets(
        before in rules(), change in rules(), last: u8, port in 18u16..34, host in 3u8..6,
    ) {
        let before = an_nsg(before);
        let mut after = before.clone();
        after.rules.retain(|rule| change.iter().all(|new| new.priority != rule.priority));
        after.rules.extend(change);
        let gone = before.rules.iter().filter(|rule| !after.rules.contains(rule));
        let come = after.rules.iter().filter(|rule| !before.rules.contains(rule));
        let changed: Vec<&NsgRule> = gone.chain(come).collect();
        let machines = [3u8, 4, 5].map(|n| a_machine(&format!("vm-{n}"), &format!("10.1.0.{n}"), &["nic"]));
        let seen = |nsg: &ObservedNsg| Observations::from([(nsg.id.clone(), nsg.clone())]);
        let proof = Proof::of(&machines, (&seen(&before), &seen(&after)), changed);
        let source = IpAddr::from([203, 0, 113, last]);
        let target = Target { destination: IpAddr::from([10, 1, 0, host]), port, ..ssh() };
        let gets_in = |nsg| matches!(evaluate(nsg, source, target), Some((Access::Allow, _)));
        let (was, is) = (gets_in(&before), gets_in(&after));
        let names = |list: &[Packets]| list.iter().any(|one| {
            one.certain
                && one.to.contains(&target.destination)
                && one.ports.iter().any(|range| range.contains(port))
                && one.protocol != Protocol::Udp
                && one.from.iter().any(|net| from(net).contains(source))
        });
        prop_assert_eq!(names(&proof.opens), is && !was);
        prop_assert_eq!(names(&proof.closes), was && !is);
    }
}

fn from(words: &str) -> AddressSet {
    match words {
        "*" => AddressSet::all(),
        "Internet" => crate::nsg::evaluate::internet(),
        net => [net.parse().unwrap()].into_iter().collect(),
    }
}

fn wanted(observed: &ObservedNsg, leases: &[(GrantId, Lease)]) -> Desired {
    desired(&author(), &observed.id, &[machine()], &policies(), leases, now())
}

fn settled(observed: &ObservedNsg, leases: &[(GrantId, Lease)]) -> ObservedNsg {
    let changes = plan(&wanted(observed, leases), observed, now()).changes;
    changes.iter().fold(observed.clone(), |nsg, change| apply(&nsg, change))
}

/// Proves the plan for `leases` and says what all of it does.
fn proven(observed: &ObservedNsg, leases: &[(GrantId, Lease)]) -> Result<Proof, Unproven> {
    let wanted = wanted(observed, leases);
    let changes = plan(&wanted, observed, now()).changes;
    let law = Law::of(&wanted, observed, &[machine()]);
    let after = changes.iter().try_fold(observed.clone(), |nsg, change| law.prove(&nsg, change))?;
    let seen = |nsg: &ObservedNsg| Observations::from([(nsg.id.clone(), nsg.clone())]);
    Ok(Proof::of(&[machine()], (&seen(observed), &seen(&after)), changes.iter().map(RuleChange::rule)))
}
