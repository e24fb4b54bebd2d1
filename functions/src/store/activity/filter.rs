use jiff::Timestamp;
use shared::{
    api::EventKind,
    audit::Entry,
    vm::{SubscriptionId, VmId},
};
use sqlx::{Any, any::AnyArguments, query::QueryAs};

use super::{
    super::{
        StoreError,
        audit::{EntryRow, actor},
        sql::Values,
        text::{micros, micros_up},
    },
    Cursor,
};

/// Which entries of the audit to read: those that all the fields agree with.
#[derive(Clone, Debug, Default)]
pub struct ActivityFilter {
    /// Only entries of these.
    pub subscriptions: Vec<SubscriptionId>,
    /// Only entries about this VM.
    pub vm: Option<VmId>,
    /// Only what this person did: an object id or a whole name, in any case.
    pub person: Option<String>,
    /// Only entries of these kinds; empty: of all.
    pub kinds: Vec<EventKind>,
    /// Only entries from then on.
    pub since: Option<Timestamp>,
    /// Only entries before then.
    pub until: Option<Timestamp>,
    /// Only entries before this place.
    pub before: Option<Cursor>,
    /// How many at most in one page; at least 1 is read.
    pub limit: u32,
}

/// An entry that may agree with a filter.
#[derive(sqlx::FromRow)]
pub(super) struct FilteredRow {
    #[sqlx(flatten)]
    entry: EntryRow,
    at: i64,
    /// `None` where a version before this column wrote the entry.
    kind: Option<String>,
}

impl FilteredRow {
    /// Whether its columns said that it agrees.
    pub(super) const fn is_sure(&self) -> bool {
        self.kind.is_some()
    }

    /// Where it stands, as its columns say: what is after it comes on the next page.
    pub(super) const fn place(&self) -> (i64, i64) {
        (self.at, self.entry.seq)
    }

    pub(super) fn parse(self) -> Result<Entry, StoreError> {
        self.entry.parse()
    }
}

impl ActivityFilter {
    /// What the columns may not have said of an entry.
    pub(super) fn agrees(&self, entry: &Entry) -> bool {
        let is_kind = self.kinds.is_empty() || self.kinds.contains(&EventKind::from(&entry.record.event));
        let is_person = self.person.as_ref().is_none_or(|person| {
            let (id, name) = actor(&entry.record);
            let person = Some(person.to_lowercase());
            id == person || name == person
        });
        is_kind && is_person
    }

    /// Each branch reads from an index in the order of the answer, so none reads more than is wanted.
    pub(super) fn query(
        &self,
        subscription: SubscriptionId,
        before: Option<(i64, i64)>,
        wanted: usize,
    ) -> QueryAs<'static, Any, FilteredRow, AnyArguments> {
        let mut values = Values::default();
        let common = self.common(&mut values, subscription, before);
        let branches = self.branches(&mut values);
        let limit = values.number(i64::try_from(wanted).unwrap_or(i64::MAX));
        let branches: Vec<String> = (0..)
            .zip(branches)
            .map(|(number, branch): (usize, String)| {
                format!(
                    "SELECT * FROM (SELECT subscription, seq, at, entry, kind FROM audit WHERE {common}{branch} \
                     ORDER BY at DESC, seq DESC LIMIT {limit}) b{number}"
                )
            })
            .collect();
        let all = branches.join(" UNION ALL ");
        values.query_as(format!("{all} ORDER BY at DESC, seq DESC LIMIT {limit}"))
    }

    fn common(
        &self,
        values: &mut Values,
        subscription: SubscriptionId,
        before: Option<(i64, i64)>,
    ) -> String {
        let mut common = format!("subscription = {}", values.text(subscription.to_string()));
        if let Some((at, seq)) = before {
            let (at, seq) = (values.number(at), values.number(seq));
            common.push_str(&format!(" AND at <= {at} AND (at < {at} OR seq < {seq})"));
        }
        if let Some(since) = self.since {
            common.push_str(&format!(" AND at >= {}", values.number(micros(since))));
        }
        if let Some(until) = self.until {
            common.push_str(&format!(" AND at < {}", values.number(micros_up(until))));
        }
        if let Some(vm) = &self.vm {
            common.push_str(&format!(" AND vm = {}", values.text(vm.key())));
        }
        common
    }

    /// No entry is in two of them.
    fn branches(&self, values: &mut Values) -> Vec<String> {
        let mut branches = Vec::new();
        match &self.person {
            Some(person) => {
                let person = values.text(person.to_lowercase());
                let of_kinds = if self.kinds.is_empty() {
                    String::new()
                } else {
                    format!(" AND kind IN ({})", values.texts(self.kinds.iter().map(|kind| kind.as_str())))
                };
                branches.push(format!(" AND actor_id = {person}{of_kinds}"));
                branches.push(format!(" AND actor_name = {person} AND actor_id <> {person}{of_kinds}"));
            }
            None if self.kinds.is_empty() => return vec![String::new()],
            None => {
                let kinds =
                    self.kinds.iter().map(|kind| format!(" AND kind = {}", values.text(kind.as_str())));
                branches.extend(kinds);
            }
        }
        branches.push(" AND kind IS NULL".to_owned());
        branches
    }
}
