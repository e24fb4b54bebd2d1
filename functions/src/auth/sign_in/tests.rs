use std::collections::HashMap;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::auth::fake::{CLIENT, World, answered, key, location, sending, set_cookies, sign_with, stranger};

const PAGE: &str = "/connect/a/b/c?port=22";

#[tokio::test]
async fn the_browser_is_sent_off_with_a_challenge_and_keeps_the_verifier_encrypted() {
    let trip = Trip::start().await;
    assert_eq!(trip.asked["code_challenge_method"], "S256");
    assert_eq!(trip.asked["redirect_uri"], "http://127.0.0.1:8080/auth/callback");
    assert_eq!(trip.asked["client_id"], CLIENT);
    let [cookie] = &trip.cookies[..] else { panic!("{:?}", trip.cookies) };
    for part in ["postern-sign-in=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains(&trip.asked["state"]) && !cookie.contains("Secure"), "{cookie}");
}

#[tokio::test]
async fn a_good_code_becomes_a_session_and_leads_back_to_the_page() {
    let trip = Trip::start().await;
    trip.directory_gives(&trip.claims());
    let response = trip.back(&trip.asked["state"]).await;
    assert_eq!(location(&response), PAGE);
    let session = session::session(&trip.world.auth, &sending(&set_cookies(&response))).unwrap();
    assert_eq!(
        (session.requester.id.as_str(), session.requester.name.as_str()),
        ("oid-1", "rui@contoso.example")
    );
    assert_eq!(session.expires_at, trip.world.auth.clock.now() + session::LASTS);
    let form: HashMap<_, _> = trip.world.directory.form.lock().unwrap().clone().into_iter().collect();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    assert_eq!(challenge, trip.asked["code_challenge"]);
    assert_eq!((form["code"].as_str(), form["client_secret"].as_str()), ("the-code", "secret"));
    assert!(
        set_cookies(&response).iter().any(|c| c.starts_with("postern-sign-in=;") && c.contains("Max-Age=0"))
    );
}

#[tokio::test]
async fn an_id_token_that_is_not_for_this_sign_in_is_refused() {
    let trip = Trip::start().await;
    let changes = [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("api://postern")),
        ("iss", json!("https://login.example/v2.0")),
        ("tid", json!("00000000-0000-0000-0000-000000000000")),
        ("oid", json!("")),
        ("exp", json!(1)),
    ];
    for (name, value) in changes {
        let mut claims = trip.claims();
        claims[name] = value;
        trip.directory_gives(&claims);
        trip.fails(&trip.asked["state"], "token").await;
    }
    let forged = sign_with(stranger(), "key-1", &trip.claims());
    *trip.world.directory.id_token.lock().unwrap() = Some(forged);
    trip.fails(&trip.asked["state"], "token").await;
}

#[tokio::test]
async fn what_comes_back_without_the_attempt_that_began_is_refused() {
    let mut trip = Trip::start().await;
    trip.directory_gives(&trip.claims());
    trip.fails("another-state", "mismatch").await;
    trip.world.clock.advance(PATIENCE);
    trip.fails(&trip.asked["state"], "expired").await;
    trip.cookies.clear();
    trip.fails(&trip.asked["state"], "expired").await;
    assert!(trip.world.directory.form.lock().unwrap().is_empty(), "no code was spent");
}

#[tokio::test]
async fn a_refusal_and_an_outage_of_the_directory_are_told_apart() {
    let trip = Trip::start().await;
    trip.fails(&trip.asked["state"], "directory").await;
    let query = FinishQuery {
        code: None,
        state: trip.asked.get("state").cloned(),
        error: Some("access_denied".to_owned()),
    };
    let response = finish(State(trip.world.auth.clone()), sending(&trip.cookies), Query(query)).await;
    assert_eq!(location(&response), "/?sign_in_error=cancelled");
    trip.directory_gives(&trip.claims());
    trip.world.set_down(true);
    trip.fails(&trip.asked["state"], "directory").await;
}

#[tokio::test]
async fn without_a_directory_the_sign_in_says_so() {
    let world = World::start().await;
    world.set_down(true);
    let refused = start(State(world.auth.clone()), HeaderMap::new(), Query(StartQuery { to: None })).await;
    assert_eq!(answered(refused.unwrap_err()).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn signing_out_forgets_the_session_and_says_where_the_directory_does() {
    let trip = Trip::start().await;
    trip.directory_gives(&trip.claims());
    let signed_in = set_cookies(&trip.back(&trip.asked["state"]).await);
    let mut request = Request::new(axum::body::Body::empty());
    *request.method_mut() = Method::POST;
    *request.headers_mut() = sending(&signed_in);
    request.headers_mut().insert("origin", "http://127.0.0.1:8080".parse().unwrap());
    request.headers_mut().insert(shared::api::PORTAL_HEADER, "1".parse().unwrap());
    let response = end(State(trip.world.auth.clone()), request).await.unwrap();
    assert!(set_cookies(&response).iter().any(|c| c.starts_with("postern=;") && c.contains("Max-Age=0")));
    let (_, body) = answered(response).await;
    let told: Url = body["location"].as_str().unwrap().parse().unwrap();
    assert_eq!(told.path(), "/logout");
    assert!(
        told.query_pairs().any(|(n, v)| n == "post_logout_redirect_uri" && v == "http://127.0.0.1:8080/")
    );
}

#[tokio::test]
async fn another_page_cannot_sign_anybody_out() {
    let world = World::start().await;
    let mut request = Request::new(axum::body::Body::empty());
    *request.method_mut() = Method::POST;
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    let (status, body) = answered(end(State(world.auth.clone()), request).await.unwrap_err()).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::FORBIDDEN, &json!("cross_site")));
}

#[test]
fn accepts_own_paths_and_rejects_other_hosts() {
    for to in ["/", "/connect/a/b/c?port=22", "/activity?vm=%2Fx", "/authors"] {
        assert!(is_local(to), "{to}");
    }
    for to in [
        "",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/ /evil.example",
        "/\u{e9}",
        "x",
        "javascript:1",
        "/auth/sign-in",
        &format!("/{}", "x".repeat(LONGEST_WAY_BACK)),
    ] {
        assert!(!is_local(to), "{to}");
    }
}

/// A sign-in under way: the browser is at the directory.
struct Trip {
    world: World,
    cookies: Vec<String>,
    asked: HashMap<String, String>,
}

impl Trip {
    async fn start() -> Self {
        let world = World::start().await;
        let query = Query(StartQuery { to: Some(PAGE.to_owned()) });
        let response = start(State(world.auth.clone()), HeaderMap::new(), query).await.unwrap();
        let url: Url = location(&response).parse().unwrap();
        assert_eq!(url.path(), "/authorize");
        Self { cookies: set_cookies(&response), asked: url.query_pairs().into_owned().collect(), world }
    }

    /// The claims of a good id token.
    fn claims(&self) -> Value {
        let mut claims = self.world.claims();
        claims["aud"] = json!(CLIENT);
        claims["nonce"] = json!(self.asked["nonce"]);
        claims.as_object_mut().unwrap().remove("azp");
        claims
    }

    fn directory_gives(&self, claims: &Value) {
        *self.world.directory.id_token.lock().unwrap() = Some(sign_with(key(), "key-1", claims));
    }

    async fn back(&self, state: &str) -> Response {
        let query =
            FinishQuery { code: Some("the-code".to_owned()), state: Some(state.to_owned()), error: None };
        finish(State(self.world.auth.clone()), sending(&self.cookies), Query(query)).await
    }

    async fn fails(&self, state: &str, code: &str) {
        let response = self.back(state).await;
        assert_eq!(location(&response), format!("/?sign_in_error={code}"));
        let cookies = set_cookies(&response);
        assert!(!cookies.iter().any(|cookie| cookie.starts_with("postern=")), "{cookies:?}");
        assert!(self.cookies.is_empty() || cookies.iter().any(|cookie| cookie.contains("Max-Age=0")));
    }
}
