//! The audit: an append-only chain per subscription, in which each entry carries the hash of the one before.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    decision::{Denial, Requester},
    firewall::NatCollection,
    grant::{CloseReason, GrantId, LeaseId},
    nsg::proof::Proof,
    policy::{JustificationRule, LiveSessions, PortRule, Precedence},
    port::Port,
    rule::NsgRule,
    source::Sources,
    vm::{FirewallId, NsgId, SubscriptionId, VmId},
};

/// What happened. Asking, deciding, writing and reading back are entries of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    PolicyPut {
        ports: Vec<PortRule>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        settings: Option<PolicySettings>,
    },
    PolicyRemoved,
    Asked {
        openings: Vec<AskedOpening>,
        justification: Option<String>,
        from: String,
    },
    Denied {
        denials: Vec<Denial>,
    },
    Granted {
        grant: GrantId,
        leases: Vec<LeaseId>,
        #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
        ends_at: Timestamp,
        /// The grant that ends as soon as this one is confirmed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<GrantId>,
    },
    RevokeAsked {
        grant: GrantId,
    },
    RuleWritten {
        nsg: NsgId,
        rule: NsgRule,
        /// The rule of that name before, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaced: Option<Box<NsgRule>>,
        correlation_id: Option<String>,
        /// What it opened and closed, as worked out before it was written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
    },
    RuleRemoved {
        nsg: NsgId,
        rule: NsgRule,
        correlation_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
    },
    WriteFailed {
        nsg: NsgId,
        rule: String,
        error: String,
        correlation_id: Option<String>,
    },
    Opened {
        grant: GrantId,
        lease: LeaseId,
        port: Port,
        sources: Sources,
    },
    Closed {
        grant: GrantId,
        lease: LeaseId,
        port: Port,
        reason: CloseReason,
    },
    Overdue {
        grant: GrantId,
        lease: LeaseId,
        port: Port,
        attempts: u32,
        error: String,
    },
    Obstructed {
        nsg: NsgId,
        grant: Option<GrantId>,
        obstacle: String,
    },
    /// A change was not written, since it was not proven to do what it should and nothing else.
    Unproven {
        nsg: NsgId,
        rule: String,
        reason: String,
    },
    /// A rule of ours was not as we left it. `found`: what stood in its place, if anything.
    Drifted {
        nsg: NsgId,
        rule: String,
        found: Option<NsgRule>,
    },
    /// A rule with a lease's name does what no lease's rule does; it is left to people.
    OddRule {
        nsg: NsgId,
        rule: NsgRule,
    },
    /// Established sessions that the NSG no longer lets in were cut.
    SessionsCut {
        nsg: NsgId,
        correlation_id: Option<String>,
    },
    /// They could not be cut: those that a lease let in may go on.
    SessionsLeft {
        nsg: NsgId,
        reason: String,
    },
    /// The NAT rules of a firewall are now these, where ours are concerned.
    NatWritten {
        firewall: FirewallId,
        collection: NatCollection,
        correlation_id: Option<String>,
    },
    NatFailed {
        firewall: FirewallId,
        error: String,
        correlation_id: Option<String>,
    },
}

/// What a policy says besides its port rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicySettings {
    pub justification: JustificationRule,
    pub precedence: Precedence,
    pub live_sessions: LiveSessions,
}

impl PolicySettings {
    /// What a policy says that nobody said otherwise of: it is as Azure's own.
    pub const DEFAULT: Self = Self {
        justification: JustificationRule::Optional,
        precedence: Precedence::CustomerFirst,
        live_sessions: LiveSessions::Never,
    };
}

/// An opening as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AskedOpening {
    pub vm: VmId,
    pub port: Port,
    pub sources: Sources,
    pub seconds: i64,
}

impl Event {
    /// The machine's name of the event, the same as in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::PolicyPut { .. } => "policy_put",
            Self::PolicyRemoved => "policy_removed",
            Self::Asked { .. } => "asked",
            Self::Denied { .. } => "denied",
            Self::Granted { .. } => "granted",
            Self::RevokeAsked { .. } => "revoke_asked",
            Self::RuleWritten { .. } => "rule_written",
            Self::RuleRemoved { .. } => "rule_removed",
            Self::WriteFailed { .. } => "write_failed",
            Self::Opened { .. } => "opened",
            Self::Closed { .. } => "closed",
            Self::Overdue { .. } => "overdue",
            Self::Obstructed { .. } => "obstructed",
            Self::Unproven { .. } => "unproven",
            Self::Drifted { .. } => "drifted",
            Self::OddRule { .. } => "odd_rule",
            Self::SessionsCut { .. } => "sessions_cut",
            Self::SessionsLeft { .. } => "sessions_left",
            Self::NatWritten { .. } => "nat_written",
            Self::NatFailed { .. } => "nat_failed",
        }
    }

    /// ARM's id of the write, to find it in Azure's own activity log.
    pub fn correlation_id(&self) -> Option<&str> {
        match self {
            Self::RuleWritten { correlation_id, .. }
            | Self::RuleRemoved { correlation_id, .. }
            | Self::WriteFailed { correlation_id, .. }
            | Self::SessionsCut { correlation_id, .. }
            | Self::NatWritten { correlation_id, .. }
            | Self::NatFailed { correlation_id, .. } => correlation_id.as_deref(),
            _ => None,
        }
    }

    pub const fn grant(&self) -> Option<GrantId> {
        match self {
            Self::Granted { grant, .. }
            | Self::RevokeAsked { grant }
            | Self::Opened { grant, .. }
            | Self::Closed { grant, .. }
            | Self::Overdue { grant, .. } => Some(*grant),
            Self::Obstructed { grant, .. } => *grant,
            _ => None,
        }
    }
}

/// What happened in words, for people.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PolicyPut { ports, .. } => {
                let ports: Vec<String> = ports.iter().map(|rule| rule.port.to_string()).collect();
                write!(f, "JIT set for port {}", ports.join(", "))
            }
            Self::PolicyRemoved => f.write_str("JIT removed"),
            Self::Asked { openings, from, .. } => {
                f.write_str("Asked for ")?;
                for (n, opening) in openings.iter().enumerate() {
                    let comma = if n == 0 { "" } else { "; " };
                    let AskedOpening { vm, port, sources, seconds } = opening;
                    write!(f, "{comma}port {port} of {} from {sources} for {} min", vm.name(), seconds / 60)?;
                }
                write!(f, ", calling from {from}")
            }
            Self::Denied { denials } => {
                let reasons: Vec<String> = denials.iter().map(Denial::to_string).collect();
                write!(f, "Denied: {}", reasons.join("; "))
            }
            Self::Granted { ends_at, replaces: None, .. } => write!(f, "Granted until {ends_at:.0}"),
            Self::Granted { ends_at, replaces: Some(grant), .. } => {
                write!(f, "Granted until {ends_at:.0}, in the place of grant {grant}")
            }
            Self::RevokeAsked { .. } => f.write_str("Asked to close now"),
            Self::RuleWritten { nsg, rule, .. } => {
                write!(f, "Wrote rule {} ({}) to {}", rule.name, rule.priority, nsg.name())
            }
            Self::RuleRemoved { nsg, rule, .. } => {
                write!(f, "Removed rule {} ({}) from {}", rule.name, rule.priority, nsg.name())
            }
            Self::WriteFailed { nsg, rule, error, .. } => {
                write!(f, "Could not change rule {rule} in {}: {error}", nsg.name())
            }
            Self::Opened { port, sources, .. } => write!(f, "Port {port} read back as open for {sources}"),
            Self::Closed { port, reason, .. } => {
                write!(f, "Port {port} read back as closed ({})", reason.as_str())
            }
            Self::Overdue { port, attempts, error, .. } => {
                write!(f, "Port {port} is overdue after {attempts} attempts: {error}")
            }
            Self::Obstructed { nsg, obstacle, .. } => write!(f, "Not possible in {}: {obstacle}", nsg.name()),
            Self::Unproven { nsg, reason, .. } => write!(f, "Did not write to {}: {reason}", nsg.name()),
            Self::Drifted { nsg, rule, found: None } => {
                write!(f, "Somebody removed rule {rule} from {}", nsg.name())
            }
            Self::Drifted { nsg, rule, found: Some(_) } => {
                write!(f, "Somebody changed rule {rule} in {}", nsg.name())
            }
            Self::OddRule { nsg, rule } => {
                write!(f, "Rule {} in {} is not as Postern writes rules; left alone", rule.name, nsg.name())
            }
            Self::SessionsCut { nsg, .. } => write!(f, "Cut established sessions through {}", nsg.name()),
            Self::SessionsLeft { nsg, reason } => {
                write!(f, "Established sessions through {} may go on: {reason}", nsg.name())
            }
            Self::NatWritten { firewall, collection, .. } => match collection.rules.len() {
                0 => write!(f, "Removed the NAT rules of Postern from firewall {}", firewall.name()),
                1 => write!(f, "Firewall {} has 1 NAT rule of Postern now", firewall.name()),
                n => write!(f, "Firewall {} has {n} NAT rules of Postern now", firewall.name()),
            },
            Self::NatFailed { firewall, error, .. } => {
                write!(f, "Could not change firewall {}: {error}", firewall.name())
            }
        }
    }
}

/// What is to be written down, before it has a place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    pub subscription: SubscriptionId,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub at: Timestamp,
    /// Who did it; `None`: Postern itself.
    pub actor: Option<Requester>,
    pub vm: Option<VmId>,
    #[serde(flatten)]
    pub event: Event,
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entry {
    /// From 1, without gaps in a subscription.
    pub seq: u64,
    #[serde(flatten)]
    pub record: Record,
    /// The hash of the entry before, in lower-case hex; of the first entry: 64 zeros.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{64}$")))]
    pub previous: String,
    /// SHA-256 over `previous`, `seq` and the record, in lower-case hex.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{64}$")))]
    pub hash: String,
}

/// What the first entry of a chain calls the entry before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Entry {
    /// Puts a record behind the entry whose number and hash are given (0 and [`GENESIS`] for the first).
    pub fn after(last_seq: u64, last_hash: &str, record: Record) -> Self {
        let seq = last_seq + 1;
        let hash = digest(seq, last_hash, &record);
        Self { seq, record, previous: last_hash.to_owned(), hash }
    }
}

fn digest(seq: u64, previous: &str, record: &Record) -> String {
    let body =
        serde_json::to_string(record).expect("a record has only text keys, which is all that can fail");
    let mut hasher = Sha256::new();
    for part in [previous, "\n", &seq.to_string(), "\n", &body] {
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("entry {expected} is missing; {found} stands in its place")]
    Gap { expected: u64, found: u64 },
    #[error("entry {0} does not follow the entry before it")]
    Unlinked(u64),
    #[error("entry {0} was changed after it was written")]
    Changed(u64),
}

/// Checks entries in order against the entry before the first of them.
pub fn verify<'e>(
    (mut last_seq, mut last_hash): (u64, &'e str),
    entries: impl IntoIterator<Item = &'e Entry>,
) -> Result<(u64, &'e str), Broken> {
    for entry in entries {
        if entry.seq != last_seq + 1 {
            return Err(Broken::Gap { expected: last_seq + 1, found: entry.seq });
        }
        if entry.previous != last_hash {
            return Err(Broken::Unlinked(entry.seq));
        }
        if entry.hash != digest(entry.seq, &entry.previous, &entry.record) {
            return Err(Broken::Changed(entry.seq));
        }
        (last_seq, last_hash) = (entry.seq, &entry.hash);
    }
    Ok((last_seq, last_hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::tests::{now, vm};

    fn a_chain(length: u64) -> Vec<Entry> {
        let mut chain: Vec<Entry> = Vec::new();
        for _ in 0..length {
            let (seq, hash) = chain.last().map_or((0, GENESIS), |entry| (entry.seq, entry.hash.as_str()));
            let vm = vm("web-01");
            let (subscription, event) = (vm.subscription(), Event::PolicyRemoved);
            let record = Record { subscription, at: now(), actor: None, vm: Some(vm), event };
            chain.push(Entry::after(seq, hash, record));
        }
        chain
    }

    #[test]
    fn accepts_an_untouched_chain_after_a_trip_through_json() {
        let text = serde_json::to_string(&a_chain(5)).unwrap();
        let chain: Vec<Entry> = serde_json::from_str(&text).unwrap();
        assert_eq!(verify((0, GENESIS), &chain).unwrap().0, 5);
    }

    #[test]
    fn rejects_a_changed_a_missing_and_a_swapped_entry() {
        let mut changed = a_chain(5);
        changed[2].record.vm = Some(vm("web-02"));
        assert_eq!(verify((0, GENESIS), &changed), Err(Broken::Changed(3)));
        let mut missing = a_chain(5);
        missing.remove(1);
        assert_eq!(verify((0, GENESIS), &missing), Err(Broken::Gap { expected: 2, found: 3 }));
        let mut relinked = a_chain(5);
        relinked[3].previous = GENESIS.to_owned();
        assert_eq!(verify((0, GENESIS), &relinked), Err(Broken::Unlinked(4)));
    }
}
