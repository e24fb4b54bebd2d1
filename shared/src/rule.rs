//! NSG rules as data: what the network enforces. (A port *rule* of a policy is another thing: permission to ask.)

use std::{collections::BTreeSet, fmt, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::port::{PortRange, Protocol};

/// Where a rule stands in the order of evaluation: the lower number wins.
///
/// Rules of customers and of Postern have 100–4096, unique for each NSG and direction; Azure's default rules
/// stand behind them from 65000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct RulePriority(u16);

/// The number is outside ARM's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rule's priority is from 100 to 4096")]
pub struct InvalidPriority;

impl RulePriority {
    pub const FIRST: Self = Self(100);
    pub const LAST: Self = Self(4096);

    pub fn new(number: u16) -> Result<Self, InvalidPriority> {
        let priority = Self(number);
        if (Self::FIRST..=Self::LAST).contains(&priority) { Ok(priority) } else { Err(InvalidPriority) }
    }

    /// The priority of one of Azure's own default rules.
    pub const fn of_default_rule(number: u16) -> Self {
        Self(number)
    }

    /// Whether it is that of one of Azure's own default rules.
    pub const fn is_of_default_rule(self) -> bool {
        self.0 > Self::LAST.0
    }

    pub const fn number(self) -> u16 {
        self.0
    }

    /// Whether a rule of this priority is looked at before one of the other.
    pub fn outranks(self, other: Self) -> bool {
        self.0 < other.0
    }

    /// All priorities from the strongest to the weakest.
    pub fn strongest_first() -> impl DoubleEndedIterator<Item = Self> {
        (Self::FIRST.0..=Self::LAST.0).map(Self)
    }
}

impl fmt::Display for RulePriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Access {
    Allow,
    Deny,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
}

/// The protocol an NSG rule speaks of; more than a port rule may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleProtocol {
    Any,
    Tcp,
    Udp,
    Icmp,
    Esp,
    Ah,
}

impl From<Protocol> for RuleProtocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Any => Self::Any,
            Protocol::Tcp => Self::Tcp,
            Protocol::Udp => Self::Udp,
        }
    }
}

/// Which addresses one side of a rule matches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AddressMatch {
    Any,
    Prefix(#[cfg_attr(feature = "schema", schemars(with = "String"))] IpNet),
    /// A service tag like `VirtualNetwork`, `Internet` or `Storage.WestEurope`.
    Tag(String),
    /// An application security group, by id; its members are not known here.
    Group(String),
}

/// A rule of an NSG, its lists sorted and without repetition, so that equal rules compare equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NsgRule {
    /// At most 80 characters, unique in its NSG.
    pub name: String,
    /// At most 140 characters.
    pub description: String,
    pub priority: RulePriority,
    pub direction: Direction,
    pub access: Access,
    pub protocol: RuleProtocol,
    pub sources: BTreeSet<AddressMatch>,
    pub source_ports: BTreeSet<PortRange>,
    pub destinations: BTreeSet<AddressMatch>,
    pub destination_ports: BTreeSet<PortRange>,
}

impl NsgRule {
    /// Whether it speaks of packets to one of these.
    pub fn names_any(&self, addresses: impl IntoIterator<Item = IpAddr>) -> bool {
        addresses.into_iter().any(|address| {
            self.destinations.iter().any(|to| match to {
                AddressMatch::Prefix(net) => net.contains(&address),
                AddressMatch::Any | AddressMatch::Tag(_) | AddressMatch::Group(_) => true,
            })
        })
    }

    /// Whether the two say the same but for their place in the order.
    pub fn is_same_but_priority(&self, other: &Self) -> bool {
        let moved = Self { priority: self.priority, ..other.clone() };
        *self == moved
    }
}

/// How a rule is named to people: *allow-ssh (300) in web-01-nsg*.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleName {
    pub nsg: String,
    pub name: String,
    pub priority: RulePriority,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_number_outranks() {
        let [strong, weak] = [100, 4096].map(|n| RulePriority::new(n).unwrap());
        assert!(strong.outranks(weak));
        assert!(!weak.outranks(strong));
        assert!(!strong.outranks(strong));
    }

    #[test]
    fn rejects_priorities_that_arm_rejects() {
        for number in [0, 99, 4097, 65000] {
            assert_eq!(RulePriority::new(number), Err(InvalidPriority));
        }
        assert_eq!(RulePriority::strongest_first().count(), 3997);
    }
}
