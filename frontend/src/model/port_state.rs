//! What is true of a port, in words: seen before it is read.

use jiff::{Timestamp, tz::Offset};
use shared::{
    api::{Concern, Exposed, PortState, PortStatus, VmState},
    firewall::NatRuleName,
    rule::RuleName,
};

use super::times;

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
}

/// A state at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glance {
    pub tone: Tone,
    pub word: &'static str,
}

impl From<VmState> for Glance {
    fn from(state: VmState) -> Self {
        let (tone, word) = match state {
            VmState::Unguarded => (Tone::Silent, "Not guarded"),
            VmState::Closed => (Tone::Closed, "Closed"),
            VmState::Open => (Tone::Open, "Open"),
            VmState::PossiblyOpen => (Tone::Possibly, "Possibly open"),
        };
        Self { tone, word }
    }
}

impl From<&PortState> for Glance {
    fn from(state: &PortState) -> Self {
        Self::from(match state {
            PortState::Closed => VmState::Closed,
            PortState::Open { .. } => VmState::Open,
            PortState::PossiblyOpen { .. } => VmState::PossiblyOpen,
        })
    }
}

/// Everything that speaks against *closed* or *open*, in sentences.
///
/// While one's own opening is shown step by step, `under_way` leaves out that it is not confirmed yet.
pub(crate) fn worries(status: &PortStatus, under_way: bool, now: Timestamp, zone: Offset) -> Vec<String> {
    let concerns = match &status.state {
        PortState::PossiblyOpen { concerns } => concerns.as_slice(),
        PortState::Closed | PortState::Open { .. } => &[],
    };
    let shown = |concern: &&Concern| {
        !(under_way && matches!(concern, Concern::NotConfirmed | Concern::Overdue { .. }))
    };
    let mut sentences: Vec<String> =
        concerns.iter().filter(shown).map(|concern| sentence(concern, &status.exposed, now, zone)).collect();
    let unnamed = status.exposed.iter().filter(|exposed| !concerns.iter().any(|one| names(one, exposed)));
    sentences.extend(unnamed.map(still_open));
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

fn sentence(concern: &Concern, exposed: &[Exposed], now: Timestamp, zone: Offset) -> String {
    match concern {
        Concern::ForeignRule { .. } | Concern::ForeignNat { .. }
            if let Some(known) = exposed.iter().find(|exposed| names(concern, exposed)) =>
        {
            still_open(known)
        }
        Concern::ForeignRule { rule } => format!("Still open by {}.", in_words(rule)),
        Concern::ForeignNat { nat } => format!("Still open by {}.", nat_in_words(nat)),
        Concern::GuardMissing => {
            "The guard rule is missing or was changed. Postern writes it again at its next sweep.".to_owned()
        }
        Concern::Overdue { since } => format!(
            "An opening ended at {} and was not read back as closed. Closing is tried again until it works.",
            times::clock(*since, now, zone)
        ),
        Concern::NotConfirmed => "An opening is on its way and was not read back yet.".to_owned(),
        Concern::NotEffective => {
            "An opening was confirmed, and its packets get in no more: a rule that came later stops them."
                .to_owned()
        }
        Concern::NotAnswering { message } => {
            format!("Azure does not say what is open: {message}. The port may be open; trying again.")
        }
        Concern::NeverChecked => "Postern has not read this VM's rules from Azure yet.".to_owned(),
    }
}

fn still_open(exposed: &Exposed) -> String {
    let from = origin(&exposed.from);
    let by = match &exposed.nat {
        Some(nat) => format!("{}, which {} lets in", nat_in_words(nat), in_words(&exposed.rule)),
        None => in_words(&exposed.rule),
    };
    match (exposed.certain, &exposed.nat) {
        (true, _) => format!("Still open{from} by {by}."),
        (false, None) => format!(
            "Perhaps still open{from} by {by}: it names a tag or group whose addresses Postern does not know."
        ),
        (false, Some(_)) => format!(
            "Perhaps still open{from} by {by}: Postern does not know every address, name or group in these rules."
        ),
    }
}

fn in_words(RuleName { nsg, name, priority }: &RuleName) -> String {
    let whose = if priority.is_of_default_rule() { "Azure's default rule" } else { "customer rule" };
    format!("{whose} {name} (priority {priority}) in {nsg}")
}

fn nat_in_words(NatRuleName { firewall, collection, name }: &NatRuleName) -> String {
    format!("NAT rule {name} in {collection} of firewall {firewall}")
}

fn origin(from: &[String]) -> String {
    const SHOWN: usize = 3;
    if from.iter().any(|prefix| prefix == "*") {
        return " from anywhere".to_owned();
    }
    if from.iter().any(|prefix| prefix == "Internet") {
        return " from the Internet".to_owned();
    }
    match from.len() {
        0 => String::new(),
        n if n > SHOWN => format!(" from {} and {} more", from[..SHOWN].join(", "), n - SHOWN),
        _ => format!(" from {}", from.join(", ")),
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
        worries(status, false, now(), Offset::UTC)
    }

    #[test]
    fn a_foreign_rule_is_named_once_with_where_it_lets_in_from() {
        let status = possibly(vec![Concern::ForeignRule { rule: allow_ssh() }], vec![exposed(&["*"], true)]);
        let sentence = "Still open from anywhere by customer rule allow-ssh (priority 300) in legacy-01-nsg.";
        assert_eq!(said(&status), [sentence]);
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
        assert_eq!(origin(&["a", "b", "c", "d", "e"].map(str::to_owned)), " from a, b, c and 2 more");
        assert_eq!(origin(&["a", "b"].map(str::to_owned)), " from a, b");
    }

    #[test]
    fn what_is_under_way_is_told_by_its_progress_and_the_rest_still_is() {
        let concerns = vec![Concern::NotConfirmed, Concern::Overdue { since: now() }, Concern::NeverChecked];
        let status = possibly(concerns, vec![]);
        assert_eq!(said(&status).len(), 3);
        assert_eq!(worries(&status, true, now(), Offset::UTC).len(), 1);
    }

    #[test]
    fn overdue_says_since_when() {
        let status = possibly(vec![Concern::Overdue { since: now() }], vec![]);
        assert!(worries(&status, false, later(60), Offset::UTC)[0].contains("ended at 12:00"));
    }

    #[test]
    fn read_back_states_are_never_alarming_and_the_rest_always_is() {
        assert_eq!(Glance::from(&PortState::Closed).tone, Tone::Closed);
        assert_eq!(Glance::from(&PortState::Open { until: now() }).tone, Tone::Open);
        let possibly = PortState::PossiblyOpen { concerns: vec![] };
        assert_eq!(Glance::from(&possibly), Glance { tone: Tone::Possibly, word: "Possibly open" });
        assert!(said(&a_status(PortState::Closed)).is_empty());
    }
}
