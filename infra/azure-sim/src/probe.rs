//! Would this packet reach a machine now? An evaluator of firewalls and NSGs of its own, from Azure's documentation.

mod address;
mod firewall;
mod nsg;
mod way;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::World;
pub(crate) use firewall::AtFirewall;
pub(crate) use nsg::Decision;
use way::{Way, ways_to};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Packet {
    /// The name or the whole id of a virtual machine. Without it `destination` says where the packet goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vm: Option<String>,
    /// The address that it is sent to: one of the machine, or a public one of a firewall. Without it the packet
    /// arrives at the machine itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) destination: Option<IpAddr>,
    /// The port that it is sent to.
    pub(crate) port: u16,
    #[serde(default = "tcp")]
    protocol: Protocol,
    pub(crate) source: IpAddr,
    #[serde(default = "ephemeral")]
    source_port: u16,
}

fn tcp() -> Protocol {
    Protocol::Tcp
}

fn ephemeral() -> u16 {
    50_000
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    Tcp,
    Udp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Probe {
    verdict: &'static str,
    /// The machine that the packet was for.
    pub(crate) vm: Option<String>,
    /// What a firewall did to the packet, if it was sent to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    firewall: Option<AtFirewall>,
    decided_by: Vec<Decision>,
    /// The private address of the machine to which it got.
    #[serde(skip)]
    pub(crate) reached: Option<IpAddr>,
    /// The keys of the NSGs on the way, those behind the one that decided too.
    #[serde(skip)]
    passed: Vec<String>,
}

impl Probe {
    fn lost(vm: Option<String>, firewall: Option<AtFirewall>) -> Self {
        Self { verdict: "shut", vm, firewall, decided_by: Vec::new(), reached: None, passed: Vec::new() }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.verdict == "open"
    }

    /// Whether the NSG with this key is on the way.
    pub(crate) fn passes(&self, nsg: &str) -> bool {
        self.passed.iter().any(|key| key == nsg)
    }
}

/// Why a packet cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("there is no virtual machine '{0}'")]
    NoMachine(String),
    #[error("several machines are called '{0}': give the id")]
    Ambiguous(String),
    #[error("say where the packet goes: vm, destination or both")]
    NoDestination,
}

pub(crate) fn send(world: &World, packet: &Packet) -> Result<Probe, Unfit> {
    let vm = packet.vm.as_deref().map(|vm| find_vm(world, vm)).transpose()?;
    match (packet.destination, vm) {
        (Some(to), vm) => match firewall::at(world, to) {
            Some((firewall, name)) => Ok(through_firewall(world, firewall, name, (packet, to), vm)),
            None => Ok(follow(world, &ways_to(world, to, vm, packet), vm)),
        },
        (None, Some(vm)) => Ok(follow(world, &way::ways_at(world, vm, packet), Some(vm))),
        (None, None) => Err(Unfit::NoDestination),
    }
}

/// The one machine that a name or an id stands for.
fn find_vm<'a>(world: &'a World, vm: &str) -> Result<&'a Value, Unfit> {
    let wanted = vm.to_ascii_lowercase();
    let all = world.all_of("microsoft.compute/virtualmachines");
    let mut found =
        all.filter(|(key, _)| **key == *wanted || key.rsplit('/').next() == Some(&wanted)).map(|(_, vm)| vm);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Unfit::NoMachine(vm.to_owned())),
        (Some(_), Some(_)) => Err(Unfit::Ambiguous(vm.to_owned())),
    }
}

/// The packet gets through if any of the ways lets it.
fn follow(world: &World, ways: &[Way<'_>], vm: Option<&Value>) -> Probe {
    let mut last = Probe::lost(vm.map(id_of), None);
    for way in ways {
        last = way.walk(world);
        if last.is_open() {
            break;
        }
    }
    last
}

fn through_firewall(
    world: &World,
    firewall: &Value,
    name: &str,
    (packet, to): (&Packet, IpAddr),
    vm: Option<&Value>,
) -> Probe {
    let Some(translated) = firewall::translate(world, firewall, packet, to) else {
        return Probe::lost(vm.map(id_of), Some(AtFirewall::no_rule(name)));
    };
    let at_firewall = AtFirewall::by_rule(name, &translated);
    let behind = Packet { port: translated.port, source: translated.source, ..packet.clone() };
    let ways = way::ways_within(world, &translated.vnet, translated.destination, vm, &behind);
    Probe { firewall: Some(at_firewall), ..follow(world, &ways, vm) }
}

fn id_of(resource: &Value) -> String {
    resource["id"].as_str().unwrap_or_default().to_owned()
}
