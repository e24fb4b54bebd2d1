use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use jiff::SignedDuration;
use jsonwebtoken::{EncodingKey, Header, encode};
use rsa::pkcs1::{EncodeRsaPublicKey, LineEnding};
use serde_json::{Value, json};

use super::*;
use crate::auth::{
    bearer::bearer,
    fake::{AUDIENCE, CLIENT, NOW, World, answered, jwk, key, sign_as, sign_with, stranger},
};

#[tokio::test]
async fn accepts_a_token_that_the_directory_signed_for_the_api() {
    let world = World::start().await;
    let (requester, expires_at) = bearer(&world.auth, &world.sign(&world.claims())).await.unwrap();
    assert_eq!((requester.id.as_str(), requester.name.as_str()), ("oid-1", "rui@contoso.example"));
    assert_eq!(expires_at.as_second(), NOW + 3600);
}

#[tokio::test]
async fn a_service_principal_goes_by_its_application() {
    let world = World::start().await;
    for name in ["azp", "appid"] {
        let mut claims = world.claims();
        claims.as_object_mut().unwrap().retain(|claim, _| claim != "preferred_username" && claim != "azp");
        claims[name] = json!("deployer");
        assert_eq!(bearer(&world.auth, &world.sign(&claims)).await.unwrap().0.name, "deployer");
    }
}

#[tokio::test]
async fn rejects_claims_that_are_wrong_or_missing() {
    let world = World::start().await;
    let changes: [(&str, Value); 16] = [
        ("iss", json!("https://login.example/other/v2.0")),
        ("iss", Value::Null),
        ("aud", json!("https://management.azure.com")),
        ("aud", json!(CLIENT)),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("tid", json!("00000000-0000-0000-0000-000000000000")),
        ("tid", Value::Null),
        ("oid", Value::Null),
        ("oid", json!("")),
        ("oid", json!(7)),
        ("exp", Value::Null),
        ("exp", json!("tomorrow")),
        ("nbf", Value::Null),
        ("nonce", json!("an id token's")),
        ("azp", Value::Null),
    ];
    for (name, value) in changes {
        let mut claims = world.claims();
        match value {
            Value::Null => _ = claims.as_object_mut().unwrap().remove(name),
            value => claims[name] = value,
        }
        let (status, body) = answered(bearer(&world.auth, &world.sign(&claims)).await.unwrap_err()).await;
        let code = body["error"]["code"].as_str().unwrap();
        assert_eq!((status, code), (StatusCode::UNAUTHORIZED, "token_invalid"), "{name}: {claims}");
        assert!(!body.to_string().contains("oid-1"), "nothing of the token is in {body}");
    }
}

#[tokio::test]
async fn rejects_a_token_out_of_its_time_by_the_injected_clock() {
    let world = World::start().await;
    let token = world.sign(&world.claims());
    let at = async |seconds: i64| {
        world.clock.advance(SignedDuration::from_secs(NOW + seconds - world.auth.clock.now().as_second()));
        verify::<Value>(&world.auth, &token, AUDIENCE).await.map(drop)
    };
    assert_eq!(at(-61).await, Err(TokenError::NotYet));
    assert_eq!(at(-60).await, Ok(()));
    assert_eq!(at(3659).await, Ok(()));
    assert_eq!(at(3660).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn rejects_forged_signatures_and_other_algorithms() {
    let world = World::start().await;
    let claims = world.claims();
    let good = world.sign(&claims);
    let (body, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = body.split_once('.').unwrap();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut other = claims.clone();
    other["oid"] = json!("oid-2");
    let public = key().to_public_key().to_pkcs1_pem(LineEnding::LF).unwrap();
    let mut shared_secret = Header::new(Algorithm::HS256);
    shared_secret.kid = Some("key-1".to_owned());
    let forged = [
        format!("{header}.{}.{signature}", part(other)),
        format!("{header}.{payload}."),
        format!("{}.{payload}.", part(json!({ "alg": "none", "kid": "key-1" }))),
        format!("{}.{payload}.{signature}", part(json!({ "alg": "none", "kid": "key-1" }))),
        encode(&shared_secret, &claims, &EncodingKey::from_secret(public.as_bytes())).unwrap(),
        sign_with(stranger(), "key-1", &claims),
        format!("{}.{payload}.{signature}", part(json!({ "alg": "RS512", "kid": "key-1" }))),
        format!("{}.{payload}.{signature}", part(json!({ "alg": "ES256", "kid": "key-1" }))),
        String::new(),
        "..".to_owned(),
        format!("{good}.{signature}"),
    ];
    for token in forged {
        assert_eq!(taken(&world, &token).await, Err(TokenError::Invalid), "{token}");
    }
    assert_eq!(taken(&world, &good).await, Ok(()));
}

#[tokio::test]
async fn rejects_well_signed_tokens_whose_header_is_not_plain() {
    let world = World::start().await;
    let with = |change: fn(&mut Header)| {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some("key-1".to_owned());
        change(&mut header);
        sign_as(key(), &header, &world.claims())
    };
    assert_eq!(taken(&world, &with(|_| ())).await, Ok(()));
    let refused = [
        with(|header| header.kid = None),
        with(|header| header.kid = Some("../key-1".to_owned())),
        with(|header| header.crit = Some(vec!["exp".to_owned()])),
        with(|header| header.alg = Algorithm::RS384),
        with(|header| header.alg = Algorithm::PS256),
    ];
    for token in refused {
        assert_eq!(taken(&world, &token).await, Err(TokenError::Invalid), "{token}");
    }
}

#[tokio::test]
async fn rejects_a_token_that_is_too_long_to_be_one() {
    let world = World::start().await;
    let padded = |length: usize| {
        let mut claims = world.claims();
        claims["groups"] = json!("x".repeat(length));
        world.sign(&claims)
    };
    assert_eq!(taken(&world, &padded(LONGEST / 2)).await, Ok(()));
    assert_eq!(taken(&world, &padded(LONGEST)).await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn a_key_inside_the_token_is_not_looked_at() {
    let world = World::start().await;
    for kid in ["mine", "key-1"] {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(kid.to_owned());
        header.jku = Some("https://evil.example/keys".to_owned());
        header.jwk = Some(serde_json::from_value(jwk(kid, stranger())).unwrap());
        let token = sign_as(stranger(), &header, &world.claims());
        assert_eq!(taken(&world, &token).await, Err(TokenError::Invalid), "{kid}");
    }
}

#[tokio::test]
async fn when_the_directory_cannot_be_asked_the_token_is_not_blamed() {
    let world = World::start().await;
    world.set_down(true);
    let (status, body) = answered(bearer(&world.auth, &world.sign(&world.claims())).await.unwrap_err()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
}

#[tokio::test]
async fn a_directory_that_calls_itself_by_another_name_vouches_for_nobody() {
    let world = World::start().await;
    *world.directory.calls_itself.lock().unwrap() = "https://login.example/v2.0".to_owned();
    let mut claims = world.claims();
    for issuer in [world.directory.issuer.as_str(), "https://login.example/v2.0"] {
        claims["iss"] = json!(issuer);
        assert_eq!(taken(&world, &world.sign(&claims)).await, Err(TokenError::Unverifiable), "{issuer}");
    }
}

async fn taken(world: &World, token: &str) -> Result<(), TokenError> {
    verify::<Value>(&world.auth, token, AUDIENCE).await.map(drop)
}
