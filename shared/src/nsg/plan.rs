//! From what is there to what should be there: the fewest changes, in an order in which nothing opens by accident.
//!
//! Foreign rules, and those of another deployment, are never in a plan. A lease rule of another store (ours was lost)
//! is left until its stamped end; a guard of another store is left unless one of ours does all that it does.

mod prefixes;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::prefixes::{MAX_PREFIXES, Prefixes};
use super::{
    ObservedNsg, RuleChange,
    desired::{Desired, DesiredRule},
    stamp::{Purpose, Stamp},
};
use crate::{
    grant::GrantId,
    policy::Precedence,
    rule::{Access, AddressMatch, Direction, NsgRule, RuleName, RulePriority},
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
        draft.put(wanted, &existing);
    }
    for wanted in desired.rules.iter().filter(|rule| !rule.is_guard()) {
        draft.put(wanted, &existing);
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

/// A plan in the making.
struct Draft<'a> {
    used: BTreeSet<RulePriority>,
    guards_from: Option<RulePriority>,
    rules_after: usize,
    prefixes_after: Prefixes,
    puts: Vec<(&'a DesiredRule, NsgRule)>,
    removals: Vec<(Stamp, NsgRule)>,
    obstacles: Vec<Obstacle>,
    odd: Vec<NsgRule>,
    keep_guards: bool,
}

impl<'a> Draft<'a> {
    fn new(desired: &Desired, existing: &Existing<'_>, now: Timestamp) -> Self {
        let (mut removals, mut odd) = (Vec::new(), Vec::new());
        for (stamp, rule) in existing.ours.iter().filter(|(stamp, rule)| is_to_go(desired, stamp, rule, now))
        {
            if is_odd(stamp, rule) {
                odd.push((*rule).clone());
            } else {
                removals.push((stamp.clone(), (*rule).clone()));
            }
        }
        let all = || existing.ours.iter().map(|(_, rule)| *rule).chain(existing.foreign.iter().copied());
        let used =
            all().filter(|rule| rule.direction == Direction::Inbound).map(|rule| rule.priority).collect();
        let rules_after = existing.ours.len() + existing.foreign.len() - removals.len();
        let named = all().fold(Prefixes::default(), |sum, rule| sum.plus(Prefixes::of(rule)));
        let prefixes_after = removals.iter().fold(named, |sum, (_, rule)| sum.minus(Prefixes::of(rule)));
        Self {
            used,
            guards_from: None,
            rules_after,
            prefixes_after,
            puts: Vec::new(),
            removals,
            obstacles: Vec::new(),
            odd,
            keep_guards: desired.keep_guards,
        }
    }

    fn put(&mut self, wanted: &'a DesiredRule, existing: &Existing<'_>) {
        let current = existing.named(&wanted.anywhere().name);
        let fits = current.filter(|rule| rule.direction == Direction::Inbound).map(|rule| rule.priority);
        let fits = fits.filter(|at| self.is_in_place(wanted, *at, existing));
        let placed = match fits {
            Some(at) => Ok(at),
            None if current.is_none() && self.rules_after >= MAX_RULES => Err(ObstacleReason::NsgFull),
            None => self.place(wanted, existing),
        };
        if let Err(reason) = placed.and_then(|at| self.put_at(wanted, at, current)) {
            let grant = match wanted.stamp.purpose {
                Purpose::Guard => None,
                Purpose::Lease { grant, .. } => Some(grant),
            };
            self.obstacles.push(Obstacle { grant, reason });
        }
    }

    fn put_at(
        &mut self,
        wanted: &'a DesiredRule,
        at: RulePriority,
        current: Option<&NsgRule>,
    ) -> Result<(), ObstacleReason> {
        let mut rule = wanted.at(at);
        if let (true, true, Some(current)) = (self.keep_guards, wanted.is_guard(), current) {
            rule.destinations.extend(current.destinations.iter().cloned());
        }
        let same = |current: &NsgRule| NsgRule { name: rule.name.clone(), ..current.clone() } == rule;
        if !current.is_some_and(same) {
            let before = self.prefixes_after;
            let after = before.minus(current.map(Prefixes::of).unwrap_or_default()).plus(Prefixes::of(&rule));
            if after.bursts(before) {
                return Err(ObstacleReason::TooManyPrefixes);
            }
            self.prefixes_after = after;
            self.rules_after += usize::from(current.is_none());
            self.puts.push((wanted, rule));
        }
        self.used.insert(at);
        if wanted.is_guard() {
            self.guards_from = Some(self.guards_from.map_or(at, |first| first.min(at)));
        }
        Ok(())
    }

    /// Whether a rule of ours may stay where it stands.
    fn is_in_place(&self, wanted: &DesiredRule, at: RulePriority, existing: &Existing<'_>) -> bool {
        if wanted.is_guard() {
            return limit_of_guard(wanted, existing).is_none_or(|allow| at.outranks(allow.priority));
        }
        self.guards_from.is_none_or(|guard| at.outranks(guard)) && defeat(wanted, at, existing).is_none()
    }

    fn place(&self, wanted: &DesiredRule, existing: &Existing<'_>) -> Result<RulePriority, ObstacleReason> {
        let free = |at: &RulePriority| !self.used.contains(at);
        if wanted.is_guard() {
            let limit = limit_of_guard(wanted, existing).map(|allow| allow.priority);
            let fits = |at: &RulePriority| limit.is_none_or(|allow| at.outranks(allow));
            let at = RulePriority::strongest_first().rev().filter(free).find(fits);
            // The strongest place is left to leases: a guard there could never be opened.
            return at.filter(|at| *at != RulePriority::FIRST).ok_or(ObstacleReason::NoFreePriority);
        }
        let at = RulePriority::strongest_first().find(free).ok_or(ObstacleReason::NoFreePriority)?;
        if let Some(deny) = defeat(wanted, at, existing) {
            let rule =
                RuleName { nsg: existing.nsg.to_owned(), name: deny.name.clone(), priority: deny.priority };
            return Err(ObstacleReason::DefeatedByDeny { rule });
        }
        let in_front = self.guards_from.is_none_or(|guard| at.outranks(guard));
        if in_front { Ok(at) } else { Err(ObstacleReason::NoFreePriority) }
    }

    fn into_plan(self, desired: &Desired) -> Plan {
        let Self { puts, removals, obstacles, odd, .. } = self;
        // What ends goes first; what is replaced by a rule of the same grant goes after that rule is there; a guard goes last.
        let rank = |stamp: &Stamp| match stamp.purpose {
            Purpose::Guard => 4,
            Purpose::Lease { grant, .. } if desired.rules.iter().any(|rule| is_of(rule, grant)) => 3,
            Purpose::Lease { .. } => 1,
        };
        let mut ranked: Vec<(u8, RuleChange)> =
            removals.into_iter().map(|(stamp, rule)| (rank(&stamp), RuleChange::Remove(rule))).collect();
        ranked.extend(puts.into_iter().map(|(wanted, rule)| {
            let rank = if wanted.is_guard() { 0 } else { 2 };
            (rank, RuleChange::Put(rule))
        }));
        ranked.sort_by_key(|(rank, _)| *rank);
        Plan { changes: ranked.into_iter().map(|(_, change)| change).collect(), obstacles, odd }
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

/// The strongest customer's allow that a guard must stand before, where its policy says so.
fn limit_of_guard<'a>(wanted: &DesiredRule, existing: &Existing<'a>) -> Option<&'a NsgRule> {
    let first = wanted.precedence == Precedence::GuardFirst;
    let mut allows =
        existing.foreign_inbound(Access::Allow).filter(|rule| may_overlap(wanted.anywhere(), rule));
    if first { allows.by_ref().min_by_key(|rule| rule.priority) } else { None }
}

/// A customer's deny that would stand before a lease rule at `at` and may take its packets.
fn defeat<'a>(wanted: &DesiredRule, at: RulePriority, existing: &Existing<'a>) -> Option<&'a NsgRule> {
    let denies = existing.foreign_inbound(Access::Deny);
    denies.filter(|deny| deny.priority.outranks(at)).find(|deny| may_overlap(wanted.anywhere(), deny))
}

/// Whether some packet may match both rules; tags and groups may stand for any address.
fn may_overlap(a: &NsgRule, b: &NsgRule) -> bool {
    use crate::rule::RuleProtocol::Any;
    let protocols = a.protocol == b.protocol || a.protocol == Any || b.protocol == Any;
    let ports = |x: &NsgRule, y: &NsgRule| {
        x.destination_ports
            .iter()
            .any(|p| y.destination_ports.iter().any(|q| p.first() <= q.last() && q.first() <= p.last()))
    };
    protocols && ports(a, b) && meet(&a.sources, &b.sources) && meet(&a.destinations, &b.destinations)
}

fn meet(a: &BTreeSet<AddressMatch>, b: &BTreeSet<AddressMatch>) -> bool {
    a.iter().any(|x| {
        b.iter().any(|y| match (x, y) {
            (AddressMatch::Prefix(x), AddressMatch::Prefix(y)) => x.contains(y) || y.contains(x),
            _ => true,
        })
    })
}

#[cfg(test)]
pub(crate) mod tests;
