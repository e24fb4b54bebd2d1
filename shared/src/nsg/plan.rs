//! From what is there to what should be there: the fewest changes, in an order in which nothing opens by accident.
//!
//! Foreign rules, and those of another deployment, are never in a plan. A lease rule of another store (ours was lost)
//! is left until its stamped end; a guard of another store is left unless one of ours does all that it does.

mod draft;
mod overlap;
mod prefixes;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::{draft::Draft, prefixes::MAX_PREFIXES};
use super::{
    ObservedNsg, RuleChange,
    desired::{Desired, DesiredRule},
    stamp::{Purpose, Stamp},
};
use crate::{
    grant::GrantId,
    rule::{Access, Direction, NsgRule, RuleName, RulePriority},
};

/// How many rules ARM takes in one NSG.
pub const MAX_RULES: usize = 1000;

/// What to write, and what cannot be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which they are to be written.
    pub changes: Vec<RuleChange>,
    pub obstacles: Vec<Obstacle>,
    /// Rules with a lease's name that deny, or are for outbound packets: not ours as they are, and taking them away
    /// could open something, so they are left to people.
    pub odd: Vec<NsgRule>,
}

/// A rule that cannot be brought about, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacle {
    /// The grant whose opening it obstructs; `None`: a guard's.
    pub grant: Option<GrantId>,
    pub reason: ObstacleReason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum ObstacleReason {
    #[error("rule {} (priority {}) denies these packets first", .rule.name, .rule.priority)]
    DefeatedByDeny { rule: RuleName },
    #[error("no priority is free where the rule would have to stand")]
    NoFreePriority,
    #[error("the NSG has {MAX_RULES} rules, which is all that Azure takes")]
    NsgFull,
    #[error("the NSG names {MAX_PREFIXES} addresses and ranges, which is all that Azure takes")]
    TooManyPrefixes,
    #[error("it was not proven to do just what it should: {reason}")]
    Unproven { reason: String },
}

/// Works out the changes for one NSG. Pure; with nothing to do the plan is empty, so planning again after applying is idle.
pub fn plan(desired: &Desired, observed: &ObservedNsg, now: Timestamp) -> Plan {
    let existing = Existing::of(desired, observed);
    let mut draft = Draft::new(desired, &existing, now);
    for wanted in desired.rules.iter().filter(|rule| rule.is_guard()) {
        draft.put_guard(wanted, &existing);
    }
    let mut leases: Vec<&DesiredRule> = desired.rules.iter().filter(|rule| !rule.is_guard()).collect();
    // Who has the fewest places to choose from chooses first.
    leases.sort_by_key(|lease| draft.front(lease).unwrap_or(RulePriority::LAST));
    for wanted in &leases {
        draft.put_lease(wanted, &leases, &existing);
    }
    draft.into_plan(desired)
}

/// The rules of an NSG, told apart.
struct Existing<'a> {
    nsg: &'a str,
    ours: Vec<(Stamp, &'a NsgRule)>,
    foreign: Vec<&'a NsgRule>,
}

impl<'a> Existing<'a> {
    fn of(desired: &Desired, observed: &'a ObservedNsg) -> Self {
        let mut existing = Self { nsg: observed.id.name(), ours: Vec::new(), foreign: Vec::new() };
        for rule in &observed.rules {
            match rule.name.parse::<Stamp>() {
                Ok(stamp) if stamp.deployment == desired.author.deployment => {
                    existing.ours.push((stamp, rule))
                }
                _ => existing.foreign.push(rule),
            }
        }
        existing
    }

    fn named(&self, name: &str) -> Option<&'a NsgRule> {
        self.ours.iter().find(|(_, rule)| rule.name.eq_ignore_ascii_case(name)).map(|(_, rule)| *rule)
    }

    fn foreign_inbound(&self, access: Access) -> impl Iterator<Item = &'a NsgRule> {
        let inbound = self.foreign.iter().filter(|rule| rule.direction == Direction::Inbound);
        inbound.copied().filter(move |rule| rule.access == access)
    }
}

fn is_of(rule: &DesiredRule, id: GrantId) -> bool {
    matches!(rule.stamp.purpose, Purpose::Lease { grant, .. } if grant == id)
}

/// Whether a rule of ours that is there should not be.
fn is_to_go(desired: &Desired, stamp: &Stamp, rule: &NsgRule, now: Timestamp) -> bool {
    if desired.rules.iter().any(|wanted| wanted.anywhere().name.eq_ignore_ascii_case(&rule.name)) {
        return false;
    }
    if desired.keep_guards && stamp.purpose == Purpose::Guard {
        return false;
    }
    if stamp.store == desired.author.store {
        return true;
    }
    match stamp.purpose {
        Purpose::Lease { .. } => !stamp.lives(now),
        Purpose::Guard => desired.rules.iter().any(|wanted| {
            let one = wanted.anywhere();
            wanted.is_guard()
                && one.protocol == rule.protocol
                && one.destinations.is_superset(&rule.destinations)
                && one.destination_ports.is_superset(&rule.destination_ports)
        }),
    }
}

/// Whether somebody made of a lease's rule what no lease's rule is.
fn is_odd(stamp: &Stamp, rule: &NsgRule) -> bool {
    let is_lease = matches!(stamp.purpose, Purpose::Lease { .. });
    is_lease && (rule.access == Access::Deny || rule.direction == Direction::Outbound)
}

#[cfg(test)]
pub(crate) mod tests;
