//! The proof that precedes a write to a firewall: our rules lead in what was granted and nothing else, and foreign rules
//! lead on just what they did.

use std::{collections::BTreeSet, net::IpAddr};

use super::{DesiredFirewall, Lead, NatCollection, NatRule, ObservedFirewall, leads};
use crate::{
    address_set::AddressSet,
    nsg::{evaluate::Transport, stamp::Stamp},
    rule::AddressMatch,
};

/// A change that does what it must not, or not what it should: it is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NatUnproven {
    #[error("rule {rule} would lead in what nobody was granted")]
    LeadsInMore { rule: String },
    #[error("rule {rule} would not lead in what was granted")]
    LeadsInLess { rule: String },
    #[error("rule {rule}, which is not ours, would lead on other packets than before")]
    Redirects { rule: String },
}

/// Proves that `collection` may take the place of ours; gives the firewall as it will be.
pub fn prove_nat(
    desired: &DesiredFirewall,
    observed: &ObservedFirewall,
    collection: &NatCollection,
) -> Result<ObservedFirewall, NatUnproven> {
    let after = with(observed, collection);
    let own = observed.own(&desired.author.deployment).map_or(&[][..], |own| &own.rules);
    for place in places(own.iter().chain(&collection.rules)) {
        let (was, is) = (leads_at(observed, place), leads_at(&after, place));
        // What ours gives up, a foreign rule may take over; what it has, it keeps.
        let loses = |lead: &&Lead<'_>| !lead.possible.is_subset(&sources_in(&is, lead));
        if let Some(lead) = was.iter().filter(|lead| !is_ours(desired, lead.rule)).find(loses) {
            return Err(NatUnproven::Redirects { rule: lead.rule.name.clone() });
        }
        let widens = |lead: &&Lead<'_>| match wanted(desired, lead.rule) {
            Some(granted) => !leads_only(lead, granted),
            None => !own.contains(lead.rule),
        };
        if let Some(lead) = is.iter().filter(|lead| is_ours(desired, lead.rule)).find(widens) {
            return Err(NatUnproven::LeadsInMore { rule: lead.rule.name.clone() });
        }
    }
    for rule in &collection.rules {
        if wanted(desired, rule).is_some_and(|granted| !leads_all(&after, rule, granted)) {
            return Err(NatUnproven::LeadsInLess { rule: rule.name.clone() });
        }
    }
    Ok(after)
}

/// An address and port of the firewall, and what travels there.
type Place = (IpAddr, u16, Transport);

fn places<'r>(rules: impl Iterator<Item = &'r NatRule>) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    for rule in rules {
        let publics = rule.destinations.iter().filter_map(|one| match one {
            AddressMatch::Prefix(net) => Some(net.addr()),
            AddressMatch::Any | AddressMatch::Tag(_) | AddressMatch::Group(_) => None,
        });
        for public in publics {
            for port in rule.ports.iter().flat_map(|range| [range.first(), range.last()]) {
                places
                    .extend(Transport::of(rule.protocol).iter().map(|transport| (public, port, *transport)));
            }
        }
    }
    places
}

fn leads_at(firewall: &ObservedFirewall, (public, port, transport): Place) -> Vec<Lead<'_>> {
    leads(firewall, public, port, transport)
}

/// From where the same rule may lead on packets.
fn sources_in(leads: &[Lead<'_>], lead: &Lead<'_>) -> AddressSet {
    let same = |one: &&Lead<'_>| one.rule == lead.rule && one.collection.name == lead.collection.name;
    leads.iter().find(same).map_or(AddressSet::EMPTY, |one| one.possible.clone())
}

fn wanted<'d>(desired: &'d DesiredFirewall, rule: &NatRule) -> Option<&'d NatRule> {
    let named = |one: &&NatRule| one.name.eq_ignore_ascii_case(&rule.name);
    desired.rules.iter().map(|wanted| wanted.anywhere()).find(named)
}

fn is_ours(desired: &DesiredFirewall, rule: &NatRule) -> bool {
    rule.name.parse::<Stamp>().is_ok_and(|stamp| stamp.deployment == desired.author.deployment)
}

fn granted_sources(granted: &NatRule) -> AddressSet {
    let nets = granted.sources.iter().filter_map(|source| match source {
        AddressMatch::Prefix(net) => Some(*net),
        AddressMatch::Any | AddressMatch::Tag(_) | AddressMatch::Group(_) => None,
    });
    nets.collect()
}

/// Whether it leads in no more than was granted, to where it was granted.
fn leads_only(lead: &Lead<'_>, granted: &NatRule) -> bool {
    let NatRule { translated_address, translated_port, .. } = lead.rule;
    lead.possible.is_subset(&granted_sources(granted))
        && !lead.rule.vague
        && (*translated_address, *translated_port) == (granted.translated_address, granted.translated_port)
}

/// Whether it leads in all that was granted.
fn leads_all(after: &ObservedFirewall, rule: &NatRule, granted: &NatRule) -> bool {
    let transports = Transport::of(granted.protocol);
    let places = places(std::iter::once(rule));
    let spoken: BTreeSet<Transport> = places.iter().map(|(_, _, transport)| *transport).collect();
    let all = places.iter().all(|place| {
        let same = leads_at(after, *place).into_iter().filter(|lead| {
            (lead.rule.translated_address, lead.rule.translated_port)
                == (granted.translated_address, granted.translated_port)
        });
        let led = same.fold(AddressSet::EMPTY, |led, lead| led.union(&lead.certain));
        granted_sources(granted).is_subset(&led)
    });
    all && !places.is_empty() && transports.iter().all(|one| spoken.contains(one))
}

fn with(observed: &ObservedFirewall, collection: &NatCollection) -> ObservedFirewall {
    let mut after = observed.clone();
    after.collections.retain(|one| !one.name.eq_ignore_ascii_case(&collection.name));
    if !collection.rules.is_empty() {
        after.collections.push(collection.clone());
    }
    after
}

#[cfg(test)]
mod tests;
