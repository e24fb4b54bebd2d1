use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::LeaseView;
use crate::{
    policy::{PortRule, ProtectedVm},
    port::Port,
    rbac::VmRights,
    rule::RuleName,
    vm::{Os, PowerState, VmId},
};

/// The VMs that the caller may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmList {
    pub vms: Vec<VmSummary>,
    /// When the inventory was last read from ARM; `None`: not yet.
    pub inventory_at: Option<Timestamp>,
    /// Subscriptions that could not be read, with the reason.
    pub unreadable: Vec<String>,
    pub server_time: Timestamp,
}

/// A row of the VMs page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmSummary {
    pub vm: VmId,
    pub subscription_name: String,
    pub location: String,
    pub os: Option<Os>,
    pub power: PowerState,
    pub support: Support,
    pub rights: VmRights,
    /// The protected ports; empty unless configured.
    pub ports: Vec<Port>,
    pub state: VmState,
    /// The end of the last living lease.
    pub open_until: Option<Timestamp>,
    pub approved_last_7_days: u64,
    pub last_access_at: Option<Timestamp>,
    pub last_user: Option<String>,
}

/// In which of the three lists a VM stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "list")]
pub enum Support {
    Configured,
    NotConfigured,
    Unsupported { reasons: Vec<Unsupported> },
}

/// Why a VM's ports cannot be guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsupported {
    /// Neither its network interfaces nor their subnets have an NSG.
    NoNsg,
    /// One of several network interfaces has no NSG, so a guard would not cover it.
    InterfaceWithoutNsg,
    /// A classic VM (not Azure Resource Manager).
    Classic,
    /// Reached through an Azure Firewall, whose rules Postern does not write.
    BehindFirewall,
    /// Reached through an Azure Firewall that a firewall policy manages.
    FirewallPolicy,
    /// Its network could not be read.
    NetworkUnreadable,
}

impl Unsupported {
    pub const ALL: [Self; 6] = [
        Self::NoNsg,
        Self::InterfaceWithoutNsg,
        Self::Classic,
        Self::BehindFirewall,
        Self::FirewallPolicy,
        Self::NetworkUnreadable,
    ];

    /// The reason in words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoNsg => "No network security group on its network interface or subnet",
            Self::InterfaceWithoutNsg => "One of its network interfaces has no network security group",
            Self::Classic => "A classic VM, which Azure Resource Manager does not manage",
            Self::BehindFirewall => {
                "Reached through an Azure Firewall, whose rules Postern does not write yet"
            }
            Self::FirewallPolicy => "Reached through an Azure Firewall that a firewall policy manages",
            Self::NetworkUnreadable => "Its network could not be read from Azure",
        }
    }

    /// What would make the VM supported.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NoNsg | Self::InterfaceWithoutNsg => {
                "Attach a network security group to the network interface or its subnet"
            }
            Self::Classic => "Migrate it to Azure Resource Manager",
            Self::BehindFirewall | Self::FirewallPolicy => {
                "Give it a way in that a network security group decides, such as a public IP address"
            }
            Self::NetworkUnreadable => "Give Postern's identity read access to the VM's network resources",
        }
    }
}

/// What is true of a VM at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VmState {
    /// Not configured: Postern says nothing of its ports.
    Unguarded,
    /// Every protected port was read back as closed.
    Closed,
    /// A lease is open and nothing else lets packets in.
    Open,
    /// Some protected port may let in packets that no living lease stands for.
    PossiblyOpen,
}

/// Everything about one VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmDetail {
    pub summary: VmSummary,
    pub policy: Option<ProtectedVm>,
    pub network: Network,
    /// One for each port rule of the policy.
    pub ports: Vec<PortStatus>,
    /// When its NSGs were last read; `None`: never.
    pub checked_at: Option<Timestamp>,
    pub server_time: Timestamp,
}

/// How to reach the VM, and what guards it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    pub private_addresses: Vec<IpAddr>,
    pub public_addresses: Vec<IpAddr>,
    /// The names of the NSGs that decide over its packets.
    pub nsgs: Vec<String>,
    pub admin_user: Option<String>,
}

impl Network {
    /// Where a client connects to: the public address if there is one.
    pub fn connect_to(&self) -> Option<IpAddr> {
        self.public_addresses.first().or_else(|| self.private_addresses.first()).copied()
    }
}

/// What is true of one protected port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortStatus {
    pub rule: PortRule,
    pub state: PortState,
    /// The leases that are not closed yet.
    pub leases: Vec<LeaseView>,
    /// What lets packets in besides the leases.
    pub exposed: Vec<Exposed>,
}

/// The three states, seen before they are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum PortState {
    /// Read back: no packet gets in.
    Closed,
    /// Read back: the packets of living leases get in, and no others.
    Open { until: Timestamp },
    /// Anything else.
    PossiblyOpen { concerns: Vec<Concern> },
}

/// Why a port is only *possibly* closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "concern")]
pub enum Concern {
    /// A rule that is not Postern's lets packets in.
    ForeignRule { rule: RuleName },
    /// Our guard is missing or not as it was written.
    GuardMissing,
    /// A lease's end has passed and it was not read back as closed.
    Overdue { since: Timestamp },
    /// A lease is on its way and not yet read back.
    NotConfirmed,
    /// The NSGs could not be read.
    NotAnswering { message: String },
    /// The NSGs have not been read yet.
    NeverChecked,
}

/// From where packets get in by a rule that is not a living lease's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposed {
    /// Prefixes, `Internet` for all public addresses, or `*` for every address.
    pub from: Vec<String>,
    pub rule: RuleName,
    /// Whether it is sure: `false` where a service tag or group is not known to Postern.
    pub certain: bool,
}
