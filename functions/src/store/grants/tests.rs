use shared::grant::CloseReason;

use super::{super::testing::*, *};

#[tokio::test]
async fn a_grant_is_read_as_it_was_admitted_and_then_as_its_leases_stand() {
    let home = a_home();
    let store = a_store(&home).await;
    let grant = a_grant_of(1, &["web-02", "web-01"], 0);
    assert_eq!(store.admit(&grant, None, &[a_record(&vm("web-01"), 0)]).await.unwrap(), Admitted::New);
    let held = store.grant(grant.id).await.unwrap().unwrap();
    assert_eq!(held.grant, grant);
    assert_eq!(held.leases[1].lease, grant.leases[1]);
    let opened = grant.leases[1].clone().opened(at(1));
    assert!(store.update_lease(&held.leases[1], opened.clone(), None, &[]).await.unwrap());
    let held = store.grant(grant.id).await.unwrap().unwrap();
    assert_eq!(held.grant.leases, [grant.leases[0].clone(), opened]);
    assert!(store.grant(a_grant(2, "web-01", 0).id).await.unwrap().is_none());
    assert_eq!(store.verify(subscription()).await.unwrap(), Ok(1));
}

#[tokio::test]
async fn a_requesters_latest_grants_and_all_that_live_come_newest_first() {
    let home = a_home();
    let store = a_store(&home).await;
    for (id, second) in [(1, 10), (2, 30), (3, 20)] {
        store.admit(&a_grant_of(id, &["web-01", "web-02"], second), None, &[]).await.unwrap();
    }
    let mut foreign = a_grant(4, "web-01", 40);
    foreign.requester.id = "oid-other".to_owned();
    store.admit(&foreign, None, &[]).await.unwrap();
    let ids = |held: Vec<HeldGrant>| held.iter().map(|held| held.grant.id).collect::<Vec<_>>();
    let requester = a_requester().id;
    let expected = [2, 3, 1].map(|id| a_grant(id, "web-01", 0).id);
    assert_eq!(ids(store.grants_of(&requester, 1).await.unwrap()), expected);
    close(&store, expected[2], 2).await;
    close(&store, expected[1], 1).await;
    assert_eq!(ids(store.grants_of(&requester, 9).await.unwrap()), expected);
    let one_lives = store.grants_of(&requester, 1).await.unwrap();
    assert!(one_lives.iter().all(|held| held.leases.len() == 2));
    assert_eq!(ids(one_lives), expected[..2]);
    close(&store, expected[1], 2).await;
    assert_eq!(ids(store.grants_of(&requester, 1).await.unwrap()), expected[..1]);
}

/// Closes the first leases of a grant.
async fn close(store: &Store, id: GrantId, leases: usize) {
    for held in store.grant(id).await.unwrap().unwrap().leases.iter().take(leases) {
        if held.lease.lives(at(60)) {
            let closed = held.lease.clone().ended(CloseReason::Revoked, at(60)).closed(at(60));
            assert!(store.update_lease(held, closed, None, &[]).await.unwrap());
        }
    }
}

#[tokio::test]
async fn the_same_request_under_the_same_name_is_admitted_once() {
    let home = a_home();
    let store = a_store(&home).await;
    let (first, again) = (a_grant(1, "web-01", 0), a_grant(2, "web-01", 60));
    let record = [a_record(&vm("web-01"), 0)];
    assert_eq!(store.admit(&first, Some(&a_name("k", "h")), &record).await.unwrap(), Admitted::New);
    let outcome = store.admit(&again, Some(&a_name("k", "h")), &record).await.unwrap();
    assert_eq!(outcome, Admitted::Repeated(first.id));
    assert!(store.grant(again.id).await.unwrap().is_none());
    assert_eq!(store.verify(subscription()).await.unwrap(), Ok(1));
}

#[tokio::test]
async fn another_request_under_the_same_name_is_not_admitted() {
    let home = a_home();
    let store = a_store(&home).await;
    store.admit(&a_grant(1, "web-01", 0), Some(&a_name("k", "h")), &[]).await.unwrap();
    let other = a_grant(2, "web-02", 60);
    assert_eq!(store.admit(&other, Some(&a_name("k", "other")), &[]).await.unwrap(), Admitted::Mismatched);
    assert!(store.grant(other.id).await.unwrap().is_none());
}

#[tokio::test]
async fn names_belong_to_their_requester() {
    let home = a_home();
    let store = a_store(&home).await;
    store.admit(&a_grant(1, "web-01", 0), Some(&a_name("k", "h")), &[]).await.unwrap();
    let other = IdempotencyName { requester_id: "oid-other".to_owned(), ..a_name("k", "h") };
    assert_eq!(store.admit(&a_grant(2, "web-01", 1), Some(&other), &[]).await.unwrap(), Admitted::New);
    let next = a_grant(3, "web-01", 1);
    assert_eq!(store.admit(&next, Some(&a_name("k2", "h")), &[]).await.unwrap(), Admitted::New);
}

#[tokio::test]
async fn a_name_is_free_again_after_a_day() {
    let home = a_home();
    let store = a_store(&home).await;
    let name = a_name("k", "h");
    let first = a_grant(1, "web-01", 0);
    store.admit(&first, Some(&name), &[]).await.unwrap();
    let day = 24 * 3600;
    let within = store.admit(&a_grant(2, "web-01", day - 1), Some(&name), &[]).await.unwrap();
    assert_eq!(within, Admitted::Repeated(first.id));
    assert_eq!(store.admit(&a_grant(3, "web-01", day), Some(&name), &[]).await.unwrap(), Admitted::New);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_equal_requests_at_once_one_is_admitted() {
    let home = a_home();
    let stores = [a_store(&home).await, a_store(&home).await];
    let asking = (0..12_u16).map(|n| {
        let store = stores[usize::from(n % 2)].clone();
        tokio::spawn(async move {
            store.admit(&a_grant(n.into(), "web-01", 0), Some(&a_name("k", "h")), &[]).await.unwrap()
        })
    });
    let outcomes = futures::future::try_join_all(asking).await.unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Admitted::New).count(), 1, "{outcomes:?}");
    assert_eq!(stores[0].pending().await.unwrap().len(), 1);
}

#[tokio::test]
async fn rejects_a_grant_without_leases_and_one_that_crosses_subscriptions() {
    let home = a_home();
    let store = a_store(&home).await;
    let empty = Grant { leases: Vec::new(), ..a_grant(1, "web-01", 0) };
    let mut crossing = a_grant_of(1, &["web-01", "web-02"], 0);
    crossing.leases[1].vm = a_vm_elsewhere("web-02");
    for grant in [empty, crossing] {
        assert!(matches!(store.admit(&grant, None, &[]).await, Err(StoreError::Refused(_))));
    }
    assert!(store.pending().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_id_is_admitted_once() {
    let home = a_home();
    let store = a_store(&home).await;
    store.admit(&a_grant(1, "web-01", 0), None, &[]).await.unwrap();
    assert!(store.admit(&a_grant(1, "web-02", 0), None, &[]).await.is_err());
    assert_eq!(store.pending().await.unwrap().len(), 1);
}

fn a_name(key: &str, body_hash: &str) -> IdempotencyName {
    IdempotencyName { requester_id: a_requester().id, key: key.to_owned(), body_hash: body_hash.to_owned() }
}

#[tokio::test]
async fn the_grants_on_some_vms_come_oldest_first_with_just_the_leases_on_these() {
    let home = a_home();
    let store = a_store(&home).await;
    for (id, names, second) in
        [(1, &["web-01", "web-02"][..], 10), (2, &["web-01"], 30), (3, &["web-02"], 20), (4, &["web-01"], 5)]
    {
        store.admit(&a_grant_of(id, names, second), None, &[]).await.unwrap();
    }
    store.admit(&a_grant_elsewhere(5, "web-01", 20), None, &[]).await.unwrap();
    let on = async |names: &[&str], since| {
        let vms: Vec<_> = names.iter().map(|name| vm(name)).collect();
        let held = store.grants_on(subscription(), &vms, at(since)).await.unwrap();
        held.iter().map(|held| (held.grant.id, held.leases.len())).collect::<Vec<_>>()
    };
    let id = |number: u128| a_grant(number, "web-01", 0).id;
    assert_eq!(on(&["web-01"], 10).await, [(id(1), 1), (id(2), 1)]);
    assert_eq!(on(&["web-01", "web-02"], 6).await, [(id(1), 2), (id(3), 1), (id(2), 1)]);
    assert_eq!(on(&["db-01"], 0).await, []);
    assert_eq!(on(&[], 0).await, []);
}
