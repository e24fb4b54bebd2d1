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
