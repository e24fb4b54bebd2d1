use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, routing::get};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{EncodingKey, Header, encode};
use rsa::{
    pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey, LineEnding},
    traits::PublicKeyParts,
};
use serde_json::{Value, json};

use super::*;
use crate::{
    auth::{Auth, bearer::bearer, http_client},
    clock::{Clock, ManualClock, SeededIds},
    config::Config,
};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const NOW: i64 = 1_800_000_000;

#[tokio::test]
async fn accepts_a_token_that_the_directory_signed_for_the_api() {
    let world = World::start().await;
    let (requester, expires_at) = bearer(&world.auth, &world.sign(&world.claims())).await.unwrap();
    assert_eq!((requester.id.as_str(), requester.name.as_str()), ("oid-1", "rui@contoso.example"));
    assert_eq!(expires_at.as_second(), NOW + 3600);
}

#[tokio::test]
async fn rejects_claims_that_are_wrong_or_missing() {
    let world = World::start().await;
    let changes: [(&str, Value); 14] = [
        ("iss", json!("https://login.example/other/v2.0")),
        ("iss", Value::Null),
        ("aud", json!("https://management.azure.com")),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("tid", json!("00000000-0000-0000-0000-000000000000")),
        ("tid", Value::Null),
        ("oid", Value::Null),
        ("oid", json!("")),
        ("exp", Value::Null),
        ("exp", json!("tomorrow")),
        ("nbf", Value::Null),
        ("nonce", json!("an id token's")),
        ("oid", json!(7)),
    ];
    for (name, value) in changes {
        let mut claims = world.claims();
        match value {
            Value::Null => _ = claims.as_object_mut().unwrap().remove(name),
            value => claims[name] = value,
        }
        assert!(bearer(&world.auth, &world.sign(&claims)).await.is_err(), "{name}: {claims}");
    }
}

#[tokio::test]
async fn rejects_a_token_out_of_its_time_by_the_injected_clock() {
    let world = World::start().await;
    let token = world.sign(&world.claims());
    let at = async |seconds: i64| {
        world.clock.advance(SignedDuration::from_secs(NOW + seconds - world.clock.now().as_second()));
        verify::<Value>(&world.auth, &token, "api://postern").await.map(drop)
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
        format!("{}.{payload}.{signature}", part(json!({ "alg": "RS256" }))),
        format!("{}.{payload}.{signature}", part(json!({ "alg": "RS256", "kid": "../key-1" }))),
        "x".repeat(LONGEST + 1),
        String::new(),
        "..".to_owned(),
    ];
    for token in forged {
        assert_eq!(
            verify::<Value>(&world.auth, &token, "api://postern").await,
            Err(TokenError::Invalid),
            "{token}"
        );
    }
}

#[tokio::test]
async fn a_key_inside_the_token_is_not_looked_at() {
    let world = World::start().await;
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some("mine".to_owned());
    header.jku = Some("https://evil.example/keys".to_owned());
    let stranger = stranger();
    header.jwk = Some(serde_json::from_value(jwk("mine", stranger)).unwrap());
    let pem = stranger.to_pkcs1_pem(LineEnding::LF).unwrap();
    let signing = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let token = encode(&header, &world.claims(), &signing).unwrap();
    assert_eq!(verify::<Value>(&world.auth, &token, "api://postern").await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn unknown_keys_make_at_most_one_look_a_minute() {
    let world = World::start().await;
    verify::<Value>(&world.auth, &world.sign(&world.claims()), "api://postern").await.unwrap();
    for n in 0..50 {
        let token = sign_with(stranger(), &format!("unknown-{n}"), &world.claims());
        assert!(verify::<Value>(&world.auth, &token, "api://postern").await.is_err());
    }
    assert_eq!(world.looks.load(Ordering::Relaxed), 1);
    world.clock.advance(SignedDuration::from_secs(61));
    let token = sign_with(stranger(), "unknown", &world.claims());
    assert!(verify::<Value>(&world.auth, &token, "api://postern").await.is_err());
    assert_eq!(world.looks.load(Ordering::Relaxed), 2);
}

/// A directory with one key, and Postern's view of it.
struct World {
    auth: Auth,
    clock: Arc<ManualClock>,
    issuer: String,
    looks: Arc<AtomicUsize>,
}

impl World {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let issuer = format!("{base}/{TENANT}/v2.0");
        let document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "jwks_uri": format!("{base}/keys"),
        });
        let looks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&looks);
        let keys = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Json(json!({ "keys": [jwk("key-1", key())] })) }
        };
        let discovery = format!("/{TENANT}/v2.0/.well-known/openid-configuration");
        let router = Router::new()
            .route(&discovery, get(move || async move { Json(document) }))
            .route("/keys", get(keys));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(NOW).unwrap()));
        let config = config(&base);
        let shared_clock: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let auth = Auth::new(&config, http_client(None).unwrap(), shared_clock, Arc::new(SeededIds::new(1)));
        Self { auth, clock, issuer, looks }
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer, "aud": "api://postern", "tid": TENANT, "oid": "oid-1",
            "preferred_username": "rui@contoso.example", "iat": NOW, "nbf": NOW, "exp": NOW + 3600,
        })
    }

    fn sign(&self, claims: &Value) -> String {
        sign_with(key(), "key-1", claims)
    }
}

fn sign_with(key: &rsa::RsaPrivateKey, kid: &str, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(kid.to_owned());
    let pem = key.to_pkcs1_pem(LineEnding::LF).unwrap();
    encode(&header, claims, &EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()).unwrap()
}

fn key() -> &'static rsa::RsaPrivateKey {
    static KEY: OnceLock<rsa::RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(a_key)
}

fn stranger() -> &'static rsa::RsaPrivateKey {
    static KEY: OnceLock<rsa::RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(a_key)
}

fn a_key() -> rsa::RsaPrivateKey {
    rsa::RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048).unwrap()
}

fn jwk(kid: &str, key: &rsa::RsaPrivateKey) -> Value {
    let encoded = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
    json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": encoded(key.n()), "e": encoded(key.e()) })
}

fn config(base: &str) -> Config {
    use base64::engine::general_purpose::STANDARD;
    let variables = [
        ("POSTERN_PUBLIC_URL", "http://127.0.0.1:8080".to_owned()),
        ("POSTERN_TENANT", TENANT.to_owned()),
        ("POSTERN_CLIENT_ID", "portal".to_owned()),
        ("POSTERN_CLIENT_SECRET", "secret".to_owned()),
        ("POSTERN_AUDIENCE", "api://postern".to_owned()),
        ("POSTERN_AUTHORITY", base.to_owned()),
        ("POSTERN_SUBSCRIPTIONS", "0b1f6471-1bf0-4dda-aec3-cb9272f09590".to_owned()),
        ("POSTERN_DATABASE", "sqlite:unused.db".to_owned()),
        ("POSTERN_COOKIE_KEY", STANDARD.encode([7; 64])),
        ("POSTERN_DEPLOYMENT", "test".to_owned()),
    ];
    Config::from_vars(variables.into_iter().map(|(name, value)| (name.to_owned(), value))).unwrap()
}
