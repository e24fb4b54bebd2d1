use super::*;
use crate::{
    decision::tests::{a_policy, now},
    firewall::tests::{a_lease, author, machine},
    inventory::{Interface, tests::nsg},
};

/// The allow rules that leases want of the interface's NSG.
fn opened(machine: &Machine, leases: &[(GrantId, Lease)]) -> Vec<NsgRule> {
    let policy = ProtectedVm { vm: machine.vm.clone(), ..a_policy() };
    let policies = BTreeMap::from([(machine.vm.clone(), policy)]);
    let machines = std::slice::from_ref(machine);
    let wanted = desired(&author(), &nsg("nic"), machines, &policies, leases, now());
    assert!(wanted.rules.iter().any(DesiredRule::is_guard));
    wanted.rules.iter().filter(|rule| !rule.is_guard()).map(|rule| rule.anywhere().clone()).collect()
}

fn from(text: &str) -> BTreeSet<AddressMatch> {
    BTreeSet::from([AddressMatch::Prefix(text.parse().unwrap())])
}

#[test]
fn behind_a_firewall_the_rule_lets_in_the_firewalls_subnet_and_not_the_requester() {
    let rules = opened(&machine(4), &[a_lease(1, 4, &["203.0.113.7"])]);
    assert_eq!(rules.len(), 1);
    assert_eq!((&rules[0].sources, &rules[0].destinations), (&from("10.1.9.0/26"), &from("10.1.0.4/32")));
    let direct = Machine { way_in: WayIn::Direct, ..machine(4) };
    assert_eq!(opened(&direct, &[a_lease(1, 4, &["203.0.113.7"])])[0].sources, from("203.0.113.7/32"));
}

#[test]
fn of_several_addresses_only_the_one_that_is_led_to_is_opened() {
    let mut two = machine(4);
    let second: Interface = machine(5).interfaces.remove(0);
    two.interfaces.push(second);
    let rules = opened(&two, &[a_lease(1, 4, &["203.0.113.7"])]);
    assert_eq!((rules.len(), &rules[0].destinations), (1, &from("10.1.0.4/32")));
}

#[test]
fn grants_behind_a_firewall_are_separate_rules() {
    let leases = [a_lease(1, 4, &["203.0.113.7"]), a_lease(2, 4, &["203.0.113.9"])];
    assert_eq!(opened(&machine(4), &leases).len(), 2);
}

#[test]
fn a_source_that_cannot_send_to_the_firewall_opens_nothing() {
    assert_eq!(opened(&machine(4), &[a_lease(1, 4, &["2001:db8::7"])]), []);
}
