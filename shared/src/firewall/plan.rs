//! From the NAT rules that are there to those that should be: our collection as a whole, or nothing to do.
//!
//! Foreign collections are never in a plan, and a foreign rule within our own stays as it is. A rule of another store
//! (ours was lost) is left until its stamped end.

mod ports;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::ports::MAPPED_PORTS;
use self::ports::Ports;
use super::{
    DesiredFirewall, DesiredNat, NatCollection, NatRule, NatRuleName, ObservedFirewall, collection_name,
};
use crate::{grant::GrantId, nsg::stamp::Stamp};

/// How many rules Azure takes in one firewall.
pub const MAX_NAT_RULES: usize = 10_000;

const FIRST_PRIORITY: u16 = 100;
const LAST_PRIORITY: u16 = 65_000;

/// What to write, and what cannot be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirewallPlan {
    /// What our collection should be; without rules it is to go. `None`: nothing to do.
    pub collection: Option<NatCollection>,
    pub obstacles: Vec<NatObstacle>,
}

/// A NAT rule that cannot be brought about, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatObstacle {
    /// The grant whose opening it obstructs.
    pub grant: GrantId,
    pub reason: NatObstacleReason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum NatObstacleReason {
    #[error("a firewall policy rules the firewall, so that its own rules cannot be written")]
    Policy,
    #[error("the firewall has {MAX_NAT_RULES} rules, which is all that Azure takes")]
    FirewallFull,
    #[error("no port from {} to {} is free on the firewall's public address", MAPPED_PORTS.start(), MAPPED_PORTS.end())]
    NoFreePort,
    #[error("no priority is free for a collection of NAT rules")]
    NoFreePriority,
    #[error("the firewall's public address is of another family than every source that was granted")]
    OtherFamily,
    #[error(
        "NAT rule {} in {} leads others to this port already, and the VM's NSG cannot tell them from whom is let in",
        .rule.name, .rule.collection
    )]
    LedInBesides { rule: NatRuleName },
}

/// Works out what one firewall needs. Pure; planning again after applying is idle.
pub fn plan_firewall(desired: &DesiredFirewall, observed: &ObservedFirewall, now: Timestamp) -> FirewallPlan {
    let mut obstacles: Vec<NatObstacle> = desired
        .unreachable
        .iter()
        .map(|grant| NatObstacle { grant: *grant, reason: NatObstacleReason::OtherFamily })
        .collect();
    if observed.has_policy {
        obstacles.extend(each_grant(desired, NatObstacleReason::Policy));
        return FirewallPlan { collection: None, obstacles };
    }
    let own = observed.own(&desired.author.deployment);
    let current = own.map_or(&[][..], |collection| &collection.rules);
    let (rules, refused) = rules(desired, observed, current, now);
    obstacles.extend(refused);
    let as_it_should_be = rules == current && own.is_none_or(|own| has_place(own) && !own.rules.is_empty());
    let doubtful = observed.failed && (own.is_some() || !rules.is_empty() || desired.is_closing);
    if as_it_should_be && !doubtful {
        return FirewallPlan { collection: None, obstacles };
    }
    let name = own.map_or_else(|| collection_name(&desired.author.deployment), |own| own.name.clone());
    match priority(own, observed) {
        Some(priority) => {
            FirewallPlan { collection: Some(NatCollection { name, priority, rules }), obstacles }
        }
        None => {
            obstacles.extend(each_grant(desired, NatObstacleReason::NoFreePriority));
            FirewallPlan { collection: None, obstacles }
        }
    }
}

/// What our collection should hold, and what finds no place there.
fn rules(
    desired: &DesiredFirewall,
    observed: &ObservedFirewall,
    current: &[NatRule],
    now: Timestamp,
) -> (Vec<NatRule>, Vec<NatObstacle>) {
    let wanted_as = |rule: &NatRule| desired.rules.iter().find(|wanted| is_named(rule, wanted));
    let stays = |rule: &&NatRule| wanted_as(rule).is_none() && !is_to_go(desired, rule, now);
    let left: Vec<&NatRule> = current.iter().filter(stays).collect();
    let ports = Ports::assign(desired, observed, &left);
    let (mut rules, mut obstacles) = (Vec::new(), Vec::new());
    for rule in current {
        match wanted_as(rule) {
            None => rules.extend((!is_to_go(desired, rule, now)).then(|| rule.clone())),
            Some(wanted) => match ports.of(wanted) {
                Some(port) => rules.push(NatRule { name: rule.name.clone(), ..wanted.at(port) }),
                None => rules.push(rule.clone()),
            },
        }
    }
    let foreign: usize =
        observed.collections.iter().map(|one| one.rules.len()).sum::<usize>() - current.len();
    for wanted in &desired.rules {
        let is_there = current.iter().any(|rule| is_named(rule, wanted));
        let reason = match ports.of(wanted) {
            None => NatObstacleReason::NoFreePort,
            Some(_) if is_there => continue,
            Some(_) if foreign + rules.len() >= MAX_NAT_RULES => NatObstacleReason::FirewallFull,
            Some(port) => {
                rules.push(wanted.at(port));
                continue;
            }
        };
        obstacles.push(NatObstacle { grant: wanted.grant, reason });
    }
    (rules, obstacles)
}

fn each_grant(
    desired: &DesiredFirewall,
    reason: NatObstacleReason,
) -> impl Iterator<Item = NatObstacle> + use<> {
    let grants: BTreeSet<GrantId> = desired.rules.iter().map(|rule| rule.grant).collect();
    grants.into_iter().map(move |grant| NatObstacle { grant, reason: reason.clone() })
}

fn is_named(rule: &NatRule, wanted: &DesiredNat) -> bool {
    rule.name.eq_ignore_ascii_case(&wanted.anywhere().name)
}

/// Whether a rule in our collection that is not wanted should go.
fn is_to_go(desired: &DesiredFirewall, rule: &NatRule, now: Timestamp) -> bool {
    rule.name.parse::<Stamp>().is_ok_and(|stamp| {
        stamp.deployment == desired.author.deployment
            && (stamp.store == desired.author.store || !stamp.lives(now))
    })
}

fn has_place(collection: &NatCollection) -> bool {
    (FIRST_PRIORITY..=LAST_PRIORITY).contains(&collection.priority)
}

/// Where ours stands, or the last free place: our ports are nobody else's, so that customers may have the first.
fn priority(own: Option<&NatCollection>, observed: &ObservedFirewall) -> Option<u16> {
    if let Some(own) = own.filter(|own| has_place(own)) {
        return Some(own.priority);
    }
    let used: BTreeSet<u16> = observed.collections.iter().map(|collection| collection.priority).collect();
    (FIRST_PRIORITY..=LAST_PRIORITY).rev().find(|priority| !used.contains(priority))
}

#[cfg(test)]
mod tests;
