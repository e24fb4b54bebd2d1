//! What is true of a port now: computed from the rules that were read, never assumed.

use std::collections::BTreeMap;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::{
    address_set::AddressSet,
    api::{Concern, Exposed, LeaseView, PortState},
    grant::{GrantId, Lease, LeaseState},
    inventory::{Machine, Path},
    nsg::{
        ObservedNsg,
        evaluate::{Transport, Way, internet, through},
        stamp::{Deployment, Purpose, Stamp},
    },
    policy::PortRule,
    port::Port,
    rule::{Access, AddressMatch, NsgRule, RuleName},
    vm::NsgId,
};

/// NSGs as they were last read.
pub type Observations = BTreeMap<NsgId, ObservedNsg>;

/// The state of one protected port of `machine`, and what lets packets in besides living leases.
pub fn port_state(
    deployment: &Deployment,
    machine: &Machine,
    rule: &PortRule,
    leases: &[LeaseView],
    observed: &Observations,
    now: Timestamp,
) -> (PortState, Vec<Exposed>) {
    let Some(paths) = observed_paths(machine, observed) else {
        return (PortState::PossiblyOpen { concerns: vec![Concern::NeverChecked] }, Vec::new());
    };
    let living: Vec<GrantId> =
        leases.iter().filter(|view| view.lease.lives(now)).map(|view| view.grant).collect();
    let exposed = exposed(deployment, &paths, rule, &living);
    let mut concerns: Vec<Concern> = Vec::new();
    for one in &exposed {
        let concern = Concern::ForeignRule { rule: one.rule.clone() };
        if !concerns.contains(&concern) {
            concerns.push(concern);
        }
    }
    if !paths.iter().all(|(path, nsgs)| nsgs.iter().all(|nsg| has_guard(deployment, nsg, path, rule.port))) {
        concerns.push(Concern::GuardMissing);
    }
    let due = leases.iter().filter(|view| view.lease.is_due(now)).map(|view| view.lease.expires_at).min();
    concerns.extend(due.map(|since| Concern::Overdue { since }));
    let waiting =
        |view: &&LeaseView| view.lease.lives(now) && matches!(view.lease.state, LeaseState::Pending { .. });
    if leases.iter().any(|view| waiting(&view)) {
        concerns.push(Concern::NotConfirmed);
    }
    let until = leases.iter().filter(|view| view.lease.lives(now)).map(|view| view.lease.expires_at).max();
    let state = match (concerns.is_empty(), until) {
        (false, _) => PortState::PossiblyOpen { concerns },
        (true, Some(until)) => PortState::Open { until },
        (true, None) => PortState::Closed,
    };
    (state, exposed)
}

/// Whether every packet that `lease` grants surely gets in, by any rule.
pub fn lets_in(machine: &Machine, lease: &Lease, observed: &Observations) -> bool {
    let Some(paths) = observed_paths(machine, observed) else {
        return false;
    };
    let mut reached = false;
    for (path, nsgs) in &paths {
        let of_family = lease.sources.iter().filter(|source| source.is_ipv6() == path.destination.is_ipv6());
        let granted: AddressSet = of_family.map(|source| source.net()).collect();
        if granted.is_empty() {
            continue;
        }
        reached = true;
        for transport in Transport::of(lease.protocol) {
            let open = through(path, nsgs, *transport, lease.port.number())
                .iter()
                .fold(AddressSet::EMPTY, |open, way| open.union(&way.certain));
            if !granted.is_subset(&open) {
                return false;
            }
        }
    }
    reached
}

/// Whether a rule of ours still stands for this lease in one of the NSGs that were read.
pub fn is_held(
    deployment: &Deployment,
    grant: GrantId,
    lease: &Lease,
    machine: Option<&Machine>,
    observed: &Observations,
) -> bool {
    observed.values().any(|nsg| {
        let destinations = machine.map(|machine| machine.destinations_in(&nsg.id));
        nsg.rules.iter().any(|rule| {
            let for_grant = rule.name.parse::<Stamp>().is_ok_and(|stamp| {
                stamp.deployment == *deployment
                    && matches!(stamp.purpose, Purpose::Lease { grant: of, .. } if of == grant)
            });
            let reaches =
                destinations.as_ref().is_none_or(|to| to.iter().any(|one| speaks_to(rule, (*one).into())));
            for_grant
                && reaches
                && rule.destination_ports.iter().any(|range| range.contains(lease.port.number()))
        })
    })
}

type ObservedPath<'a> = (Path<'a>, Vec<&'a ObservedNsg>);

/// The paths to a machine with all their NSGs; `None` if one of them was not read or a path has none.
fn observed_paths<'a>(machine: &'a Machine, observed: &'a Observations) -> Option<Vec<ObservedPath<'a>>> {
    let paths: Option<Vec<ObservedPath<'a>>> = machine
        .paths()
        .map(|path| {
            let nsgs: Option<Vec<&ObservedNsg>> = path.nsgs.iter().map(|nsg| observed.get(nsg)).collect();
            nsgs.filter(|nsgs| !nsgs.is_empty()).map(|nsgs| (path, nsgs))
        })
        .collect();
    paths.filter(|paths| !paths.is_empty())
}

fn exposed(
    deployment: &Deployment,
    paths: &[ObservedPath<'_>],
    rule: &PortRule,
    living: &[GrantId],
) -> Vec<Exposed> {
    let mut merged: BTreeMap<RuleName, (AddressSet, AddressSet)> = BTreeMap::new();
    for (path, nsgs) in paths {
        for transport in Transport::of(rule.protocol) {
            for Way { rules, certain, possible } in through(path, nsgs, *transport, rule.port.number()) {
                if rules.iter().any(|(_, rule)| is_of_living(deployment, rule, living)) {
                    continue;
                }
                let Some((nsg, first)) = rules.first() else {
                    continue;
                };
                let name = RuleName {
                    nsg: nsg.id.name().to_owned(),
                    name: first.name.clone(),
                    priority: first.priority,
                };
                let sets = merged.entry(name).or_default();
                *sets = (sets.0.union(&certain), sets.1.union(&possible));
            }
        }
    }
    let describe = |(rule, (certain, possible)): (RuleName, (AddressSet, AddressSet))| Exposed {
        from: in_words(if certain.is_empty() { &possible } else { &certain }),
        rule,
        certain: !certain.is_empty(),
    };
    merged.into_iter().map(describe).collect()
}

fn is_of_living(deployment: &Deployment, rule: &NsgRule, living: &[GrantId]) -> bool {
    rule.name.parse::<Stamp>().is_ok_and(|stamp| {
        stamp.deployment == *deployment
            && matches!(stamp.purpose, Purpose::Lease { grant, .. } if living.contains(&grant))
    })
}

/// Three dozen prefixes that together are the Internet say less than its name.
fn in_words(set: &AddressSet) -> Vec<String> {
    let prefixes = set.prefixes();
    if prefixes.iter().any(|net| net.prefix_len() == 0) {
        return vec!["*".to_owned()];
    }
    let all = internet();
    let public = prefixes.first().map(|net| AddressSet::all_like(net.addr()).intersection(&all));
    match public.filter(|public| public.is_subset(set)) {
        Some(public) => {
            let rest = set.minus(&public).prefixes();
            std::iter::once("Internet".to_owned()).chain(rest.iter().map(IpNet::to_string)).collect()
        }
        None => prefixes.iter().map(IpNet::to_string).collect(),
    }
}

fn has_guard(deployment: &Deployment, nsg: &ObservedNsg, path: &Path<'_>, port: Port) -> bool {
    nsg.rules.iter().any(|rule| {
        rule.access == Access::Deny
            && rule.name.parse::<Stamp>().is_ok_and(|stamp| stamp.deployment == *deployment)
            && speaks_to(rule, path.destination.into())
            && rule.sources.contains(&AddressMatch::Any)
            && rule.destination_ports.iter().any(|range| range.contains(port.number()))
    })
}

fn speaks_to(rule: &NsgRule, destination: IpNet) -> bool {
    rule.destinations.iter().any(|one| match one {
        AddressMatch::Any => true,
        AddressMatch::Prefix(net) => net.contains(&destination),
        AddressMatch::Tag(_) | AddressMatch::Group(_) => false,
    })
}

#[cfg(test)]
mod tests;
