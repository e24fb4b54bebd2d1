use http::HeaderMap;
use serde_json::json;

use super::*;
use crate::fabric::azure::scripted::{Arm, answer, broken_off, refusal};

/// Reads a list of the scripted ARM.
async fn read(arm: &Arm) -> Result<Vec<Value>, FabricError> {
    let client = arm.client();
    client.list(client.url("/things", "2023-09-01", &[("$filter", "assignedTo('x')")]), "things").await
}

fn page(values: Value, next: Option<&str>) -> String {
    json!({"value": values, "nextLink": next}).to_string()
}

#[tokio::test]
async fn pages_are_followed_to_the_last() {
    let arm = Arm::in_order([]).await;
    let link = |n: u32| format!("{}/things?api-version=2023-09-01&$skiptoken={n}", arm.url);
    arm.then([
        answer(200, page(json!([1, 2]), Some(&link(1)))),
        answer(200, page(json!([3]), Some(&link(2)))),
        answer(200, page(json!([]), None)),
    ]);
    assert_eq!(read(&arm).await.unwrap(), [json!(1), json!(2), json!(3)]);
    let lines = arm.lines();
    assert_eq!(lines[0], "GET /things?api-version=2023-09-01&%24filter=assignedTo%28%27x%27%29");
    assert_eq!(lines[2], "GET /things?api-version=2023-09-01&$skiptoken=2");
}

#[tokio::test]
async fn a_next_link_to_elsewhere_gets_no_token() {
    let elsewhere = Arm::in_order([answer(200, page(json!([9]), None))]).await;
    let port = elsewhere.url.rsplit_once(':').unwrap().1;
    for link in [
        format!("{}/things", elsewhere.url),
        format!("http://localhost:{port}/things"),
        "/things".to_owned(),
        "not a link".to_owned(),
    ] {
        let arm = Arm::in_order([answer(200, page(json!([1]), Some(&link)))]).await;
        let error = read(&arm).await.unwrap_err();
        assert!(matches!(error, FabricError::Unintelligible { .. }), "{link}: {error}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn pages_that_go_round_in_a_circle_end() {
    let arm = Arm::in_order([]).await;
    let link = format!("{}/things?page=2", arm.url);
    arm.then([answer(200, page(json!([1]), Some(&link))), answer(200, page(json!([2]), Some(&link)))]);
    assert!(matches!(read(&arm).await, Err(FabricError::Unintelligible { .. })));
}

#[tokio::test]
async fn reads_are_tried_again_after_what_may_pass() {
    let arm = Arm::in_order([
        refusal(503, "ServiceUnavailable"),
        refusal(429, "TooManyRequests").with("retry-after", 7),
        broken_off(),
        answer(200, page(json!([1]), None)),
    ])
    .await;
    assert_eq!(read(&arm).await.unwrap(), [json!(1)]);
    assert_eq!(arm.clock.waits(), [0.5, 7.0, 2.0]);
}

#[tokio::test]
async fn reads_are_given_up_after_four_retries() {
    let arm = Arm::by(|_| Some(refusal(500, "InternalServerError"))).await;
    let error = read(&arm).await.unwrap_err();
    assert!(matches!(error, FabricError::Unreachable { .. }), "{error}");
    assert_eq!(arm.clock.waits(), [0.5, 1.0, 2.0, 4.0]);
    assert_eq!(arm.seen().len(), 5);
}

#[tokio::test]
async fn a_long_throttle_is_the_callers_to_wait_out() {
    let arm = Arm::in_order([refusal(429, "TooManyRequests").with("retry-after", 31)]).await;
    let throttled = FabricError::Throttled { retry_after: Some(Duration::from_secs(31)) };
    assert_eq!(read(&arm).await, Err(throttled));
    assert!(arm.clock.waits().is_empty());
}

#[tokio::test]
async fn refusals_are_not_tried_again() {
    let arm = Arm::in_order([refusal(403, "AuthorizationFailed")]).await;
    assert!(matches!(read(&arm).await, Err(FabricError::Refused { status: 403, .. })));
    assert_eq!(arm.seen().len(), 1);
}

#[tokio::test]
async fn a_token_is_held_until_five_minutes_before_its_end() {
    let arm = Arm::by(|_| Some(answer(200, page(json!([]), None)))).await;
    for advance in [0, 54, 2] {
        arm.clock.advance(SignedDuration::from_mins(advance));
        read(&arm).await.unwrap();
    }
    let tokens: Vec<String> = arm.seen().into_iter().map(|seen| seen.token).collect();
    assert_eq!(tokens, ["Bearer t1", "Bearer t1", "Bearer t2"]);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let arm =
        Arm::in_order([refusal(401, "ExpiredAuthenticationToken"), answer(200, page(json!([1]), None))])
            .await;
    assert_eq!(read(&arm).await.unwrap(), [json!(1)]);
    assert_eq!(arm.seen()[1].token, "Bearer t2");

    let arm = Arm::by(|_| Some(refusal(401, "InvalidAuthenticationToken"))).await;
    assert!(matches!(read(&arm).await, Err(FabricError::Refused { status: 401, .. })));
    assert_eq!(*arm.credential.0.lock().unwrap(), 2);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let arm = Arm::in_order([]).await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = Url::parse(&format!("http://127.0.0.1:{port}/things")).unwrap();
    let error = arm.client().read(&url).await.unwrap_err();
    assert!(matches!(error, FabricError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn arms_clock_is_told_by_each_answer() {
    let arm = Arm::in_order([
        answer(200, page(json!([]), None)).with("date", "Sun, 01 Mar 2026 07:58:00 GMT"),
        refusal(403, "AuthorizationFailed").with("date", "Sun, 01 Mar 2026 08:02:00 GMT"),
    ])
    .await;
    assert_eq!(arm.client().clock_ahead(), None);
    read(&arm).await.unwrap();
    assert_eq!(arm.client().clock_ahead(), Some(SignedDuration::from_secs(119)));
    read(&arm).await.unwrap_err();
    assert_eq!(arm.client().clock_ahead(), Some(SignedDuration::from_secs(-120)));
}

#[tokio::test]
async fn only_what_neither_whole_seconds_nor_the_way_explain_is_a_difference() {
    let arm = Arm::in_order([]).await;
    // Asked so many milliseconds before now; ARM's date; by how many milliseconds we are ahead.
    for (before, date, ahead) in [
        (0, "08:00:00", 0),
        (0, "07:59:59", 0),
        (0, "07:59:58", 1000),
        (0, "08:00:01", -1000),
        (600, "07:59:59", 0),
        (600, "07:59:58", 400),
        (20_000, "07:59:39", 0),
        (20_000, "07:59:50", 0),
        (20_000, "07:59:38", 1000),
        (0, "08:05:00", -300_000),
    ] {
        compare(&arm, &format!("Sun, 01 Mar 2026 {date} GMT"), before);
        assert_eq!(
            arm.client().clock_ahead(),
            Some(SignedDuration::from_millis(ahead)),
            "asked {before} ms ago, {date}"
        );
    }
}

#[tokio::test]
async fn an_answer_without_a_readable_date_says_nothing_of_clocks() {
    let arm = Arm::in_order([]).await;
    arm.client().compare_clocks(&HeaderMap::new(), arm.client().now());
    for bad in ["", "soon", "2026-03-01T08:00:00Z", "Sun, 01 Mar 2026 25:00:00 GMT"] {
        compare(&arm, bad, 0);
        assert_eq!(arm.client().clock_ahead(), None, "{bad}");
    }
    compare(&arm, "Sun, 01 Mar 2026 08:01:00 GMT", 0);
    compare(&arm, "soon", 0);
    assert_eq!(arm.client().clock_ahead(), Some(SignedDuration::from_secs(-60)));
}

fn compare(arm: &Arm, date: &str, asked_ms_ago: i64) {
    let headers = HeaderMap::from_iter([(http::header::DATE, date.parse().unwrap())]);
    let asked_at = arm.client().now() - SignedDuration::from_millis(asked_ms_ago);
    arm.client().compare_clocks(&headers, asked_at);
}

#[tokio::test]
async fn after_a_quota_nobody_asks_again_before_the_time() {
    let arm = Arm::in_order([refusal(429, "TooManyRequests").with("retry-after", 60)]).await;
    assert!(matches!(read(&arm).await, Err(FabricError::Throttled { .. })));
    arm.clock.advance(SignedDuration::from_secs(29));
    let left = FabricError::Throttled { retry_after: Some(Duration::from_secs(31)) };
    assert_eq!(read(&arm).await, Err(left));
    assert_eq!(arm.seen().len(), 1);
    arm.clock.advance(SignedDuration::from_secs(1));
    arm.then([answer(200, page(json!([1]), None))]);
    assert_eq!(read(&arm).await.unwrap(), [json!(1)]);
    assert_eq!(arm.clock.waits(), [30.0]);
}

#[tokio::test]
async fn a_lock_is_no_quota() {
    let arm = Arm::in_order([
        refusal(429, "RetryableErrorDueToAnotherOperation").with("retry-after", 31),
        answer(200, page(json!([1]), None)),
    ])
    .await;
    assert!(read(&arm).await.is_err());
    assert_eq!(read(&arm).await.unwrap(), [json!(1)]);
    assert!(arm.clock.waits().is_empty());
}

#[tokio::test]
async fn what_arm_says_is_left_is_not_exceeded() {
    let left =
        |left| answer(200, page(json!([]), None)).with("x-ms-ratelimit-remaining-subscription-reads", left);
    let arm = Arm::in_order([left(1), left(1), left(1)]).await;
    for _ in 0..3 {
        read(&arm).await.unwrap();
    }
    assert_eq!(arm.clock.waits(), [0.04]);
}

#[tokio::test]
async fn requests_are_counted_by_how_they_ended() {
    let mut arm = Arm::in_order([
        refusal(503, "ServiceUnavailable"),
        refusal(429, "TooManyRequests").with("retry-after", 1),
        broken_off(),
        refusal(401, "ExpiredAuthenticationToken"),
        answer(200, page(json!([]), None)),
    ])
    .await;
    let metrics = Metrics::new();
    arm.fabric = arm.fabric.counted_in(&metrics);
    read(&arm).await.unwrap();
    let text = metrics.text(&crate::metrics::Gauges::default()).unwrap();
    for outcome in ["server_error", "throttled", "no_answer", "token_refused", "success"] {
        let line = format!(r#"postern_arm_requests_total{{method="GET",outcome="{outcome}"}} 1"#);
        assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
    }
    assert!(text.contains("postern_arm_request_duration_seconds_count 5"), "{text}");
    assert!(text.contains("postern_arm_limiter_wait_seconds_count 5"), "{text}");
}
