use uuid::Uuid;

use super::*;
use crate::{
    decision::{
        Requester,
        tests::{now, vm},
    },
    grant::{CloseReason, LeaseId},
    inventory::tests::a_machine,
    nsg::evaluate::tests::{a_rule, an_nsg},
    port::Protocol,
    source::Sources,
};

#[test]
fn a_guarded_port_without_leases_is_closed() {
    assert_eq!(state(vec![guard(4096)], &[]).0, PortState::Closed);
}

#[test]
fn an_nsg_that_was_not_read_is_possibly_open() {
    let machine = a_machine("web-01", "10.1.0.4", &["nic"]);
    let (state, _) = port_state(
        &dev(),
        &machine,
        &ssh_rule(),
        &[],
        (&Observations::new(), &FirewallReadings::new()),
        now(),
    );
    assert_eq!(state, PortState::PossiblyOpen { concerns: vec![Concern::NeverChecked] });
}

#[test]
fn a_customers_allow_is_named_with_the_addresses_it_lets_in() {
    let allow = a_rule("allow-ssh", 300, Access::Allow, "*", "22");
    let (state, exposed) = state(vec![guard(4096), allow], &[]);
    assert!(
        matches!(state, PortState::PossiblyOpen { concerns } if matches!(concerns[..], [Concern::ForeignRule { .. }]))
    );
    assert_eq!(
        (exposed[0].from.as_slice(), exposed[0].rule.name.as_str()),
        (&["*".to_owned()][..], "allow-ssh")
    );
}

#[test]
fn an_allow_from_the_internet_is_called_so() {
    let mut allow = a_rule("allow-ssh", 300, Access::Allow, "*", "22");
    allow.sources = std::collections::BTreeSet::from([AddressMatch::Tag("Internet".to_owned())]);
    assert_eq!(state(vec![guard(4096), allow], &[]).1[0].from, ["Internet"]);
}

#[test]
fn a_missing_guard_is_a_concern_and_the_default_rule_is_named() {
    let (state, exposed) = state(vec![], &[]);
    let PortState::PossiblyOpen { concerns } = state else { panic!("{state:?}") };
    assert!(concerns.contains(&Concern::GuardMissing));
    assert_eq!(exposed[0].rule.name, "AllowVnetInBound");
}

#[test]
fn a_confirmed_lease_is_open_until_its_end_and_overdue_after_it() {
    let rules = vec![guard(4096), lease_rule()];
    let open = a_view(LeaseState::Open { opened_at: now() }, 60);
    assert!(matches!(state(rules.clone(), std::slice::from_ref(&open)).0, PortState::Open { .. }));
    let due = a_view(LeaseState::Open { opened_at: now() }, 0);
    let (state, exposed) = state(rules, &[due]);
    let PortState::PossiblyOpen { concerns } = state else { panic!("{state:?}") };
    assert!(concerns.contains(&Concern::Overdue { since: now() }));
    assert_eq!(exposed[0].from, ["203.0.113.7/32"]);
}

#[test]
fn a_lease_that_was_not_read_back_is_not_called_open() {
    let pending = a_view(LeaseState::Pending { written_at: None }, 60);
    let (state, _) = state(vec![guard(4096)], &[pending]);
    assert_eq!(state, PortState::PossiblyOpen { concerns: vec![Concern::NotConfirmed] });
}

#[test]
fn packets_get_in_only_where_the_rule_was_read_back_in_every_nsg() {
    let machine = a_machine("web-01", "10.1.0.4", &["nic"]);
    let lease = a_view(LeaseState::Pending { written_at: None }, 60).lease;
    let none = FirewallReadings::new();
    let with = |rules| {
        Observations::from([{
            let nsg = an_nsg(rules);
            (nsg.id.clone(), nsg)
        }])
    };
    assert!(lets_in(&machine, &lease, &with(vec![guard(4096), lease_rule()]), &none));
    assert!(!lets_in(&machine, &lease, &with(vec![guard(4096)]), &none));
    assert!(!lets_in(&machine, &lease, &Observations::new(), &none));
    assert!(is_held(&dev(), grant(), &lease, Some(&machine), &with(vec![lease_rule()]), &none));
    assert!(!is_held(&dev(), grant(), &lease, Some(&machine), &with(vec![guard(4096)]), &none));
}

fn state(rules: Vec<NsgRule>, leases: &[LeaseView]) -> (PortState, Vec<Exposed>) {
    let nsg = an_nsg(rules);
    let observed = Observations::from([(nsg.id.clone(), nsg)]);
    let machine = a_machine("web-01", "10.1.0.4", &["nic"]);
    port_state(&dev(), &machine, &ssh_rule(), leases, (&observed, &FirewallReadings::new()), now())
}

pub(crate) fn dev() -> Deployment {
    "dev".parse().unwrap()
}

pub(crate) fn grant() -> GrantId {
    GrantId::from_uuid(Uuid::from_u128(7))
}

pub(crate) fn ssh_rule() -> PortRule {
    PortRule::with_defaults(Port::SSH)
}

pub(crate) fn guard(priority: u16) -> NsgRule {
    a_rule("postern-dev-beef-guard-00000001", priority, Access::Deny, "*", "22")
}

pub(crate) fn lease_rule() -> NsgRule {
    let name = format!("postern-dev-beef-lease-{}-6553f101-0001", grant().as_uuid().as_simple());
    a_rule(&name, 100, Access::Allow, "203.0.113.7/32", "22")
}

pub(crate) fn a_view(state: LeaseState, seconds: i64) -> LeaseView {
    let lease = Lease {
        live_sessions: crate::policy::LiveSessions::Never,
        sessions: crate::grant::Sessions::Untouched,
        id: LeaseId::from_uuid(Uuid::from_u128(1)),
        vm: vm("web-01"),
        port: Port::SSH,
        protocol: Protocol::Any,
        sources: Sources::one("203.0.113.7".parse().unwrap()),
        expires_at: now() + jiff::SignedDuration::from_secs(seconds),
        ends_as: CloseReason::Expired,
        state,
    };
    let requester = Requester { id: "oid".to_owned(), name: "rui@contoso.example".to_owned() };
    LeaseView { grant: grant(), requester, mine: true, revocable: true, lease, trouble: None }
}
