use std::time::{Duration, Instant};

use functions::fabric::{Fabric, FabricError, WriteFailure};
use serde_json::json;
use shared::{nsg::RuleChange, rule::NsgRule};

use crate::azure::{Azure, nsg, ssh_rule};

const LATENCY: Duration = Duration::from_millis(700);

fn put(rule: &NsgRule) -> RuleChange {
    RuleChange::Put(rule.clone())
}

/// The rule of that name as it is read.
async fn read(azure: &Azure, name: &str) -> Option<NsgRule> {
    let observed = azure.fabric.observe(&nsg("web-01-nsg")).await.unwrap().unwrap();
    observed.rules.into_iter().find(|rule| rule.name == name)
}

async fn apply(azure: &Azure, change: RuleChange) -> Result<Option<String>, WriteFailure> {
    azure.fabric.apply(&nsg("web-01-nsg"), &change).await.map(|written| written.correlation_id)
}

#[tokio::test]
async fn a_rule_is_put_when_it_lets_packets_in_and_removed_when_it_does_not() {
    let azure = Azure::with_latency(LATENCY).await;
    let rule = ssh_rule("lease", 100);
    assert!(!azure.lets_ssh_in("web-01").await);

    let started = Instant::now();
    let correlation_id = apply(&azure, put(&rule)).await.unwrap();
    assert!(started.elapsed() >= LATENCY);
    assert!(azure.lets_ssh_in("web-01").await);
    assert_eq!(read(&azure, "lease").await, Some(rule.clone()));
    assert!(correlation_id.is_some());

    let started = Instant::now();
    apply(&azure, RuleChange::Remove(rule)).await.unwrap();
    assert!(started.elapsed() >= LATENCY);
    assert!(!azure.lets_ssh_in("web-01").await);
    assert_eq!(read(&azure, "lease").await, None);
}

#[tokio::test]
async fn a_rule_is_changed_in_place() {
    let azure = Azure::start().await;
    apply(&azure, put(&ssh_rule("lease", 100))).await.unwrap();
    apply(&azure, put(&ssh_rule("lease", 101))).await.unwrap();
    assert_eq!(read(&azure, "lease").await, Some(ssh_rule("lease", 101)));
}

#[tokio::test]
async fn removing_a_rule_that_is_not_there_is_done() {
    let azure = Azure::start().await;
    assert!(apply(&azure, RuleChange::Remove(ssh_rule("lease", 100))).await.is_ok());
}

#[tokio::test]
async fn while_a_write_is_under_way_the_nsg_is_not_called_observed() {
    let azure = Azure::with_latency(LATENCY).await;
    let (rule, change) = (ssh_rule("lease", 100), put(&ssh_rule("lease", 100)));
    let other = nsg("web-01-nsg");
    let write = azure.fabric.apply(&other, &change);
    let look = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let seen = read(&azure, "lease").await;
        (seen, azure.lets_ssh_in("web-01").await)
    };
    let (written, (seen, is_open)) = tokio::join!(write, look);
    written.unwrap();
    assert_eq!((seen, is_open), (Some(rule), true));
}

#[tokio::test]
async fn two_writes_to_one_nsg_wait_for_each_other() {
    let azure = Azure::with_latency(LATENCY).await;
    let changes = [put(&ssh_rule("first", 100)), put(&ssh_rule("second", 101))];
    let [first, second] = changes.map(|change| apply(&azure, change));
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert!(read(&azure, "first").await.is_some() && read(&azure, "second").await.is_some());
}

#[tokio::test]
async fn locks_and_short_quotas_are_waited_out() {
    for kind in ["locked", "conflict", "throttle"] {
        let azure = Azure::start().await;
        azure.order(json!({"kind": kind, "method": "PUT", "count": 2, "retry_after_s": 1})).await;
        apply(&azure, put(&ssh_rule("lease", 100))).await.unwrap();
        assert!(read(&azure, "lease").await.is_some(), "{kind}");
    }
}

#[tokio::test]
async fn a_long_quota_is_told() {
    let azure = Azure::start().await;
    azure.order(json!({"kind": "throttle", "method": "PUT", "retry_after_s": 60})).await;
    let failure = apply(&azure, put(&ssh_rule("lease", 100))).await.unwrap_err();
    assert_eq!(failure.error, FabricError::Throttled { retry_after: Some(Duration::from_secs(60)) });
    assert_eq!(read(&azure, "lease").await, None);
}

#[tokio::test]
async fn a_lost_answer_is_lost_whether_the_write_was_made_or_not() {
    for (kind, is_there) in [("drop_after", true), ("drop_before", false)] {
        let azure = Azure::start().await;
        azure.order(json!({"kind": kind, "method": "PUT"})).await;
        let failure = apply(&azure, put(&ssh_rule("lease", 100))).await.unwrap_err();
        assert_eq!(failure.error, FabricError::Lost, "{kind}");
        assert_eq!(read(&azure, "lease").await.is_some(), is_there, "{kind}");
    }
}

#[tokio::test]
async fn a_rule_whose_write_fails_late_is_listed_but_not_as_it_was_wanted() {
    let azure = Azure::start().await;
    let rule = ssh_rule("lease", 100);
    azure.order(json!({"kind": "fail_late", "method": "PUT"})).await;
    let failure = apply(&azure, put(&rule)).await.unwrap_err();
    assert!(failure.error.is_transient(), "{failure:?}");
    assert!(!azure.lets_ssh_in("web-01").await);
    assert_ne!(read(&azure, "lease").await.unwrap(), rule);

    apply(&azure, put(&rule)).await.unwrap();
    assert!(azure.lets_ssh_in("web-01").await);
    assert_eq!(read(&azure, "lease").await, Some(rule));
}

#[tokio::test]
async fn a_removal_that_fails_late_leaves_the_rule_to_be_seen() {
    let azure = Azure::start().await;
    let rule = ssh_rule("lease", 100);
    apply(&azure, put(&rule)).await.unwrap();
    azure.order(json!({"kind": "fail_late", "method": "DELETE"})).await;
    assert!(apply(&azure, RuleChange::Remove(rule.clone())).await.is_err());
    assert!(azure.lets_ssh_in("web-01").await);
    assert!(read(&azure, "lease").await.is_some());

    apply(&azure, RuleChange::Remove(rule)).await.unwrap();
    assert!(!azure.lets_ssh_in("web-01").await);
}

#[tokio::test]
async fn a_priority_that_is_taken_is_a_conflict() {
    let azure = Azure::start().await;
    let failure = apply(&azure, put(&ssh_rule("lease", 200))).await.unwrap_err();
    assert!(matches!(failure.error, FabricError::Conflict { .. }), "{failure:?}");
}

#[tokio::test]
async fn the_last_free_places_of_a_crowded_nsg_can_be_used_and_no_more() {
    let azure = Azure::start().await;
    let crowded = nsg("crowded-01-nsg");
    for n in 0..3 {
        azure.fabric.apply(&crowded, &put(&ssh_rule(&format!("lease-{n}"), 100 + n))).await.unwrap();
    }
    let failure = azure.fabric.apply(&crowded, &put(&ssh_rule("lease-3", 103))).await.unwrap_err();
    assert!(matches!(failure.error, FabricError::Refused { .. }), "{failure:?}");
}

#[tokio::test]
async fn without_the_right_to_write_there_is_a_clear_refusal() {
    let azure = Azure::start().await;
    let change = put(&ssh_rule("lease", 100));
    let failure = azure.fabric_as("READER").apply(&nsg("web-01-nsg"), &change).await.unwrap_err();
    assert!(
        matches!(&failure.error, FabricError::Refused { status: 403, code, .. } if code == "AuthorizationFailed")
    );
    assert_eq!(read(&azure, "lease").await, None);
}
