use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::support::{ARM_SCOPE, Azure};

pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn describes_itself_with_its_own_addresses() {
    let azure = Azure::start().await;
    let found = azure.get(&format!("/{}/v2.0/.well-known/openid-configuration", azure.tenant())).await.json();
    assert_eq!(found["issuer"], format!("{}/{}/v2.0", azure.sim.url(), azure.tenant()));
    assert_eq!(azure.get(found["jwks_uri"].as_str().unwrap()).await.json()["keys"][0]["kty"], "RSA");
}

#[tokio::test]
async fn rejects_another_tenant() {
    let azure = Azure::start().await;
    let answer =
        azure.get("/11111111-2222-3333-4444-555555555555/v2.0/.well-known/openid-configuration").await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &Value::from("invalid_tenant")));
}

#[tokio::test]
async fn signs_with_the_published_key() {
    let azure = Azure::start().await;
    let token = azure.token_of("ADMIN", "api://postern/.default").await;
    let keys = azure.get(&format!("/{}/discovery/v2.0/keys", azure.tenant())).await.json();
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(header.kid.as_deref(), keys["keys"][0]["kid"].as_str());
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(keys["keys"][0].clone()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.validate_exp = false;
    validation.set_audience(&["api://postern"]);
    assert!(jsonwebtoken::decode::<Value>(&token, &key, &validation).is_ok());
}

#[tokio::test]
async fn says_who_and_for_what_in_the_token_of_an_app() {
    let azure = Azure::start().await;
    let found = claims(&azure.token_of("READER", "api://postern/.default").await);
    let app = &azure.demo["service_principals"]["READER"];
    assert_eq!(
        (&found["aud"], &found["idtyp"], &found["ver"]),
        (&"api://postern".into(), &"app".into(), &"2.0".into())
    );
    assert_eq!((&found["oid"], &found["appid"]), (&app["object_id"], &app["client_id"]));
    assert_eq!(found["exp"].as_i64().unwrap() - found["iat"].as_i64().unwrap(), 3_600);
    assert_eq!(found["iat"], 1_894_698_000, "the times are those of the injected clock");
}

#[tokio::test]
async fn takes_each_spelling_of_the_audience_of_arm() {
    let azure = Azure::start().await;
    let own = format!("{}/.default", azure.sim.url());
    let own_slash = format!("{}//.default", azure.sim.url());
    for (scope, audience) in [
        (ARM_SCOPE, "https://management.azure.com"),
        ("https://management.azure.com//.default", "https://management.azure.com/"),
        ("https://management.core.windows.net/.default", "https://management.core.windows.net"),
        (&own, azure.sim.url()),
        (&own_slash, &format!("{}/", azure.sim.url())),
    ] {
        let token = azure.token_of("READER", scope).await;
        assert_eq!(claims(&token)["aud"], audience);
    }
}

#[tokio::test]
async fn rejects_wrong_credentials_in_the_shape_of_entra() {
    let azure = Azure::start().await;
    let id = azure.demo["service_principals"]["ADMIN"]["client_id"].as_str().unwrap().to_owned();
    let good = azure.demo["service_principals"]["ADMIN"]["client_secret"].as_str().unwrap().to_owned();
    let scope = ("scope", ARM_SCOPE);
    for (fields, status, error, code) in [
        (vec![("client_id", &*id), ("client_secret", "wrong"), scope], 401, "invalid_client", 7_000_215),
        (vec![("client_id", &*id), scope], 401, "invalid_client", 7_000_218),
        (
            vec![("client_id", "unknown"), ("client_secret", &*good), scope],
            400,
            "unauthorized_client",
            700_016,
        ),
        (vec![("client_id", &*id), ("client_secret", &*good)], 400, "invalid_request", 900_144),
        (
            vec![("client_id", &*id), ("client_secret", &*good), ("scope", "openid")],
            400,
            "invalid_scope",
            1_002_012,
        ),
        (
            vec![
                ("client_id", &*id),
                ("client_secret", &*good),
                ("scope", "https://vault.azure.net/.default"),
            ],
            400,
            "invalid_resource",
            500_011,
        ),
    ] {
        let fields = [vec![("grant_type", "client_credentials")], fields].concat();
        let answer = azure.token(&fields).await;
        let body = answer.json();
        assert_eq!(
            (answer.status, &body["error"], &body["error_codes"][0]),
            (status, &error.into(), &code.into())
        );
        assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{code}: ")));
        assert!(body["trace_id"].is_string() && body["correlation_id"].is_string());
    }
}

#[tokio::test]
async fn takes_the_credentials_as_basic_authentication() {
    let azure = Azure::start().await;
    let app = &azure.demo["service_principals"]["ADMIN"];
    let pair = format!("{}:{}", app["client_id"].as_str().unwrap(), app["client_secret"].as_str().unwrap());
    let request = Request::post(azure.url(&format!("/{}/oauth2/v2.0/token", azure.tenant())))
        .header("authorization", format!("Basic {}", STANDARD.encode(pair)))
        .body(Body::from("grant_type=client_credentials&scope=api://postern/.default"))
        .unwrap();
    assert_eq!(azure.http.send(request).await.status, 200);
}

#[tokio::test]
async fn gives_the_managed_identity_a_token_for_arm() {
    let azure = Azure::start().await;
    let answer = azure.msi("https://management.azure.com", azure.demo["identity"]["header"].as_str()).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["token_type"]), (200, &"Bearer".into()));
    assert_eq!(body["expires_on"], "1894701600");
    assert_eq!(claims(body["access_token"].as_str().unwrap())["oid"], azure.demo["identity"]["object_id"]);
}

#[tokio::test]
async fn rejects_a_wrong_identity_header_or_resource() {
    let azure = Azure::start().await;
    let good = azure.demo["identity"]["header"].as_str();
    assert_eq!(azure.msi("https://management.azure.com", Some("wrong")).await.status, 401);
    assert_eq!(azure.msi("https://management.azure.com", None).await.status, 401);
    assert_eq!(azure.msi("https://nothing.example", good).await.status, 400);
}

#[tokio::test]
async fn arm_refuses_a_token_after_its_hour() {
    let azure = Azure::start().await;
    let reader = azure.caller("READER").await;
    azure.clock.advance(Duration::from_secs(3_599));
    assert_eq!(reader.get("/subscriptions").await.status, 200);
    azure.clock.advance(Duration::from_secs(1));
    let answer = reader.get("/subscriptions").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "ExpiredAuthenticationToken"));
}
