use super::super::tests::a_view;
use crate::{
    api::{Concern, Exposed, LeaseView, PortState},
    decision::tests::now,
    exposure::{Observations, is_held, led_in_besides, lets_in, mapped, port_state},
    firewall::{
        FirewallReadings, NatCollection, NatRule, ObservedFirewall, desired_firewall, plan_firewall,
        tests::{PUBLIC, a_collection, a_firewall, a_grant, a_lease, a_nat, author, dev, machine},
    },
    grant::{GrantId, Lease, LeaseState},
    inventory::tests::{firewall_id, nsg},
    nsg::{
        ObservedNsg,
        desired::desired,
        evaluate::tests::{a_rule, an_nsg},
        plan::plan,
    },
    policy::PortRule,
    port::Port,
    rule::{Access, NsgRule},
};

#[test]
fn a_lease_is_open_when_it_is_led_and_let_in_and_not_before() {
    let (_, lease) = one_lease();
    let nothing = (observed(&[]), read(vec![]));
    let all = (observed(&[one_lease()]), read(ours(&[one_lease()])));
    let in_by =
        |nsgs: &Observations, firewalls: &FirewallReadings| lets_in(&machine(4), &lease, nsgs, firewalls);
    assert!(in_by(&all.0, &all.1));
    assert!(!in_by(&all.0, &nothing.1), "not led");
    assert!(!in_by(&nothing.0, &all.1), "not let in");
    assert!(!in_by(&all.0, &FirewallReadings::new()), "not read");
    let with = |change: fn(&mut ObservedFirewall)| {
        let mut readings = all.1.clone();
        change(readings.get_mut(&firewall_id()).unwrap());
        in_by(&all.0, &readings)
    };
    assert!(!with(|firewall| firewall.failed = true));
    assert!(!with(|firewall| firewall.has_policy = true));
    assert!(!with(|firewall| firewall.collections[0].rules[0].vague = true));
}

#[test]
fn a_rule_for_the_requester_in_the_nsg_lets_nobody_in_behind_a_firewall() {
    let azures_defect = an_nsg(vec![a_rule("jit", 100, Access::Allow, "203.0.113.7/32", "22"), guard()]);
    let nsgs = Observations::from([(azures_defect.id.clone(), azures_defect)]);
    assert!(!lets_in(&machine(4), &one_lease().1, &nsgs, &read(ours(&[one_lease()]))));
}

#[test]
fn a_customers_rule_that_takes_the_packets_first_keeps_a_lease_from_being_called_open() {
    let own = ours(&[one_lease()]);
    let port = own[0].rules[0].single_port().unwrap().number();
    let thief = a_nat("thief", "203.0.113.0/24", port, ("10.1.0.9", 443));
    let mut collections = vec![a_collection("customers", 100, vec![thief])];
    collections.extend(own);
    assert!(!lets_in(&machine(4), &one_lease().1, &observed(&[one_lease()]), &read(collections)));
}

#[test]
fn a_lease_is_held_while_either_rule_is_there() {
    let (grant, lease) = one_lease();
    let held = |nsgs: &[(GrantId, Lease)], nats: Vec<NatCollection>| {
        is_held(&dev(), grant, &lease, Some(&machine(4)), &observed(nsgs), &read(nats))
    };
    assert!(held(&[], ours(&[one_lease()])));
    assert!(held(&[one_lease()], vec![]));
    assert!(!held(&[], vec![]));
    assert!(!held(&[], ours(&[a_lease(2, 4, &["203.0.113.7"])])), "another grant's");
    assert!(!held(&[], ours(&[a_lease(1, 5, &["203.0.113.7"])])), "another VM's");
    let copy = NatCollection { name: "customers".to_owned(), ..ours(&[one_lease()]).remove(0) };
    assert!(!held(&[], vec![copy]), "a copy that is not ours to remove");
}

#[test]
fn a_lease_is_held_by_a_rule_to_the_address_that_the_vm_had() {
    let (grant, lease) = one_lease();
    let mut moved = machine(4);
    moved.interfaces[0].addresses[0].private = "10.1.0.44".parse().unwrap();
    for machine in [Some(&moved), None] {
        assert!(is_held(&dev(), grant, &lease, machine, &observed(&[]), &read(ours(&[one_lease()]))));
    }
}

#[test]
fn after_a_failed_write_a_lease_is_held_whatever_is_listed() {
    let failed = ObservedFirewall { failed: true, ..a_firewall(vec![]) };
    let readings = FirewallReadings::from([(failed.id.clone(), failed)]);
    let (grant, lease) = one_lease();
    assert!(is_held(&dev(), grant, &lease, Some(&machine(4)), &observed(&[]), &readings));
}

#[test]
fn a_port_behind_a_firewall_is_closed_open_and_unknown() {
    let open = [open_view()];
    assert_eq!(state(&observed(&[]), &read(vec![]), &[]).0, PortState::Closed);
    let opened = state(&observed(&[one_lease()]), &read(ours(&[one_lease()])), &open);
    assert!(matches!(opened, (PortState::Open { .. }, ref exposed) if exposed.is_empty()), "{opened:?}");
    let unread = state(&observed(&[]), &FirewallReadings::new(), &[]).0;
    assert_eq!(unread, PortState::PossiblyOpen { concerns: vec![Concern::NeverChecked] });
}

#[test]
fn a_customers_nat_rule_is_named_where_the_nsg_lets_the_firewalls_subnet_in() {
    let legacy = || vec![a_collection("legacy", 100, vec![a_nat("ssh", "*", 2222, ("10.1.0.4", 22))])];
    assert_eq!(state(&observed(&[]), &read(legacy()), &[]).0, PortState::Closed, "the guard is before it");
    let allow = a_rule("allow-hub", 300, Access::Allow, "10.1.9.0/24", "22");
    let (state, exposed) = state(&nsgs(vec![allow, guard()]), &read(legacy()), &[]);
    let nat = exposed.iter().find_map(|one| one.nat.as_ref().map(|nat| (one, nat)));
    let (one, nat) = nat.unwrap();
    assert_eq!(
        (nat.firewall.as_str(), nat.collection.as_str(), nat.name.as_str()),
        ("hub-fw", "legacy", "ssh")
    );
    assert_eq!((one.from.as_slice(), one.certain), (&["*".to_owned()][..], true));
    assert_eq!(one.rule.name, "allow-hub");
    let PortState::PossiblyOpen { concerns } = state else { panic!("{state:?}") };
    assert!(concerns.contains(&Concern::ForeignNat { nat: nat.clone() }));
}

#[test]
fn a_lease_that_opens_the_nsg_for_the_firewall_exposes_the_port_to_a_customers_nat_rule() {
    let mut collections = vec![a_collection("legacy", 100, vec![a_nat("ssh", "*", 2222, ("10.1.0.4", 22))])];
    collections.extend(ours(&[one_lease()]));
    let (_, exposed) = state(&observed(&[one_lease()]), &read(collections), &[open_view()]);
    assert_eq!(exposed.len(), 1, "{exposed:?}");
    assert_eq!(exposed[0].nat.as_ref().unwrap().name, "ssh");
}

#[test]
fn an_opening_that_would_let_in_whom_a_customers_nat_rule_leads_there_names_that_rule() {
    let besides = |nsgs: &Observations, rules: Vec<NatRule>| {
        let firewalls = read(vec![a_collection("legacy", 100, rules)]);
        let found = led_in_besides(&dev(), &machine(4), &one_lease().1, nsgs, &firewalls);
        found.into_iter().map(|one| one.name).collect::<Vec<_>>()
    };
    let ssh = |from: &str| vec![a_nat("ssh", from, 2222, ("10.1.0.4", 22))];
    let guarded = observed(&[]);
    assert_eq!(besides(&guarded, ssh("*")), ["ssh"]);
    assert!(besides(&guarded, ssh("203.0.113.7/32")).is_empty(), "it leads nobody else");
    assert!(besides(&guarded, vec![a_nat("web", "*", 443, ("10.1.0.4", 443))]).is_empty(), "another port");
    let allow = a_rule("allow-hub", 300, Access::Allow, "10.1.9.0/24", "22");
    assert!(besides(&nsgs(vec![allow, guard()]), ssh("*")).is_empty(), "they get in as it is");
    let ours_alone = read(ours(&[a_lease(2, 4, &["198.51.100.1"])]));
    assert_eq!(led_in_besides(&dev(), &machine(4), &one_lease().1, &guarded, &ours_alone), []);
}

#[test]
fn only_what_earlier_rules_leave_over_is_exposed_and_what_is_not_understood_is_possible() {
    let named = |from: &str, to, name: &str| a_nat(name, from, 2222, (to, 22));
    let exposed = |rules: Vec<NatRule>| -> Vec<Exposed> {
        let leased = observed(&[one_lease()]);
        state(&leased, &read(vec![a_collection("legacy", 100, rules)]), &[open_view()]).1
    };
    let first = named("203.0.113.0/24", "10.1.0.9", "elsewhere");
    let found = exposed(vec![first, named("203.0.113.0/24", "10.1.0.4", "shadowed")]);
    assert_eq!(found, []);
    let unknown = NatRule { translated_address: None, ..named("*", "10.1.0.9", "by-name") };
    let found = exposed(vec![unknown]);
    assert!(matches!(&found[..], [one] if !one.certain && one.from == ["*"]), "{found:?}");
    assert_eq!(exposed(vec![a_nat("web", "*", 443, ("10.1.0.4", 443))]), [], "another port");
}

#[test]
fn a_copy_of_a_living_lease_s_rule_in_another_collection_is_no_lease() {
    let mut copy = ours(&[one_lease()]).remove(0);
    copy.name = "copied".to_owned();
    copy.priority = 200;
    copy.rules[0].ports = [crate::port::PortRange::single(Port::RDP)].into();
    let mut collections = ours(&[one_lease()]);
    collections.push(copy);
    let (_, exposed) = state(&observed(&[one_lease()]), &read(collections), &[open_view()]);
    assert!(matches!(&exposed[..], [one] if one.nat.as_ref().unwrap().collection == "copied"), "{exposed:?}");
}

#[test]
fn a_lease_over_its_end_whose_rules_are_left_is_exposed_by_both() {
    let over = a_view(LeaseState::Open { opened_at: now() }, 0);
    let over = LeaseView { grant: a_grant(1), lease: Lease { vm: machine(4).vm, ..over.lease }, ..over };
    let (state, exposed) = state(&observed(&[one_lease()]), &read(ours(&[one_lease()])), &[over]);
    assert!(matches!(state, PortState::PossiblyOpen { .. }));
    assert_eq!(exposed.iter().filter(|one| one.nat.is_some()).count(), 1, "{exposed:?}");
    assert_eq!(exposed.len(), 2);
}

#[test]
fn the_mapped_port_is_told_while_its_rule_was_read_back() {
    let read_back = read(ours(&[one_lease()]));
    let told = mapped(&dev(), &machine(4), Port::SSH, &read_back, now()).unwrap();
    assert_eq!(told.address.to_string(), PUBLIC);
    assert_eq!(Some(told.port), read_back[&firewall_id()].collections[0].rules[0].single_port());
    let none = [
        mapped(&dev(), &machine(4), Port::RDP, &read_back, now()),
        mapped(&dev(), &machine(5), Port::SSH, &read_back, now()),
        mapped(&dev(), &machine(4), Port::SSH, &read(vec![]), now()),
        mapped(&"other".parse().unwrap(), &machine(4), Port::SSH, &read_back, now()),
        mapped(&dev(), &machine(4), Port::SSH, &read_back, one_lease().1.expires_at),
    ];
    assert_eq!(none, [None; 5]);
}

fn one_lease() -> (GrantId, Lease) {
    a_lease(1, 4, &["203.0.113.7"])
}

fn open_view() -> LeaseView {
    let view = a_view(LeaseState::Open { opened_at: now() }, 3600);
    let (grant, lease) = one_lease();
    LeaseView { grant, lease: lease.opened(now()), ..view }
}

/// Our collection as it is planned for these leases.
fn ours(leases: &[(GrantId, Lease)]) -> Vec<NatCollection> {
    let machines: Vec<_> = (4..=5).map(machine).collect();
    let wanted = desired_firewall(&author(), &firewall_id(), &machines, leases, now());
    plan_firewall(&wanted, &a_firewall(vec![]), now()).collection.into_iter().collect()
}

fn read(collections: Vec<NatCollection>) -> FirewallReadings {
    FirewallReadings::from([(firewall_id(), a_firewall(collections))])
}

fn nsgs(rules: Vec<NsgRule>) -> Observations {
    Observations::from([(nsg("nic"), an_nsg(rules))])
}

/// A guarded NSG with the rules of these leases.
fn observed(leases: &[(GrantId, Lease)]) -> Observations {
    let before: ObservedNsg = an_nsg(vec![guard()]);
    let wanted = desired(&author(), &nsg("nic"), &[machine(4)], &Default::default(), leases, now());
    let puts = plan(&wanted, &before, now()).changes.into_iter();
    let mut rules = vec![guard()];
    rules.extend(puts.map(|change| change.rule().clone()).filter(|rule| rule.access == Access::Allow));
    nsgs(rules)
}

fn guard() -> NsgRule {
    super::super::tests::guard(4096)
}

fn state(
    nsgs: &Observations,
    firewalls: &FirewallReadings,
    leases: &[LeaseView],
) -> (PortState, Vec<Exposed>) {
    port_state(&dev(), &machine(4), &PortRule::with_defaults(Port::SSH), leases, (nsgs, firewalls), now())
}
