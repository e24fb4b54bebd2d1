//! Proofs: which packets a change opens and closes, worked out exactly before it is written.
//!
//! Only packets that a changed rule speaks of can fare differently, so they alone are looked at: for each of its
//! destinations, ports and transports the set of *all* sources. Ports matter for TCP and UDP only.

mod cells;
mod law;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use serde::{Deserialize, Serialize};

use self::cells::{Cell, Networks, cells};
pub use self::law::{Law, Unproven};
use super::{ObservedNsg, RuleChange, evaluate::Openness};
use crate::{
    address_set::AddressSet,
    exposure::{Observations, in_words},
    inventory::Machine,
    nsg::evaluate::Transport,
    port::{PortRange, Protocol},
    rule::NsgRule,
};

/// What a change does to packets, both NSGs of each way to a VM considered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Proof {
    /// Packets that did not get in before.
    pub opens: Vec<Packets>,
    /// Packets that got in before.
    pub closes: Vec<Packets>,
}

/// Every packet from, to, by and at all of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Packets {
    /// Prefixes, `Internet` for all public addresses, or `*` for every address.
    pub from: Vec<String>,
    /// Private addresses of VMs.
    pub to: Vec<IpAddr>,
    pub protocol: Protocol,
    pub ports: Vec<PortRange>,
    /// `false`: a service tag or group that is not known makes it no more than possible.
    pub certain: bool,
}

impl Proof {
    pub fn is_empty(&self) -> bool {
        self.opens.is_empty() && self.closes.is_empty()
    }

    /// What it does to the packets to `machines` that `rules`, as they were and as they will be, take an NSG from
    /// `before` to `after`. What is not read of another NSG on the way is taken to let everything in.
    pub fn of<'r>(
        machines: &[Machine],
        (before, after): (&Observations, &Observations),
        rules: impl IntoIterator<Item = &'r NsgRule>,
    ) -> Self {
        let rules: Vec<&NsgRule> = rules.into_iter().collect();
        let (mut opens, mut closes) = (Pile::default(), Pile::default());
        for machine in machines {
            for path in machine.paths() {
                let at = |seen: &Observations| {
                    let nsgs = path.nsgs.iter().filter_map(|nsg| seen.get(*nsg));
                    nsgs.cloned().collect::<Vec<ObservedNsg>>()
                };
                let (old, new) = (at(before), at(after));
                if old == new {
                    continue;
                }
                let networks = Networks::from([(path.destination, path.virtual_network.to_vec())]);
                for cell in cells(&rules, old.iter().chain(&new), &networks) {
                    let was = Openness::through(&old, cell.target());
                    let is = Openness::through(&new, cell.target());
                    opens.add(&cell, &was, &is);
                    closes.add(&cell, &is, &was);
                }
            }
        }
        Self { opens: opens.into_packets(), closes: closes.into_packets() }
    }
}

/// Takes `change` to `nsg`, without asking whether it may be made.
pub fn apply(nsg: &ObservedNsg, change: &RuleChange) -> ObservedNsg {
    let mut after = nsg.clone();
    let name = &change.rule().name;
    after.rules.retain(|rule| !rule.name.eq_ignore_ascii_case(name));
    if let RuleChange::Put(rule) = change {
        after.rules.push(rule.clone());
    }
    after
}

/// The rule of that name before the change and the rule after it.
pub fn versions<'r>(nsg: &'r ObservedNsg, change: &'r RuleChange) -> Vec<&'r NsgRule> {
    let name = &change.rule().name;
    let before = nsg.rules.iter().filter(|rule| rule.name.eq_ignore_ascii_case(name));
    before.chain([change.rule()]).collect()
}

/// Packets as they are found, to be put together.
#[derive(Default)]
struct Pile(BTreeMap<(AddressSet, bool, PortRange, IpAddr), BTreeSet<Transport>>);

impl Pile {
    /// What is let in as `is` and was not as `was`.
    fn add(&mut self, cell: &Cell<'_>, was: &Openness, is: &Openness) {
        let certain = is.certain.minus(&was.possible);
        let perhaps = is.possible.minus(&was.possible).minus(&is.certain);
        let surer = is.certain.minus(&was.certain).intersection(&was.possible);
        for (set, certain) in [(certain, true), (perhaps.union(&surer), false)] {
            if set.is_empty() {
                continue;
            }
            for destination in &cell.destinations {
                let key = (set.clone(), certain, cell.ports, *destination);
                self.0.entry(key).or_default().insert(cell.transport);
            }
        }
    }

    fn into_packets(self) -> Vec<Packets> {
        type Same = (AddressSet, bool, Protocol);
        let mut to: BTreeMap<(Same, PortRange), BTreeSet<IpAddr>> = BTreeMap::new();
        for ((set, certain, ports, destination), transports) in self.0 {
            let same = (set, certain, protocol(&transports));
            to.entry((same, ports)).or_default().insert(destination);
        }
        let mut ports: BTreeMap<(Same, BTreeSet<IpAddr>), BTreeSet<PortRange>> = BTreeMap::new();
        for ((same, range), destinations) in to {
            ports.entry((same, destinations)).or_default().insert(range);
        }
        let packets = ports.into_iter().map(|(((set, certain, protocol), to), ports)| Packets {
            from: in_words(&set),
            to: to.into_iter().collect(),
            protocol,
            ports: ports.into_iter().collect(),
            certain,
        });
        packets.collect()
    }
}

fn protocol(transports: &BTreeSet<Transport>) -> Protocol {
    match (transports.contains(&Transport::Tcp), transports.contains(&Transport::Udp)) {
        (true, false) => Protocol::Tcp,
        (false, true) => Protocol::Udp,
        _ => Protocol::Any,
    }
}

#[cfg(test)]
mod tests;
