//! Which part of the activity is shown, as the page's address has it: a link to just this filter is the address itself.

use jiff::{SignedDuration, Timestamp};
use shared::{
    api::{ActivityQuery, EventKind, EventKinds},
    vm::VmId,
};

use super::{
    language::{Language, say},
    times,
};

/// Entries that all of it agrees with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ActivityFilter {
    pub vm: Option<VmId>,
    /// An object id or a whole name.
    pub person: Option<String>,
    /// Of any of these; empty: of all.
    pub groups: Vec<Group>,
    pub span: Span,
}

/// Kinds of events that people look for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Asked,
    Opened,
    Closed,
    Refused,
    Trouble,
    Policy,
    Rules,
}

/// When it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Span {
    #[default]
    Always,
    Last(Last),
    /// From the first on, up to the second.
    Between(Option<Timestamp>, Option<Timestamp>),
}

/// A time that ends now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Hour,
    Day,
    Week,
    Month,
}

impl Group {
    pub(crate) const ALL: [Self; 7] =
        [Self::Asked, Self::Opened, Self::Closed, Self::Refused, Self::Trouble, Self::Policy, Self::Rules];

    /// As the address has it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Refused => "refused",
            Self::Trouble => "trouble",
            Self::Policy => "policy",
            Self::Rules => "rules",
        }
    }

    pub(crate) fn word(self, language: Language) -> &'static str {
        match self {
            Self::Asked => say!(language, activity_filter.asked),
            Self::Opened => say!(language, activity_filter.opened),
            Self::Closed => say!(language, activity_filter.closed),
            Self::Refused => say!(language, activity_filter.refused),
            Self::Trouble => say!(language, activity_filter.trouble),
            Self::Policy => say!(language, activity_filter.policy),
            Self::Rules => say!(language, activity_filter.rules),
        }
    }

    const fn of(kind: EventKind) -> Self {
        match kind {
            EventKind::Asked | EventKind::Granted | EventKind::RevokeAsked => Self::Asked,
            EventKind::Opened => Self::Opened,
            EventKind::Closed => Self::Closed,
            EventKind::Denied | EventKind::Obstructed | EventKind::Unproven => Self::Refused,
            EventKind::WriteFailed
            | EventKind::Overdue
            | EventKind::Drifted
            | EventKind::OddRule
            | EventKind::SessionsLeft
            | EventKind::NatFailed => Self::Trouble,
            EventKind::PolicyPut | EventKind::PolicyRemoved => Self::Policy,
            EventKind::RuleWritten
            | EventKind::RuleRemoved
            | EventKind::SessionsCut
            | EventKind::NatWritten => Self::Rules,
        }
    }
}

impl Last {
    pub(crate) const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// As the address has it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "1d",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    pub(crate) fn word(self, language: Language) -> &'static str {
        match self {
            Self::Hour => say!(language, activity_filter.last_hour),
            Self::Day => say!(language, activity_filter.last_day),
            Self::Week => say!(language, activity_filter.last_week),
            Self::Month => say!(language, activity_filter.last_month),
        }
    }

    /// When it starts if it ends at `now`.
    pub(crate) fn start(self, now: Timestamp) -> Option<Timestamp> {
        now.checked_sub(self.length()).ok()
    }

    const fn length(self) -> SignedDuration {
        SignedDuration::from_hours(match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
        })
    }
}

impl ActivityFilter {
    /// Reads an address by the values of its query; what is not understood is not there.
    pub(crate) fn from_query(value: &dyn Fn(&str) -> Option<String>) -> Self {
        let named: Vec<String> =
            value("kind").iter().flat_map(|all| all.split(',').map(str::to_owned)).collect();
        let groups = Group::ALL.into_iter().filter(|group| named.iter().any(|name| name == group.as_str()));
        let time = |name: &str| times::read(&value(name)?);
        let last = value("last").and_then(|text| Last::ALL.into_iter().find(|last| last.as_str() == text));
        let span = match (last, time("since"), time("until")) {
            (Some(last), ..) => Span::Last(last),
            (None, None, None) => Span::Always,
            (None, since, until) => Span::Between(since, until),
        };
        let person = value("person").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        Self { vm: value("vm").and_then(|id| id.parse().ok()), person, groups: groups.collect(), span }
    }

    /// The page's address; `encoded` writes a value so that it can stand in a query.
    pub(crate) fn address(&self, encoded: fn(&str) -> String) -> String {
        let (last, since, until) = match self.span {
            Span::Always => (None, None, None),
            Span::Last(last) => (Some(last.as_str().to_owned()), None, None),
            Span::Between(since, until) => (None, since.map(times::written), until.map(times::written)),
        };
        let groups: Vec<&str> = self.groups.iter().map(|group| group.as_str()).collect();
        let kind = (!groups.is_empty()).then(|| groups.join(","));
        let vm = self.vm.as_ref().map(ToString::to_string);
        let parts = [
            ("vm", vm),
            ("person", self.person.clone()),
            ("kind", kind),
            ("last", last),
            ("since", since),
            ("until", until),
        ];
        let mut address = "/activity".to_owned();
        for (name, value) in parts {
            let Some(value) = value else { continue };
            address.push(if address.contains('?') { '&' } else { '?' });
            address.push_str(name);
            address.push('=');
            // In a query these stand for themselves.
            address.push_str(&encoded(&value).replace("%2F", "/").replace("%2C", ",").replace("%3A", ":"));
        }
        address
    }

    /// What the functions are asked for.
    pub(crate) fn query(&self, now: Timestamp) -> ActivityQuery {
        let (since, until) = match self.span {
            Span::Always => (None, None),
            Span::Last(last) => (last.start(now), None),
            Span::Between(since, until) => (since, until),
        };
        let kinds = EventKind::ALL.iter().copied().filter(|kind| self.groups.contains(&Group::of(*kind)));
        let (vm, person, kind) = (self.vm.clone(), self.person.clone(), EventKinds::new(kinds));
        ActivityQuery { vm, person, kind, since, until, ..ActivityQuery::default() }
    }

    /// How many of the filters are set.
    pub(crate) fn count(&self) -> usize {
        let set =
            [self.vm.is_some(), self.person.is_some(), !self.groups.is_empty(), self.span != Span::Always];
        set.into_iter().filter(|is_set| *is_set).count()
    }

    pub(crate) fn of_vm(&self, vm: &VmId) -> Self {
        Self { vm: Some(vm.clone()), ..self.clone() }
    }

    pub(crate) fn of_person(&self, name: &str) -> Self {
        Self { person: Some(name.to_owned()), ..self.clone() }
    }

    /// With the group if it was without, and without if it was with.
    pub(crate) fn toggled(&self, group: Group) -> Self {
        let groups = Group::ALL.into_iter().filter(|one| self.groups.contains(one) != (*one == group));
        Self { groups: groups.collect(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{later, now, web_01};

    fn a_filter() -> ActivityFilter {
        ActivityFilter {
            vm: Some(web_01()),
            person: Some("rui requester".to_owned()),
            groups: vec![Group::Opened, Group::Trouble],
            span: Span::Last(Last::Week),
        }
    }

    /// As the browser writes a value, as far as these tests go.
    fn encoded(text: &str) -> String {
        text.replace('%', "%25")
            .replace(' ', "%20")
            .replace('/', "%2F")
            .replace(',', "%2C")
            .replace(':', "%3A")
    }

    fn read(address: &str) -> ActivityFilter {
        let query = address.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
        ActivityFilter::from_query(&move |name| {
            let value = query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))?;
            Some(value.replace("%20", " ").replace("%25", "%"))
        })
    }

    #[test]
    fn the_address_is_the_filter() {
        let between = Span::Between(Some(now()), Some(later(60)));
        let spans = [Span::Always, Span::Last(Last::Hour), between, Span::Between(None, Some(now()))];
        for span in spans {
            let filter = ActivityFilter { span, ..a_filter() };
            assert_eq!(read(&filter.address(encoded)), filter);
        }
        assert_eq!(ActivityFilter::default().address(encoded), "/activity");
        let address = a_filter().address(encoded);
        assert!(address.ends_with("&person=rui%20requester&kind=opened,trouble&last=7d"), "{address}");
        assert!(address.starts_with("/activity?vm=/subscriptions/"), "{address}");
    }

    #[test]
    fn what_the_address_says_amiss_is_not_there() {
        let filter = read("/activity?vm=web-01&person=%20&kind=opened,magic&last=2y&since=noon");
        assert_eq!(filter, ActivityFilter { groups: vec![Group::Opened], ..ActivityFilter::default() });
    }

    #[test]
    fn every_kind_of_event_is_in_a_group_and_every_group_has_one() {
        for group in Group::ALL {
            let filter = ActivityFilter { groups: vec![group], ..ActivityFilter::default() };
            assert!(filter.query(now()).kind.is_some(), "{group:?}");
        }
        let all = ActivityFilter { groups: Group::ALL.to_vec(), ..ActivityFilter::default() };
        assert_eq!(all.query(now()).kind.unwrap().as_slice().len(), EventKind::ALL.len());
        assert_eq!(ActivityFilter::default().query(now()).kind, None);
    }

    #[test]
    fn a_time_that_ends_now_starts_that_long_ago() {
        let query = a_filter().query(now());
        assert_eq!((query.since, query.until), (Some(later(-7 * 86_400)), None));
    }

    #[test]
    fn a_group_is_turned_on_and_off() {
        let on = a_filter().toggled(Group::Closed);
        assert_eq!(on.groups, [Group::Opened, Group::Closed, Group::Trouble]);
        assert_eq!(on.toggled(Group::Closed), a_filter());
        assert_eq!(a_filter().count(), 4);
    }
}
