use jiff::SignedDuration;
use shared::grant::CloseReason;

use super::{super::testing::*, *};

/// A lease of the test's grants lasts an hour.
const HOUR: i64 = 3_600;

#[tokio::test]
async fn the_first_to_update_wins_and_the_second_writes_nothing() {
    let home = a_home();
    let store = a_store(&home).await;
    let held = admitted(&store, 1, "web-01", 0).await;
    let record = [a_record(&held.lease.vm, 1)];
    let opened = held.lease.clone().opened(at(1));
    assert!(store.update_lease(&held, opened.clone(), None, &record).await.unwrap());
    let late = held.lease.clone().ended(CloseReason::Revoked, at(2));
    assert!(!store.update_lease(&held, late, None, &record).await.unwrap());
    assert_eq!(only(&store).await.lease, opened);
    assert_eq!(store.verify(subscription()).await.unwrap(), Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_updates_at_once_one_wins() {
    let home = a_home();
    let stores = [a_store(&home).await, a_store(&home).await];
    let held = admitted(&stores[0], 1, "web-01", 0).await;
    let updating = (0..12_i64).map(|n| {
        let (store, held) = (stores[usize::from(n % 2 == 0)].clone(), held.clone());
        tokio::spawn(async move {
            let record = a_record(&held.lease.vm, n);
            store.update_lease(&held, held.lease.clone().written(at(n)), None, &[record]).await.unwrap()
        })
    });
    let won = futures::future::try_join_all(updating).await.unwrap();
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    assert_eq!(stores[1].verify(subscription()).await.unwrap(), Ok(1));
}

#[tokio::test]
async fn trouble_is_kept_until_it_is_over() {
    let home = a_home();
    let store = a_store(&home).await;
    let held = admitted(&store, 1, "web-01", 0).await;
    assert_eq!(held.trouble, None);
    let trouble = Trouble { attempts: 3, message: "locked".to_owned(), retry_at: at(90) };
    assert!(store.update_lease(&held, held.lease.clone(), Some(trouble.clone()), &[]).await.unwrap());
    let held = only(&store).await;
    assert_eq!(held.trouble, Some(trouble));
    assert!(store.update_lease(&held, held.lease.clone(), None, &[]).await.unwrap());
    assert_eq!(only(&store).await.trouble, None);
}

#[tokio::test]
async fn rejects_another_lease_in_the_place_of_the_first() {
    let home = a_home();
    let store = a_store(&home).await;
    let held = admitted(&store, 1, "web-01", 0).await;
    let other = a_grant(2, "web-01", 0).leases.remove(0);
    assert!(matches!(store.update_lease(&held, other, None, &[]).await, Err(StoreError::Refused(_))));
    let moved = Lease { vm: vm("web-02"), ..held.lease.clone() };
    assert!(matches!(store.update_lease(&held, moved, None, &[]).await, Err(StoreError::Refused(_))));
}

#[tokio::test]
async fn a_lease_is_due_at_its_end_and_not_a_nanosecond_before() {
    let home = a_home();
    let store = a_store(&home).await;
    let mut grant = a_grant(1, "web-01", 0);
    let end = at(HOUR) + SignedDuration::from_nanos(1);
    grant.leases[0].expires_at = end;
    store.admit(&grant, None, &[]).await.unwrap();
    assert!(store.due(at(HOUR)).await.unwrap().is_empty());
    let next = store.next_due(at(HOUR)).await.unwrap().unwrap();
    assert!(next >= end && next - end < SignedDuration::from_micros(1), "{next}");
    let due = store.due(next).await.unwrap();
    assert!(due[0].lease.is_due(next));
}

#[tokio::test]
async fn what_is_closed_is_neither_due_nor_unclosed_nor_pending() {
    let home = a_home();
    let store = a_store(&home).await;
    let held = admitted(&store, 1, "web-01", 0).await;
    let late = at(HOUR);
    assert_eq!(store.due(late).await.unwrap().len(), 1);
    assert!(store.update_lease(&held, held.lease.clone().closed(late), None, &[]).await.unwrap());
    assert!(store.due(late).await.unwrap().is_empty());
    assert!(store.unclosed(subscription()).await.unwrap().is_empty());
    assert!(store.unclosed_of_vm(&held.lease.vm).await.unwrap().is_empty());
    assert!(store.pending().await.unwrap().is_empty());
    assert_eq!(store.next_due(at(0)).await.unwrap(), None);
    assert_eq!(store.counts(late).await.unwrap(), LeaseCounts::default());
}

#[tokio::test]
async fn the_unclosed_are_found_by_subscription_and_by_vm() {
    let home = a_home();
    let store = a_store(&home).await;
    admitted(&store, 1, "web-01", 5).await;
    admitted(&store, 2, "web-02", 3).await;
    let elsewhere = a_grant_elsewhere(3, "web-01", 0);
    store.admit(&elsewhere, None, &[]).await.unwrap();
    let names =
        |held: Vec<HeldLease>| held.iter().map(|held| held.lease.vm.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(store.unclosed(subscription()).await.unwrap()), ["web-02", "web-01"]);
    let here = store.unclosed_of_vm(&vm("web-01")).await.unwrap();
    assert_eq!(here.len(), 1);
    assert_eq!(here[0].requester, a_requester());
    assert_eq!(store.due(at(2 * HOUR)).await.unwrap().len(), 3);
}

#[tokio::test]
async fn the_next_end_is_the_first_after_the_moment() {
    let home = a_home();
    let store = a_store(&home).await;
    for (id, second) in [(1, 10), (2, 20)] {
        admitted(&store, id, "web-01", second).await;
    }
    assert_eq!(store.next_due(at(0)).await.unwrap(), Some(at(HOUR + 10)));
    assert_eq!(store.next_due(at(HOUR + 10)).await.unwrap(), Some(at(HOUR + 20)));
    assert_eq!(store.next_due(at(HOUR + 20)).await.unwrap(), None);
}

#[tokio::test]
async fn each_lease_is_counted_once() {
    let home = a_home();
    let store = a_store(&home).await;
    for (id, second) in [(1, 0), (2, 100), (3, 200), (4, 300)] {
        let held = admitted(&store, id, "web-01", second).await;
        if id % 2 == 0 {
            assert!(store.update_lease(&held, held.lease.clone().opened(at(400)), None, &[]).await.unwrap());
        }
    }
    let counted = |pending, open, overdue| LeaseCounts { pending, open, overdue };
    assert_eq!(store.counts(at(0)).await.unwrap(), counted(2, 2, 0));
    assert_eq!(store.counts(at(HOUR + 100)).await.unwrap(), counted(1, 1, 2));
    assert_eq!(store.pending().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_corrupt_lease_hides_no_other_and_is_an_error_by_itself() {
    for damage in ["data = '{}'", "state = 'open'", "expires_at = 0", "requester = ''", "trouble = 'x'"] {
        let home = a_home();
        let store = a_store(&home).await;
        let bad = admitted(&store, 1, "web-01", 0).await;
        let good = admitted(&store, 2, "web-01", 0).await;
        let update = format!("UPDATE leases SET {damage} WHERE id = '{}'", bad.lease.id);
        sqlx::query(sqlx::AssertSqlSafe(update)).execute(&store.writer).await.unwrap();
        let ids = |held: Vec<HeldLease>| held.iter().map(|held| held.lease.id).collect::<Vec<_>>();
        assert_eq!(ids(store.unclosed(subscription()).await.unwrap()), [good.lease.id], "{damage}");
        assert_eq!(ids(store.due(at(HOUR)).await.unwrap()), [good.lease.id], "{damage}");
        assert_eq!(ids(store.pending().await.unwrap()), [good.lease.id], "{damage}");
        let error = store.grant(bad.grant).await.unwrap_err().to_string();
        assert_eq!(error, format!("the stored lease {} cannot be read", bad.lease.id), "{damage}");
    }
}

async fn admitted(store: &Store, id: u128, name: &str, second: i64) -> HeldLease {
    let grant = a_grant(id, name, second);
    store.admit(&grant, None, &[]).await.unwrap();
    store.grant(grant.id).await.unwrap().unwrap().leases.remove(0)
}

async fn only(store: &Store) -> HeldLease {
    let mut unclosed = store.unclosed(subscription()).await.unwrap();
    assert_eq!(unclosed.len(), 1);
    unclosed.remove(0)
}
