use std::time::{Duration, Instant};

use serde_json::json;

use super::support::{Azure, lease, rule};

#[tokio::test]
async fn answers_with_the_ordered_refusals() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = rule("web-01-nsg", "one");
    for (kind, status, code, retry_after) in [
        ("throttle", 429, "TooManyRequests", "1"),
        ("locked", 429, "RetryableErrorDueToAnotherOperation", "1"),
        ("conflict", 409, "AnotherOperationInProgress", ""),
        ("server_error", 500, "InternalServerError", ""),
    ] {
        azure.fault(json!({"kind": kind, "method": "PUT", "count": 1})).await;
        let answer = owner.put(&path, &lease(150)).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert_eq!(answer.header("retry-after"), retry_after);
        assert!(!answer.header("x-ms-request-id").is_empty());
        assert_eq!(owner.get(&path).await.status, 404, "nothing was done");
    }
    assert_eq!(owner.put(&path, &lease(150)).await.status, 201, "each met one request");
}

#[tokio::test]
async fn meets_only_what_it_is_meant_for() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    azure
        .fault(json!({"kind": "throttle", "path_contains": "WEB-01-nsg", "count": 2, "retry_after_s": 7}))
        .await;
    assert_eq!(owner.put(&rule("win-01-nsg", "one"), &lease(150)).await.status, 201);
    assert_eq!(owner.put(&rule("web-01-nsg", "one"), &lease(150)).await.header("retry-after"), "7");
    let left = azure.control("GET", "/faults", json!(null)).await.json();
    assert_eq!((&left[0]["kind"], &left[0]["count"]), (&json!("throttle"), &json!(1)));
    assert_eq!(azure.control("DELETE", "/faults", json!(null)).await.status, 204);
    assert_eq!(owner.put(&rule("web-01-nsg", "one"), &lease(150)).await.status, 201);
}

#[tokio::test]
async fn drops_the_connection_before_anything_is_done() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = rule("web-01-nsg", "one");
    azure.fault(json!({"kind": "drop_before", "method": "PUT", "count": 1})).await;
    assert!(owner.try_send("PUT", &path, Some(&lease(150))).await.is_none());
    assert_eq!(owner.get(&path).await.status, 404);
}

#[tokio::test]
async fn drops_the_connection_after_it_was_done() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = rule("web-01-nsg", "one");
    azure.fault(json!({"kind": "drop_after", "method": "PUT", "count": 1})).await;
    assert!(owner.try_send("PUT", &path, Some(&lease(150))).await.is_none());
    assert_eq!(owner.get(&path).await.status, 200);
    assert_eq!(azure.verdict("web-01", 22, "203.0.113.7").await, "open");
}

#[tokio::test]
async fn is_slow_when_ordered() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    azure.fault(json!({"kind": "slow", "delay_ms": 300, "count": 1})).await;
    let before = Instant::now();
    assert_eq!(owner.put(&rule("web-01-nsg", "one"), &lease(150)).await.status, 201);
    assert!(before.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn fails_a_write_that_it_had_accepted() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    let path = rule("web-01-nsg", "one");
    azure.fault(json!({"kind": "fail_late", "count": 1})).await;
    assert_eq!(owner.get(&path).await.status, 404, "a read does not use it up");
    let answer = owner.put(&path, &lease(150)).await;
    assert_eq!(answer.status, 201);
    azure.clock.advance(Duration::from_secs(1));
    let operation = owner.get(answer.header("azure-asyncoperation")).await.json();
    assert_eq!(
        (&operation["status"], &operation["error"]["code"]),
        (&json!("Failed"), &json!("InternalServerError"))
    );
    assert_eq!(owner.get(&path).await.json()["properties"]["provisioningState"], "Failed");
    assert_eq!(azure.verdict("web-01", 22, "203.0.113.7").await, "shut");
}

#[tokio::test]
async fn a_late_failure_leaves_a_deleted_rule_in_effect() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    azure.fault(json!({"kind": "fail_late", "count": 1})).await;
    let answer = owner.delete(&rule("legacy-01-nsg", "allow-ssh")).await;
    assert_eq!(answer.status, 202, "asynchronous even without latency");
    assert_eq!(owner.get(answer.header("azure-asyncoperation")).await.json()["status"], "Failed");
    assert_eq!(azure.verdict("legacy-01", 22, "203.0.113.7").await, "open");
}

#[tokio::test]
async fn meets_the_sign_in_service_too() {
    let azure = Azure::start().await;
    azure.fault(json!({"kind": "server_error", "path_contains": "/msi/token", "count": 1})).await;
    let header = azure.demo["identity"]["header"].as_str();
    assert_eq!(azure.msi("https://management.azure.com", header).await.status, 500);
    assert_eq!(azure.msi("https://management.azure.com", header).await.status, 200);
}

#[tokio::test]
async fn rejects_a_fault_that_it_does_not_know() {
    let azure = Azure::start().await;
    for fault in
        [json!({"kind": "earthquake", "count": 1}), json!({"count": 1}), json!({"kind": "slow", "coutn": 1})]
    {
        assert_eq!(azure.control("POST", "/faults", fault).await.status, 400);
    }
}
