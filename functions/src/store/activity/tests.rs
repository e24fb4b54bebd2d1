use proptest::prelude::*;
use shared::{
    audit::{Event, Record},
    decision::Requester,
    nsg::stamp::StoreId,
};

use super::*;
use crate::store::testing::*;

#[tokio::test]
async fn the_newest_come_first_and_only_of_what_was_asked() {
    let home = a_home();
    let store = a_store(&home).await;
    let [web, db, elsewhere] = [vm("web-01"), vm("db-01"), a_vm_elsewhere("web-01")];
    store.record(&[a_record(&web, 1), a_record(&db, 3), a_record(&elsewhere, 2)]).await.unwrap();
    let both = vec![web.subscription(), elsewhere.subscription(), web.subscription()];
    assert_eq!(seconds(&store.activity(&filter(both.clone(), 9)).await.unwrap()), [3, 2, 1]);
    assert_eq!(seconds(&store.activity(&filter(vec![subscription()], 9)).await.unwrap()), [3, 1]);
    let of_vm = ActivityFilter { vm: Some(web), ..filter(both, 9) };
    assert_eq!(seconds(&store.activity(&of_vm).await.unwrap()), [1]);
    let foreign = ActivityFilter { subscriptions: vec![elsewhere.subscription()], ..of_vm };
    assert!(store.activity(&foreign).await.unwrap().entries.is_empty());
}

#[tokio::test]
async fn the_last_page_has_no_next_even_when_it_is_full() {
    let home = a_home();
    let store = a_store(&home).await;
    store.record(&[1, 2].map(|n| a_record(&vm("web-01"), n))).await.unwrap();
    let page = store.activity(&filter(vec![subscription()], 2)).await.unwrap();
    assert_eq!((page.entries.len(), page.next), (2, None));
    let page = store.activity(&filter(vec![subscription()], 1)).await.unwrap();
    assert!(page.next.is_some());
}

#[tokio::test]
async fn entries_written_between_two_pages_shift_nothing() {
    let home = a_home();
    let store = a_store(&home).await;
    store.record(&[1, 2, 3].map(|n| a_record(&vm("web-01"), n))).await.unwrap();
    let mut asked = filter(vec![subscription()], 2);
    let page = store.activity(&asked).await.unwrap();
    store.record(&[a_record(&vm("web-01"), 4)]).await.unwrap();
    asked.before = page.next;
    assert_eq!(seconds(&store.activity(&asked).await.unwrap()), [1]);
}

#[test]
fn a_cursor_survives_its_text() {
    let cursor = Cursor { at: -5, subscription: subscription(), seq: 7 };
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
}

#[test]
fn rejects_what_is_no_cursor() {
    let id = subscription();
    for text in [
        "",
        "1",
        "1.2",
        "1.2.3",
        &format!("1.-2.{id}"),
        &format!("x.2.{id}"),
        &format!("{}.2.{id}", i64::MAX),
        &format!("1.2.{id}.4"),
    ] {
        assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_of_any_size_give_every_entry_once_and_in_order(
        entries in prop::collection::vec((0_i64..4, any::<bool>()), 0..40),
        limit in 1_u32..9,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let home = a_home();
            let store = a_store(&home).await;
            let machines = [vm("web-01"), a_vm_elsewhere("web-01")];
            let records: Vec<_> =
                entries.iter().map(|(second, here)| a_record(&machines[usize::from(*here)], *second)).collect();
            store.record(&records).await.unwrap();
            let asked = filter(machines.iter().map(VmId::subscription).collect(), limit);
            let read: Vec<Entry> = store.activity_stream(asked).try_collect().await.unwrap();
            assert!(read.is_sorted_by_key(|entry| Reverse(Cursor::of(entry))));
            let mut places: Vec<_> = read.iter().map(Cursor::of).collect();
            places.dedup();
            assert_eq!(places.len(), records.len());
        });
    }
}

#[tokio::test]
async fn filters_agree_together_and_each_leaves_out_what_it_should() {
    let home = a_home();
    let store = a_store(&home).await;
    store.record(&a_day()).await.unwrap();
    every_filter_finds_its_own(&store).await;
}

#[tokio::test]
async fn entries_that_an_older_version_wrote_are_found_by_their_json() {
    let home = a_home();
    let store = a_store(&home).await;
    store.record(&a_day()).await.unwrap();
    sqlx::query(FORGET).execute(&store.writer).await.unwrap();
    every_filter_finds_its_own(&store).await;
    let drift = store.count_of_kind(subscription(), EventKind::PolicyRemoved, at(2)).await.unwrap();
    assert_eq!(drift, (1, Some(at(4))));
    let newest = store.newest_of_kind(&vm("web-01"), EventKind::RevokeAsked, at(0)).await.unwrap();
    assert_eq!(newest.map(|entry| entry.record.at), Some(at(5)));
}

#[tokio::test]
async fn a_page_of_entries_without_columns_is_not_empty_while_more_agree() {
    let home = a_home();
    let store = a_store(&home).await;
    let noise: Vec<Record> = (1..40).map(|n| a_record(&vm("web-01"), n)).collect();
    store.record(&[by("sam", 0, Event::PolicyRemoved)]).await.unwrap();
    store.record(&noise).await.unwrap();
    sqlx::query(FORGET).execute(&store.writer).await.unwrap();
    let page =
        store.activity(&ActivityFilter { person: Some("oid-sam".to_owned()), ..all(3) }).await.unwrap();
    assert_eq!((seconds(&page), page.next), (vec![0], None));
}

#[tokio::test]
async fn opening_gives_old_entries_their_columns_and_leaves_what_it_cannot_read() {
    let home = a_home();
    let store = a_store(&home).await;
    store.record(&a_day()).await.unwrap();
    sqlx::query(FORGET).execute(&store.writer).await.unwrap();
    sqlx::query("UPDATE audit SET entry = 'x' WHERE seq = 2").execute(&store.writer).await.unwrap();
    store.close().await;
    let store = Store::open(&url(&home), StoreId::new(1)).await.unwrap();
    let without: Vec<i64> = sqlx::query_scalar("SELECT seq FROM audit WHERE kind IS NULL")
        .fetch_all(&store.readers)
        .await
        .unwrap();
    assert_eq!(without, [2]);
    let with: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM audit WHERE kind = 'revoke_asked' AND actor_name = 'sam@contoso.example'",
    )
    .fetch_one(&store.readers)
    .await
    .unwrap();
    assert_eq!(with, 1);
}

const FORGET: &str = "UPDATE audit SET kind = NULL, actor_id = NULL, actor_name = NULL";

async fn every_filter_finds_its_own(store: &Store) {
    let sam = || Some("SAM@contoso.example".to_owned());
    let removed = vec![EventKind::PolicyRemoved];
    let cases = [
        (all(9), vec![5, 4, 3, 2, 1]),
        (ActivityFilter { kinds: removed.clone(), ..all(9) }, vec![4, 1]),
        (ActivityFilter { kinds: vec![EventKind::PolicyRemoved, EventKind::Asked], ..all(9) }, vec![4, 2, 1]),
        (ActivityFilter { kinds: vec![EventKind::Overdue], ..all(9) }, vec![]),
        (ActivityFilter { person: sam(), ..all(9) }, vec![5, 4]),
        (ActivityFilter { person: Some("OID-sam".to_owned()), ..all(9) }, vec![5, 4]),
        (ActivityFilter { person: Some("sam".to_owned()), ..all(9) }, vec![]),
        (ActivityFilter { person: sam(), kinds: removed.clone(), ..all(9) }, vec![4]),
        (ActivityFilter { since: Some(at(2)), until: Some(at(4)), ..all(9) }, vec![3, 2]),
        (ActivityFilter { since: Some(at(2)), kinds: removed, ..all(9) }, vec![4]),
        (ActivityFilter { until: Some(at(5)), person: sam(), vm: Some(vm("web-01")), ..all(9) }, vec![4]),
        (ActivityFilter { person: sam(), vm: Some(vm("web-02")), ..all(9) }, vec![]),
    ];
    for (asked, expected) in cases {
        for limit in [1, 2, 9] {
            let asked = ActivityFilter { limit, ..asked.clone() };
            let read: Vec<Entry> = store.activity_stream(asked.clone()).try_collect().await.unwrap();
            let read: Vec<i64> = read.iter().map(second).collect();
            assert_eq!(read, expected, "{asked:?}");
        }
    }
}

/// One entry a second, from the first on.
fn a_day() -> [Record; 5] {
    let asked = Event::Asked { openings: Vec::new(), justification: None, from: "203.0.113.7".to_owned() };
    let cut = Event::SessionsCut { nsg: nsg("web-nsg"), correlation_id: None };
    let own = Record { actor: None, ..by("rui", 3, cut) };
    let grant = a_grant(1, "web-01", 0).id;
    [
        by("rui", 1, Event::PolicyRemoved),
        by("rui", 2, asked),
        own,
        by("sam", 4, Event::PolicyRemoved),
        by("sam", 5, Event::RevokeAsked { grant }),
    ]
}

fn by(who: &str, second: i64, event: Event) -> Record {
    let actor = Requester { id: format!("oid-{who}"), name: format!("{who}@contoso.example") };
    Record { actor: Some(actor), event, ..a_record(&vm("web-01"), second) }
}

fn all(limit: u32) -> ActivityFilter {
    filter(vec![subscription()], limit)
}

fn filter(subscriptions: Vec<SubscriptionId>, limit: u32) -> ActivityFilter {
    ActivityFilter { subscriptions, limit, ..ActivityFilter::default() }
}

fn seconds(page: &ActivityPage) -> Vec<i64> {
    page.entries.iter().map(second).collect()
}

fn second(entry: &Entry) -> i64 {
    entry.record.at.as_second() - at(0).as_second()
}
