//! What is true at the moment of reading: it stands in the store, which every instance shares.

use std::sync::atomic::AtomicU64;

use jiff::{SignedDuration, Timestamp};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use crate::store::LeaseCounts;

type Seconds = Gauge<f64, AtomicU64>;

/// What is not known is left out of the text: a number that was true once would mislead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// `None`: the store does not answer.
    pub stored: Option<Stored>,
    /// `None`: ARM has not answered yet.
    pub clock_ahead: Option<SignedDuration>,
}

/// What the store says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub leases: LeaseCounts,
    /// How long the first lease that should be closed has been overdue; zero if there is none.
    pub oldest_overdue: SignedDuration,
    /// `None`: never.
    pub last_sweep: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

impl Gauges {
    pub(super) fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("postern");
        if let Some(stored) = &self.stored {
            stored.register(&mut registry);
        }
        if let Some(ahead) = self.clock_ahead {
            seconds(
                &mut registry,
                ("clock_ahead", "By how much this process's clock is ahead of Azure's"),
                ahead.as_secs_f64(),
            );
        }
        registry
    }
}

impl Stored {
    fn register(&self, registry: &mut Registry) {
        let Self { leases, oldest_overdue, last_sweep } = self;
        let by_state = Family::<StateLabel, Gauge>::default();
        for (state, number) in
            [("pending", leases.pending), ("open", leases.open), ("overdue", leases.overdue)]
        {
            by_state.get_or_create(&StateLabel { state }).set(i64::try_from(number).unwrap_or(i64::MAX));
        }
        registry.register("leases", "Leases that are not closed", by_state);
        let help = "For how long the first lease that should be closed has been overdue; 0 if there is none";
        seconds(registry, ("oldest_overdue", help), oldest_overdue.as_secs_f64());
        let at = last_sweep.map_or(0.0, |at| at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64());
        let help = "When a sweep last ended well; 0 if never";
        seconds(registry, ("last_successful_sweep_timestamp", help), at);
    }
}

fn seconds(registry: &mut Registry, (name, help): (&str, &str), value: f64) {
    let gauge = Seconds::default();
    gauge.set(value);
    registry.register_with_unit(name, help, Unit::Seconds, gauge);
}
