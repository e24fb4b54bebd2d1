//! The inventory: what VMs and networks there are, as ARM last said.

use std::{collections::BTreeSet, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    api::{Network, ThroughFirewall, Unsupported},
    firewall::{FirewallGate, Gate},
    vm::{NsgId, Os, PowerState, SubscriptionId, VmId},
};

/// The VMs of one subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    pub subscription: SubscriptionId,
    pub subscription_name: String,
    pub machines: Vec<Machine>,
}

/// A VM and the way that packets take to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    pub vm: VmId,
    pub location: String,
    pub os: Option<Os>,
    pub power: PowerState,
    pub admin_user: Option<String>,
    pub kind: MachineKind,
    pub way_in: WayIn,
    /// The firewall that it is reached through, if that is one of its own virtual network with classic rules.
    #[serde(default)]
    pub firewall: Option<FirewallGate>,
    pub interfaces: Vec<Interface>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineKind {
    ResourceManager,
    Classic,
}

/// What stands between the Internet and the VM's subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayIn {
    Direct,
    /// The subnet's default route leads to an Azure Firewall with classic rules.
    Firewall,
    /// As before, with a firewall policy or Firewall Manager.
    FirewallWithPolicy,
    /// Its interfaces, subnets or routes could not be read.
    Unreadable,
}

/// A network interface of a VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    pub nsg: Option<NsgId>,
    pub addresses: Vec<Address>,
}

/// One IP configuration of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// What NSG rules see as the destination, whichever address the client used.
    pub private: IpAddr,
    pub public: Option<IpAddr>,
    pub subnet_nsg: Option<NsgId>,
    /// The address space of the virtual network.
    pub virtual_network: Vec<IpNet>,
}

/// The NSGs that a packet to one private address passes: all of them must let it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<'m> {
    pub destination: IpAddr,
    pub nsgs: Vec<&'m NsgId>,
    pub virtual_network: &'m [IpNet],
}

impl Machine {
    /// One path for each private address.
    pub fn paths(&self) -> impl Iterator<Item = Path<'_>> {
        self.interfaces.iter().flat_map(|interface| {
            interface.addresses.iter().map(|address| Path {
                destination: address.private,
                nsgs: address.subnet_nsg.iter().chain(&interface.nsg).collect(),
                virtual_network: &address.virtual_network,
            })
        })
    }

    /// Every NSG that decides over some packet to this VM.
    pub fn nsgs(&self) -> BTreeSet<&NsgId> {
        self.paths().flat_map(|path| path.nsgs).collect()
    }

    /// The private addresses whose packets `nsg` decides over.
    pub fn destinations_in(&self, nsg: &NsgId) -> BTreeSet<IpAddr> {
        self.paths().filter(|path| path.nsgs.contains(&nsg)).map(|path| path.destination).collect()
    }

    /// The way through its firewall; `None`: it is reached directly, or the firewall has no address that could stand
    /// for one of the VM's.
    pub fn gate(&self) -> Option<Gate<'_>> {
        let FirewallGate { id, subnet, addresses } =
            self.firewall.as_ref().filter(|_| self.way_in == WayIn::Firewall)?;
        self.paths().find_map(|Path { destination: private, .. }| {
            let public = self.firewall.as_ref()?.address_for(&self.vm, private)?;
            let gate = Gate { firewall: id, subnet, addresses, public, private };
            gate.origins().next().is_some().then_some(gate)
        })
    }

    /// Why its ports cannot be guarded; empty if they can.
    pub fn unsupported(&self) -> Vec<Unsupported> {
        if self.kind == MachineKind::Classic {
            return vec![Unsupported::Classic];
        }
        let mut reasons = BTreeSet::new();
        match self.way_in {
            WayIn::Direct => {}
            WayIn::Firewall if self.gate().is_some() => {}
            WayIn::Firewall => _ = reasons.insert(Unsupported::FirewallOutOfReach),
            WayIn::FirewallWithPolicy => _ = reasons.insert(Unsupported::FirewallPolicy),
            WayIn::Unreadable => _ = reasons.insert(Unsupported::NetworkUnreadable),
        }
        let unguarded = self.paths().filter(|path| path.nsgs.is_empty()).count();
        if self.nsgs().is_empty() && self.way_in != WayIn::Unreadable {
            reasons.insert(Unsupported::NoNsg);
        } else if unguarded > 0 {
            reasons.insert(Unsupported::InterfaceWithoutNsg);
        }
        reasons.into_iter().collect()
    }

    pub fn network(&self) -> Network {
        let addresses = || self.interfaces.iter().flat_map(|interface| &interface.addresses);
        Network {
            private_addresses: addresses().map(|address| address.private).collect(),
            public_addresses: addresses().filter_map(|address| address.public).collect(),
            nsgs: self.nsgs().into_iter().map(|nsg| nsg.name().to_owned()).collect(),
            firewall: self
                .gate()
                .map(|gate| ThroughFirewall { name: gate.firewall.name().to_owned(), address: gate.public }),
            admin_user: self.admin_user.clone(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::decision::tests::vm;

    #[test]
    fn accepts_a_machine_whose_every_address_is_behind_an_nsg() {
        assert_eq!(a_machine("web-01", "10.1.0.4", &["nic"]).unsupported(), []);
    }

    #[test]
    fn rejects_a_machine_without_any_nsg_and_one_with_an_unguarded_interface() {
        assert_eq!(a_machine("bare-01", "10.1.0.4", &[]).unsupported(), [Unsupported::NoNsg]);
        let mut half = a_machine("web-01", "10.1.0.4", &["nic"]);
        half.interfaces.push(a_machine("x", "10.1.0.9", &[]).interfaces.remove(0));
        assert_eq!(half.unsupported(), [Unsupported::InterfaceWithoutNsg]);
    }

    #[test]
    fn rejects_classic_firewalled_and_unreadable_machines() {
        let with = |change: fn(&mut Machine)| {
            let mut machine = a_machine("web-01", "10.1.0.4", &["nic"]);
            change(&mut machine);
            machine.unsupported()
        };
        assert_eq!(with(|m| m.kind = MachineKind::Classic), [Unsupported::Classic]);
        assert_eq!(with(|m| m.way_in = WayIn::Firewall), [Unsupported::FirewallOutOfReach]);
        assert_eq!(with(|m| m.way_in = WayIn::FirewallWithPolicy), [Unsupported::FirewallPolicy]);
        assert_eq!(with(|m| m.way_in = WayIn::Unreadable), [Unsupported::NetworkUnreadable]);
    }

    #[test]
    fn a_path_passes_the_subnets_nsg_and_the_interfaces() {
        let machine = a_machine("win-01", "10.1.1.5", &["nic", "subnet"]);
        let path = machine.paths().next().unwrap();
        assert_eq!(path.nsgs.iter().map(|nsg| nsg.name()).collect::<Vec<_>>(), ["subnet", "nic"]);
        assert_eq!(machine.destinations_in(&nsg("subnet")).len(), 1);
        assert!(machine.destinations_in(&nsg("other")).is_empty());
    }

    #[test]
    fn a_machine_behind_a_complete_gate_is_supported_and_reached_by_the_firewalls_address() {
        let machine = behind_firewall(a_machine("web-01", "10.1.0.4", &["nic"]));
        assert_eq!(machine.unsupported(), []);
        let network = machine.network();
        assert_eq!(network.firewall.as_ref().unwrap().name, "hub-fw");
        assert_eq!(network.connect_to(), machine.gate().map(|gate| gate.public));
        assert_eq!(machine.gate().unwrap().private, "10.1.0.4".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn a_gate_without_address_or_subnet_or_of_the_other_family_is_out_of_reach() {
        let with = |change: fn(&mut FirewallGate)| {
            let mut machine = behind_firewall(a_machine("web-01", "10.1.0.4", &["nic"]));
            change(machine.firewall.as_mut().unwrap());
            machine.unsupported()
        };
        assert_eq!(with(|gate| gate.addresses.clear()), [Unsupported::FirewallOutOfReach]);
        assert_eq!(with(|gate| gate.subnet.clear()), [Unsupported::FirewallOutOfReach]);
        let v6 = |gate: &mut FirewallGate| gate.addresses = vec!["2001:db8::1".parse().unwrap()];
        assert_eq!(with(v6), [Unsupported::FirewallOutOfReach]);
    }

    #[test]
    fn a_machine_that_has_a_public_address_too_is_reached_directly() {
        let firewalled = behind_firewall(a_machine("web-01", "10.1.0.4", &["nic"]));
        assert_eq!(Machine { way_in: WayIn::Direct, ..firewalled }.gate(), None);
    }

    #[test]
    fn a_vm_keeps_its_address_when_the_firewall_loses_another() {
        let mut used = BTreeSet::new();
        for n in 0..32 {
            let mut machine = behind_firewall(a_machine(&format!("web-{n}"), "10.1.0.4", &["nic"]));
            let chosen = machine.gate().unwrap().public;
            used.insert(chosen);
            machine.firewall.as_mut().unwrap().addresses.retain(|one| *one == chosen);
            assert_eq!(machine.gate().unwrap().public, chosen);
        }
        assert_eq!(used.len(), 2, "the VMs share all addresses");
    }

    #[test]
    fn an_inventory_that_knows_of_no_firewall_is_still_read() {
        let mut stored = serde_json::to_value(a_machine("web-01", "10.1.0.4", &["nic"])).unwrap();
        stored.as_object_mut().unwrap().remove("firewall").unwrap();
        assert_eq!(serde_json::from_value::<Machine>(stored).unwrap().firewall, None);
    }

    pub(crate) fn firewall_id() -> crate::vm::FirewallId {
        crate::vm::FirewallId::new(vm("x").subscription(), "net-rg", "hub-fw").unwrap()
    }

    /// The machine, reached through `hub-fw` with its two addresses.
    pub(crate) fn behind_firewall(machine: Machine) -> Machine {
        let gate = FirewallGate {
            id: firewall_id(),
            subnet: vec!["10.1.9.0/26".parse().unwrap()],
            addresses: vec!["20.51.4.1".parse().unwrap(), "20.51.4.2".parse().unwrap()],
        };
        Machine { way_in: WayIn::Firewall, firewall: Some(gate), ..machine }
    }

    pub(crate) fn nsg(name: &str) -> NsgId {
        NsgId::new(vm("x").subscription(), "prod-rg", name).unwrap()
    }

    /// `nsgs`: the interface's, then the subnet's.
    pub(crate) fn a_machine(name: &str, private: &str, nsgs: &[&str]) -> Machine {
        let address = Address {
            private: private.parse().unwrap(),
            public: None,
            subnet_nsg: nsgs.get(1).map(|name| nsg(name)),
            virtual_network: vec!["10.1.0.0/16".parse().unwrap()],
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
            interfaces: vec![Interface { nsg: nsgs.first().map(|name| nsg(name)), addresses: vec![address] }],
        }
    }
}
