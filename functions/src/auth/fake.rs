//! A directory of one tenant for unit tests, whose answers can be changed, and Postern's view of it.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::{
    pkcs1::{EncodeRsaPrivateKey, LineEnding},
    traits::PublicKeyParts,
};
use serde_json::{Value, json};
use shared::decision::Requester;

use super::{
    Auth, cookies, http_client,
    session::{self, Session},
};
use crate::{
    clock::{Clock, ManualClock, SeededIds},
    config::Config,
};

pub(crate) const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const AUDIENCE: &str = "api://postern";
pub(crate) const CLIENT: &str = "portal";

pub(crate) struct World {
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) directory: Arc<Directory>,
}

/// What the directory says and has heard.
pub(crate) struct Directory {
    pub(crate) base: String,
    pub(crate) issuer: String,
    /// The issuer in its description.
    pub(crate) calls_itself: Mutex<String>,
    pub(crate) keys: Mutex<Value>,
    /// How often the keys were read, failures too.
    pub(crate) looks: AtomicUsize,
    pub(crate) is_down: AtomicBool,
    /// What is given for a code; without it codes are refused.
    pub(crate) id_token: Mutex<Option<String>>,
    /// The last form that the token endpoint got.
    pub(crate) form: Mutex<Vec<(String, String)>>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_for("http://127.0.0.1:8080").await
    }

    pub(crate) async fn start_for(public_url: &str) -> Self {
        let directory = Directory::start().await;
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(NOW).unwrap()));
        let auth = auth(&directory.base, public_url, [7; 64], &clock);
        Self { auth, clock, directory }
    }

    /// Another instance, with a cookie key of its own.
    pub(crate) fn with_other_key(&self) -> Auth {
        auth(&self.directory.base, "http://127.0.0.1:8080", [8; 64], &self.clock)
    }

    /// The claims of a good access token.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": self.directory.issuer, "aud": AUDIENCE, "tid": TENANT, "oid": "oid-1", "azp": "tool",
            "preferred_username": "rui@contoso.example", "iat": NOW, "nbf": NOW, "exp": NOW + 3600,
        })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        sign_with(key(), "key-1", claims)
    }

    pub(crate) fn looks(&self) -> usize {
        self.directory.looks.load(Ordering::Relaxed)
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.directory.is_down.store(is_down, Ordering::Relaxed);
    }

    pub(crate) fn set_keys(&self, keys: Value) {
        *self.directory.keys.lock().unwrap() = json!({ "keys": keys });
    }
}

impl Directory {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let directory = Arc::new(Self {
            issuer: format!("{base}/{TENANT}/v2.0"),
            calls_itself: Mutex::new(format!("{base}/{TENANT}/v2.0")),
            base,
            keys: Mutex::new(json!({ "keys": [jwk("key-1", key())] })),
            looks: AtomicUsize::new(0),
            is_down: AtomicBool::new(false),
            id_token: Mutex::default(),
            form: Mutex::default(),
        });
        let router = Router::new()
            .route(&format!("/{TENANT}/v2.0/.well-known/openid-configuration"), get(describe))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&directory));
        tokio::spawn(async move { axum::serve(listener, router).await });
        directory
    }
}

async fn describe(State(directory): State<Arc<Directory>>) -> Response {
    let base = &directory.base;
    let document = json!({
        "issuer": *directory.calls_itself.lock().unwrap(),
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "end_session_endpoint": format!("{base}/logout"),
    });
    unless_down(&directory, document)
}

async fn keys(State(directory): State<Arc<Directory>>) -> Response {
    directory.looks.fetch_add(1, Ordering::Relaxed);
    let keys = directory.keys.lock().unwrap().clone();
    unless_down(&directory, keys)
}

async fn token(State(directory): State<Arc<Directory>>, body: String) -> Response {
    *directory.form.lock().unwrap() = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    match directory.id_token.lock().unwrap().clone() {
        Some(token) => unless_down(&directory, json!({ "token_type": "Bearer", "id_token": token })),
        None => (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response(),
    }
}

fn unless_down(directory: &Directory, answer: Value) -> Response {
    if directory.is_down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    Json(answer).into_response()
}

pub(crate) fn sign_with(key: &rsa::RsaPrivateKey, kid: &str, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(kid.to_owned());
    sign_as(key, &header, claims)
}

pub(crate) fn sign_as(key: &rsa::RsaPrivateKey, header: &Header, claims: &Value) -> String {
    let pem = key.to_pkcs1_pem(LineEnding::LF).unwrap();
    encode(header, claims, &EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()).unwrap()
}

/// The directory's own key.
pub(crate) fn key() -> &'static rsa::RsaPrivateKey {
    static KEY: OnceLock<rsa::RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(a_key)
}

/// A key of somebody else.
pub(crate) fn stranger() -> &'static rsa::RsaPrivateKey {
    static KEY: OnceLock<rsa::RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(a_key)
}

fn a_key() -> rsa::RsaPrivateKey {
    rsa::RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048).unwrap()
}

pub(crate) fn jwk(kid: &str, key: &rsa::RsaPrivateKey) -> Value {
    let encoded = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
    json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": encoded(key.n()), "e": encoded(key.e()) })
}

/// The cookies that an answer sets, whole.
pub(crate) fn set_cookies(response: &Response) -> Vec<String> {
    let lines = response.headers().get_all(header::SET_COOKIE).iter();
    lines.map(|line| line.to_str().unwrap().to_owned()).collect()
}

/// A request's headers with these cookies, as a browser would send what was set.
pub(crate) fn sending(cookies: &[String]) -> HeaderMap {
    let pairs: Vec<&str> = cookies.iter().map(|cookie| cookie.split(';').next().unwrap()).collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, HeaderValue::from_str(&pairs.join("; ")).unwrap());
    headers
}

/// What a browser sends that signed in just now.
pub(crate) fn signed_in(auth: &Auth) -> HeaderMap {
    sending(&session_cookie(auth, session::COOKIE, TENANT))
}

/// A session as it is set under `name`.
pub(crate) fn session_cookie(auth: &Auth, name: &'static str, tenant: &str) -> Vec<String> {
    let requester = Requester { id: "oid-1".to_owned(), name: "rui@contoso.example".to_owned() };
    let expires_at = auth.clock.now() + session::LASTS;
    let session = Session { requester, tenant: tenant.to_owned(), expires_at };
    let jar = cookies::jar(auth, &HeaderMap::new());
    set_cookies(&(cookies::add(auth, jar, name, &session, session::LASTS), ()).into_response())
}

pub(crate) fn location(response: &Response) -> &str {
    response.headers()[header::LOCATION].to_str().unwrap()
}

/// Status and body of a refusal.
pub(crate) async fn answered(answer: impl IntoResponse) -> (StatusCode, Value) {
    let response = answer.into_response();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn auth(authority: &str, public_url: &str, cookie_key: [u8; 64], clock: &Arc<ManualClock>) -> Auth {
    let variables = [
        ("POSTERN_PUBLIC_URL", public_url.to_owned()),
        ("POSTERN_TENANT", TENANT.to_owned()),
        ("POSTERN_CLIENT_ID", CLIENT.to_owned()),
        ("POSTERN_CLIENT_SECRET", "secret".to_owned()),
        ("POSTERN_AUDIENCE", AUDIENCE.to_owned()),
        ("POSTERN_AUTHORITY", authority.to_owned()),
        ("POSTERN_SUBSCRIPTIONS", "0b1f6471-1bf0-4dda-aec3-cb9272f09590".to_owned()),
        ("POSTERN_DATABASE", "sqlite:unused.db".to_owned()),
        ("POSTERN_COOKIE_KEY", STANDARD.encode(cookie_key)),
        ("POSTERN_DEPLOYMENT", "test".to_owned()),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    let config = Config::from_vars(variables).unwrap();
    Auth::new(&config, http_client(None).unwrap(), clock, Arc::new(SeededIds::new(1)))
}
