//! Calls to ARM: how many, how they ended, how long they took and how long they were held back.

use std::time::Duration;

use http::Method;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::register;
use crate::fabric::FabricError;

/// A read takes tens of milliseconds, a throttled gateway tens of seconds.
const DURATIONS: [f64; 11] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// A free bucket makes nobody wait; the network's own limit may take minutes.
const WAITS: [f64; 9] = [0.001, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 150.0, 300.0];

/// What the fabric counts.
#[derive(Clone, Debug)]
pub struct ArmMetrics {
    requests: Family<RequestLabels, Counter>,
    durations: Histogram,
    limiter_waits: Histogram,
    throttled_by_lock: Counter,
    throttled_by_quota: Counter,
    rule_writes: Family<RuleWriteLabels, Counter>,
}

/// How a single request to ARM ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    NotFound,
    /// Another operation has the resource.
    Locked,
    /// Too many requests.
    Throttled,
    TokenRefused,
    Refused,
    ServerError,
    NoAnswer,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ThrottleLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RuleWriteLabels {
    change: &'static str,
    outcome: &'static str,
}

impl ArmMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let throttled = Family::<ThrottleLabel, Counter>::default();
        registry.register("arm_throttled", "Answers of ARM that asked for patience", throttled.clone());
        let (durations, limiter_waits) = (Histogram::new(DURATIONS), Histogram::new(WAITS));
        let mut in_seconds = |name: &str, help: &str, histogram: &Histogram| {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        };
        in_seconds(
            "arm_request_duration",
            "From sending a request to ARM to the end of its answer",
            &durations,
        );
        in_seconds(
            "arm_limiter_wait",
            "How long requests were held back so as not to be throttled",
            &limiter_waits,
        );
        Self {
            requests: register(registry, "arm_requests", "Requests to ARM"),
            durations,
            limiter_waits,
            throttled_by_lock: throttled.get_or_create_owned(&ThrottleLabel { kind: "lock" }),
            throttled_by_quota: throttled.get_or_create_owned(&ThrottleLabel { kind: "quota" }),
            rule_writes: register(registry, "rule_writes", "Rules of ours that were put or removed"),
        }
    }

    pub(crate) fn count_request(&self, method: &Method, outcome: Outcome, took: Duration) {
        let labels = RequestLabels { method: method_name(method), outcome: outcome.as_str() };
        self.requests.get_or_create(&labels).inc();
        self.durations.observe(took.as_secs_f64());
        match outcome {
            Outcome::Locked => _ = self.throttled_by_lock.inc(),
            Outcome::Throttled => _ = self.throttled_by_quota.inc(),
            _ => {}
        }
    }

    pub(crate) fn count_wait(&self, waited: Duration) {
        self.limiter_waits.observe(waited.as_secs_f64());
    }

    pub(crate) fn count_rule_write(&self, change: &'static str, error: Option<&FabricError>) {
        let outcome = error.map_or("done", failure_name);
        self.rule_writes.get_or_create(&RuleWriteLabels { change, outcome }).inc();
    }
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::NotFound => "not_found",
            Self::Locked => "locked",
            Self::Throttled => "throttled",
            Self::TokenRefused => "token_refused",
            Self::Refused => "refused",
            Self::ServerError => "server_error",
            Self::NoAnswer => "no_answer",
        }
    }
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

const fn failure_name(error: &FabricError) -> &'static str {
    match error {
        FabricError::Throttled { .. } => "throttled",
        FabricError::Locked { .. } => "locked",
        FabricError::Conflict { .. } => "conflict",
        FabricError::Refused { .. } => "refused",
        FabricError::Unreachable { .. } => "unreachable",
        FabricError::Unintelligible { .. } => "unintelligible",
        FabricError::Lost => "lost",
    }
}
