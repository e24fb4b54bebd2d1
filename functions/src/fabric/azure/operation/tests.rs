use serde_json::json;

use super::*;
use crate::fabric::azure::scripted::{Arm, Scripted, answer, refusal};

/// What becomes of an operation accepted with these headers.
async fn end(arm: &Arm, status: u16, headers: &[(&'static str, String)]) -> Result<(), FabricError> {
    let headers =
        headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
    let status = StatusCode::from_u16(status).unwrap();
    let accepted = Answer { status, headers: headers.collect(), body: Vec::new() };
    end_of(arm.client(), &accepted).await
}

fn status(text: &str) -> Scripted {
    answer(200, json!({"status": text}))
}

fn failed(code: &str) -> Scripted {
    answer(200, json!({"status": "Failed", "error": {"code": code, "message": "because"}}))
}

#[tokio::test]
async fn the_status_is_polled_first_and_soon_then_as_asked_then_ever_less_often() {
    let arm = Arm::in_order([]).await;
    arm.then([
        status("InProgress").with("retry-after", 3),
        status("InProgress"),
        status("Running"),
        status("Running"),
    ]);
    arm.then([status("Running"), status("Succeeded")]);
    let headers = [
        ("azure-asyncoperation", format!("{}/operations/1?api-version=x", arm.url)),
        ("location", format!("{}/operationResults/1", arm.url)),
        ("retry-after", "10".to_owned()),
    ];
    assert_eq!(end(&arm, 202, &headers).await, Ok(()));
    assert_eq!(arm.clock.waits(), [0.5, 3.0, 2.0, 4.0, 5.0, 5.0]);
    assert!(arm.lines().iter().all(|line| line == "GET /operations/1?api-version=x"));
}

#[tokio::test]
async fn a_location_is_followed_until_it_is_not_202() {
    let arm = Arm::in_order([]).await;
    let other = format!("{}/elsewhere", arm.url);
    arm.then([answer(202, "").with("location", &other), answer(204, "")]);
    assert_eq!(end(&arm, 202, &[("location", format!("{}/results/1", arm.url))]).await, Ok(()));
    assert_eq!(arm.lines(), ["GET /results/1", "GET /elsewhere"]);
}

#[tokio::test]
async fn nothing_to_follow_is_done_unless_it_was_only_accepted() {
    let arm = Arm::in_order([]).await;
    for done in [200, 201, 204] {
        assert_eq!(end(&arm, done, &[]).await, Ok(()));
    }
    assert_eq!(end(&arm, 202, &[]).await, Err(FabricError::Lost));
    assert!(arm.seen().is_empty());
}

#[tokio::test]
async fn a_failure_keeps_its_code() {
    for (scripted, expected) in [
        (failed("SecurityRuleConflict"), FabricError::Conflict { message: "because".to_owned() }),
        (
            failed("RetryableErrorDueToAnotherOperation"),
            FabricError::Locked { message: "because".to_owned() },
        ),
        (
            failed("SubnetsNotInSameVnet"),
            FabricError::Refused {
                status: 409,
                code: "SubnetsNotInSameVnet".to_owned(),
                message: "because".to_owned(),
            },
        ),
    ] {
        let arm = Arm::in_order([scripted]).await;
        let headers = [("azure-asyncoperation", format!("{}/operations/1", arm.url))];
        assert_eq!(end(&arm, 201, &headers).await, Err(expected));
    }
    let arm = Arm::in_order([status("Canceled")]).await;
    let headers = [("azure-asyncoperation", format!("{}/operations/1", arm.url))];
    assert!(
        matches!(end(&arm, 201, &headers).await, Err(FabricError::Refused { code, .. }) if code == "Canceled")
    );
}

#[tokio::test]
async fn an_end_that_cannot_be_seen_is_lost() {
    for scripted in [refusal(404, "ResourceNotFound"), refusal(403, "AuthorizationFailed"), answer(200, "?")]
    {
        let arm = Arm::in_order([scripted]).await;
        let headers = [("azure-asyncoperation", format!("{}/operations/1", arm.url))];
        assert_eq!(end(&arm, 201, &headers).await, Err(FabricError::Lost));
    }
}

#[tokio::test]
async fn an_operation_without_end_is_given_up_after_five_minutes() {
    let arm = Arm::by(|_| Some(status("InProgress"))).await;
    let headers = [("azure-asyncoperation", format!("{}/operations/1", arm.url))];
    assert_eq!(end(&arm, 201, &headers).await, Err(FabricError::Lost));
    let waited: f64 = arm.clock.waits().iter().sum();
    assert!((300.0..310.0).contains(&waited), "{waited}");
}

#[tokio::test]
async fn a_link_to_elsewhere_gets_no_token() {
    let elsewhere = Arm::in_order([status("Succeeded")]).await;
    let arm = Arm::in_order([]).await;
    for name in ["azure-asyncoperation", "location"] {
        let link = format!("{}/operations/1", elsewhere.url);
        assert_eq!(end(&arm, 202, &[(name, link)]).await, Err(FabricError::Lost));
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_token_that_is_refused_in_the_middle_is_renewed_and_the_poll_goes_on() {
    let arm = Arm::in_order([
        status("InProgress"),
        refusal(401, "ExpiredAuthenticationToken"),
        status("InProgress"),
        status("Succeeded"),
    ])
    .await;
    assert_eq!(polled(&arm).await, Ok(()));
    let tokens: Vec<String> = arm.seen().into_iter().map(|seen| seen.token).collect();
    assert_eq!(tokens, ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]);
    assert_eq!(arm.clock.waits(), [0.5, 1.0, 2.0]);
}

#[tokio::test]
async fn a_token_that_nears_its_end_in_the_middle_is_replaced_before_it_is_refused() {
    let arm = Arm::in_order([]).await;
    arm.then([status("InProgress").with("retry-after", 20), status("Succeeded")]);
    arm.clock.advance(SignedDuration::from_secs(54 * 60 + 50));
    assert_eq!(polled(&arm).await, Ok(()));
    let tokens: Vec<String> = arm.seen().into_iter().map(|seen| seen.token).collect();
    assert_eq!(tokens, ["Bearer t1", "Bearer t2"]);
}

#[tokio::test]
async fn a_poll_that_is_throttled_waits_and_goes_on() {
    let arm = Arm::in_order([
        status("InProgress"),
        refusal(429, "TooManyRequests").with("retry-after", 90),
        status("Succeeded"),
    ])
    .await;
    assert_eq!(polled(&arm).await, Ok(()));
    assert_eq!(arm.seen().len(), 3);
    let waited: f64 = arm.clock.waits().iter().sum();
    assert!((91.0..93.0).contains(&waited), "{:?}", arm.clock.waits());
}

#[tokio::test]
async fn a_short_outage_does_not_lose_an_operation_and_a_long_one_does() {
    let down = || std::iter::repeat_with(|| refusal(503, "ServiceUnavailable"));
    let arm = Arm::in_order([status("InProgress")]).await;
    arm.then(down().take(20));
    arm.then([status("Succeeded")]);
    assert_eq!(polled(&arm).await, Ok(()));

    let arm = Arm::by(|_| Some(refusal(503, "ServiceUnavailable"))).await;
    assert_eq!(polled(&arm).await, Err(FabricError::Lost));
    let waited: f64 = arm.clock.waits().iter().sum();
    assert!((60.0..80.0).contains(&waited), "{waited}");
}

async fn polled(arm: &Arm) -> Result<(), FabricError> {
    end(arm, 201, &[("azure-asyncoperation", format!("{}/operations/1", arm.url))]).await
}
