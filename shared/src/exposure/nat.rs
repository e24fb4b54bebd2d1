//! What gets to a VM through an Azure Firewall: a NAT rule leads it, and the VM's NSGs let the firewall's subnet in.

use std::{collections::BTreeSet, net::IpAddr};

use jiff::Timestamp;

use super::{ObservedPath, in_words, is_of, is_of_living, name_of, surely_in};
use crate::{
    address_set::AddressSet,
    api::{Exposed, Mapped},
    firewall::{
        Gate, NatCollection, NatRule, NatRuleName, ObservedFirewall, collection_name, leads, part_of,
    },
    grant::{GrantId, Lease},
    inventory::Machine,
    nsg::{
        evaluate::{Transport, through},
        stamp::{Deployment, Stamp},
    },
    policy::PortRule,
    port::Port,
    rule::{AddressMatch, RuleName},
};

type Read<'a> = (&'a Gate<'a>, &'a ObservedFirewall);

/// Whether one port of the firewall leads every granted packet to the VM, and the VM lets in what comes from there.
pub(super) fn lets_in((gate, firewall): Read<'_>, path: &ObservedPath<'_>, lease: &Lease) -> bool {
    let v6 = gate.public.is_ipv6();
    let of_family = lease.sources.iter().filter(|source| source.is_ipv6() == v6);
    let granted: AddressSet = of_family.map(|source| source.net()).collect();
    if granted.is_empty() || firewall.has_policy || firewall.failed {
        return false;
    }
    let transports = Transport::of(lease.protocol);
    let origins: AddressSet = gate.origins().collect();
    let leads_all = |port: u16| {
        transports.iter().all(|transport| {
            let there = leads(firewall, gate.public, port, *transport)
                .into_iter()
                .filter(|lead| lead.rule.leads_to(gate.private, lease.port));
            granted.is_subset(&there.fold(AddressSet::EMPTY, |led, lead| led.union(&lead.certain)))
        })
    };
    let rules = firewall.collections.iter().flat_map(|collection| &collection.rules);
    let mut ports = rules
        .filter(|rule| rule.leads_to(gate.private, lease.port))
        .flat_map(|rule| rule.ports.iter().map(|range| range.first()));
    transports.iter().all(|transport| origins.is_subset(&surely_in(path, *transport, lease.port)))
        && ports.any(leads_all)
}

/// Whether a NAT rule of ours still stands for the lease, or may.
pub(super) fn holds(
    deployment: &Deployment,
    (grant, lease): (GrantId, &Lease),
    machine: Option<&Machine>,
    firewall: &ObservedFirewall,
) -> bool {
    let goes_through = |machine: &Machine| machine.gate().is_some_and(|gate| *gate.firewall == firewall.id);
    if firewall.failed && machine.is_some_and(goes_through) {
        return true;
    }
    let reaches = |rule: &NatRule| {
        let to = rule.translated_address;
        machine.is_none_or(|machine| machine.paths().any(|path| to.is_none_or(|to| to == path.destination)))
            || rule.name.parse::<Stamp>().is_ok_and(|stamp| stamp.part == part_of(lease))
    };
    let rules = firewall.own(deployment).into_iter().flat_map(|own| &own.rules);
    rules
        .filter(|rule| is_of(deployment, &rule.name, grant) && reaches(rule))
        .any(|rule| rule.translated_port.is_none_or(|to| to == lease.port))
}

pub(super) fn mapped(
    deployment: &Deployment,
    (gate, firewall): Read<'_>,
    port: Port,
    now: Timestamp,
) -> Option<Mapped> {
    let in_effect = !firewall.has_policy && !firewall.failed;
    let rules = firewall.own(deployment).filter(|_| in_effect)?.rules.iter();
    let lives = |rule: &&NatRule| {
        rule.name.parse::<Stamp>().is_ok_and(|stamp| stamp.deployment == *deployment && stamp.lives(now))
    };
    let mut there = rules.filter(lives).filter(|rule| rule.leads_to(gate.private, port) && !rule.vague);
    there.find_map(|rule| {
        let address = rule.destinations.iter().find_map(|to| match to {
            AddressMatch::Prefix(net) if net.prefix_len() == net.max_prefix_len() => Some(net.addr()),
            _ => None,
        })?;
        Some(Mapped { address, port: rule.single_port()? })
    })
}

/// What NAT rules lead to the port and gets in, besides living leases.
pub(super) fn exposed(
    deployment: &Deployment,
    (gate, firewall): Read<'_>,
    paths: &[ObservedPath<'_>],
    port_rule: &PortRule,
    living: &[GrantId],
) -> Vec<Exposed> {
    let mut found = Vec::new();
    if firewall.has_policy {
        return found;
    }
    let own = collection_name(deployment);
    for collection in &firewall.collections {
        let is_own = collection.name.eq_ignore_ascii_case(&own);
        for nat in &collection.rules {
            if is_own && is_of_living(deployment, &nat.name, living) {
                continue;
            }
            let name = name_of_nat(firewall, collection, nat);
            found.extend(by_rule((gate, firewall), paths, port_rule, nat, name));
        }
    }
    found
}

pub(super) fn led_in_besides(
    deployment: &Deployment,
    (gate, firewall): Read<'_>,
    path: &ObservedPath<'_>,
    lease: &Lease,
) -> Vec<NatRuleName> {
    let granted: AddressSet = lease.sources.iter().map(|source| source.net()).collect();
    let origins: AddressSet = gate.origins().collect();
    let shut = Transport::of(lease.protocol)
        .iter()
        .filter(|transport| !origins.is_subset(&surely_in(path, **transport, lease.port)));
    let shut: Vec<Transport> = shut.copied().collect();
    let brings_others = |nat: &NatRule| {
        shut.iter().any(|transport| {
            let (_, possible) = taken_by(nat, (gate, firewall), *transport);
            !possible.is_subset(&granted)
        })
    };
    let own = collection_name(deployment);
    let foreign = firewall.collections.iter().filter(|one| !one.name.eq_ignore_ascii_case(&own));
    foreign
        .flat_map(|collection| collection.rules.iter().map(move |nat| (collection, nat)))
        .filter(|(_, nat)| nat.may_lead_to(gate.private, lease.port) && brings_others(nat))
        .map(|(collection, nat)| name_of_nat(firewall, collection, nat))
        .collect()
}

fn name_of_nat(firewall: &ObservedFirewall, collection: &NatCollection, nat: &NatRule) -> NatRuleName {
    NatRuleName {
        firewall: firewall.id.name().to_owned(),
        collection: collection.name.clone(),
        name: nat.name.clone(),
    }
}

/// What one NAT rule brings to the port.
fn by_rule(
    (gate, firewall): Read<'_>,
    paths: &[ObservedPath<'_>],
    port_rule: &PortRule,
    nat: &NatRule,
    name: NatRuleName,
) -> Option<Exposed> {
    let port = port_rule.port;
    let (mut certain, mut possible) = (AddressSet::EMPTY, AddressSet::EMPTY);
    let mut first: Option<RuleName> = None;
    let led_to = |(path, _): &&ObservedPath<'_>| nat.may_lead_to(path.destination, port);
    for path in paths.iter().filter(led_to) {
        for transport in Transport::of(port_rule.protocol) {
            let Some((rule, surely)) = nsgs_let_in(gate, path, *transport, port) else { continue };
            let taken = taken_by(nat, (gate, firewall), *transport);
            if surely && nat.leads_to(path.0.destination, port) {
                certain = certain.union(&taken.0);
            }
            possible = possible.union(&taken.1);
            first.get_or_insert(rule);
        }
    }
    let rule = first.filter(|_| !possible.is_empty())?;
    let (sure, from) = (!certain.is_empty(), if certain.is_empty() { possible } else { certain });
    Some(Exposed { from: in_words(&from), rule, nat: Some(name), certain: sure })
}

/// By which rule the VM's NSGs may let in what the firewall leads there, and whether they surely let in all of it.
fn nsgs_let_in(
    gate: &Gate<'_>,
    path: &ObservedPath<'_>,
    transport: Transport,
    port: Port,
) -> Option<(RuleName, bool)> {
    let origins: AddressSet = gate.subnet.iter().copied().collect();
    let ways = through(&path.0, &path.1, transport, port.number());
    let way = ways.iter().find(|way| !way.possible.intersection(&origins).is_empty())?;
    let all = AddressSet::all_like(path.0.destination).intersection(&origins);
    Some((name_of(&way.rules)?, all.is_subset(&surely_in(path, transport, port))))
}

/// From where one NAT rule takes packets: surely, and possibly.
fn taken_by(nat: &NatRule, (gate, firewall): Read<'_>, transport: Transport) -> (AddressSet, AddressSet) {
    let mut taken = (AddressSet::EMPTY, AddressSet::EMPTY);
    for public in destinations(nat, gate) {
        for port in corners(nat, firewall) {
            let led = leads(firewall, public, port, transport);
            for lead in led.iter().filter(|lead| std::ptr::eq(lead.rule, nat)) {
                taken = (taken.0.union(&lead.certain), taken.1.union(&lead.possible));
            }
        }
    }
    taken
}

/// The addresses that the rule is for; where it does not say, those of the firewall.
fn destinations(nat: &NatRule, gate: &Gate<'_>) -> BTreeSet<IpAddr> {
    let named = nat.destinations.iter().filter_map(|to| match to {
        AddressMatch::Prefix(net) => Some(net.addr()),
        AddressMatch::Any | AddressMatch::Tag(_) | AddressMatch::Group(_) => None,
    });
    let all = nat.destinations.iter().any(|to| !matches!(to, AddressMatch::Prefix(_)));
    named.chain(gate.addresses.iter().copied().filter(|_| all)).collect()
}

/// Ports of the rule such that all its others fare as one of them.
fn corners(nat: &NatRule, firewall: &ObservedFirewall) -> BTreeSet<u16> {
    let rules = firewall.collections.iter().flat_map(|collection| &collection.rules);
    let starts = rules
        .flat_map(|rule| &rule.ports)
        .flat_map(|range| [Some(range.first()), range.last().checked_add(1)])
        .flatten();
    starts.filter(|port| nat.ports.iter().any(|range| range.contains(*port))).collect()
}

#[cfg(test)]
mod tests;
