//! The fleets of the runs: small, and with every way in which a VM can lie behind NSGs.

use std::{collections::BTreeSet, net::IpAddr};

use functions::fabric::memory::MemoryFabric;
use rand::{Rng, rngs::StdRng, seq::SliceRandom};
use shared::{
    decision::Requester,
    firewall::{FirewallGate, NatCollection, ObservedFirewall},
    inventory::{Address, Interface, Machine, MachineKind, WayIn},
    nsg::{desired::Author, stamp::StoreId},
    policy::{JustificationRule, LiveSessions, PortRule, PortRules, Precedence, ProtectedVm},
    port::{Port, PortRange, Protocol},
    request::Opening,
    rule::{Access, AddressMatch, Direction, NsgRule, RulePriority, RuleProtocol},
    source::Sources,
    vm::{FirewallId, NsgId, Os, PowerState, SubscriptionId, VmId},
    window::AccessDuration,
};

pub(crate) const DEPLOYMENT: &str = "sim";
pub(crate) const NSGS: [&str; 4] = ["web-nsg", "win-nsg", "subnet-nsg", "spare-nsg"];
/// From where people ask; the ranges overlap.
const SOURCES: [&str; 4] = ["203.0.113.7/32", "203.0.113.0/28", "198.51.100.9/32", "203.0.113.8/29"];
const SOURCES_V6: [&str; 2] = ["2001:db8::7/128", "2001:db8::/64"];

pub(crate) fn subscription() -> SubscriptionId {
    "0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap()
}

pub(crate) fn vm(name: &str) -> VmId {
    VmId::new(subscription(), "prod-rg", name).unwrap()
}

pub(crate) fn nsg(name: &str) -> NsgId {
    NsgId::new(subscription(), "prod-rg", name).unwrap()
}

pub(crate) fn author() -> Author {
    Author { deployment: DEPLOYMENT.parse().unwrap(), store: StoreId::new(0x51e0) }
}

pub(crate) fn requester(number: u64) -> Requester {
    Requester { id: format!("oid-{number}"), name: format!("person-{number}@contoso.example") }
}

/// All VMs that there may be: two that share an NSG, one behind two, one behind its subnet's alone, one of both families,
/// one that is reached through a firewall.
pub(crate) fn fleet() -> Vec<Machine> {
    vec![
        machine("web-01", &["10.1.0.4"], Some("web-nsg"), None),
        machine("web-02", &["10.1.0.5"], Some("web-nsg"), None),
        machine("win-01", &["10.1.1.5"], Some("win-nsg"), Some("subnet-nsg")),
        machine("db-01", &["10.1.1.6", "10.1.1.7"], None, Some("subnet-nsg")),
        machine("dual-01", &["10.1.1.8", "fd00:8::8"], Some("win-nsg"), None),
        Machine {
            way_in: WayIn::Firewall,
            firewall: Some(a_gate()),
            ..machine("fw-01", &["10.1.3.4"], Some("web-nsg"), None)
        },
    ]
}

fn a_gate() -> FirewallGate {
    FirewallGate {
        id: hub(),
        subnet: vec!["10.1.250.0/26".parse().unwrap()],
        addresses: vec!["20.51.3.99".parse().unwrap(), "20.51.3.98".parse().unwrap()],
    }
}

pub(crate) fn hub() -> FirewallId {
    FirewallId::new(subscription(), "prod-rg", "hub-fw").unwrap()
}

/// What another hand has there.
pub(crate) fn a_foreign_collection() -> NatCollection {
    NatCollection { name: "customer".to_owned(), priority: 200, rules: Vec::new() }
}

fn machine(name: &str, addresses: &[&str], nic: Option<&str>, subnet: Option<&str>) -> Machine {
    let address = |private: &&str| Address {
        private: private.parse().unwrap(),
        public: None,
        subnet_nsg: subnet.map(nsg),
        virtual_network: vec!["10.1.0.0/16".parse().unwrap(), "fd00:8::/64".parse().unwrap()],
    };
    Machine {
        vm: vm(name),
        location: "westeurope".to_owned(),
        os: Some(Os::Linux),
        power: PowerState::Running,
        admin_user: None,
        kind: MachineKind::ResourceManager,
        way_in: WayIn::Direct,
        firewall: None,
        interfaces: vec![Interface { nsg: nic.map(nsg), addresses: addresses.iter().map(address).collect() }],
    }
}

/// A subscription with all NSGs and no VM.
pub(crate) fn an_azure() -> MemoryFabric {
    let memory = MemoryFabric::default();
    memory.put_subscription(subscription(), "Contoso");
    for name in NSGS {
        memory.put_nsg(&nsg(name));
    }
    memory.put_firewall(ObservedFirewall {
        id: hub(),
        etag: None,
        has_policy: false,
        failed: false,
        collections: vec![a_foreign_collection()],
    });
    memory
}

pub(crate) fn a_policy(dice: &mut StdRng, vm: &VmId) -> ProtectedVm {
    let ports: &[Port] = if dice.gen_bool(0.5) { &[Port::SSH] } else { &[Port::SSH, Port::RDP] };
    let protocol = if dice.gen_bool(0.7) { Protocol::Tcp } else { Protocol::Any };
    let rule = |port: &Port| PortRule { protocol, ..PortRule::with_defaults(*port) };
    let precedence = if dice.gen_bool(0.6) { Precedence::CustomerFirst } else { Precedence::GuardFirst };
    let live_sessions =
        *[LiveSessions::Never, LiveSessions::Never, LiveSessions::OnRevoke, LiveSessions::AtEnd]
            .choose(dice)
            .unwrap();
    ProtectedVm {
        vm: vm.clone(),
        ports: PortRules::try_from(ports.iter().map(rule).collect::<Vec<_>>()).unwrap(),
        justification: JustificationRule::Optional,
        precedence,
        live_sessions,
    }
}

pub(crate) fn an_opening(dice: &mut StdRng, machine: &Machine) -> Opening {
    let has_v6 = machine.paths().any(|path| path.destination.is_ipv6());
    let number = dice.gen_range(1..=2);
    let mut sources: Vec<&str> = SOURCES.choose_multiple(dice, number).copied().collect();
    if has_v6 && dice.gen_bool(0.5) {
        sources.push(SOURCES_V6.choose(dice).unwrap());
    }
    let sources = sources.into_iter().map(|one| one.parse().unwrap()).collect::<Vec<_>>();
    Opening {
        vm: machine.vm.clone(),
        port: if dice.gen_bool(0.8) { Port::SSH } else { Port::RDP },
        sources: Sources::try_from(sources).unwrap(),
        duration: AccessDuration::from_seconds(dice.gen_range(60..900)).unwrap(),
    }
}

/// What a customer may have: some allow, some deny, some speak of other ports, some are of another Postern.
pub(crate) fn a_foreign_rule(dice: &mut StdRng) -> NsgRule {
    let number = dice.gen_range(0..1000);
    let name = match dice.gen_range(0..8) {
        0 => format!("postern-other-beef-guard-{number:08x}"),
        1 => "Allow-SSH".to_owned(),
        _ => format!("customer-{number}"),
    };
    let sources = match dice.gen_range(0..5) {
        0 => AddressMatch::Any,
        1 => AddressMatch::Tag("VirtualNetwork".to_owned()),
        2 => AddressMatch::Tag("Internet".to_owned()),
        3 => AddressMatch::Prefix("198.51.100.0/24".parse().unwrap()),
        _ => AddressMatch::Prefix(SOURCES.choose(dice).unwrap().parse().unwrap()),
    };
    let destinations = match dice.gen_range(0..3) {
        0 => AddressMatch::Prefix("10.1.0.4/32".parse().unwrap()),
        1 => AddressMatch::Prefix("10.1.1.0/24".parse().unwrap()),
        _ => AddressMatch::Any,
    };
    let ports = *["22", "3389", "443", "20-30", "*"].choose(dice).unwrap();
    NsgRule {
        name,
        description: "made by hand".to_owned(),
        priority: a_priority(dice),
        direction: if dice.gen_bool(0.9) { Direction::Inbound } else { Direction::Outbound },
        access: if dice.gen_bool(0.6) { Access::Allow } else { Access::Deny },
        protocol: if dice.gen_bool(0.5) { RuleProtocol::Tcp } else { RuleProtocol::Any },
        sources: BTreeSet::from([sources]),
        source_ports: BTreeSet::from([PortRange::ALL]),
        destinations: BTreeSet::from([destinations]),
        destination_ports: BTreeSet::from([ports.parse().unwrap()]),
    }
}

/// The places that are fought over come up often.
pub(crate) fn a_priority(dice: &mut StdRng) -> RulePriority {
    let number = match dice.gen_range(0..4) {
        0 => dice.gen_range(100..104),
        1 => dice.gen_range(4090..=4096),
        _ => dice.gen_range(100..=4096),
    };
    RulePriority::new(number).unwrap()
}

/// Another address in the same network.
pub(crate) fn another_address(dice: &mut StdRng, old: IpAddr) -> IpAddr {
    match old {
        IpAddr::V4(_) => IpAddr::from([10, 1, 2, dice.gen_range(4..200)]),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() + u128::from(dice.gen_range(1..100_u32))).into()),
    }
}
