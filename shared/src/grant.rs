//! Grants and leases: an admitted request, and the openings it holds until they are read back as closed.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    decision::Requester,
    policy::LiveSessions,
    port::{Port, Protocol},
    request::Justification,
    source::Sources,
    text_serde,
    vm::{SubscriptionId, VmId},
    window::AccessWindow,
};

macro_rules! uuid_id {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(from = "String", into = "String", extend("format" = "uuid")))]
        pub struct $type(Uuid);

        impl $type {
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $type {
            type Err = InvalidUuid;

            fn from_str(text: &str) -> Result<Self, InvalidUuid> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidUuid)
            }
        }

        text_serde!($type);
    };
}

/// The text is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id here is a UUID like 01936b1e-7a3c-7000-8000-3f1de2c4b901")]
pub struct InvalidUuid;

uuid_id!(
    /// Names a grant; a UUIDv7.
    GrantId
);
uuid_id!(
    /// Names a lease; a UUIDv7.
    LeaseId
);

/// What `decide` admitted, before it has ids and a place in the store. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    requester: Requester,
    justification: Option<Justification>,
    admitted_at: Timestamp,
    openings: Vec<AdmittedOpening>,
}

/// An opening with its absolute end, worked out by the server's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedOpening {
    pub vm: VmId,
    pub port: Port,
    pub protocol: Protocol,
    pub sources: Sources,
    pub expires_at: Timestamp,
    pub live_sessions: LiveSessions,
}

impl Admission {
    pub(crate) fn new(
        requester: Requester,
        justification: Option<Justification>,
        admitted_at: Timestamp,
        openings: Vec<AdmittedOpening>,
    ) -> Option<Self> {
        (!openings.is_empty()).then_some(Self { requester, justification, admitted_at, openings })
    }

    pub fn openings(&self) -> &[AdmittedOpening] {
        &self.openings
    }

    /// Turns the admission into a grant whose leases are all pending.
    ///
    /// Returns nothing when the openings span no time, which `decide` never admits.
    pub fn into_grant(self, id: GrantId, mut lease_id: impl FnMut() -> LeaseId) -> Option<Grant> {
        let end = self.openings.iter().map(|opening| opening.expires_at).max()?;
        let subscription = self.openings.first()?.vm.subscription();
        let window = AccessWindow::new(self.admitted_at, end).ok()?;
        let leases = self.openings.into_iter().map(|opening| Lease::pending(lease_id(), opening)).collect();
        let Self { requester, justification, .. } = self;
        Some(Grant { id, subscription, requester, justification, window, leases })
    }
}

/// An admitted request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub id: GrantId,
    pub subscription: SubscriptionId,
    pub requester: Requester,
    pub justification: Option<Justification>,
    /// From admission to the end of the last lease as it was admitted.
    pub window: AccessWindow,
    pub leases: Vec<Lease>,
}

/// Why a lease ended, or will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// Its time was over.
    Expired,
    /// A person closed it.
    Revoked,
    /// A newer grant took its place.
    Superseded,
    /// It could not be opened.
    Failed,
}

impl CloseReason {
    pub const ALL: [Self; 4] = [Self::Expired, Self::Revoked, Self::Superseded, Self::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
        }
    }
}

/// Where a lease stands; each state has just its own data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum LeaseState {
    /// Durable, and not yet read back from every NSG: possibly open.
    Pending {
        /// When ARM last took a rule for it.
        #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Instant>"))]
        written_at: Option<Timestamp>,
    },
    /// Read back: the granted packets get in. Past its end this is *overdue*.
    Open {
        #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
        opened_at: Timestamp,
    },
    /// Read back: no rule of ours lets the packets in.
    Closed {
        #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
        at: Timestamp,
        reason: CloseReason,
    },
}

/// What became of the sessions that a lease let in, when it was closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "sessions")]
pub enum Sessions {
    /// They go on: nobody asked for anything else, or there were none.
    #[default]
    Untouched,
    Cut,
    /// They were to be cut and could not be.
    Left {
        reason: String,
    },
}

/// One opening held until `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lease {
    pub id: LeaseId,
    pub vm: VmId,
    pub port: Port,
    pub protocol: Protocol,
    pub sources: Sources,
    /// The end: absolute, by the server's clock. Ending it early moves this back.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    pub expires_at: Timestamp,
    /// What a close at `expires_at` will be called.
    pub ends_as: CloseReason,
    /// What its policy said when it was admitted.
    #[serde(default)]
    pub live_sessions: LiveSessions,
    #[serde(default)]
    pub sessions: Sessions,
    #[serde(flatten)]
    pub state: LeaseState,
}

impl Lease {
    fn pending(id: LeaseId, opening: AdmittedOpening) -> Self {
        let AdmittedOpening { vm, port, protocol, sources, expires_at, live_sessions } = opening;
        let (ends_as, state) = (CloseReason::Expired, LeaseState::Pending { written_at: None });
        Self {
            id,
            vm,
            port,
            protocol,
            sources,
            expires_at,
            ends_as,
            live_sessions,
            sessions: Sessions::Untouched,
            state,
        }
    }

    /// Whether its packets should get in at `now`.
    pub fn lives(&self, now: Timestamp) -> bool {
        now < self.expires_at && !self.is_closed()
    }

    /// Whether its time is over and nobody has read it back as closed: possibly open.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.expires_at <= now && !self.is_closed()
    }

    pub const fn is_closed(&self) -> bool {
        matches!(self.state, LeaseState::Closed { .. })
    }

    /// Whether there may be sessions that it let in and that are to be cut, now that it ends as it does.
    pub const fn cuts_sessions(&self) -> bool {
        if matches!(self.state, LeaseState::Pending { written_at: None }) {
            return false;
        }
        match self.live_sessions {
            LiveSessions::Never => false,
            LiveSessions::OnRevoke => matches!(self.ends_as, CloseReason::Revoked),
            LiveSessions::AtEnd => true,
        }
    }

    /// ARM took the rule; it has not been read back yet.
    pub fn written(mut self, at: Timestamp) -> Self {
        if let LeaseState::Pending { .. } = self.state {
            self.state = LeaseState::Pending { written_at: Some(at) };
        }
        self
    }

    /// The rule was read back and lets the granted packets in.
    pub fn opened(mut self, at: Timestamp) -> Self {
        if let LeaseState::Pending { .. } = self.state {
            self.state = LeaseState::Open { opened_at: at };
        }
        self
    }

    /// Moves the end to `now` for `reason`. What is due already, or closed, keeps its own end.
    pub fn ended(mut self, reason: CloseReason, now: Timestamp) -> Self {
        if self.lives(now) {
            (self.expires_at, self.ends_as) = (now, reason);
        }
        self
    }

    /// No rule of ours lets it in any more: read back.
    pub fn closed(mut self, at: Timestamp) -> Self {
        if self.is_due(at) {
            self.state = LeaseState::Closed { at, reason: self.ends_as };
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::decision::tests::{a_caller, a_policy, an_opening, now, vm};

    fn a_grant() -> Grant {
        let policy = std::collections::BTreeMap::from([(vm("web-01"), a_policy())]);
        let request = crate::request::AccessRequest::new(vec![an_opening("web-01", 22)], None).unwrap();
        let admission = crate::decision::decide(&policy, &request, &a_caller("web-01"), now()).unwrap();
        admission.into_grant(GrantId(Uuid::from_u128(1)), || LeaseId(Uuid::from_u128(2))).unwrap()
    }

    fn later(seconds: i64) -> Timestamp {
        now() + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_lease_lives_up_to_its_end_and_not_at_it() {
        let lease = a_grant().leases.remove(0);
        assert!(lease.lives(later(3599)) && !lease.is_due(later(3599)));
        assert!(!lease.lives(later(3600)) && lease.is_due(later(3600)));
    }

    #[test]
    fn a_lease_goes_from_pending_to_open_to_closed() {
        let open = a_grant().leases.remove(0).written(later(1)).opened(later(2));
        assert_eq!(open.state, LeaseState::Open { opened_at: later(2) });
        let closed = open.closed(later(3601));
        assert_eq!(closed.state, LeaseState::Closed { at: later(3601), reason: CloseReason::Expired });
    }

    #[test]
    fn a_living_lease_is_never_closed_early() {
        let open = a_grant().leases.remove(0).opened(later(2));
        assert_eq!(open.clone().closed(later(3599)), open);
    }

    #[test]
    fn a_revoked_lease_is_due_at_once_and_closes_as_revoked() {
        let revoked = a_grant().leases.remove(0).opened(later(2)).ended(CloseReason::Revoked, later(60));
        assert!(revoked.is_due(later(60)));
        let closed = revoked.closed(later(61));
        assert_eq!(closed.state, LeaseState::Closed { at: later(61), reason: CloseReason::Revoked });
        assert_eq!(closed.clone().ended(CloseReason::Failed, later(62)), closed);
        assert_eq!(closed.clone().opened(later(63)), closed);
    }

    #[test]
    fn sessions_are_cut_as_the_policy_says() {
        let ended = |live_sessions, ends_as| Lease {
            live_sessions,
            ends_as,
            ..a_grant().leases.remove(0).opened(later(1))
        };
        use CloseReason::{Expired, Revoked};
        for (live_sessions, at_end, on_revoke) in [
            (LiveSessions::Never, false, false),
            (LiveSessions::OnRevoke, false, true),
            (LiveSessions::AtEnd, true, true),
        ] {
            assert_eq!(ended(live_sessions, Expired).cuts_sessions(), at_end);
            assert_eq!(ended(live_sessions, Revoked).cuts_sessions(), on_revoke);
        }
        let never_written = Lease { live_sessions: LiveSessions::AtEnd, ..a_grant().leases.remove(0) };
        assert!(!never_written.cuts_sessions());
        assert!(never_written.written(later(1)).cuts_sessions());
    }

    #[test]
    fn a_grant_round_trips_through_json() {
        let grant = a_grant();
        let text = serde_json::to_string(&grant).unwrap();
        assert_eq!(serde_json::from_str::<Grant>(&text).unwrap(), grant);
    }
}
