//! What holds when nothing is under way and Azure answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use functions::store::{HeldLease, Ledger};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use shared::{
    exposure::Observations,
    firewall::{ObservedFirewall, desired_firewall, plan_firewall},
    grant::{GrantId, LeaseState},
    inventory::Machine,
    nsg::{
        ObservedNsg,
        desired::{Desired, desired},
        evaluate::Transport,
        plan::plan,
    },
    policy::ProtectedVm,
    rule::{Access, AddressMatch, NsgRule},
    vm::{NsgId, VmId},
};

use crate::{
    run::World,
    scenario::{a_foreign_collection, author, hub, subscription},
    watch::{Packet, Watch, grant_of, packets_of, sources_of, stamp_of},
};

/// Before that somebody may still be at it.
const LEFT_BEHIND: SignedDuration = SignedDuration::from_mins(2);

/// How many entries of the audit a failure shows.
const SHOWN_ENTRIES: usize = 12;

/// The whole truth at one moment.
struct Truth<'w> {
    watch: &'w Watch,
    now: Timestamp,
    machines: Vec<Machine>,
    observed: Observations,
    policies: BTreeMap<VmId, ProtectedVm>,
    leases: Vec<HeldLease>,
}

pub(crate) fn check(world: &World) {
    let policies = world.ledger.policies(subscription()).now_or_never().unwrap().unwrap();
    let truth = Truth {
        watch: &world.cloud.watch,
        now: world.time.now(),
        machines: world.cloud.memory.machines(),
        observed: world.cloud.memory.nsgs().into_iter().map(|nsg| (nsg.id.clone(), nsg)).collect(),
        policies: policies.into_iter().map(|policy| (policy.vm.clone(), policy)).collect(),
        leases: world.ledger.leases(),
    };
    truth.leases_are_closed();
    truth.nothing_is_left_of_deleted_vms();
    for nsg in truth.observed.values() {
        truth.nsg_is_as_it_should_be(nsg);
    }
    truth.granted_packets_get_in();
    truth.nothing_else_gets_in();
    truth.firewall_is_as_it_should_be(world.cloud.memory.firewall(&hub()).as_ref());
    for (nsg, since) in world.ledger.flushes(subscription()).now_or_never().unwrap().unwrap() {
        if truth.now.duration_since(since) >= LEFT_BEHIND {
            truth.complain("what was set to cut sessions is set back", format!("{nsg} since {since}"));
        }
    }
}

impl Truth<'_> {
    fn complain(&self, invariant: &'static str, detail: String) {
        self.watch.report(invariant, detail);
    }

    fn living(&self) -> impl Iterator<Item = &HeldLease> {
        self.leases.iter().filter(|held| held.lease.lives(self.now))
    }

    fn leases_are_closed(&self) {
        for HeldLease { lease, trouble, .. } in &self.leases {
            if lease.is_due(self.now) {
                self.complain("what is due is closed", format!("{lease:?} {trouble:?}"));
            }
            if lease.is_closed() && !self.watch.has_closed_entry(lease.id) {
                self.complain("what is closed is in the audit", format!("{lease:?}"));
            }
        }
    }

    fn nothing_is_left_of_deleted_vms(&self) {
        for vm in self.policies.keys() {
            if !self.machines.iter().any(|machine| machine.vm == *vm) {
                self.complain("nothing is left of a deleted VM", format!("the policy of {}", vm.name()));
            }
        }
    }

    fn desired(&self, nsg: &ObservedNsg) -> Desired {
        let leases: Vec<_> = self.leases.iter().map(|held| (held.grant, held.lease.clone())).collect();
        desired(&author(), &nsg.id, &self.machines, &self.policies, &leases, self.now)
    }

    fn nsg_is_as_it_should_be(&self, nsg: &ObservedNsg) {
        self.watch.foreign(nsg);
        let desired = self.desired(nsg);
        let plan = plan(&desired, nsg, self.now);
        let ours = nsg.rules.iter().filter(|rule| stamp_of(rule).is_some());
        for rule in ours {
            let wanted = |rule: &NsgRule| {
                desired.rules.iter().any(|wanted| wanted.anywhere().is_same_but_priority(rule))
            };
            if !wanted(rule) && !plan.odd.contains(rule) {
                let detail = format!("{} has {rule:?}", nsg.id.name());
                self.complain("an NSG at rest has nothing of ours that is not wanted", detail);
            }
        }
        for wanted in desired.rules.iter().map(|wanted| wanted.anywhere()) {
            let is_there = nsg.rules.iter().any(|rule| rule.is_same_but_priority(wanted));
            let is_obstructed = plan.obstacles.iter().any(|obstacle| obstacle.grant == grant_of(wanted));
            if !is_there && !is_obstructed {
                let detail = format!("{} lacks {wanted:?}", nsg.id.name());
                self.complain("an NSG at rest has everything that is wanted", detail);
            }
        }
    }

    fn firewall_is_as_it_should_be(&self, firewall: Option<&ObservedFirewall>) {
        let Some(firewall) = firewall else { return };
        let leases: Vec<_> = self.leases.iter().map(|held| (held.grant, held.lease.clone())).collect();
        let desired = desired_firewall(&author(), &firewall.id, &self.machines, &leases, self.now);
        let plan = plan_firewall(&desired, firewall, self.now);
        if let Some(collection) = plan.collection {
            self.complain(
                "a firewall at rest leads on what is granted and no more",
                format!("{collection:?}"),
            );
        }
        if !firewall.collections.contains(&a_foreign_collection()) {
            self.complain("foreign rules stay as they are", format!("{firewall:?}"));
        }
        let living = self.living().filter(|held| {
            self.machines.iter().any(|machine| machine.vm == held.lease.vm && machine.gate().is_some())
        });
        let ours = firewall.own(&author().deployment).map_or(0, |collection| collection.rules.len());
        if living.count() == 0 && ours > 0 {
            self.complain("a firewall at rest leads on what is granted and no more", format!("{firewall:?}"));
        }
    }

    /// One grant's end, or another's rule, never takes what a living lease grants.
    fn granted_packets_get_in(&self) {
        for held in self.living() {
            let Some(machine) = self.machines.iter().find(|machine| machine.vm == held.lease.vm) else {
                continue;
            };
            let mut reached = false;
            for packet in packets_of(machine, &held.lease) {
                reached = true;
                if let Err(kept_out_by) = packet.gets_in(&self.observed)
                    && kept_out_by.is_some_and(|rule| !is_foreign_deny(rule))
                    && !packet.path.nsgs.iter().any(|nsg| self.obstructs(nsg, held.grant))
                {
                    let by = kept_out_by.map_or("an unknown rule", |rule| rule.name.as_str());
                    let detail = format!(
                        "{} to {}:{} is kept out by {by}: {:?}",
                        packet.source, packet.path.destination, packet.port, held.lease
                    );
                    self.complain("what a living lease grants gets in", detail);
                    return;
                }
            }
            let is_pending = matches!(held.lease.state, LeaseState::Pending { .. });
            let gets_in = packets_of(machine, &held.lease).all(|one| one.gets_in(&self.observed).is_ok());
            if reached && gets_in && is_pending {
                self.complain("what is open is called open", format!("{:?} {:?}", held.lease, held.trouble));
            }
        }
    }

    /// Whether the grant's rule has no place in the NSG.
    fn obstructs(&self, nsg: &NsgId, grant: GrantId) -> bool {
        self.observed.get(nsg).is_some_and(|nsg| {
            let obstacles = plan(&self.desired(nsg), nsg, self.now).obstacles;
            obstacles.iter().any(|obstacle| obstacle.grant == Some(grant))
        })
    }

    /// Without a living lease, packets get in only by the rules of other hands.
    fn nothing_else_gets_in(&self) {
        let without_leases: Observations = self
            .observed
            .iter()
            .map(|(id, nsg)| {
                let rules = nsg.rules.iter().filter(|rule| grant_of(rule).is_none()).cloned().collect();
                (id.clone(), ObservedNsg { rules, ..nsg.clone() })
            })
            .collect();
        let sources = self.edges();
        for machine in &self.machines {
            for path in machine.paths() {
                for source in sources.iter().filter(|one| one.is_ipv6() == path.destination.is_ipv6()) {
                    for (transport, port) in
                        [(Transport::Tcp, 22), (Transport::Udp, 22), (Transport::Tcp, 3389)]
                    {
                        let packet = Packet { source: *source, path: path.clone(), transport, port };
                        self.packet_is_granted(machine, &packet, &without_leases);
                    }
                }
            }
        }
    }

    fn packet_is_granted(&self, machine: &Machine, packet: &Packet<'_>, without_leases: &Observations) {
        let by_others = packet.gets_in(without_leases);
        if packet.gets_in(&self.observed).is_err() || matches!(by_others, Ok(()) | Err(None)) {
            return;
        }
        let grants = |held: &HeldLease| {
            held.lease.vm == machine.vm
                && held.lease.port.number() == packet.port
                && Transport::of(held.lease.protocol).contains(&packet.transport)
                && sources_of(machine, &held.lease).iter().any(|net| net.contains(&packet.source))
        };
        if !self.living().any(grants) {
            let detail = format!(
                "{} gets in to {} ({}) port {}",
                packet.source,
                packet.path.destination,
                machine.vm.name(),
                packet.port
            );
            self.complain("nothing gets in without a living lease", detail);
        }
    }

    /// The edges of every prefix that a lease or one of our rules names, inside and outside, and one address of nobody.
    fn edges(&self) -> BTreeSet<IpAddr> {
        let of_leases = self.leases.iter().flat_map(|held| held.lease.sources.iter().map(|one| one.net()));
        let of_rules =
            self.observed.values().flat_map(|nsg| &nsg.rules).filter(|rule| grant_of(rule).is_some());
        let of_rules = of_rules.flat_map(|rule| &rule.sources).filter_map(|one| match one {
            AddressMatch::Prefix(net) => Some(*net),
            _ => None,
        });
        let nets: BTreeSet<_> = of_leases.chain(of_rules).collect();
        let edges = nets.into_iter().flat_map(|net| {
            let (first, last) = (net.network(), net.broadcast());
            [Some(first), Some(last), before(first), after(last)]
        });
        edges.flatten().chain([IpAddr::from([192, 0, 2, 1])]).collect()
    }
}

fn is_foreign_deny(rule: &NsgRule) -> bool {
    rule.access == Access::Deny && stamp_of(rule).is_none() && rule.priority.number() <= 4096
}

fn before(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_sub(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(v6) => v6.to_bits().checked_sub(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_add(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(v6) => v6.to_bits().checked_add(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

/// The world in short, for whoever looks into a failure.
pub(crate) fn describe(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for machine in world.cloud.memory.machines() {
        let ways = machine.paths().map(|path| {
            let nsgs: Vec<&str> = path.nsgs.iter().map(|nsg| nsg.name()).collect();
            format!("{} behind {}", path.destination, nsgs.join(" and "))
        });
        lines.push(format!("{}: {}", machine.vm.name(), ways.collect::<Vec<_>>().join(", ")));
    }
    for policy in world.ledger.policies(subscription()).now_or_never().unwrap().unwrap() {
        let ports: Vec<String> =
            policy.ports.iter().map(|rule| format!("{}/{}", rule.port, rule.protocol.as_str())).collect();
        lines.push(format!("policy of {}: {} {:?}", policy.vm.name(), ports.join(" "), policy.precedence));
    }
    for held in world.ledger.leases().iter().filter(|held| !held.lease.is_closed()) {
        let HeldLease { grant, lease, trouble, .. } = held;
        let trouble = trouble.as_ref().map_or("", |trouble| &trouble.message);
        let (vm, end) = (lease.vm.name(), lease.expires_at);
        lines.push(format!("lease {grant} {vm} {} until {end} {:?} {trouble}", lease.port, lease.state));
    }
    for nsg in world.cloud.memory.nsgs() {
        let mut rules: Vec<&NsgRule> = nsg.rules.iter().collect();
        rules.sort_by_key(|rule| rule.priority);
        for NsgRule { name, priority, access, protocol, sources, destinations, destination_ports, .. } in
            rules
        {
            let list = |side: &BTreeSet<AddressMatch>| {
                side.iter()
                    .map(|one| match one {
                        AddressMatch::Prefix(net) => net.to_string(),
                        other => format!("{other:?}"),
                    })
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            let ports: Vec<String> = destination_ports.iter().map(ToString::to_string).collect();
            lines.push(format!(
                "{} {priority} {access:?} {protocol:?} {} to {} port {}: {name}",
                nsg.id.name(),
                list(sources),
                list(destinations),
                ports.join(" ")
            ));
        }
    }
    let entries = world.ledger.entries_after(subscription(), 0);
    for entry in entries.iter().rev().take(SHOWN_ENTRIES).rev() {
        lines.push(format!("audit {} {}", entry.record.at, entry.record.event));
    }
    lines
}
