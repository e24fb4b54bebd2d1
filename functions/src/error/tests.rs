use std::time::Duration;

use http_body_util::BodyExt;
use serde_json::Value;

use super::*;

#[tokio::test]
async fn each_kind_has_its_status_and_code() {
    let kinds = [
        (ApiError::rejected("port", "1 to 65535"), 400, "rejected"),
        (ApiError::unknown_address(), 400, "unknown_address"),
        (ApiError::unauthenticated("token_expired", "the token has expired"), 401, "token_expired"),
        (ApiError::not_signed_in(), 401, "not_signed_in"),
        (ApiError::forbidden("you may not"), 403, "forbidden"),
        (ApiError::cross_site(), 403, "cross_site"),
        (ApiError::not_found("VM"), 404, "not_found"),
        (ApiError::method_not_allowed("no"), 405, "method_not_allowed"),
        (ApiError::conflict("obstructed", "a rule is in the way"), 409, "obstructed"),
        (ApiError::too_large("too large"), 413, "too_large"),
        (ApiError::unsupported_media_type(), 415, "unsupported_media_type"),
        (ApiError::mismatch(), 422, "idempotency_mismatch"),
        (ApiError::internal("a defect"), 500, "internal"),
        (ApiError::unavailable("no"), 503, "azure_unavailable"),
    ];
    for (error, status, code) in kinds {
        let (answered_status, told) = answered(error).await;
        assert_eq!((answered_status.as_u16(), told["code"].as_str()), (status, Some(code)));
        assert!(!told["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_defect_has_an_id_and_tells_nothing_of_its_cause() {
    let (_, one) = answered(ApiError::internal("password=hunter2")).await;
    let (_, other) = answered(ApiError::internal("password=hunter2")).await;
    assert!(!one.to_string().contains("hunter2"));
    assert_ne!(one["message"], other["message"], "each has an id of its own");
}

#[test]
fn who_is_not_signed_in_is_asked_for_a_token_and_a_bad_token_is_called_bad() {
    let asked = |error: ApiError| error.into_response().headers().get(header::WWW_AUTHENTICATE).cloned();
    assert_eq!(asked(ApiError::not_signed_in()).unwrap(), "Bearer");
    let bad = ApiError::unauthenticated("token_expired", "get a new one");
    assert_eq!(asked(bad).unwrap(), r#"Bearer error="invalid_token""#);
    assert_eq!(asked(ApiError::forbidden("no")), None);
}

#[test]
fn what_may_work_later_says_when() {
    let wait = |error: ApiError| {
        let response = error.into_response();
        let seconds = response.headers().get(header::RETRY_AFTER).map(|at| at.to_str().unwrap().to_owned());
        (response.status().as_u16(), seconds)
    };
    let throttled = |wait| FabricError::Throttled { retry_after: wait };
    let refused = FabricError::Refused { status: 403, code: "Denied".to_owned(), message: "no".to_owned() };
    assert_eq!(wait(throttled(Some(Duration::from_secs(17))).into()), (503, Some("17".to_owned())));
    assert_eq!(wait(throttled(Some(Duration::ZERO)).into()), (503, Some("1".to_owned())));
    assert_eq!(wait(throttled(None).into()), (503, Some("5".to_owned())));
    assert_eq!(wait(FabricError::Lost.into()), (503, Some("5".to_owned())));
    assert_eq!(wait(refused.into()), (502, None));
}

/// Status and problem of a refusal.
pub(super) async fn answered(answer: impl IntoResponse) -> (StatusCode, Value) {
    let response = answer.into_response();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let mut body: Value = serde_json::from_slice(&bytes).unwrap();
    (status, body["error"].take())
}
