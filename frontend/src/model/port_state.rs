//! What is true of a port, in words: seen before it is read.

use jiff::{Timestamp, tz::Offset};
use shared::{
    api::{Concern, Exposed, PortState, PortStatus, VmState},
    firewall::NatRuleName,
    rule::RuleName,
};

use super::{
    language::{Language, say},
    times,
};

/// How a state looks: colour and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Quiet: muted, hollow dot.
    Closed,
    /// Unmistakable: green, filled dot.
    Open,
    /// Alarming: red, triangle.
    Possibly,
    /// Nothing is said of it: a dash.
    Silent,
}

impl Tone {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Possibly => "possibly",
            Self::Silent => "silent",
        }
    }

    pub(crate) fn word(self, language: Language) -> &'static str {
        match self {
            Self::Closed => say!(language, port.closed),
            Self::Open => say!(language, port.open),
            Self::Possibly => say!(language, port.possibly_open),
            Self::Silent => say!(language, port.not_guarded),
        }
    }
}

impl From<VmState> for Tone {
    fn from(state: VmState) -> Self {
        match state {
            VmState::Unguarded => Self::Silent,
            VmState::Closed => Self::Closed,
            VmState::Open => Self::Open,
            VmState::PossiblyOpen => Self::Possibly,
        }
    }
}

impl From<&PortState> for Tone {
    fn from(state: &PortState) -> Self {
        match state {
            PortState::Closed => Self::Closed,
            PortState::Open { .. } => Self::Open,
            PortState::PossiblyOpen { .. } => Self::Possibly,
        }
    }
}

/// Everything that speaks against *closed* or *open*, in sentences.
///
/// While one's own opening is shown step by step, `under_way` leaves out that it is not confirmed yet.
pub(crate) fn worries(
    status: &PortStatus,
    under_way: bool,
    now: Timestamp,
    zone: Offset,
    language: Language,
) -> Vec<String> {
    let concerns = match &status.state {
        PortState::PossiblyOpen { concerns } => concerns.as_slice(),
        PortState::Closed | PortState::Open { .. } => &[],
    };
    let shown = |concern: &&Concern| {
        !(under_way && matches!(concern, Concern::NotConfirmed | Concern::Overdue { .. }))
    };
    let told = |concern| sentence(concern, &status.exposed, now, zone, language);
    let mut sentences: Vec<String> = concerns.iter().filter(shown).map(told).collect();
    let unnamed = status.exposed.iter().filter(|exposed| !concerns.iter().any(|one| names(one, exposed)));
    sentences.extend(unnamed.map(|exposed| still_open(exposed, language)));
    sentences
}

/// Whether the concern is about what lets these packets in.
fn names(concern: &Concern, exposed: &Exposed) -> bool {
    match concern {
        Concern::ForeignRule { rule } => exposed.nat.is_none() && exposed.rule == *rule,
        Concern::ForeignNat { nat } => exposed.nat.as_ref() == Some(nat),
        _ => false,
    }
}

fn sentence(
    concern: &Concern,
    exposed: &[Exposed],
    now: Timestamp,
    zone: Offset,
    language: Language,
) -> String {
    let unknown =
        |by: String| say!(language, port.still_open, from = say!(language, port.unknown_source), by = by);
    match concern {
        Concern::ForeignRule { .. } | Concern::ForeignNat { .. }
            if let Some(known) = exposed.iter().find(|exposed| names(concern, exposed)) =>
        {
            still_open(known, language)
        }
        Concern::ForeignRule { rule } => unknown(in_words(rule, language)),
        Concern::ForeignNat { nat } => unknown(nat_in_words(nat, language)),
        Concern::GuardMissing => say!(language, port.guard_missing).to_owned(),
        Concern::Overdue { since } => {
            say!(language, port.overdue, time = times::clock(*since, now, zone, language))
        }
        Concern::NotConfirmed => say!(language, port.not_confirmed).to_owned(),
        Concern::NotEffective => say!(language, port.not_effective).to_owned(),
        Concern::NotAnswering { message } => {
            say!(language, port.not_answering, message = message.as_str())
        }
        Concern::NeverChecked => say!(language, port.never_checked).to_owned(),
    }
}

/// What lets packets in besides leases, in a sentence.
pub(crate) fn still_open(exposed: &Exposed, language: Language) -> String {
    let from = origin(&exposed.from, language);
    let rule = in_words(&exposed.rule, language);
    let by = match &exposed.nat {
        Some(nat) => say!(language, port.nat_let_in, nat = nat_in_words(nat, language), rule = rule),
        None => rule,
    };
    match (exposed.certain, &exposed.nat) {
        (true, _) => say!(language, port.still_open, from = from, by = by),
        (false, None) => say!(language, port.perhaps_open, from = from, by = by),
        (false, Some(_)) => say!(language, port.perhaps_open_nat, from = from, by = by),
    }
}

fn in_words(RuleName { nsg, name, priority }: &RuleName, language: Language) -> String {
    let (nsg, name) = (nsg.as_str(), name.as_str());
    if priority.is_of_default_rule() {
        say!(language, port.default_rule, nsg = nsg, name = name, priority = *priority)
    } else {
        say!(language, port.customer_rule, nsg = nsg, name = name, priority = *priority)
    }
}

fn nat_in_words(NatRuleName { firewall, collection, name }: &NatRuleName, language: Language) -> String {
    let (firewall, collection, name) = (firewall.as_str(), collection.as_str(), name.as_str());
    say!(language, port.nat_rule, firewall = firewall, collection = collection, name = name)
}

fn origin(from: &[String], language: Language) -> String {
    const SHOWN: usize = 3;
    if from.iter().any(|prefix| prefix == "*") {
        return say!(language, port.anywhere).to_owned();
    }
    if from.iter().any(|prefix| prefix == "Internet") {
        return say!(language, port.internet).to_owned();
    }
    let listed = |prefixes: &[String]| prefixes.join(say!(language, common.comma));
    match from.len() {
        0 => say!(language, port.unknown_source).to_owned(),
        n if n > SHOWN => {
            say!(language, port.more_sources, sources = listed(&from[..SHOWN]), count = n - SHOWN)
        }
        _ => say!(language, port.some_sources, sources = listed(from)),
    }
}

#[cfg(test)]
mod tests {
    use shared::rule::RulePriority;

    use super::*;
    use crate::model::samples::{a_status, later, now};

    fn allow_ssh() -> RuleName {
        let priority = RulePriority::new(300).unwrap();
        RuleName { nsg: "legacy-01-nsg".to_owned(), name: "allow-ssh".to_owned(), priority }
    }

    fn exposed(from: &[&str], certain: bool) -> Exposed {
        let from = from.iter().map(|text| (*text).to_owned()).collect();
        Exposed { from, rule: allow_ssh(), nat: None, certain }
    }

    fn possibly(concerns: Vec<Concern>, exposed: Vec<Exposed>) -> PortStatus {
        PortStatus { exposed, ..a_status(PortState::PossiblyOpen { concerns }) }
    }

    fn said(status: &PortStatus) -> Vec<String> {
        worries(status, false, now(), Offset::UTC, Language::en)
    }

    #[test]
    fn a_foreign_rule_is_named_once_with_where_it_lets_in_from() {
        let status = possibly(vec![Concern::ForeignRule { rule: allow_ssh() }], vec![exposed(&["*"], true)]);
        let sentence = "Still open from anywhere by customer rule allow-ssh (priority 300) in legacy-01-nsg.";
        assert_eq!(said(&status), [sentence]);
        let sentence = "legacy-01-nsg 的自訂規則 allow-ssh (優先順序\u{a0}300) 讓任何來源仍可連入。";
        assert_eq!(worries(&status, false, now(), Offset::UTC, Language::zh_TW), [sentence]);
    }

    #[test]
    fn a_foreign_nat_rule_is_named_with_the_rule_that_lets_it_in() {
        let nat = NatRuleName {
            firewall: "hub-fw".to_owned(),
            collection: "legacy".to_owned(),
            name: "ssh".to_owned(),
        };
        let led = Exposed { nat: Some(nat.clone()), ..exposed(&["*"], true) };
        let concern = Concern::ForeignNat { nat };
        let status = possibly(vec![concern.clone()], vec![led]);
        let sentence = "Still open from anywhere by NAT rule ssh in legacy of firewall hub-fw, \
             which customer rule allow-ssh (priority 300) in legacy-01-nsg lets in.";
        assert_eq!(said(&status), [sentence]);
        let sentence = "Still open by NAT rule ssh in legacy of firewall hub-fw.";
        assert_eq!(said(&possibly(vec![concern], vec![])), [sentence]);
    }

    #[test]
    fn an_exposure_without_a_concern_is_not_kept_back() {
        let status = possibly(vec![Concern::GuardMissing], vec![exposed(&["VirtualNetwork"], false)]);
        let sentences = said(&status);
        assert_eq!(sentences.len(), 2);
        assert!(sentences[1].starts_with("Perhaps still open from VirtualNetwork by"), "{}", sentences[1]);
    }

    #[test]
    fn long_lists_of_origins_are_counted() {
        assert_eq!(
            origin(&["a", "b", "c", "d", "e"].map(str::to_owned), Language::en),
            " from a, b, c and 2 more"
        );
        assert_eq!(origin(&["a", "b"].map(str::to_owned), Language::en), " from a, b");
    }

    #[test]
    fn what_is_under_way_is_told_by_its_progress_and_the_rest_still_is() {
        let concerns = vec![Concern::NotConfirmed, Concern::Overdue { since: now() }, Concern::NeverChecked];
        let status = possibly(concerns, vec![]);
        assert_eq!(said(&status).len(), 3);
        assert_eq!(worries(&status, true, now(), Offset::UTC, Language::en).len(), 1);
    }

    #[test]
    fn overdue_says_since_when() {
        let status = possibly(vec![Concern::Overdue { since: now() }], vec![]);
        assert!(worries(&status, false, later(60), Offset::UTC, Language::en)[0].contains("ended at 12:00"));
    }

    #[test]
    fn read_back_states_are_never_alarming_and_the_rest_always_is() {
        assert_eq!(Tone::from(&PortState::Closed), Tone::Closed);
        assert_eq!(Tone::from(&PortState::Open { until: now() }), Tone::Open);
        let possibly = PortState::PossiblyOpen { concerns: vec![] };
        assert_eq!(Tone::from(&possibly), Tone::Possibly);
        assert_eq!(Tone::Possibly.word(Language::zh_TW), "可能仍開啟");
        assert!(said(&a_status(PortState::Closed)).is_empty());
    }
}
