//! Reading the audit newest first, page by page.

use std::{cmp::Reverse, fmt, str::FromStr};

use futures::{Stream, TryStreamExt, stream};
use jiff::Timestamp;
use shared::{
    audit::Entry,
    vm::{SubscriptionId, VmId},
};

use super::{Store, StoreError, audit::EntryRow, text::micros};

/// Which entries of the audit to read.
#[derive(Clone, Debug)]
pub struct ActivityFilter {
    /// Only entries of these.
    pub subscriptions: Vec<SubscriptionId>,
    /// Only entries about this VM.
    pub vm: Option<VmId>,
    /// Only entries before this place.
    pub before: Option<Cursor>,
    /// How many at most in one page; at least 1 is read.
    pub limit: u32,
}

/// Some entries, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityPage {
    pub entries: Vec<Entry>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<Cursor>,
}

/// A place in the activity: just after one entry. Its text is for handing back, not for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Microseconds since 1970, as in the table, whose order this is.
    at: i64,
    subscription: SubscriptionId,
    seq: u64,
}

/// The text is no place in the activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in the activity; hand back the `next` of a page as it is")]
pub struct InvalidCursor;

impl Cursor {
    fn of(entry: &Entry) -> Self {
        Self { at: micros(entry.record.at), subscription: entry.record.subscription, seq: entry.seq }
    }

    /// The place in one subscription's chain, as the moment and the number that all later pages are below.
    fn bound(self, subscription: SubscriptionId) -> (i64, i64) {
        let seq = match subscription.cmp(&self.subscription) {
            std::cmp::Ordering::Less => i64::MAX,
            std::cmp::Ordering::Equal => i64::try_from(self.seq).unwrap_or(i64::MAX),
            std::cmp::Ordering::Greater => 0,
        };
        (self.at, seq)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.at, self.seq, self.subscription)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let mut parts = text.splitn(3, '.');
        let mut next = || parts.next().ok_or(InvalidCursor);
        let at = next()?.parse().map_err(|_| InvalidCursor)?;
        let seq = next()?.parse().map_err(|_| InvalidCursor)?;
        let subscription = next()?.parse().map_err(|_| InvalidCursor)?;
        Timestamp::from_microsecond(at).map_err(|_| InvalidCursor)?;
        Ok(Self { at, subscription, seq })
    }
}

impl Store {
    /// One page of the activity. Entries that are written meanwhile move no later page.
    pub async fn activity(&self, filter: &ActivityFilter) -> Result<ActivityPage, StoreError> {
        let limit = usize::try_from(filter.limit.max(1)).unwrap_or(usize::MAX);
        let mut subscriptions = filter.subscriptions.clone();
        subscriptions.sort_unstable();
        subscriptions.dedup();
        let mut entries = Vec::new();
        for subscription in subscriptions {
            entries.extend(self.newest(subscription, filter).await?);
        }
        entries.sort_by_key(|entry| Reverse(Cursor::of(entry)));
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map(Cursor::of);
        Ok(ActivityPage { entries, next })
    }

    /// The newest entry of one kind about a VM since a time.
    pub async fn newest_of_kind(
        &self,
        vm: &VmId,
        kind: &str,
        since: Timestamp,
    ) -> Result<Option<Entry>, StoreError> {
        let select = "SELECT subscription, seq, entry FROM audit
                      WHERE vm = $1 AND at >= $2 AND subscription = $3 AND entry LIKE $4
                      ORDER BY at DESC, seq DESC LIMIT 1";
        let row: Option<EntryRow> = sqlx::query_as(select)
            .bind(vm.key())
            .bind(micros(since))
            .bind(vm.subscription().to_string())
            .bind(format!(r#"%"event":"{kind}"%"#))
            .fetch_optional(&self.readers)
            .await?;
        row.map(EntryRow::parse).transpose()
    }

    /// All of the activity from `filter.before` on; `filter.limit` is how many entries are read at a time.
    pub fn activity_stream(
        &self,
        filter: ActivityFilter,
    ) -> impl Stream<Item = Result<Entry, StoreError>> + Send + use<> {
        let store = self.clone();
        stream::try_unfold(Some(filter), move |filter| {
            let store = store.clone();
            async move {
                let Some(filter) = filter else { return Ok::<_, StoreError>(None) };
                let page = store.activity(&filter).await?;
                let rest = page.next.map(|next| ActivityFilter { before: Some(next), ..filter });
                Ok(Some((stream::iter(page.entries.into_iter().map(Ok)), rest)))
            }
        })
        .try_flatten()
    }

    /// One more than a page of one subscription, so that the caller sees whether there are more.
    async fn newest(
        &self,
        subscription: SubscriptionId,
        filter: &ActivityFilter,
    ) -> Result<Vec<Entry>, StoreError> {
        if filter.vm.as_ref().is_some_and(|vm| vm.subscription() != subscription) {
            return Ok(Vec::new());
        }
        let (at, seq) = filter.before.map_or((i64::MAX, i64::MAX), |before| before.bound(subscription));
        let of_all = "SELECT subscription, seq, entry FROM audit
                      WHERE subscription = $1 AND (at < $2 OR (at = $2 AND seq < $3))
                      ORDER BY at DESC, seq DESC LIMIT $4";
        let of_one = "SELECT subscription, seq, entry FROM audit
                      WHERE subscription = $1 AND (at < $2 OR (at = $2 AND seq < $3)) AND vm = $5
                      ORDER BY at DESC, seq DESC LIMIT $4";
        let page = sqlx::query_as(if filter.vm.is_some() { of_one } else { of_all })
            .bind(subscription.to_string())
            .bind(at)
            .bind(seq)
            .bind(i64::from(filter.limit.max(1)) + 1);
        let page = match &filter.vm {
            Some(vm) => page.bind(vm.key()),
            None => page,
        };
        let rows: Vec<EntryRow> = page.fetch_all(&self.readers).await?;
        rows.into_iter().map(EntryRow::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::testing::*, *};

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

    fn filter(subscriptions: Vec<SubscriptionId>, limit: u32) -> ActivityFilter {
        ActivityFilter { subscriptions, vm: None, before: None, limit }
    }

    fn seconds(page: &ActivityPage) -> Vec<i64> {
        page.entries.iter().map(|entry| entry.record.at.as_second() - at(0).as_second()).collect()
    }
}
