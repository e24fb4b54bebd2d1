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
