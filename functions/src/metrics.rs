//! What is counted, for Prometheus.
//!
//! Invariant: nothing is labelled by VM, person or NSG, so that the number of series is bounded and whoever may read
//! them learns nothing of who opens what.

mod arm;
mod gauges;

use std::fmt;

use prometheus_client::{
    encoding::{EncodeLabelSet, prometheus_text},
    metrics::{counter::Counter, family::Family},
    registry::{Metric, Registry},
};

pub(crate) use self::arm::Outcome;
pub use self::{
    arm::ArmMetrics,
    gauges::{Gauges, Stored},
};

/// How the text is labelled: Prometheus's format 0.0.4.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// The counters of this process; each is `inc`remented where it happens.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub arm: ArmMetrics,
    /// Requests that became grants.
    pub grants_admitted: Counter,
    /// Requests that were understood and not permitted.
    pub grants_denied: Counter,
    /// Rules of ours that were found missing or changed.
    pub drift: Counter,
    /// Changes that were not written because what they open or close could not be proven.
    pub proofs_refused: Counter,
    /// Sweeps that did not end, and looks within one that failed.
    pub sweep_failures: Counter,
    http_requests: Family<HttpLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpLabels {
    operation: String,
    status_class: &'static str,
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("postern");
        let arm = ArmMetrics::registered(&mut registry);
        let grants = Family::<OutcomeLabel, Counter>::default();
        let of_outcome = |outcome| grants.get_or_create_owned(&OutcomeLabel { outcome });
        let (grants_admitted, grants_denied) = (of_outcome("admitted"), of_outcome("denied"));
        Self {
            arm,
            grants_admitted,
            grants_denied,
            drift: register(&mut registry, "drift", "Rules of ours that were found missing or changed"),
            proofs_refused: register(
                &mut registry,
                "proofs_refused",
                "Changes that were not written because their effect could not be proven",
            ),
            sweep_failures: register(
                &mut registry,
                "sweep_failures",
                "Sweeps that did not end, and looks within one that failed",
            ),
            http_requests: register(&mut registry, "http_requests", "Calls that were answered"),
            registry: {
                registry.register("grants", "Requests for openings that were decided", grants);
                registry
            },
        }
    }

    /// Counts an answer. `operation` is one of a fixed number of texts, never a path as it was called.
    pub fn count_answer(&self, operation: String, status: http::StatusCode) {
        let status_class = match status.as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.http_requests.get_or_create(&HttpLabels { operation, status_class }).inc();
    }

    /// Everything that was counted, and what is true now.
    pub fn text(&self, gauges: &Gauges) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        prometheus_text::encode(&mut text, &gauges.registry())?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A metric that starts at nothing; Prometheus's own suffixes are added to its name.
fn register<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

#[cfg(test)]
mod tests;
