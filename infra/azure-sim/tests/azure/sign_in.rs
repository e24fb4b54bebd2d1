use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use super::support::{Answer, Azure};
use super::tokens::claims;

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-0123456789";
const CALLBACK: &str = "http://127.0.0.1:9999/auth/callback";

fn fields(azure: &Azure) -> Vec<(String, String)> {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let client_id = azure.demo["portal"]["client_id"].as_str().unwrap();
    let all = [
        ("client_id", client_id),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("response_mode", "query"),
        ("scope", "openid profile offline_access"),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The query with one field changed; an empty value takes it away.
fn query(azure: &Azure, name: &str, value: &str) -> String {
    let mut all = fields(azure);
    all.retain(|(own, _)| own != name);
    if !value.is_empty() {
        all.push((name.to_owned(), value.to_owned()));
    }
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish()
}

async fn ask(azure: &Azure, query: &str) -> Answer {
    azure.get(&format!("/{}/oauth2/v2.0/authorize?{query}", azure.tenant())).await
}

async fn choose(azure: &Azure, query: &str, person: &str) -> Answer {
    let request = Request::post(azure.url(&format!("/{}/oauth2/v2.0/authorize?{query}", azure.tenant())));
    azure.http.send(request.body(Body::from(format!("person={person}"))).unwrap()).await
}

fn parameter(location: &str, name: &str) -> Option<String> {
    let url = Url::parse(location).unwrap();
    url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}

async fn code(azure: &Azure) -> String {
    let ada = azure.demo["people"][0]["object_id"].as_str().unwrap().to_owned();
    let answer = choose(azure, &query(azure, "", ""), &ada).await;
    parameter(answer.header("location"), "code").expect("a code is issued")
}

async fn redeem(azure: &Azure, code: &str, verifier: &str, redirect_uri: &str) -> Answer {
    let portal = &azure.demo["portal"];
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", portal["client_id"].as_str().unwrap()),
        ("client_secret", portal["client_secret"].as_str().unwrap()),
        ("code", code),
        ("code_verifier", verifier),
        ("redirect_uri", redirect_uri),
    ];
    azure.token(&fields).await
}

#[tokio::test]
async fn offers_a_button_for_each_person() {
    let azure = Azure::start().await;
    let page = ask(&azure, &query(&azure, "", "")).await;
    assert_eq!(page.status, 200);
    for person in azure.demo["people"].as_array().unwrap() {
        assert!(page.text.contains(person["name"].as_str().unwrap()));
    }
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("form-action 'self' http://127.0.0.1:9999;")
    );
    assert!(!page.text.contains("<script") && !page.text.contains("style="));
    assert_eq!(azure.get("/assets/sign-in.css").await.header("content-type"), "text/css; charset=utf-8");
}

#[tokio::test]
async fn puts_no_markup_of_the_query_into_the_page() {
    let azure = Azure::start().await;
    let page = ask(&azure, &format!("{}&x='--", query(&azure, "state", "<b>"))).await;
    assert!(page.text.contains("x=&#39;--"), "{}", page.text);
    assert!(!page.text.contains("<b>"));
    let refused = ask(&azure, &query(&azure, "client_id", "<b>")).await;
    assert!(refused.text.contains("&lt;b&gt;") && !refused.text.contains("<b>"));
}

#[tokio::test]
async fn signs_a_person_in_with_code_and_pkce() {
    let azure = Azure::start().await;
    let ada = azure.demo["people"][0].clone();
    let answer = choose(&azure, &query(&azure, "", ""), ada["object_id"].as_str().unwrap()).await;
    assert_eq!(answer.status, 303);
    let location = answer.header("location");
    assert!(location.starts_with(&format!("{CALLBACK}?")));
    assert_eq!(parameter(location, "state").as_deref(), Some("the-state"));
    let tokens = redeem(&azure, &parameter(location, "code").unwrap(), VERIFIER, CALLBACK).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    let identity = claims(tokens.json()["id_token"].as_str().unwrap());
    assert_eq!(identity["aud"], azure.demo["portal"]["client_id"]);
    assert_eq!((&identity["nonce"], &identity["oid"]), (&json!("the-nonce"), &ada["object_id"]));
    assert_eq!(
        (&identity["preferred_username"], &identity["name"]),
        (&ada["user_principal_name"], &ada["name"])
    );
}

#[tokio::test]
async fn refreshes_for_another_resource() {
    let azure = Azure::start().await;
    let tokens = redeem(&azure, &code(&azure).await, VERIFIER, CALLBACK).await.json();
    let portal = &azure.demo["portal"];
    let mut fields = vec![
        ("grant_type", "refresh_token"),
        ("client_id", portal["client_id"].as_str().unwrap()),
        ("client_secret", portal["client_secret"].as_str().unwrap()),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("scope", "https://management.azure.com/.default"),
    ];
    let answer = azure.token(&fields).await;
    assert_eq!(
        claims(answer.json()["access_token"].as_str().unwrap())["aud"],
        "https://management.azure.com"
    );
    fields[3].1 = tokens["id_token"].as_str().unwrap();
    assert_eq!(azure.token(&fields).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn rejects_a_wrong_verifier_or_redirect_at_the_token_endpoint() {
    let azure = Azure::start().await;
    for (verifier, redirect, number) in [
        ("another-verifier-of-forty-three-characters-012345", CALLBACK, 501_481),
        (VERIFIER, "http://localhost:9999/auth/callback", 500_112),
    ] {
        let answer = redeem(&azure, &code(&azure).await, verifier, redirect).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_grant")));
        assert_eq!(answer.json()["error_codes"][0], number);
    }
}

#[tokio::test]
async fn takes_a_code_once() {
    let azure = Azure::start().await;
    let code = code(&azure).await;
    assert_eq!(redeem(&azure, &code, VERIFIER, CALLBACK).await.status, 200);
    assert_eq!(redeem(&azure, &code, VERIFIER, CALLBACK).await.json()["error_codes"][0], 54_005);
}

#[tokio::test]
async fn takes_a_code_for_ten_minutes() {
    let azure = Azure::start().await;
    let (early, late) = (code(&azure).await, code(&azure).await);
    azure.clock.advance(Duration::from_secs(599));
    assert_eq!(redeem(&azure, &early, VERIFIER, CALLBACK).await.status, 200);
    azure.clock.advance(Duration::from_secs(1));
    assert_eq!(redeem(&azure, &late, VERIFIER, CALLBACK).await.json()["error_codes"][0], 70_008);
}

#[tokio::test]
async fn accepts_the_callback_on_any_local_port() {
    let azure = Azure::start().await;
    for uri in ["http://localhost:1/auth/callback", "http://127.0.0.1/auth/callback"] {
        assert_eq!(ask(&azure, &query(&azure, "redirect_uri", uri)).await.status, 200, "{uri}");
    }
}

#[tokio::test]
async fn redirects_to_no_unregistered_address() {
    let azure = Azure::start().await;
    for uri in [
        "http://evil.example/auth/callback",
        "https://127.0.0.1:9999/auth/callback",
        "http://127.0.0.1:9999/other",
        "http://127.0.0.1:9999@evil.example/auth/callback",
        "http://127.0.0.1:9999/auth/callback?x=1",
        "",
    ] {
        let answer = ask(&azure, &query(&azure, "redirect_uri", uri)).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{uri}");
    }
    assert_eq!(ask(&azure, &query(&azure, "client_id", "unknown")).await.status, 400);
}

#[tokio::test]
async fn tells_the_application_what_is_missing() {
    let azure = Azure::start().await;
    for (field, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("nonce", "", "invalid_request"),
        ("scope", "", "invalid_request"),
        ("scope", "openid https://nothing.example/.default", "invalid_resource"),
        ("prompt", "none", "login_required"),
    ] {
        let answer = ask(&azure, &query(&azure, field, value)).await;
        let location = answer.header("location");
        assert_eq!(parameter(location, "error").as_deref(), Some(error), "{field}={value}");
        assert_eq!(parameter(location, "state").as_deref(), Some("the-state"));
    }
}

#[tokio::test]
async fn signs_nobody_in_that_does_not_exist() {
    let azure = Azure::start().await;
    assert_eq!(choose(&azure, &query(&azure, "", ""), "somebody").await.status, 400);
}

#[tokio::test]
async fn returns_to_the_application_after_signing_out() {
    let azure = Azure::start().await;
    let path = |uri: &str| format!("/{}/oauth2/v2.0/logout?post_logout_redirect_uri={uri}", azure.tenant());
    let answer = azure.get(&path("http://127.0.0.1:9999/")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "http://127.0.0.1:9999/"));
    assert_eq!(azure.get(&path("http://evil.example/")).await.status, 400);
}
