//! What work on several NSGs and firewalls came to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shared::{
    audit::Event,
    exposure::Observations,
    firewall::{FirewallReadings, NatObstacle},
    grant::GrantId,
    nsg::plan::Obstacle,
    vm::{FirewallId, NsgId},
};

use super::EnforceError;

/// What working on NSGs, and on firewalls beside them, came to; one that fails keeps no other from being done.
#[derive(Debug, Default)]
pub struct Settled {
    /// The NSGs as they were read back.
    pub observed: Observations,
    /// When each of those readings began.
    pub read_at: BTreeMap<NsgId, Timestamp>,
    pub obstacles: Vec<(NsgId, Obstacle)>,
    /// The NSGs that are not as they should be, or could not be read.
    pub failures: BTreeMap<NsgId, EnforceError>,
    pub firewalls: SettledFirewalls,
}

/// The same of firewalls.
#[derive(Debug, Default)]
pub struct SettledFirewalls {
    /// As they were read back.
    pub observed: FirewallReadings,
    /// When each of those readings began.
    pub read_at: BTreeMap<FirewallId, Timestamp>,
    pub obstacles: Vec<(FirewallId, NatObstacle)>,
    pub failures: BTreeMap<FirewallId, EnforceError>,
}

/// The places where something of a VM may be.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) nsgs: BTreeSet<NsgId>,
    pub(super) firewalls: BTreeSet<FirewallId>,
}

impl Settled {
    pub(super) fn obstructs_a_grant(&self) -> bool {
        !self.firewalls.obstacles.is_empty()
            || self.obstacles.iter().any(|(_, obstacle)| obstacle.grant.is_some())
    }

    pub(super) fn is_gone(&self, nsg: &NsgId) -> bool {
        matches!(self.failures.get(nsg), Some(EnforceError::Gone))
    }

    fn is_gone_firewall(&self, firewall: &FirewallId) -> bool {
        matches!(self.firewalls.failures.get(firewall), Some(EnforceError::Gone))
    }

    /// Whether some reading began before `at`: what was written later is not in it.
    pub(super) fn is_older_than(&self, at: Timestamp, places: &Places) -> bool {
        let older = |read: Option<&Timestamp>| read.is_some_and(|read| *read < at);
        places.nsgs.iter().any(|nsg| older(self.read_at.get(nsg)))
            || places.firewalls.iter().any(|firewall| older(self.firewalls.read_at.get(firewall)))
    }

    /// Whether each place was read, or is gone.
    pub(super) fn has_read(&self, places: &Places) -> bool {
        places.nsgs.iter().all(|nsg| self.observed.contains_key(nsg) || self.is_gone(nsg))
            && places
                .firewalls
                .iter()
                .all(|one| self.firewalls.observed.contains_key(one) || self.is_gone_firewall(one))
    }

    /// Whether some place that is there is not all that it should be.
    pub(super) fn is_amiss(&self, places: &Places) -> bool {
        places.nsgs.iter().any(|nsg| self.failures.contains_key(nsg) && !self.is_gone(nsg))
            || places
                .firewalls
                .iter()
                .any(|one| self.firewalls.failures.contains_key(one) && !self.is_gone_firewall(one))
    }

    /// What stands in a grant's way: in words, and for the audit.
    pub(super) fn obstacle_of(&self, grant: GrantId) -> Option<(String, Event)> {
        if let Some((nsg, Obstacle { reason, .. })) =
            self.obstacles.iter().find(|(_, obstacle)| obstacle.grant == Some(grant))
        {
            let obstacle = reason.to_string();
            let words = format!("in {}: {obstacle}", nsg.name());
            return Some((words, Event::Obstructed { nsg: nsg.clone(), grant: Some(grant), obstacle }));
        }
        let mut at_firewalls = self.firewalls.obstacles.iter();
        let (firewall, NatObstacle { reason, .. }) =
            at_firewalls.find(|(_, obstacle)| obstacle.grant == grant)?;
        let (words, error) = (format!("in {}: {reason}", firewall.name()), reason.to_string());
        Some((words, Event::NatFailed { firewall: firewall.clone(), error, correlation_id: None }))
    }

    /// Why it is not done, for people.
    pub(super) fn why(&self) -> String {
        let nsgs = self.failures.iter().map(|(nsg, error)| (nsg.name(), error));
        let firewalls = self.firewalls.failures.iter().map(|(firewall, error)| (firewall.name(), error));
        match nsgs.chain(firewalls).next() {
            Some((place, error)) => format!("{place}: {error}"),
            None => "Azure's answer did not show the change yet".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::vm::SubscriptionId;

    use super::*;

    fn nsg(name: &str) -> NsgId {
        NsgId::new(SubscriptionId::from_uuid(uuid::Uuid::nil()), "prod-rg", name).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn in_nsgs(names: &[&str]) -> Places {
        Places { nsgs: names.iter().map(|name| nsg(name)).collect(), firewalls: BTreeSet::new() }
    }

    #[test]
    fn a_reading_that_began_before_the_end_proves_nothing_about_what_came_later() {
        let settled = Settled {
            read_at: BTreeMap::from([(nsg("web"), at(10)), (nsg("db"), at(20))]),
            ..Settled::default()
        };
        assert!(!settled.is_older_than(at(10), &in_nsgs(&["web", "db"])));
        assert!(settled.is_older_than(at(11), &in_nsgs(&["web", "db"])));
        assert!(!settled.is_older_than(at(11), &in_nsgs(&["db"])));
    }

    #[test]
    fn what_was_not_read_is_not_known_unless_it_is_gone() {
        let observed = shared::nsg::ObservedNsg { id: nsg("web"), rules: vec![], default_rules: vec![] };
        let settled = Settled {
            observed: Observations::from([(nsg("web"), observed)]),
            failures: BTreeMap::from([
                (nsg("gone"), EnforceError::Gone),
                (nsg("db"), EnforceError::Unsettled),
            ]),
            ..Settled::default()
        };
        assert!(settled.has_read(&in_nsgs(&["web", "gone"])) && !settled.has_read(&in_nsgs(&["web", "db"])));
        assert!(settled.is_amiss(&in_nsgs(&["db"])) && !settled.is_amiss(&in_nsgs(&["web", "gone"])));
    }
}
