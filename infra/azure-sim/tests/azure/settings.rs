use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Azure, lease, nsg, rule};

async fn set(azure: &Azure, settings: Value) {
    let answer = azure.control("PUT", "/settings", settings).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn changes_what_is_given_and_shows_all() {
    let azure = Azure::start().await;
    set(&azure, json!({"stale_reads_ms": 1_500, "limits": {}})).await;
    set(&azure, json!({"date_skew_seconds": -90, "flush_connection": false})).await;
    let shown = azure.control("GET", "/settings", Value::Null).await.json();
    let expected = json!({
        "latency_ms": 0, "page_size": 50, "flush_connection": false, "stale_reads_ms": 1_500,
        "location_only": false, "date_skew_seconds": -90,
        "limits": {
            "writes": {"burst": 200, "per_second": 10}, "deletes": {"burst": 200, "per_second": 10},
            "reads": null,
        },
    });
    assert_eq!(shown, expected);
    set(&azure, json!({"limits": null})).await;
    assert!(azure.control("GET", "/settings", Value::Null).await.json()["limits"].is_null());
    for bad in
        [json!({"limits": {"writes": 5}}), json!({"latency": 1}), json!({"date_skew_seconds": i64::MAX})]
    {
        assert_eq!(azure.control("PUT", "/settings", bad.clone()).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn reads_of_an_nsg_lag_behind_its_last_write() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    set(&azure, json!({"stale_reads_ms": 2_000})).await;
    let path = rule("web-01-nsg", "new");
    assert_eq!(owner.put(&path, &lease(150)).await.status, 201);
    let is_seen = async || {
        let rules = owner.get(&nsg("web-01-nsg")).await.json()["properties"]["securityRules"].clone();
        let in_nsg = rules.as_array().unwrap().len() == 2;
        let listed = owner.get(&format!("{}/securityRules", nsg("web-01-nsg"))).await.names().len() == 2;
        let alone = owner.get(&path).await.status == 200;
        assert!(in_nsg == listed && listed == alone);
        in_nsg
    };
    assert!(!is_seen().await);
    azure.clock.advance(Duration::from_millis(2_999));
    assert_eq!(azure.verdict("web-01", 22, "203.0.113.7").await, "open", "it is in effect");
    assert!(!is_seen().await, "the lag counts from the end of the write");
    azure.clock.advance(Duration::from_millis(1));
    assert!(is_seen().await);
    assert_eq!(owner.delete(&path).await.status, 202);
    assert!(is_seen().await);
    azure.clock.advance(Duration::from_secs(3));
    assert!(!is_seen().await);
}

#[tokio::test]
async fn other_nsgs_do_not_lag() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    set(&azure, json!({"stale_reads_ms": 2_000})).await;
    owner.put(&rule("web-01-nsg", "new"), &lease(150)).await;
    azure.clock.advance(Duration::from_secs(2));
    owner.put(&rule("win-01-nsg", "new"), &lease(150)).await;
    assert_eq!(owner.get(&rule("web-01-nsg", "new")).await.status, 200);
    assert_eq!(owner.get(&rule("win-01-nsg", "new")).await.status, 404);
}

#[tokio::test]
async fn the_date_of_answers_can_be_wrong() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    set(&azure, json!({"date_skew_seconds": 3_600})).await;
    assert_eq!(owner.get(&nsg("web-01-nsg")).await.header("date"), "Tue, 15 Jan 2030 10:00:00 GMT");
    set(&azure, json!({"date_skew_seconds": -60})).await;
    assert_eq!(owner.get(&nsg("web-01-nsg")).await.header("date"), "Tue, 15 Jan 2030 08:59:00 GMT");
}

#[tokio::test]
async fn writes_run_out_and_come_back() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    set(&azure, json!({"limits": {"writes": {"burst": 2, "per_second": 1}}})).await;
    let put = async |name: &str, priority| owner.put(&rule("web-01-nsg", name), &lease(priority)).await;
    let quota = "x-ms-ratelimit-remaining-subscription-writes";
    for (name, priority, left) in [("one", 150, "1"), ("two", 151, "0")] {
        let answer = put(name, priority).await;
        assert_eq!((answer.status, answer.header(quota)), (201, left));
    }
    let refused = put("three", 152).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "SubscriptionRequestsThrottled"));
    assert_eq!((refused.header("retry-after"), refused.header(quota)), ("1", "0"));
    assert_eq!(owner.get(&rule("web-01-nsg", "three")).await.status, 404);
    assert_eq!(owner.delete(&rule("web-01-nsg", "one")).await.status, 200, "deletes have their own");
    azure.clock.advance(Duration::from_secs(1));
    assert_eq!(put("three", 152).await.status, 201);
}

#[tokio::test]
async fn nothing_is_limited_by_default() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    for _ in 0..205 {
        assert_eq!(owner.delete(&rule("web-01-nsg", "nothing")).await.status, 204);
    }
    set(&azure, json!({"limits": {}})).await;
    for _ in 0..200 {
        assert_eq!(owner.delete(&rule("web-01-nsg", "nothing")).await.status, 204);
    }
    assert_eq!(owner.delete(&rule("web-01-nsg", "nothing")).await.status, 429);
}
