//! What ARM grants one subscription, and who waits for it.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use shared::api::ArmBudget;
use tokio::sync::Notify;

use super::{
    Errand, Kind, Urgency,
    bucket::Size,
    lines::{Line, Number},
    window::Window,
};

// Per subscription, region and principal, by Azure's "Understand how Azure Resource Manager throttles requests".
const READS: Size = Size { burst: ArmBudget::READS, per_second: 25 };
const WRITES: Size = Size { burst: ArmBudget::WRITES, per_second: 10 };
const DELETES: Size = Size { burst: ArmBudget::DELETES, per_second: 10 };
/// Writes and deletes together, per subscription and region, by the same page's part on Microsoft.Network.
const NETWORK_WRITES: usize = 1000;
const NETWORK_SPAN: SignedDuration = SignedDuration::from_mins(5);

/// The lines of one subscription.
#[derive(Debug)]
pub(super) struct Quotas {
    reads: Line,
    writes: Line,
    deletes: Line,
    network: Window,
    seen_at: Timestamp,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    kind: Kind,
    number: Number,
    is_network_write: bool,
    patience: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was counted.
    Go,
    /// It is the first; there is nothing for it before then.
    Until(Timestamp),
    /// Others are to be served before it.
    Behind,
    /// The quota asks for so long a wait.
    Refused(Duration),
}

impl Quotas {
    pub(super) fn full(now: Timestamp) -> Self {
        Self {
            reads: Line::full(READS, now),
            writes: Line::full(WRITES, now),
            deletes: Line::full(DELETES, now),
            network: Window::new(NETWORK_WRITES, NETWORK_SPAN),
            seen_at: now,
        }
    }

    /// Follows a clock that was set back; otherwise waits would grow by as much.
    pub(super) fn notice(&mut self, now: Timestamp) {
        let back = self.seen_at.duration_since(now);
        self.seen_at = now;
        if back.is_positive() {
            self.network.shift_back(back);
            for line in [&mut self.reads, &mut self.writes, &mut self.deletes] {
                line.held_until = line.held_until.checked_sub(back).unwrap_or(now);
            }
        }
    }

    pub(super) fn join(&mut self, errand: &Errand, patience: Duration, bell: Arc<Notify>) -> Place {
        let Errand { kind, urgency, is_network_write, .. } = *errand;
        Place { kind, number: self.line(kind).join(urgency, bell), is_network_write, patience }
    }

    /// Those who are now the first learn of it; leaving twice is leaving once.
    pub(super) fn leave(&mut self, place: &Place) {
        self.line(place.kind).leave(place.number);
        for line in [&self.reads, &self.writes, &self.deletes] {
            line.ring();
        }
    }

    /// Whether the request may be sent; if so it is counted and leaves the line.
    pub(super) fn ask(&mut self, place: &Place, now: Timestamp) -> Verdict {
        if !self.line(place.kind).is_first(place.number) {
            return Verdict::Behind;
        }
        let mut at = self.line(place.kind).next_at(now);
        if place.is_network_write {
            at = at.max(self.network.next_at(now));
            if at <= now && self.network.free(now) <= self.kept_for_others(place) {
                return Verdict::Behind;
            }
        }
        if at <= now {
            self.take(place, now);
            return Verdict::Go;
        }
        let wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        if wait > place.patience { Verdict::Refused(wait) } else { Verdict::Until(at) }
    }

    /// How many reads, writes and deletes would be sent at once.
    pub(super) fn left(&mut self, now: Timestamp) -> [u32; 3] {
        let network = u32::try_from(self.network.free(now)).unwrap_or(u32::MAX);
        let left = |line: &mut Line| if line.held_until > now { 0 } else { line.bucket.left(now) };
        [left(&mut self.reads), left(&mut self.writes).min(network), left(&mut self.deletes).min(network)]
    }

    pub(super) fn lower(&mut self, kind: Kind, left: u32, now: Timestamp) {
        self.line(kind).bucket.lower_to(left, now);
    }

    pub(super) fn hold(&mut self, kind: Kind, until: Timestamp, now: Timestamp) {
        let line = self.line(kind);
        line.bucket.lower_to(0, now);
        line.held_until = line.held_until.max(until);
    }

    fn take(&mut self, place: &Place, now: Timestamp) {
        let line = self.line(place.kind);
        line.bucket.take(now);
        line.leave(place.number);
        if place.is_network_write {
            self.network.take(now);
        }
    }

    /// The network counts writes and deletes together, so what opens leaves room for the deletes that wait.
    fn kept_for_others(&self, place: &Place) -> usize {
        match (place.kind, place.number) {
            (Kind::Write, (Urgency::Usual, _)) => self.deletes.urgent(),
            (Kind::Delete, (Urgency::Usual, _)) => self.writes.urgent(),
            _ => 0,
        }
    }

    const fn line(&mut self, kind: Kind) -> &mut Line {
        match kind {
            Kind::Read => &mut self.reads,
            Kind::Write => &mut self.writes,
            Kind::Delete => &mut self.deletes,
        }
    }
}
