use serde_json::json;
use shared::rule::NsgRule;

use super::*;
use crate::fabric::{
    Fabric,
    azure::scripted::{Arm, answer, broken_off, refusal},
};

fn nsg() -> NsgId {
    NsgId::new("0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap(), "prod-rg", "web-01-nsg").unwrap()
}

fn rule() -> NsgRule {
    let json = json!({"name": "lease_1", "properties": {
        "description": "ours", "protocol": "Tcp", "sourcePortRange": "*", "destinationPortRange": "22",
        "sourceAddressPrefix": "203.0.113.7", "destinationAddressPrefix": "10.1.0.4", "access": "Allow",
        "priority": 100, "direction": "Inbound",
    }});
    rules::rule(serde_json::from_value(json).unwrap()).unwrap()
}

async fn put(arm: &Arm) -> Result<Written, WriteFailure> {
    arm.fabric.apply(&nsg(), &RuleChange::Put(rule())).await
}

async fn remove(arm: &Arm) -> Result<Written, WriteFailure> {
    arm.fabric.apply(&nsg(), &RuleChange::Remove(rule())).await
}

fn error(outcome: Result<Written, WriteFailure>) -> FabricError {
    outcome.unwrap_err().error
}

#[tokio::test]
async fn a_put_sends_the_rule_under_its_name() {
    let arm = Arm::in_order([answer(201, "{}").with("x-ms-correlation-request-id", "arms-own")]).await;
    assert_eq!(put(&arm).await, Ok(Written { correlation_id: Some("arms-own".to_owned()) }));
    let seen = arm.seen().remove(0);
    assert_eq!(
        seen.line,
        "PUT /subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg/providers/Microsoft.Network/networkSecurityGroups/web-01-nsg/securityRules/lease_1?api-version=2023-09-01"
    );
    let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body, rules::to_json(&rule()));
    assert_eq!(body["properties"]["sourceAddressPrefix"], "203.0.113.7");
}

#[tokio::test]
async fn a_write_is_done_when_its_operation_is() {
    let arm = Arm::in_order([]).await;
    let operation = format!("{}/operations/1", arm.url);
    arm.then([
        answer(201, "{}").with("azure-asyncoperation", operation),
        answer(200, json!({"status": "InProgress"})),
        answer(200, json!({"status": "Succeeded"})),
    ]);
    put(&arm).await.unwrap();
    assert_eq!(arm.seen().len(), 3);
}

#[tokio::test]
async fn removing_what_is_not_there_is_done() {
    for gone in [answer(204, ""), answer(200, ""), refusal(404, "ResourceNotFound")] {
        let arm = Arm::in_order([gone]).await;
        assert!(remove(&arm).await.is_ok());
    }
    let arm = Arm::in_order([refusal(404, "ResourceNotFound")]).await;
    assert!(matches!(error(put(&arm).await), FabricError::Refused { status: 404, .. }));
}

#[tokio::test]
async fn locks_are_waited_out() {
    let arm = Arm::in_order([
        refusal(429, "RetryableErrorDueToAnotherOperation").with("retry-after", 3),
        refusal(409, "AnotherOperationInProgress"),
        refusal(429, "RetryableErrorDueToAnotherOperation").with("retry-after", 0),
        answer(200, "{}"),
    ])
    .await;
    put(&arm).await.unwrap();
    assert_eq!(arm.clock.waits(), [3.0, 1.0, 0.5]);
    let ids: Vec<_> = arm.seen().into_iter().map(|seen| seen.correlation_id).collect();
    assert!(ids[0].is_some() && ids.iter().all(|id| *id == ids[0]));
}

#[tokio::test]
async fn a_lock_that_stays_is_given_up_within_a_minute() {
    let arm = Arm::by(|_| Some(refusal(409, "AnotherOperationInProgress"))).await;
    assert!(matches!(error(put(&arm).await), FabricError::Locked { .. }));
    let waited: f64 = arm.clock.waits().iter().sum();
    assert!((20.0..=60.0).contains(&waited), "{waited}");
}

#[tokio::test]
async fn a_short_quota_is_waited_out_and_a_long_one_is_not() {
    let arm =
        Arm::in_order([refusal(429, "TooManyRequests").with("retry-after", 10), answer(200, "{}")]).await;
    put(&arm).await.unwrap();
    assert_eq!(arm.clock.waits(), [10.0]);

    let arm = Arm::in_order([refusal(429, "TooManyRequests").with("retry-after", 11)]).await;
    let throttled = FabricError::Throttled { retry_after: Some(Duration::from_secs(11)) };
    assert_eq!(error(put(&arm).await), throttled);
    assert!(arm.clock.waits().is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_lost_and_the_write_is_not_repeated() {
    for lost in [broken_off(), refusal(504, "GatewayTimeout"), answer(502, "<html>")] {
        let arm = Arm::in_order([lost]).await;
        let failure = put(&arm).await.unwrap_err();
        assert_eq!(failure.error, FabricError::Lost);
        assert!(failure.correlation_id.is_some());
        assert_eq!(arm.seen().len(), 1);
    }
}

#[tokio::test]
async fn conflicts_and_refusals_come_back_at_once() {
    for (status, code) in [(400, "SecurityRuleConflict"), (409, "SecurityRuleConflict")] {
        let arm = Arm::in_order([refusal(status, code)]).await;
        assert!(matches!(error(put(&arm).await), FabricError::Conflict { .. }));
    }
    let arm = Arm::in_order([refusal(403, "AuthorizationFailed")]).await;
    assert!(matches!(error(put(&arm).await), FabricError::Refused { status: 403, .. }));
    let arm = Arm::in_order([refusal(500, "InternalServerError")]).await;
    assert!(matches!(error(put(&arm).await), FabricError::Unreachable { .. }));
    assert_eq!(arm.seen().len(), 1);
}

#[tokio::test]
async fn a_strange_name_stays_one_segment_of_the_path() {
    let arm = Arm::in_order([answer(204, "")]).await;
    let strange = NsgRule { name: "../x?y#z/w".to_owned(), ..rule() };
    arm.fabric.apply(&nsg(), &RuleChange::Remove(strange)).await.unwrap();
    assert!(arm.lines()[0].contains("/securityRules/..%2Fx%3Fy%23z%2Fw?api-version="), "{:?}", arm.lines());
}

#[test]
fn what_takes_access_away_is_urgent() {
    let deny = NsgRule { access: Access::Deny, ..rule() };
    assert_eq!(urgency(&RuleChange::Put(rule())), Urgency::Usual);
    assert_eq!(urgency(&RuleChange::Put(deny)), Urgency::Urgent);
    assert_eq!(urgency(&RuleChange::Remove(rule())), Urgency::Urgent);
}

#[tokio::test]
async fn after_a_long_quota_the_next_write_is_not_even_sent() {
    let arm = Arm::in_order([refusal(429, "TooManyRequests").with("retry-after", 300)]).await;
    for _ in 0..2 {
        let throttled = FabricError::Throttled { retry_after: Some(Duration::from_secs(300)) };
        assert_eq!(error(put(&arm).await), throttled);
    }
    assert_eq!(arm.seen().len(), 1);
    arm.then([answer(204, "")]);
    remove(&arm).await.unwrap();
}

#[tokio::test]
async fn rule_writes_are_counted_by_their_end() {
    let mut arm = Arm::in_order([]).await;
    let metrics = crate::metrics::Metrics::new();
    arm.fabric = arm.fabric.counted_in(&metrics);
    arm.then([answer(200, "{}"), broken_off(), answer(204, "")]);
    put(&arm).await.unwrap();
    put(&arm).await.unwrap_err();
    remove(&arm).await.unwrap();
    let text = metrics.text(&crate::metrics::Gauges::default()).unwrap();
    for line in [
        r#"change="put",outcome="done""#,
        r#"change="put",outcome="lost""#,
        r#"change="remove",outcome="done""#,
    ] {
        let line = format!("postern_rule_writes_total{{{line}}} 1");
        assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn an_opening_whose_end_comes_while_it_waits_is_not_written() {
    let lease = lease_until("2026-03-01T08:00:05Z");
    let arm = Arm::by(|_| Some(refusal(409, "AnotherOperationInProgress").with("retry-after", 3))).await;
    let error = error(arm.fabric.apply(&nsg(), &RuleChange::Put(lease.clone())).await);
    assert!(matches!(error, FabricError::Conflict { .. }), "{error}");
    assert_eq!(arm.seen().len(), 2);

    let arm = Arm::in_order([answer(204, ""), answer(200, "{}")]).await;
    arm.clock.advance(SignedDuration::from_hours(1));
    arm.fabric.apply(&nsg(), &RuleChange::Remove(lease)).await.unwrap();
    put(&arm).await.unwrap();
}

fn lease_until(end: &str) -> NsgRule {
    let end: Timestamp = end.parse().unwrap();
    let name = format!("postern-prod-beef-lease-{:032x}-{:08x}-0000", 7, end.as_second());
    assert!(name.parse::<Stamp>().is_ok(), "{name}");
    NsgRule { name, ..rule() }
}
