//! One set of cases for every ledger: what holds for the SQL store holds for the one in memory.

use jiff::SignedDuration;
use shared::{
    firewall::ObservedFirewall,
    grant::{CloseReason, LeaseState},
    inventory::{Address, Interface, Inventory, Machine, MachineKind, WayIn},
    vm::FirewallId,
};

use super::{testing::*, *};
use crate::store::memory::MemoryLedger;

/// Gives each case two tests: one with the SQL store, one with the ledger in memory.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        mod sql {
            use super::*;
            $(#[tokio::test]
            async fn $case() {
                let home = a_home();
                super::$case(&a_store(&home).await).await;
            })*
        }

        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $case() {
                super::$case(&MemoryLedger::default()).await;
            })*
        }
    };
}

cases! {
    a_policy_is_kept_changed_and_removed,
    a_policy_whose_record_is_of_elsewhere_is_not_kept,
    a_lease_is_changed_by_who_saw_its_last_version,
    a_lease_keeps_its_id_and_vm,
    leases_are_found_by_where_they_stand,
    a_named_request_is_admitted_once_in_24_hours,
    rejects_a_grant_without_leases_or_across_subscriptions,
    a_grant_is_admitted_once,
    each_subscription_has_a_chain_of_its_own,
    a_later_inventory_replaces_an_earlier,
    a_reading_from_before_a_whole_one_changes_nothing,
    a_machine_is_kept_and_forgotten,
    an_nsg_decides_over_its_vms_and_maybe_over_those_in_doubt,
    a_vm_that_left_an_nsg_is_no_longer_behind_it,
    the_last_reading_of_an_nsg_is_kept,
    the_last_reading_of_a_firewall_is_kept,
    what_is_gone_is_forgotten,
    a_flush_is_known_from_its_first_note,
    the_latest_sweep_is_remembered,
}

async fn a_policy_is_kept_changed_and_removed(ledger: &dyn Ledger) {
    let mut policy = a_policy("web-01");
    ledger.put_policy(&policy, &[a_record(&policy.vm, 0)]).await.unwrap();
    policy.justification = shared::policy::JustificationRule::Required;
    ledger.put_policy(&policy, &[a_record(&policy.vm, 1)]).await.unwrap();
    ledger.put_policy(&a_policy("db-01"), &[]).await.unwrap();
    assert_eq!(ledger.policy(&policy.vm).await.unwrap(), Some(policy.clone()));
    assert_eq!(ledger.policies(subscription()).await.unwrap(), [a_policy("db-01"), policy.clone()]);
    assert!(ledger.policies(a_vm_elsewhere("x").subscription()).await.unwrap().is_empty());
    assert!(ledger.remove_policy(&policy.vm, &[a_record(&policy.vm, 2)]).await.unwrap());
    assert!(!ledger.remove_policy(&policy.vm, &[a_record(&policy.vm, 3)]).await.unwrap());
    assert_eq!(ledger.verify(subscription()).await.unwrap(), Ok(3));
}

async fn a_policy_whose_record_is_of_elsewhere_is_not_kept(ledger: &dyn Ledger) {
    let records = [a_record(&vm("web-01"), 0), a_record(&a_vm_elsewhere("web-01"), 0)];
    assert!(matches!(ledger.put_policy(&a_policy("web-01"), &records).await, Err(StoreError::Refused(_))));
    assert_eq!(ledger.policy(&vm("web-01")).await.unwrap(), None);
    assert_eq!(ledger.verify(subscription()).await.unwrap(), Ok(0));
}

async fn a_lease_is_changed_by_who_saw_its_last_version(ledger: &dyn Ledger) {
    ledger.admit(&a_grant(1, "web-01", 0), None, &[]).await.unwrap();
    let held = ledger.unclosed_of_vm(&vm("web-01")).await.unwrap().remove(0);
    let trouble = Trouble { attempts: 2, message: "no answer".to_owned(), retry_at: at(9) };
    let records = [a_record(&vm("web-01"), 1)];
    let opened = held.lease.clone().opened(at(1));
    assert!(ledger.update_lease(&held, opened.clone(), Some(trouble.clone()), &records).await.unwrap());
    let ended = held.lease.clone().ended(CloseReason::Revoked, at(2));
    assert!(!ledger.update_lease(&held, ended, None, &records).await.unwrap());
    let now = ledger.unclosed(subscription()).await.unwrap().remove(0);
    assert_eq!((now.lease, now.trouble), (opened, Some(trouble)));
    assert_eq!(ledger.verify(subscription()).await.unwrap(), Ok(1));
}

async fn a_lease_keeps_its_id_and_vm(ledger: &dyn Ledger) {
    ledger.admit(&a_grant(1, "web-01", 0), None, &[]).await.unwrap();
    let held = ledger.pending().await.unwrap().remove(0);
    let mut moved = held.lease.clone();
    moved.vm = vm("web-02");
    assert!(matches!(ledger.update_lease(&held, moved, None, &[]).await, Err(StoreError::Refused(_))));
}

async fn leases_are_found_by_where_they_stand(ledger: &dyn Ledger) {
    for (id, name, second) in [(3, "web-03", 30), (1, "web-01", 10), (2, "web-02", 20), (4, "web-04", 40)] {
        ledger.admit(&a_grant(id, name, second), None, &[]).await.unwrap();
    }
    ledger.admit(&a_grant_elsewhere(5, "web-05", 15), None, &[]).await.unwrap();
    for held in ledger.unclosed(subscription()).await.unwrap().into_iter().skip(2) {
        let opened = held.lease.clone().opened(at(50));
        assert!(ledger.update_lease(&held, opened, None, &[]).await.unwrap());
    }
    let held = ledger.unclosed_of_vm(&vm("web-04")).await.unwrap().remove(0);
    let closed = held.lease.clone().ended(CloseReason::Revoked, at(60)).closed(at(60));
    assert!(matches!(closed.state, LeaseState::Closed { .. }));
    assert!(ledger.update_lease(&held, closed, None, &[]).await.unwrap());

    let hour = |second: i64| at(3600 + second);
    assert_eq!(names(&ledger.unclosed(subscription()).await.unwrap()), ["web-01", "web-02", "web-03"]);
    assert_eq!(names(&ledger.pending().await.unwrap()), ["web-01", "web-05", "web-02"]);
    assert_eq!(names(&ledger.due(hour(15)).await.unwrap()), ["web-01", "web-05"]);
    assert!(ledger.due(hour(10) - SignedDuration::from_micros(1)).await.unwrap().is_empty());
    assert_eq!(ledger.next_due(hour(15)).await.unwrap(), Some(hour(20)));
    assert_eq!(ledger.next_due(hour(30)).await.unwrap(), None);
    let counts = LeaseCounts { pending: 1, open: 1, overdue: 2 };
    assert_eq!(ledger.counts(hour(15)).await.unwrap(), counts);
}

async fn a_named_request_is_admitted_once_in_24_hours(ledger: &dyn Ledger) {
    let name = |body: &str| IdempotencyName {
        requester_id: "oid-rui".to_owned(),
        key: "k".to_owned(),
        body_hash: body.to_owned(),
    };
    let admit = async |id, second, body: &str| {
        let records = [a_record(&vm("web-01"), second)];
        ledger.admit(&a_grant(id, "web-01", second), Some(&name(body)), &records).await.unwrap()
    };
    let first = a_grant(1, "web-01", 0).id;
    assert_eq!(admit(1, 0, "a").await, Admitted::New);
    assert_eq!(admit(2, 9, "a").await, Admitted::Repeated(first));
    assert_eq!(admit(3, 9, "b").await, Admitted::Mismatched);
    assert_eq!(admit(4, 24 * 3600 - 1, "a").await, Admitted::Repeated(first));
    assert_eq!(admit(5, 24 * 3600, "b").await, Admitted::New);
    assert_eq!(ledger.verify(subscription()).await.unwrap(), Ok(2));
    assert_eq!(ledger.unclosed(subscription()).await.unwrap().len(), 2);
}

async fn rejects_a_grant_without_leases_or_across_subscriptions(ledger: &dyn Ledger) {
    let mut empty = a_grant(1, "web-01", 0);
    empty.leases.clear();
    let mut across = a_grant(2, "web-01", 0);
    across.leases[0].vm = a_vm_elsewhere("web-01");
    for grant in [empty, across] {
        assert!(matches!(ledger.admit(&grant, None, &[]).await, Err(StoreError::Refused(_))));
    }
    assert!(ledger.pending().await.unwrap().is_empty());
}

async fn a_grant_is_admitted_once(ledger: &dyn Ledger) {
    ledger.admit(&a_grant(1, "web-01", 0), None, &[]).await.unwrap();
    assert!(ledger.admit(&a_grant(1, "web-01", 0), None, &[]).await.is_err());
    assert_eq!(ledger.pending().await.unwrap().len(), 1);
}

async fn each_subscription_has_a_chain_of_its_own(ledger: &dyn Ledger) {
    let (here, elsewhere) = (vm("web-01"), a_vm_elsewhere("web-01"));
    ledger.record(&[a_record(&here, 0), a_record(&elsewhere, 1), a_record(&here, 2)]).await.unwrap();
    assert_eq!(ledger.verify(here.subscription()).await.unwrap(), Ok(2));
    assert_eq!(ledger.verify(elsewhere.subscription()).await.unwrap(), Ok(1));
}

async fn a_later_inventory_replaces_an_earlier(ledger: &dyn Ledger) {
    assert_eq!(ledger.inventory(subscription()).await.unwrap(), None);
    let mut moved = a_machine("web-01");
    moved.location = "northeurope".to_owned();
    ledger.put_inventory(&an_inventory(&["web-01", "web-02"]), at(2)).await.unwrap();
    ledger.put_inventory(&an_inventory(&[]), at(1)).await.unwrap();
    ledger.put_machine(&moved, at(1)).await.unwrap();
    let first = (an_inventory(&["web-01", "web-02"]), at(2));
    assert_eq!(ledger.inventory(subscription()).await.unwrap(), Some(first));
    ledger.put_machine(&moved, at(5)).await.unwrap();
    ledger.put_inventory(&an_inventory(&["web-01"]), at(4)).await.unwrap();
    assert_eq!(ledger.machines(subscription()).await.unwrap(), std::slice::from_ref(&moved));
    assert_eq!(ledger.machine(&vm("web-01")).await.unwrap(), Some((moved, "Contoso".to_owned(), at(5))));
    let mut foreign = an_inventory(&["web-01"]);
    foreign.machines[0].vm = a_vm_elsewhere("web-01");
    assert!(matches!(ledger.put_inventory(&foreign, at(9)).await, Err(StoreError::Refused(_))));
}

async fn a_reading_from_before_a_whole_one_changes_nothing(ledger: &dyn Ledger) {
    let mut moved = a_machine("web-01");
    moved.location = "northeurope".to_owned();
    for second in [1, 3] {
        ledger.put_inventory(&an_inventory(&["web-01"]), at(second)).await.unwrap();
    }
    ledger.put_machine(&moved, at(2)).await.unwrap();
    let (machine, _, when) = ledger.machine(&vm("web-01")).await.unwrap().unwrap();
    assert_eq!((machine, when), (a_machine("web-01"), at(3)));
}

async fn a_machine_is_kept_and_forgotten(ledger: &dyn Ledger) {
    ledger.put_machine(&a_machine("web-01"), at(1)).await.unwrap();
    let known = (a_machine("web-01"), subscription().to_string(), at(1));
    assert_eq!(ledger.machine(&vm("web-01")).await.unwrap(), Some(known));
    assert_eq!(ledger.inventory(subscription()).await.unwrap(), None);
    ledger.forget_machine(&vm("web-01")).await.unwrap();
    assert_eq!(ledger.machine(&vm("web-01")).await.unwrap(), None);
}

async fn an_nsg_decides_over_its_vms_and_maybe_over_those_in_doubt(ledger: &dyn Ledger) {
    let mut unreadable = a_machine("web-03");
    (unreadable.way_in, unreadable.interfaces) = (WayIn::Unreadable, Vec::new());
    let classic = Machine { kind: MachineKind::Classic, interfaces: Vec::new(), ..a_machine("old-01") };
    let elsewhere = behind("db-01", "db-nsg");
    let machines =
        vec![behind("web-01", "web-nsg"), behind("web-02", "web-nsg"), elsewhere, unreadable, classic];
    ledger.put_inventory(&Inventory { machines, ..an_inventory(&[]) }, at(1)).await.unwrap();
    for name in ["web-02", "web-03", "db-01", "old-01", "gone-01"] {
        ledger.put_policy(&a_policy(name), &[]).await.unwrap();
    }
    let found = ledger.behind(&nsg("WEB-nsg")).await.unwrap();
    assert_eq!(found.machines, [behind("web-01", "web-nsg"), behind("web-02", "web-nsg")]);
    assert_eq!(found.policies, [a_policy("web-02")]);
    assert_eq!(found.doubtful, [a_policy("gone-01"), a_policy("web-03")]);
    let nobody = ledger.behind(&nsg("other-nsg")).await.unwrap();
    assert_eq!((nobody.machines, nobody.policies), (vec![], vec![]));
    assert_eq!(nobody.doubtful, [a_policy("gone-01"), a_policy("web-03")]);
}

async fn a_vm_that_left_an_nsg_is_no_longer_behind_it(ledger: &dyn Ledger) {
    let whole = |machine| Inventory { machines: vec![machine], ..an_inventory(&[]) };
    ledger.put_inventory(&whole(behind("web-01", "web-nsg")), at(1)).await.unwrap();
    ledger.put_inventory(&whole(behind("web-01", "web-nsg")), at(2)).await.unwrap();
    assert_eq!(ledger.behind(&nsg("web-nsg")).await.unwrap().machines, [behind("web-01", "web-nsg")]);
    ledger.put_machine(&behind("web-01", "old-nsg"), at(1)).await.unwrap();
    assert_eq!(ledger.behind(&nsg("web-nsg")).await.unwrap().machines, [behind("web-01", "web-nsg")]);
    ledger.put_machine(&behind("web-01", "db-nsg"), at(3)).await.unwrap();
    assert_eq!(ledger.behind(&nsg("web-nsg")).await.unwrap(), BehindNsg::default());
    assert_eq!(ledger.behind(&nsg("db-nsg")).await.unwrap().machines, [behind("web-01", "db-nsg")]);
    ledger.put_inventory(&an_inventory(&[]), at(4)).await.unwrap();
    assert_eq!(ledger.behind(&nsg("db-nsg")).await.unwrap(), BehindNsg::default());
    ledger.put_machine(&behind("web-01", "db-nsg"), at(5)).await.unwrap();
    ledger.forget_machine(&vm("web-01")).await.unwrap();
    assert_eq!(ledger.behind(&nsg("db-nsg")).await.unwrap(), BehindNsg::default());
}

fn behind(name: &str, subnet_nsg: &str) -> Machine {
    let address = Address {
        private: [10, 0, 0, 4].into(),
        public: None,
        subnet_nsg: Some(nsg(subnet_nsg)),
        virtual_network: Vec::new(),
    };
    Machine { interfaces: vec![Interface { nsg: None, addresses: vec![address] }], ..a_machine(name) }
}

async fn the_last_reading_of_an_nsg_is_kept(ledger: &dyn Ledger) {
    for (rules, second) in [(1, 5), (2, 4), (3, 5)] {
        ledger.put_observation(&an_observation("web-nsg", rules), at(second)).await.unwrap();
    }
    let read = ledger.observations(subscription()).await.unwrap();
    assert_eq!(read.into_values().collect::<Vec<_>>(), [(an_observation("web-nsg", 3), at(5))]);
    assert!(ledger.observations(a_vm_elsewhere("x").subscription()).await.unwrap().is_empty());
}

async fn the_last_reading_of_a_firewall_is_kept(ledger: &dyn Ledger) {
    let id = FirewallId::new(subscription(), "prod-rg", "hub-fw").unwrap();
    let reading = |etag: &str| ObservedFirewall { etag: Some(etag.to_owned()), ..a_firewall(&id) };
    for (etag, second) in [("a", 5), ("b", 4), ("c", 6)] {
        ledger.put_firewall(&reading(etag), at(second)).await.unwrap();
    }
    let read = ledger.firewalls(subscription()).await.unwrap();
    assert_eq!(read.into_values().collect::<Vec<_>>(), [(reading("c"), at(6))]);
}

async fn what_is_gone_is_forgotten(ledger: &dyn Ledger) {
    let id = FirewallId::new(subscription(), "prod-rg", "hub-fw").unwrap();
    ledger.put_observation(&an_observation("web-nsg", 1), at(5)).await.unwrap();
    ledger.put_firewall(&a_firewall(&id), at(5)).await.unwrap();
    let read = ledger.observation(&nsg("web-nsg")).await.unwrap();
    assert_eq!(read, Some((an_observation("web-nsg", 1), at(5))));
    ledger.forget_observation(&nsg("web-nsg")).await.unwrap();
    ledger.forget_firewall(&id).await.unwrap();
    assert_eq!(ledger.observation(&nsg("web-nsg")).await.unwrap(), None);
    assert!(ledger.observations(subscription()).await.unwrap().is_empty());
    assert!(ledger.firewalls(subscription()).await.unwrap().is_empty());
}

async fn a_flush_is_known_from_its_first_note(ledger: &dyn Ledger) {
    for second in [5, 9] {
        ledger.put_flush(&nsg("web-nsg"), at(second)).await.unwrap();
    }
    let known = ledger.flushes(subscription()).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [(nsg("web-nsg"), at(5))]);
    ledger.remove_flush(&nsg("web-nsg")).await.unwrap();
    assert!(ledger.flushes(subscription()).await.unwrap().is_empty());
}

async fn the_latest_sweep_is_remembered(ledger: &dyn Ledger) {
    assert_eq!(ledger.last_sweep().await.unwrap(), None);
    for (noted, expected) in [(5, 5), (9, 9), (7, 9)] {
        ledger.note_sweep(at(noted)).await.unwrap();
        assert_eq!(ledger.last_sweep().await.unwrap(), Some(at(expected)));
    }
}

fn names(held: &[HeldLease]) -> Vec<&str> {
    held.iter().map(|held| held.lease.vm.name()).collect()
}

fn a_firewall(id: &FirewallId) -> ObservedFirewall {
    ObservedFirewall { id: id.clone(), etag: None, has_policy: false, failed: false, collections: Vec::new() }
}
