use std::sync::Mutex;

use axum::{Router, extract::State, http::Request, response::IntoResponse};
use hmac::{Hmac, Mac};
use http::StatusCode;
use sha2::{Digest, Sha256};

use super::*;
use crate::{
    clock::ManualClock,
    store::testing::{a_grant, at},
};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[tokio::test]
async fn each_end_of_a_grant_gets_a_schedule_that_aws_would_believe() {
    let aws = Aws::start(StatusCode::OK).await;
    let grant = a_grant(1, "web-01", 0);
    aws.one_shot(SECRET).schedule(&grant).await;
    let (path, body) = aws.taken().pop().expect("a schedule");
    let end = grant.leases[0].expires_at;
    let id = grant.id.to_string().replace('-', "");
    assert_eq!(path, format!("/schedules/postern-prod-{id}-{}", end.as_second()));
    assert!(path.len() - "/schedules/".len() <= 64);
    assert_eq!(body["ScheduleExpression"], end.strftime("at(%Y-%m-%dT%H:%M:%S)").to_string());
    assert_eq!((&body["ScheduleExpressionTimezone"], &body["GroupName"]), (&json!("UTC"), &json!("default")));
    assert_eq!(body["ActionAfterCompletion"], "DELETE");
    assert_eq!(body["FlexibleTimeWindow"], json!({ "Mode": "OFF" }));
    assert_eq!(body["Target"]["Arn"], "arn:aws:lambda:eu-central-1:123456789012:function:sweep");
}

#[tokio::test]
async fn the_stand_in_takes_no_other_signature() {
    let aws = Aws::start(StatusCode::OK).await;
    aws.one_shot("another secret").schedule(&a_grant(1, "web-01", 0)).await;
    assert!(aws.taken().is_empty());
}

#[tokio::test]
async fn whatever_aws_answers_the_grant_goes_on() {
    for status in [StatusCode::CONFLICT, StatusCode::FORBIDDEN, StatusCode::INTERNAL_SERVER_ERROR] {
        let aws = Aws::start(status).await;
        let one_shot = aws.one_shot(SECRET);
        let (grant, end) = (a_grant(1, "web-01", 0), at(60));
        one_shot.schedule(&grant).await;
        let created = one_shot.create(&grant, end).await;
        assert_eq!(created.is_ok(), status == StatusCode::CONFLICT, "{created:?}");
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    one_shot_at(&format!("http://{nobody}"), SECRET).schedule(&a_grant(1, "web-01", 0)).await;
}

#[test]
fn an_end_within_a_second_is_scheduled_for_the_next() {
    let one_shot = one_shot_at("http://127.0.0.1:1", SECRET);
    let end = at(60) + jiff::SignedDuration::from_millis(1);
    let next = at(61).strftime("at(%Y-%m-%dT%H:%M:%S)").to_string();
    assert_eq!(one_shot.schedule_at(end)["ScheduleExpression"], next);
}

/// EventBridge Scheduler, which takes nothing without its caller's signature.
struct Aws {
    url: String,
    state: Arc<Taken>,
}

struct Taken {
    answer: StatusCode,
    requests: Mutex<Vec<(String, Value)>>,
}

impl Aws {
    async fn start(answer: StatusCode) -> Self {
        let state = Arc::new(Taken { answer, requests: Mutex::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(take).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    fn one_shot(&self, secret: &str) -> OneShot {
        one_shot_at(&self.url, secret)
    }

    fn taken(&self) -> Vec<(String, Value)> {
        self.state.requests.lock().unwrap().clone()
    }
}

fn one_shot_at(url: &str, secret: &str) -> OneShot {
    let keys = AwsKeys {
        id: "AKIAEXAMPLE".to_owned(),
        secret: Secret::new(secret.to_owned()),
        session: Some(Secret::new("a session".to_owned())),
    };
    let settings = OneShotSettings {
        target: "arn:aws:lambda:eu-central-1:123456789012:function:sweep".to_owned(),
        role: "arn:aws:iam::123456789012:role/scheduler".to_owned(),
        group: "default".to_owned(),
        endpoint: url.parse().unwrap(),
        region: "eu-central-1".to_owned(),
        keys,
    };
    let clock = Arc::new(ManualClock::new(at(0)));
    OneShot::new(settings, "prod".parse().unwrap(), crate::auth::http_client(None).unwrap(), clock)
}

async fn take(State(state): State<Arc<Taken>>, request: Request<axum::body::Body>) -> impl IntoResponse {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    if signature(&head, &body).as_deref() != head.headers["authorization"].to_str().ok() {
        return StatusCode::FORBIDDEN;
    }
    let schedule = serde_json::from_slice(&body).unwrap();
    state.requests.lock().unwrap().push((head.uri.path().to_owned(), schedule));
    state.answer
}

/// What AWS would work out from the request and the key that it knows, by its own description of version 4.
fn signature(head: &http::request::Parts, body: &[u8]) -> Option<String> {
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let (time, signed) = (header("x-amz-date")?, header("authorization")?.split("SignedHeaders=").nth(1)?);
    let signed = signed.split(',').next()?;
    for needed in ["host", "content-type", "x-amz-date", "x-amz-security-token"] {
        assert!(signed.split(';').any(|name| name == needed), "{needed} is not signed: {signed}");
    }
    let headers: Vec<String> =
        signed.split(';').map(|name| Some(format!("{name}:{}\n", header(name)?))).collect::<Option<_>>()?;
    let canonical = format!(
        "{}\n{}\n\n{}\n{signed}\n{}",
        head.method,
        head.uri.path(),
        headers.concat(),
        hex(&Sha256::digest(body))
    );
    let scope = format!("{}/eu-central-1/scheduler/aws4_request", &time[..8]);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let key = ["eu-central-1", "scheduler", "aws4_request"]
        .iter()
        .fold(mac(format!("AWS4{SECRET}").as_bytes(), &time[..8]), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    Some(format!(
        "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/{scope}, SignedHeaders={signed}, Signature={signature}"
    ))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
