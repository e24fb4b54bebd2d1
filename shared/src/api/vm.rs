use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::LeaseView;
use crate::{
    firewall::NatRuleName,
    policy::{PortRule, ProtectedVm},
    port::Port,
    rbac::VmRights,
    rule::RuleName,
    vm::{Os, PowerState, VmId},
};

/// The VMs that the caller may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VmList {
    pub vms: Vec<VmSummary>,
    /// When the inventory was last read from ARM; `None`: not yet.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub inventory_at: Option<Timestamp>,
    /// Subscriptions that could not be read, with the reason.
    pub unreadable: Vec<String>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

/// A row of the VMs page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VmSummary {
    pub vm: VmId,
    pub subscription_name: String,
    pub location: String,
    pub os: Option<Os>,
    pub power: PowerState,
    pub support: Support,
    pub rights: VmRights,
    /// The Azure Firewall that it is reached through.
    pub firewall: Option<String>,
    /// The names of the NSGs that decide over its packets.
    pub nsgs: Vec<String>,
    /// The protected ports; empty unless configured.
    pub ports: Vec<Port>,
    pub state: VmState,
    /// The end of the last living lease.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub open_until: Option<Timestamp>,
    /// What somebody should look at, each once, the gravest first.
    pub warnings: Vec<Warning>,
    pub approved_last_7_days: u64,
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub last_access_at: Option<Timestamp>,
    pub last_user: Option<String>,
}

/// Why a VM is worth a look; its page says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// A lease's end has passed and it was not read back as closed.
    Overdue,
    /// A rule that is not Postern's lets packets in, surely or perhaps.
    StillOpen,
    /// Our guard is missing or not as it was written.
    GuardMissing,
    /// What is open could not be read, or not yet.
    Unread,
    /// A lease was open, and its packets get in no more.
    NotEffective,
    /// A lease is on its way and not yet read back.
    NotConfirmed,
    /// Within a week somebody changed a rule of Postern's, which was written again.
    Drifted,
}

impl Warning {
    pub const ALL: [Self; 7] = [
        Self::Overdue,
        Self::StillOpen,
        Self::GuardMissing,
        Self::Unread,
        Self::NotEffective,
        Self::NotConfirmed,
        Self::Drifted,
    ];
}

impl From<&Concern> for Warning {
    fn from(concern: &Concern) -> Self {
        match concern {
            Concern::ForeignRule { .. } | Concern::ForeignNat { .. } => Self::StillOpen,
            Concern::GuardMissing => Self::GuardMissing,
            Concern::Overdue { .. } => Self::Overdue,
            Concern::NotConfirmed => Self::NotConfirmed,
            Concern::NotEffective => Self::NotEffective,
            Concern::NotAnswering { .. } | Concern::NeverChecked => Self::Unread,
        }
    }
}

/// In which of the three lists a VM stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "list")]
pub enum Support {
    Configured,
    NotConfigured,
    Unsupported { reasons: Vec<Unsupported> },
}

/// Why a VM's ports cannot be guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unsupported {
    /// Neither its network interfaces nor their subnets have an NSG.
    NoNsg,
    /// One of several network interfaces has no NSG, so a guard would not cover it.
    InterfaceWithoutNsg,
    /// A classic VM (not Azure Resource Manager).
    Classic,
    /// Reached through an Azure Firewall that is in another virtual network or has no public address.
    FirewallOutOfReach,
    /// Reached through an Azure Firewall that a firewall policy or Firewall Manager rules.
    FirewallPolicy,
    /// Its network could not be read.
    NetworkUnreadable,
}

impl Unsupported {
    pub const ALL: [Self; 6] = [
        Self::NoNsg,
        Self::InterfaceWithoutNsg,
        Self::Classic,
        Self::FirewallOutOfReach,
        Self::FirewallPolicy,
        Self::NetworkUnreadable,
    ];

    /// The reason in words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoNsg => "No network security group on its network interface or subnet",
            Self::InterfaceWithoutNsg => "One of its network interfaces has no network security group",
            Self::Classic => "A classic VM, which Azure Resource Manager does not manage",
            Self::FirewallOutOfReach => {
                "Reached through an Azure Firewall in another virtual network or without a public address"
            }
            Self::FirewallPolicy => {
                "Reached through an Azure Firewall that a firewall policy or Firewall Manager rules"
            }
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
            Self::FirewallOutOfReach => {
                "Give the firewall a public IP address, and stand the VM in the firewall's own virtual network"
            }
            Self::FirewallPolicy => {
                "Use a firewall with classic rules, or give the VM a public IP address of its own"
            }
            Self::NetworkUnreadable => "Give Postern's identity read access to the VM's network resources",
        }
    }
}

/// What is true of a VM at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VmDetail {
    pub summary: VmSummary,
    pub policy: Option<ProtectedVm>,
    pub network: Network,
    /// One for each port rule of the policy.
    pub ports: Vec<PortStatus>,
    /// When its NSGs were last read; `None`: never.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub checked_at: Option<Timestamp>,
    /// The last time in a week that somebody had changed a rule of ours.
    pub drift: Option<Drift>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

/// A rule of Postern's that somebody changed or removed, and that was written again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Drift {
    /// When it was found.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub at: Timestamp,
    /// What was found, in words.
    pub what: String,
}

/// How to reach the VM, and what guards it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Network {
    pub private_addresses: Vec<IpAddr>,
    pub public_addresses: Vec<IpAddr>,
    /// The names of the NSGs that decide over its packets.
    pub nsgs: Vec<String>,
    /// The Azure Firewall that packets from the Internet go through.
    pub firewall: Option<ThroughFirewall>,
    pub admin_user: Option<String>,
}

/// A firewall, and its public address that stands for the VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ThroughFirewall {
    pub name: String,
    pub address: IpAddr,
}

/// Under what a port of a VM is reached while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mapped {
    /// A public address of the firewall.
    pub address: IpAddr,
    /// Not the VM's port: the firewall translates it.
    pub port: Port,
}

impl Network {
    /// Where a client connects to: the firewall's address, or the public address, if there is one.
    pub fn connect_to(&self) -> Option<IpAddr> {
        let firewall = self.firewall.as_ref().map(|firewall| firewall.address);
        firewall.or_else(|| self.public_addresses.first().or_else(|| self.private_addresses.first()).copied())
    }

    /// Address and port that a client connects to for a port of the VM. Behind a firewall there is none before the port
    /// is mapped.
    pub fn endpoint(&self, port: Port, mapped: Option<Mapped>) -> Option<Mapped> {
        match (&self.firewall, mapped) {
            (Some(_), mapped) => mapped,
            (None, _) => self.connect_to().map(|address| Mapped { address, port }),
        }
    }
}

/// What is true of one protected port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PortStatus {
    pub rule: PortRule,
    pub state: PortState,
    /// The leases that are not closed yet.
    pub leases: Vec<LeaseView>,
    /// What lets packets in besides the leases.
    pub exposed: Vec<Exposed>,
    /// Behind a firewall, under what the port is reached now: as it was read back.
    pub mapped: Option<Mapped>,
}

/// The three states, seen before they are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum PortState {
    /// Read back: no packet gets in.
    Closed,
    /// Read back: the packets of living leases get in, and no others.
    Open {
        #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
        until: Timestamp,
    },
    /// Anything else.
    PossiblyOpen { concerns: Vec<Concern> },
}

/// Why a port is only *possibly* closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "concern")]
pub enum Concern {
    /// A rule that is not Postern's lets packets in.
    ForeignRule { rule: RuleName },
    /// A NAT rule that is no living lease's leads packets to the port, and they get in.
    ForeignNat { nat: NatRuleName },
    /// Our guard is missing or not as it was written.
    GuardMissing,
    /// A lease's end has passed and it was not read back as closed.
    Overdue {
        #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
        since: Timestamp,
    },
    /// A lease is on its way and not yet read back.
    NotConfirmed,
    /// A lease was open, and its packets surely get in no more: a rule that came later stands before it, or its own is
    /// gone.
    NotEffective,
    /// The NSGs could not be read.
    NotAnswering { message: String },
    /// The NSGs have not been read yet.
    NeverChecked,
}

/// From where packets get in by a rule that is not a living lease's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Exposed {
    /// Prefixes, `Internet` for all public addresses, or `*` for every address.
    pub from: Vec<String>,
    pub rule: RuleName,
    /// The firewall's rule that leads the packets to the VM, where `from` is what the firewall takes.
    pub nat: Option<NatRuleName>,
    /// Whether it is sure: `false` where a service tag or group is not known to Postern.
    pub certain: bool,
}
