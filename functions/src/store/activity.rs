//! Reading the audit newest first, page by page.

mod filter;

use std::{cmp::Reverse, collections::BTreeSet, fmt, str::FromStr};

use futures::{Stream, TryStreamExt, stream};
use jiff::Timestamp;
use shared::{
    api::EventKind,
    audit::Entry,
    vm::{SubscriptionId, VmId},
};

pub use self::filter::ActivityFilter;
use self::filter::FilteredRow;
use super::{
    Store, StoreError,
    audit::EntryRow,
    sql,
    text::{micros, timestamp, unsigned},
};

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
    pub fn of(entry: &Entry) -> Self {
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
        kind: EventKind,
        since: Timestamp,
    ) -> Result<Option<Entry>, StoreError> {
        let select = "SELECT subscription, seq, entry FROM audit
                      WHERE vm = $1 AND at >= $2 AND subscription = $3
                        AND (kind = $4 OR (kind IS NULL AND entry LIKE $5))
                      ORDER BY at DESC, seq DESC LIMIT 1";
        let row: Option<EntryRow> = sql::query_as(select)
            .bind(vm.key())
            .bind(micros(since))
            .bind(vm.subscription().to_string())
            .bind(kind.as_str())
            .bind(in_json(kind))
            .fetch_optional(&mut *self.read().await?)
            .await?;
        row.map(EntryRow::parse).transpose()
    }

    /// The keys of a subscription's VMs that have an entry of one kind since a time.
    pub async fn vms_with_kind(
        &self,
        subscription: SubscriptionId,
        kind: EventKind,
        since: Timestamp,
    ) -> Result<BTreeSet<String>, StoreError> {
        let select = "SELECT DISTINCT vm FROM audit
                      WHERE kind = $1 AND subscription = $2 AND at >= $3 AND vm IS NOT NULL";
        let rows: Vec<(String,)> = sql::query_as(select)
            .bind(kind.as_str())
            .bind(subscription.to_string())
            .bind(micros(since))
            .fetch_all(&mut *self.read().await?)
            .await?;
        Ok(rows.into_iter().map(|(vm,)| vm).collect())
    }

    /// How many entries of one kind a subscription has since a time, and when the newest was.
    pub async fn count_of_kind(
        &self,
        subscription: SubscriptionId,
        kind: EventKind,
        since: Timestamp,
    ) -> Result<(u64, Option<Timestamp>), StoreError> {
        let select = "SELECT COUNT(*), MAX(at) FROM audit
                      WHERE subscription = $1 AND at >= $2 AND (kind = $3 OR (kind IS NULL AND entry LIKE $4))";
        let (number, newest): (i64, Option<i64>) = sql::query_as(select)
            .bind(subscription.to_string())
            .bind(micros(since))
            .bind(kind.as_str())
            .bind(in_json(kind))
            .fetch_one(&mut *self.read().await?)
            .await?;
        let what = || format!("number of entries of the audit of {subscription}");
        let newest = newest.map(|at| timestamp(what, at)).transpose()?;
        Ok((unsigned(what, number)?, newest))
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

    /// Of one subscription the newest entries that agree with the filter, and one more than a page has.
    ///
    /// Of entries without columns only their JSON tells whether they agree, so there may be more to read.
    async fn newest(
        &self,
        subscription: SubscriptionId,
        filter: &ActivityFilter,
    ) -> Result<Vec<Entry>, StoreError> {
        let wanted = usize::try_from(filter.limit.max(1)).unwrap_or(usize::MAX).saturating_add(1);
        let (mut before, mut found) = (filter.before.map(|cursor| cursor.bound(subscription)), Vec::new());
        loop {
            let rows: Vec<FilteredRow> =
                filter.query(subscription, before, wanted).fetch_all(&mut *self.read().await?).await?;
            let is_last = rows.len() < wanted;
            for row in rows {
                let is_sure = row.is_sure();
                before = Some(row.place());
                let entry = row.parse()?;
                if is_sure || filter.agrees(&entry) {
                    found.push(entry);
                }
            }
            if is_last || found.len() >= wanted {
                return Ok(found);
            }
        }
    }
}

/// How a kind stands in an entry's JSON.
fn in_json(kind: EventKind) -> String {
    format!(r#"%"event":"{}"%"#, kind.as_str())
}

#[cfg(test)]
mod tests;
