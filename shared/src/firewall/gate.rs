use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    nsg::desired::fnv,
    vm::{FirewallId, VmId},
};

/// The firewall that a VM is reached through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirewallGate {
    pub id: FirewallId,
    /// The prefixes of AzureFirewallSubnet, sorted: the source of what was led on, as the VM's NSGs see it.
    pub subnet: Vec<IpNet>,
    /// The firewall's public addresses, sorted.
    pub addresses: Vec<IpAddr>,
}

impl FirewallGate {
    /// The public address, of the family of `like`, by which a VM is reached: the same for all leases of the VM. It
    /// hangs on the VM's id and the address alone, so that a VM keeps it when the firewall loses another.
    pub fn address_for(&self, vm: &VmId, like: IpAddr) -> Option<IpAddr> {
        let of_family = self.addresses.iter().copied().filter(|one| one.is_ipv6() == like.is_ipv6());
        of_family.max_by_key(|one| (fnv(&format!("{one}/{}", vm.key())), *one))
    }
}

/// The way through a firewall to one VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate<'m> {
    pub firewall: &'m FirewallId,
    pub subnet: &'m [IpNet],
    /// All addresses of the firewall.
    pub addresses: &'m [IpAddr],
    /// The firewall's address that stands for this VM.
    pub public: IpAddr,
    /// Where packets are led on to.
    pub private: IpAddr,
}

impl Gate<'_> {
    /// The part of the firewall's subnet that packets to the VM can come from.
    pub fn origins(&self) -> impl Iterator<Item = IpNet> {
        let v6 = self.private.is_ipv6();
        self.subnet.iter().copied().filter(move |net| matches!(net, IpNet::V6(_)) == v6)
    }
}
