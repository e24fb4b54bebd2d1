//! What the VMs page shows: as its address says it, and as the functions are asked for it.

use shared::{
    api::{VmPlace, VmSort, VmState},
    vm::{Os, SubscriptionId},
};

use super::vm_list::Tab;

/// The list with its filters and its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub tab: Tab,
    pub search: String,
    pub subscription: Option<SubscriptionId>,
    pub group: Option<String>,
    pub os: Option<Os>,
    /// Only of configured VMs.
    pub state: Option<VmState>,
    pub sort: VmSort,
}

/// What the states and systems are called in an address.
pub(crate) const STATES: [(VmState, &str); 3] =
    [(VmState::Closed, "closed"), (VmState::Open, "open"), (VmState::PossiblyOpen, "possibly_open")];
pub(crate) const SYSTEMS: [(Os, &str); 2] = [(Os::Linux, "linux"), (Os::Windows, "windows")];

impl Query {
    /// `of` gives the values of an address. What says nothing filters nothing.
    pub(crate) fn read(of: &dyn Fn(&str) -> Option<String>) -> Self {
        let tab = Tab::from_query(of("list").as_deref());
        let state = of("state").and_then(|text| STATES.into_iter().find(|(_, name)| *name == text));
        let os = of("os").and_then(|text| SYSTEMS.into_iter().find(|(_, name)| *name == text));
        let sort = of("sort").and_then(|text| VmSort::ALL.into_iter().find(|sort| sort.as_str() == text));
        Self {
            tab,
            search: of("search").unwrap_or_default().trim().to_owned(),
            subscription: of("subscription").and_then(|text| text.parse().ok()),
            group: of("group").filter(|group| !group.is_empty()),
            os: os.map(|(os, _)| os),
            state: state.map(|(state, _)| state),
            sort: sort.unwrap_or(VmSort::Name),
        }
        .sensible()
    }

    /// The same filters on another list, as far as it can be filtered so.
    pub(crate) fn of_tab(&self, tab: Tab) -> Self {
        Self { tab, ..self.clone() }.sensible()
    }

    fn sensible(mut self) -> Self {
        if self.tab != Tab::Configured {
            self.state = None;
            if !matches!(self.sort, VmSort::Name | VmSort::NameDown) {
                self.sort = VmSort::Name;
            }
        }
        self
    }

    pub(crate) fn without_filters(&self) -> Self {
        Self { search: String::new(), subscription: None, group: None, os: None, state: None, ..self.clone() }
    }

    pub(crate) fn is_filtered(&self) -> bool {
        *self != self.without_filters()
    }

    /// The page's address.
    pub(crate) fn address(&self) -> String {
        let sort = (self.sort != VmSort::Name).then(|| self.sort.as_str().to_owned());
        let mut text = format!("/?list={}", self.tab.as_str());
        append(&mut text, self.pairs().into_iter().chain([("sort", sort)]));
        text
    }

    /// The query that the functions are asked with for some rows of the list.
    pub(crate) fn of_rows(
        &self,
        (after, through): (Option<&VmPlace>, Option<&VmPlace>),
        limit: u16,
    ) -> String {
        let mut text = format!("list={}&sort={}&limit={limit}", self.tab.list().as_str(), self.sort.as_str());
        let between =
            [("after", after.map(ToString::to_string)), ("through", through.map(ToString::to_string))];
        append(&mut text, self.pairs().into_iter().chain(between));
        text
    }

    fn pairs(&self) -> [(&'static str, Option<String>); 5] {
        let named = |name: Option<&&'static str>| name.map(|name| (*name).to_owned());
        let os = SYSTEMS.iter().find(|(os, _)| Some(*os) == self.os).map(|(_, name)| name);
        let state = STATES.iter().find(|(state, _)| Some(*state) == self.state).map(|(_, name)| name);
        [
            ("search", Some(self.search.clone()).filter(|search| !search.is_empty())),
            ("subscription", self.subscription.map(|id| id.to_string())),
            ("group", self.group.clone()),
            ("os", named(os)),
            ("state", named(state)),
        ]
    }
}

/// The order that a click on a column's head asks for: its own, or turned round if it has that already.
pub(crate) fn turned(now: VmSort, own: VmSort) -> VmSort {
    match (own, now == own) {
        (VmSort::Name, true) => VmSort::NameDown,
        (VmSort::LastAccessDown, true) => VmSort::LastAccess,
        (VmSort::ApprovedDown, true) => VmSort::Approved,
        (own, _) => own,
    }
}

fn append(text: &mut String, pairs: impl Iterator<Item = (&'static str, Option<String>)>) {
    for (name, value) in pairs.filter_map(|(name, value)| Some((name, value?))) {
        text.push('&');
        text.push_str(name);
        text.push('=');
        text.push_str(&encoded(&value));
    }
}

/// As a value stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16));
            encoded.extend(digits.into_iter().flatten().map(|digit| digit.to_ascii_uppercase()));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::web_01;

    fn read(pairs: &[(&str, &str)]) -> Query {
        Query::read(&|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_address_says_everything_and_is_read_as_it_is_written() {
        let subscription = web_01().subscription().to_string();
        let pairs = [
            ("list", "configured"),
            ("search", "a&b 虛擬"),
            ("subscription", &subscription),
            ("group", "prod-rg"),
            ("os", "windows"),
            ("state", "possibly_open"),
            ("sort", "-last_access"),
        ];
        let query = read(&pairs);
        let expected = format!(
            "/?list=configured&search=a%26b%20%E8%99%9B%E6%93%AC&subscription={subscription}\
             &group=prod-rg&os=windows&state=possibly_open&sort=-last_access"
        );
        assert_eq!(query.address(), expected);
        assert!(query.is_filtered() && !query.without_filters().is_filtered());
    }

    #[test]
    fn nonsense_filters_nothing() {
        let nonsense =
            [("list", "x"), ("subscription", "x"), ("group", ""), ("os", "x"), ("state", "x"), ("sort", "x")];
        assert_eq!(read(&nonsense), read(&[]));
        assert_eq!(read(&[]).address(), "/?list=configured");
    }

    #[test]
    fn what_only_configured_vms_have_is_no_filter_of_the_others() {
        let query = read(&[("state", "open"), ("sort", "approved"), ("os", "linux")]);
        assert_eq!(query.of_tab(Tab::Unsupported).address(), "/?list=unsupported&os=linux");
        assert_eq!(read(&[("list", "not-configured"), ("state", "open")]).state, None);
    }

    #[test]
    fn rows_are_asked_for_by_where_they_begin_and_end() {
        let place = VmPlace { rank: Some(3), vm: web_01() };
        let asked = read(&[("list", "not-configured")]).of_rows((Some(&place), None), 30);
        let place = encoded(&place.to_string());
        assert_eq!(asked, format!("list=not_configured&sort=name&limit=30&after={place}"));
    }

    #[test]
    fn a_second_click_turns_the_order_round() {
        for (own, back) in [
            (VmSort::Name, VmSort::NameDown),
            (VmSort::LastAccessDown, VmSort::LastAccess),
            (VmSort::ApprovedDown, VmSort::Approved),
        ] {
            assert_eq!(turned(own, own), back);
            assert_eq!(turned(back, own), own);
        }
        assert_eq!(turned(VmSort::Name, VmSort::ApprovedDown), VmSort::ApprovedDown);
    }
}
