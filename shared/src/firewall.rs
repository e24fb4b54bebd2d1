//! Azure Firewalls with classic rules: the NAT rules that lead packets from a public address to a VM.
//!
//! Packets that a firewall leads on come, as the VM's NSGs see them, from the firewall's own subnet.

mod desired;
mod gate;
mod lead;
mod plan;
mod proof;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use serde::{Deserialize, Serialize};

pub(crate) use self::desired::part_of;
pub use self::{
    desired::{DesiredFirewall, DesiredNat, desired_firewall},
    gate::{FirewallGate, Gate},
    lead::{Lead, leads},
    plan::{FirewallPlan, MAPPED_PORTS, MAX_NAT_RULES, NatObstacle, NatObstacleReason, plan_firewall},
    proof::{NatUnproven, prove_nat},
};
use crate::{
    nsg::stamp::Deployment,
    port::{Port, PortRange, Protocol},
    rule::AddressMatch,
    vm::FirewallId,
};

/// Firewalls as they were last read.
pub type FirewallReadings = BTreeMap<FirewallId, ObservedFirewall>;

/// A firewall as it was read from ARM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedFirewall {
    pub id: FirewallId,
    /// ARM's version of it: a write that names another is refused.
    pub etag: Option<String>,
    /// A firewall policy rules it, so that classic rules can be neither in effect nor written.
    pub has_policy: bool,
    /// Its last write failed: what is listed may not be in effect, and what is not listed may be.
    pub failed: bool,
    /// Customers' NAT collections and ours.
    pub collections: Vec<NatCollection>,
}

impl ObservedFirewall {
    /// The one collection that a deployment writes to.
    pub fn own(&self, deployment: &Deployment) -> Option<&NatCollection> {
        let name = collection_name(deployment);
        self.collections.iter().find(|collection| collection.name.eq_ignore_ascii_case(&name))
    }
}

/// The name of the collection that a deployment writes to.
pub fn collection_name(deployment: &Deployment) -> String {
    format!("postern-{deployment}")
}

/// NAT rules that stand at one place in the order of evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NatCollection {
    pub name: String,
    /// 100–65000, unique among the NAT collections of its firewall; the lower number is looked at first. 0: not understood.
    pub priority: u16,
    pub rules: Vec<NatRule>,
}

/// A DNAT rule: packets to one of the firewall's addresses go on to a VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NatRule {
    pub name: String,
    pub description: String,
    pub protocol: Protocol,
    pub sources: BTreeSet<AddressMatch>,
    /// Public addresses of the firewall.
    pub destinations: BTreeSet<AddressMatch>,
    pub ports: BTreeSet<PortRange>,
    /// `None`: a name, or not understood.
    pub translated_address: Option<IpAddr>,
    pub translated_port: Option<Port>,
    /// Something in it was not understood, so that it is read as matching all that it may match.
    pub vague: bool,
}

impl NatRule {
    /// Whether it surely leads to this port of this private address.
    pub fn leads_to(&self, private: IpAddr, port: Port) -> bool {
        self.translated_address == Some(private) && self.translated_port == Some(port)
    }

    /// Whether it may lead there.
    pub fn may_lead_to(&self, private: IpAddr, port: Port) -> bool {
        self.translated_address.is_none_or(|to| to == private)
            && self.translated_port.is_none_or(|to| to == port)
    }

    /// Whether it may take packets to this address.
    fn may_be_for(&self, public: IpAddr) -> bool {
        self.destinations.iter().any(|one| match one {
            AddressMatch::Prefix(net) => net.contains(&public),
            AddressMatch::Any | AddressMatch::Tag(_) | AddressMatch::Group(_) => true,
        })
    }

    /// The one port that it takes, if it is just one.
    pub fn single_port(&self) -> Option<Port> {
        let mut ports = self.ports.iter();
        let range = ports.next().filter(|range| range.first() == range.last())?;
        if ports.next().is_some() { None } else { Port::try_from(i64::from(range.first())).ok() }
    }
}

/// How a NAT rule is named to people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NatRuleName {
    pub firewall: String,
    pub collection: String,
    pub name: String,
}

#[cfg(test)]
pub(crate) mod tests;
