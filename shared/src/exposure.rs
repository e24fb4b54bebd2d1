//! What is true of a port now: computed from the rules that were read, never assumed.

mod nat;

use std::collections::BTreeMap;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::{
    address_set::AddressSet,
    api::{Concern, Exposed, LeaseView, Mapped, PortState},
    firewall::{FirewallReadings, NatRuleName},
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
    (observed, firewalls): (&Observations, &FirewallReadings),
    now: Timestamp,
) -> (PortState, Vec<Exposed>) {
    let never_checked = || (PortState::PossiblyOpen { concerns: vec![Concern::NeverChecked] }, Vec::new());
    let Some(paths) = observed_paths(machine, observed) else { return never_checked() };
    let gate = machine.gate();
    let firewall = gate.and_then(|gate| firewalls.get(gate.firewall));
    if gate.is_some() && firewall.is_none() {
        return never_checked();
    }
    let living: Vec<GrantId> =
        leases.iter().filter(|view| view.lease.lives(now)).map(|view| view.grant).collect();
    let mut exposed = exposed(deployment, &paths, rule, &living);
    if let (Some(gate), Some(firewall)) = (&gate, firewall) {
        exposed.extend(nat::exposed(deployment, (gate, firewall), &paths, rule, &living));
    }
    let mut concerns: Vec<Concern> = Vec::new();
    for one in &exposed {
        let concern = match &one.nat {
            Some(nat) => Concern::ForeignNat { nat: nat.clone() },
            None => Concern::ForeignRule { rule: one.rule.clone() },
        };
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
    let is_defeated = |view: &&LeaseView| {
        view.lease.lives(now)
            && matches!(view.lease.state, LeaseState::Open { .. })
            && !lets_in(machine, &view.lease, observed, firewalls)
    };
    if leases.iter().any(|view| is_defeated(&view)) {
        concerns.push(Concern::NotEffective);
    }
    let until = leases.iter().filter(|view| view.lease.lives(now)).map(|view| view.lease.expires_at).max();
    let state = match (concerns.is_empty(), until) {
        (false, _) => PortState::PossiblyOpen { concerns },
        (true, Some(until)) => PortState::Open { until },
        (true, None) => PortState::Closed,
    };
    (state, exposed)
}

/// Whether every packet that `lease` grants surely gets in, by any rule: behind a firewall, if it is led to the VM and
/// the VM's NSGs let in what the firewall leads there.
pub fn lets_in(
    machine: &Machine,
    lease: &Lease,
    observed: &Observations,
    firewalls: &FirewallReadings,
) -> bool {
    let Some(paths) = observed_paths(machine, observed) else {
        return false;
    };
    if let Some(gate) = machine.gate() {
        let firewall = firewalls.get(gate.firewall);
        let path = paths.iter().find(|(path, _)| path.destination == gate.private);
        return firewall
            .zip(path)
            .is_some_and(|(firewall, path)| nat::lets_in((&gate, firewall), path, lease));
    }
    let mut reached = false;
    for observed in &paths {
        let v6 = observed.0.destination.is_ipv6();
        let of_family = lease.sources.iter().filter(|source| source.is_ipv6() == v6);
        let granted: AddressSet = of_family.map(|source| source.net()).collect();
        if granted.is_empty() {
            continue;
        }
        reached = true;
        let mut transports = Transport::of(lease.protocol).iter();
        if !transports.all(|transport| granted.is_subset(&surely_in(observed, *transport, lease.port))) {
            return false;
        }
    }
    reached
}

/// Whether a rule of ours still stands for this lease in one of the NSGs and firewalls that were read.
pub fn is_held(
    deployment: &Deployment,
    grant: GrantId,
    lease: &Lease,
    machine: Option<&Machine>,
    observed: &Observations,
    firewalls: &FirewallReadings,
) -> bool {
    let in_nsg = |nsg: &ObservedNsg| {
        let destinations = machine.map(|machine| machine.destinations_in(&nsg.id));
        nsg.rules.iter().any(|rule| {
            let reaches =
                destinations.as_ref().is_none_or(|to| to.iter().any(|one| speaks_to(rule, (*one).into())));
            is_of(deployment, &rule.name, grant)
                && reaches
                && rule.destination_ports.iter().any(|range| range.contains(lease.port.number()))
        })
    };
    observed.values().any(in_nsg)
        || firewalls.values().any(|firewall| nat::holds(deployment, (grant, lease), machine, firewall))
}

/// Under what a port of a machine behind a firewall is reached now, by a rule of ours that was read back.
pub fn mapped(
    deployment: &Deployment,
    machine: &Machine,
    port: Port,
    firewalls: &FirewallReadings,
    now: Timestamp,
) -> Option<Mapped> {
    let gate = machine.gate()?;
    nat::mapped(deployment, (&gate, firewalls.get(gate.firewall)?), port, now)
}

/// The NAT rules of others by which opening `lease` would let in more than was granted: they lead to its port too, the
/// VM's NSGs cannot tell who comes through the firewall, and do not let in what comes from there now.
pub fn led_in_besides(
    deployment: &Deployment,
    machine: &Machine,
    lease: &Lease,
    observed: &Observations,
    firewalls: &FirewallReadings,
) -> Vec<NatRuleName> {
    let found = || {
        let gate = machine.gate()?;
        let firewall = firewalls.get(gate.firewall)?;
        let paths = observed_paths(machine, observed)?;
        let path = paths.iter().find(|(path, _)| path.destination == gate.private)?;
        Some(nat::led_in_besides(deployment, (&gate, firewall), path, lease))
    };
    found().unwrap_or_default()
}

fn is_of(deployment: &Deployment, rule: &str, grant: GrantId) -> bool {
    rule.parse::<Stamp>().is_ok_and(|stamp| {
        stamp.deployment == *deployment
            && matches!(stamp.purpose, Purpose::Lease { grant: of, .. } if of == grant)
    })
}

/// From where packets to one port surely get through all NSGs of a path.
fn surely_in((path, nsgs): &ObservedPath<'_>, transport: Transport, port: Port) -> AddressSet {
    through(path, nsgs, transport, port.number())
        .iter()
        .fold(AddressSet::EMPTY, |open, way| open.union(&way.certain))
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
                if rules.iter().any(|(_, rule)| is_of_living(deployment, &rule.name, living)) {
                    continue;
                }
                let Some(name) = name_of(&rules) else { continue };
                let sets = merged.entry(name).or_default();
                *sets = (sets.0.union(&certain), sets.1.union(&possible));
            }
        }
    }
    let describe = |(rule, (certain, possible)): (RuleName, (AddressSet, AddressSet))| Exposed {
        from: in_words(if certain.is_empty() { &possible } else { &certain }),
        rule,
        nat: None,
        certain: !certain.is_empty(),
    };
    merged.into_iter().map(describe).collect()
}

/// The rule that people are told of: the first on the way.
fn name_of(rules: &[(&ObservedNsg, &NsgRule)]) -> Option<RuleName> {
    let (nsg, rule) = rules.first()?;
    let nsg = nsg.id.name().to_owned();
    Some(RuleName { nsg, name: rule.name.clone(), priority: rule.priority })
}

fn is_of_living(deployment: &Deployment, rule: &str, living: &[GrantId]) -> bool {
    living.iter().any(|grant| is_of(deployment, rule, *grant))
}

/// Three dozen prefixes that together are the Internet say less than its name.
pub(crate) fn in_words(set: &AddressSet) -> Vec<String> {
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
pub(crate) mod tests;
