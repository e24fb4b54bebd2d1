//! Azure Firewalls with classic rules: the NAT rules that lead packets from a public address to a VM.

use std::{collections::BTreeSet, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::{
    port::{Port, PortRange, Protocol},
    rule::AddressMatch,
    vm::FirewallId,
};

/// A firewall as it was read from ARM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedFirewall {
    pub id: FirewallId,
    /// ARM's version of it: a write that names another is refused.
    pub etag: Option<String>,
    /// Customers' NAT collections and ours.
    pub collections: Vec<NatCollection>,
}

/// NAT rules that stand at one place in the order of evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatCollection {
    pub name: String,
    /// 100–65000, unique in its firewall; the lower number is looked at first.
    pub priority: u16,
    pub rules: Vec<NatRule>,
}

/// A DNAT rule: packets to one of the firewall's addresses go on to a VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatRule {
    pub name: String,
    pub description: String,
    pub protocol: Protocol,
    pub sources: BTreeSet<AddressMatch>,
    /// Public addresses of the firewall.
    pub destinations: BTreeSet<IpAddr>,
    pub ports: BTreeSet<PortRange>,
    pub translated_address: IpAddr,
    pub translated_port: Port,
}
