//! A plan in the making: which rule finds which place.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Existing, MAX_RULES, Obstacle, ObstacleReason, Plan, is_odd, is_of, is_to_go,
    overlap::{defeat, limit_of_guard, may_overlap},
    prefixes::Prefixes,
};
use crate::{
    nsg::{
        RuleChange,
        desired::{Desired, DesiredRule},
        stamp::{Purpose, Stamp},
    },
    rule::{Direction, NsgRule, RuleName, RulePriority},
};

pub(super) struct Draft<'a> {
    used: BTreeSet<RulePriority>,
    /// The places of ended leases, which are removed before anything is put.
    freed: BTreeSet<RulePriority>,
    /// The guards with their places.
    guards: Vec<(&'a DesiredRule, RulePriority)>,
    /// The places that were taken from our own leases, which go elsewhere.
    evicted: BTreeSet<RulePriority>,
    /// The leases that have their places.
    placed: BTreeSet<String>,
    rules_after: usize,
    prefixes_after: Prefixes,
    puts: Vec<(&'a DesiredRule, NsgRule, bool)>,
    removals: Vec<(Stamp, NsgRule)>,
    obstacles: Vec<Obstacle>,
    odd: Vec<NsgRule>,
    keep_guards: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(desired: &Desired, existing: &Existing<'_>, now: Timestamp) -> Self {
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
        let places = |rule: &NsgRule| (rule.direction == Direction::Inbound).then_some(rule.priority);
        let ended = removals.iter().filter(|(stamp, _)| removal_rank(stamp, desired) == Rank::Ended);
        let freed = ended.filter_map(|(_, rule)| places(rule)).collect();
        let rules_after = existing.ours.len() + existing.foreign.len() - removals.len();
        let named = all().fold(Prefixes::default(), |sum, rule| sum.plus(Prefixes::of(rule)));
        let prefixes_after = removals.iter().fold(named, |sum, (_, rule)| sum.minus(Prefixes::of(rule)));
        Self {
            used: all().filter_map(places).collect(),
            freed,
            guards: Vec::new(),
            evicted: BTreeSet::new(),
            placed: BTreeSet::new(),
            rules_after,
            prefixes_after,
            puts: Vec::new(),
            removals,
            obstacles: Vec::new(),
            odd,
            keep_guards: desired.keep_guards,
        }
    }

    pub(super) fn put_guard(&mut self, wanted: &'a DesiredRule, existing: &Existing<'_>) {
        let current = existing.named(&wanted.anywhere().name);
        let limit = limit_of_guard(wanted, existing).map(|allow| allow.priority);
        let fits = |at: &RulePriority| limit.is_none_or(|allow| at.outranks(allow));
        let stays = place_of(current);
        let is_free = |at: &RulePriority| !self.used.contains(at);
        let weakest_first = || RulePriority::strongest_first().rev().filter(is_free);
        // The strongest place is left to leases: a guard there could never be opened.
        let place =
            stays.filter(fits).or_else(|| weakest_first().find(fits).filter(|at| *at != RulePriority::FIRST));
        let (place, obstacle) = match place {
            _ if current.is_none() && self.rules_after >= MAX_RULES => (None, Some(ObstacleReason::NsgFull)),
            Some(at) => (Some(at), None),
            // A guard at a place that is too weak shuts more than none.
            None => {
                let weakest = weakest_first().next().filter(|at| *at != RulePriority::FIRST);
                (stays.or(weakest), Some(ObstacleReason::NoFreePriority))
            }
        };
        let refused = place.and_then(|at| self.put_at(wanted, at, current).err());
        let reasons = obstacle.into_iter().chain(refused);
        self.obstacles.extend(reasons.map(|reason| Obstacle { grant: None, reason }));
    }

    /// `leases` are all that are wanted.
    pub(super) fn put_lease(
        &mut self,
        wanted: &'a DesiredRule,
        leases: &[&'a DesiredRule],
        existing: &Existing<'_>,
    ) {
        let current = existing.named(&wanted.anywhere().name);
        let stays = place_of(current).filter(|at| !self.evicted.contains(at));
        let fits = stays.filter(|at| self.suits(wanted, *at, existing));
        let placed = match fits {
            Some(at) => Ok(at),
            None if current.is_none() && self.rules_after >= MAX_RULES => Err(ObstacleReason::NsgFull),
            None => self.place(wanted, leases, existing),
        };
        let Err(reason) = placed.and_then(|at| self.put_at(wanted, at, current)) else {
            self.placed.insert(wanted.anywhere().name.clone());
            return;
        };
        let grant = match wanted.stamp.purpose {
            Purpose::Guard => None,
            Purpose::Lease { grant, .. } => Some(grant),
        };
        self.obstacles.push(Obstacle { grant, reason });
        // Whatever somebody made of its rule, it says no more than was granted.
        if let Some(Err(reason)) = stays.map(|at| self.put_at(wanted, at, current)) {
            self.obstacles.push(Obstacle { grant, reason });
        }
    }

    /// The place before which a lease's rule must stand: that of the first guard that would shut some of its packets.
    pub(super) fn front(&self, lease: &DesiredRule) -> Option<RulePriority> {
        let shutting =
            self.guards.iter().filter(|(guard, _)| may_overlap(guard.anywhere(), lease.anywhere()));
        shutting.map(|(_, at)| *at).min()
    }

    fn is_in_front(&self, lease: &DesiredRule, at: RulePriority) -> bool {
        self.front(lease).is_none_or(|guard| at.outranks(guard))
    }

    fn suits(&self, lease: &DesiredRule, at: RulePriority, existing: &Existing<'_>) -> bool {
        self.is_in_front(lease, at) && defeat(lease, at, existing).is_none()
    }

    /// A free place, else one that is about to become free, else one of another lease that can stand elsewhere.
    fn place(
        &mut self,
        wanted: &DesiredRule,
        leases: &[&DesiredRule],
        existing: &Existing<'_>,
    ) -> Result<RulePriority, ObstacleReason> {
        let free = RulePriority::strongest_first().find(|at| !self.used.contains(at));
        let soon = self.freed.iter().next().copied();
        let suiting = [free, soon].into_iter().flatten().find(|at| self.suits(wanted, *at, existing));
        if let Some(at) = suiting.or_else(|| self.evict(wanted, leases, existing)) {
            self.freed.remove(&at);
            return Ok(at);
        }
        let deny = free.and_then(|at| defeat(wanted, at, existing)).ok_or(ObstacleReason::NoFreePriority)?;
        let (nsg, name) = (existing.nsg.to_owned(), deny.name.clone());
        Err(ObstacleReason::DefeatedByDeny { rule: RuleName { nsg, name, priority: deny.priority } })
    }

    /// Takes the place of a lease's rule that suits `wanted` and has another that suits it as well.
    fn evict(
        &mut self,
        wanted: &DesiredRule,
        leases: &[&DesiredRule],
        existing: &Existing<'_>,
    ) -> Option<RulePriority> {
        let is_free = |at: &RulePriority| !self.used.contains(at);
        let may_go = |other: &&&DesiredRule| {
            let name = &other.anywhere().name;
            let at = place_of(existing.named(name))?;
            let elsewhere = RulePriority::strongest_first().find(is_free)?;
            let goes = name != &wanted.anywhere().name
                && !self.placed.contains(name)
                && !self.evicted.contains(&at)
                && self.suits(wanted, at, existing)
                && self.suits(other, elsewhere, existing);
            goes.then_some(at)
        };
        let at = leases.iter().find_map(|other| may_go(&other))?;
        self.evicted.insert(at);
        Some(at)
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
            self.puts.push((wanted, rule, current.is_some()));
        }
        self.used.insert(at);
        if wanted.is_guard() {
            self.guards.push((wanted, at));
        }
        Ok(())
    }

    pub(super) fn into_plan(self, desired: &Desired) -> Plan {
        let Self { puts, removals, obstacles, odd, .. } = self;
        let mut ranked: Vec<(Rank, RuleChange)> = removals
            .into_iter()
            .map(|(stamp, rule)| (removal_rank(&stamp, desired), RuleChange::Remove(rule)))
            .collect();
        ranked.extend(puts.into_iter().map(|(wanted, rule, is_there)| {
            let rank = match (wanted.is_guard(), is_there) {
                (true, _) => Rank::Guard,
                (false, true) => Rank::Moved,
                (false, false) => Rank::Opened,
            };
            (rank, RuleChange::Put(rule))
        }));
        ranked.sort_by_key(|(rank, _)| *rank);
        Plan { changes: ranked.into_iter().map(|(_, change)| change).collect(), obstacles, odd }
    }
}

/// The order of writing, in which nothing opens by accident and no living lease is cut.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// A lease that is over goes first.
    Ended,
    /// A living lease's rule gets out of the way of a guard or of another lease.
    Moved,
    Guard,
    Opened,
    /// What is replaced by a rule of the same grant goes after that rule is there.
    Replaced,
    /// A guard goes last.
    Unguarded,
}

fn removal_rank(stamp: &Stamp, desired: &Desired) -> Rank {
    match stamp.purpose {
        Purpose::Guard => Rank::Unguarded,
        Purpose::Lease { grant, .. } if desired.rules.iter().any(|rule| is_of(rule, grant)) => Rank::Replaced,
        Purpose::Lease { .. } => Rank::Ended,
    }
}

fn place_of(rule: Option<&NsgRule>) -> Option<RulePriority> {
    rule.filter(|rule| rule.direction == Direction::Inbound).map(|rule| rule.priority)
}
