use std::time::Duration;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{fabric::FabricError, store::LeaseCounts};

#[test]
fn what_was_counted_is_in_the_text_under_its_name() {
    let metrics = Metrics::new();
    metrics.grants_admitted.inc();
    metrics.drift.inc();
    metrics.proofs_refused.inc();
    metrics.sweep_failures.inc_by(2);
    metrics.count_answer("GET /api/vms".to_owned(), StatusCode::FORBIDDEN);
    metrics.arm.count_rule_write("put", None);
    metrics.arm.count_rule_write("remove", Some(&FabricError::Lost));
    metrics.arm.count_wait(Duration::from_millis(200));
    let text = metrics.text(&Gauges::default()).unwrap();
    for line in [
        r#"postern_grants_total{outcome="admitted"} 1"#,
        r#"postern_grants_total{outcome="denied"} 0"#,
        "postern_drift_total 1",
        "postern_proofs_refused_total 1",
        "postern_sweep_failures_total 2",
        r#"postern_http_requests_total{operation="GET /api/vms",status_class="4xx"} 1"#,
        r#"postern_rule_writes_total{change="put",outcome="done"} 1"#,
        r#"postern_rule_writes_total{change="remove",outcome="lost"} 1"#,
        r#"postern_arm_limiter_wait_seconds_bucket{le="0.1"} 0"#,
        r#"postern_arm_limiter_wait_seconds_bucket{le="0.5"} 1"#,
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
    }
}

#[test]
fn locks_and_quotas_are_counted_apart() {
    let metrics = Metrics::new();
    let took = Duration::from_millis(30);
    metrics.arm.count_request(&Method::PUT, Outcome::Locked, took);
    metrics.arm.count_request(&Method::DELETE, Outcome::Throttled, took);
    metrics.arm.count_request(&Method::DELETE, Outcome::Throttled, took);
    metrics.arm.count_request(&Method::GET, Outcome::Success, took);
    let text = metrics.text(&Gauges::default()).unwrap();
    for line in [
        r#"postern_arm_throttled_total{kind="lock"} 1"#,
        r#"postern_arm_throttled_total{kind="quota"} 2"#,
        r#"postern_arm_requests_total{method="DELETE",outcome="throttled"} 2"#,
        r#"postern_arm_requests_total{method="GET",outcome="success"} 1"#,
        "postern_arm_request_duration_seconds_count 4",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
    }
}

#[test]
fn what_is_true_now_is_in_the_text_and_what_is_not_known_is_not() {
    let metrics = Metrics::new();
    let stored = Stored {
        leases: LeaseCounts { pending: 1, open: 2, overdue: 3 },
        oldest_overdue: SignedDuration::from_millis(2500),
        last_sweep: Some(Timestamp::from_second(1_800_000_000).unwrap()),
    };
    let known = Gauges { stored: Some(stored), clock_ahead: Some(SignedDuration::from_secs(-7)) };
    let text = metrics.text(&known).unwrap();
    for line in [
        r#"postern_leases{state="pending"} 1"#,
        r#"postern_leases{state="open"} 2"#,
        r#"postern_leases{state="overdue"} 3"#,
        "postern_oldest_overdue_seconds 2.5",
        "postern_last_successful_sweep_timestamp_seconds 1800000000.0",
        "postern_clock_ahead_seconds -7.0",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
    }
    let unknown = metrics.text(&Gauges::default()).unwrap();
    for name in ["postern_leases", "postern_oldest_overdue", "postern_clock_ahead"] {
        assert!(!unknown.contains(name), "{name} is in\n{unknown}");
    }
}

#[test]
fn every_family_is_told_apart_by_its_type_and_said_once() {
    let metrics = Metrics::new();
    let stored =
        Stored { leases: LeaseCounts::default(), oldest_overdue: SignedDuration::ZERO, last_sweep: None };
    let text = metrics.text(&Gauges { stored: Some(stored), clock_ahead: None }).unwrap();
    let mut types: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE ")).collect();
    let all = types.len();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), all, "{text}");
    assert!(types.contains(&"# TYPE postern_drift_total counter"), "{text}");
    assert!(types.contains(&"# TYPE postern_arm_request_duration_seconds histogram"), "{text}");
    assert!(text.lines().any(|line| line == "postern_oldest_overdue_seconds 0.0"), "{text}");
}
