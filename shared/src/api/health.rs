use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::vm::{SubscriptionId, VmId};

/// The answer to `GET /api/health`: how Postern is, for those who configure it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HealthReport {
    /// When a sweep last ended well; `None`: never.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub last_sweep_at: Option<Timestamp>,
    /// Since when no sweep has ended, where that is longer ago than 3 minutes: leases may be closed late.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub timer_silent_since: Option<Timestamp>,
    pub leases: LeaseNumbers,
    /// The lease that should have been closed first; `None`: none is overdue.
    pub oldest_overdue: Option<OldestOverdue>,
    pub drift: DriftNumbers,
    /// By subscription; empty where it is not known.
    pub arm_budgets: Vec<ArmBudget>,
    /// By how many milliseconds this machine's clock is ahead of Azure's; `None`: Azure has not answered yet.
    pub clock_ahead_millis: Option<i64>,
    /// Of the functions.
    pub version: String,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub server_time: Timestamp,
}

/// How many leases are not closed; each counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LeaseNumbers {
    /// Not yet read back as open.
    pub pending: u64,
    pub open: u64,
    /// Past their end and not yet read back as closed.
    pub overdue: u64,
}

/// A lease that could not be closed in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OldestOverdue {
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub since: Timestamp,
    /// `None`: a VM that the caller may not see.
    pub vm: Option<VmId>,
    /// What went wrong last; `None` where nothing was tried yet, or of a VM that the caller may not see.
    pub reason: Option<String>,
}

/// How often in the last 7 days somebody had changed a rule of ours, counted by VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DriftNumbers {
    pub last_7_days: u64,
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
    pub newest_at: Option<Timestamp>,
}

/// How many requests this process may still send to ARM at once, before it holds them back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArmBudget {
    pub subscription: SubscriptionId,
    pub reads: u32,
    pub writes: u32,
    pub deletes: u32,
}

/// What it is at most: what ARM takes at once of one principal in a subscription and region.
impl ArmBudget {
    pub const READS: u32 = 250;
    pub const WRITES: u32 = 200;
    pub const DELETES: u32 = 200;
}
