use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{decision::Requester, source::SourcePrefix};

/// Who is signed in, from where, and how Postern is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Session {
    pub requester: Requester,
    /// When the sign-in ends.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub expires_at: Timestamp,
    pub source: SourceSeen,
    /// From where the organisation's people come when they are at work, as its administrators say; may be empty. They are
    /// offered, never assumed.
    pub organisation_ranges: Vec<SourcePrefix>,
    /// Whom to ask, in one line for people to read; maybe a mail address.
    #[serde(default)]
    pub contact: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
    pub health: Health,
    /// Whether they may configure some VM, and so read how Postern is in more detail; `None`: not known yet. A hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configures: Option<bool>,
    /// Of the functions: a portal of another version may not fit them.
    pub version: String,
}

/// The caller's address, worked out from the connection and the trusted proxies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceSeen {
    pub address: IpAddr,
    /// The address as a source; missing when no opening can be made from it.
    pub prefix: Option<SourcePrefix>,
    pub concern: Option<SourceConcern>,
}

/// Why *my address* may not be what Azure sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceConcern {
    /// An address of a private network: Azure sees another one, unless the way to the VM is private too.
    Private,
    /// Not an address that a packet can come from (loopback, unspecified, multicast).
    Unusable,
    /// The call says that it came through a proxy that Postern does not know: Azure may see another address, or a shared
    /// one.
    Proxied,
}

/// Whether closing can be relied upon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Health {
    /// When a sweep last ended well; `None`: never.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub last_sweep_at: Option<Timestamp>,
    /// Since when no sweep has ended, where that is longer ago than 3 minutes: leases may be closed late.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub timer_silent_since: Option<Timestamp>,
    /// Leases past their end and not yet read back as closed.
    pub overdue: u64,
}
