use axum::{Router, body::Body};
use http::{Method, Request, StatusCode, header::AUTHORIZATION};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use shared::{api, vm::VmId};

use crate::{CLIENT_ADDRESS, arm_shape, contract, front::Way};

/// Calls Postern as one principal does, from behind the trusted proxy.
#[derive(Clone, Debug)]
pub struct Client {
    way: Way,
    token: Option<String>,
    address: String,
    headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub text: String,
    /// `null` unless the answer is JSON.
    pub json: Value,
}

impl Answer {
    /// The machine's word of a refusal.
    pub fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }

    pub fn message(&self) -> &str {
        self.json["error"]["message"].as_str().unwrap_or_default()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

impl Client {
    pub(crate) fn new(router: Router, token: Option<String>) -> Self {
        Self::by(Way::to(router), token)
    }

    /// Calls a process that answers at `url`.
    pub fn of_process(url: String, token: String) -> Self {
        Self::by(Way::Url(url), Some(token))
    }

    fn by(way: Way, token: Option<String>) -> Self {
        Self { way, token, address: CLIENT_ADDRESS.to_owned(), headers: Vec::new() }
    }

    pub fn from(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body.to_string())).await
    }

    /// Enables JIT with Azure's defaults for one port.
    pub async fn enable(&self, vm: &VmId, port: u16) -> Answer {
        let rule =
            json!({ "port": port, "protocol": "tcp", "allowed_sources": "any", "max_duration": "PT3H" });
        let body = json!({ "ports": [rule], "justification": "optional", "precedence": "customer_first", "live_sessions": "never" });
        self.call(Method::PUT, &api::policy_path(vm), Some(body.to_string())).await
    }

    /// Asks for one port from the caller's own address.
    pub async fn open(&self, vm: &VmId, port: u16, duration: &str) -> Answer {
        let opening = json!({ "vm": vm.to_string(), "port": port, "duration": duration });
        self.post(api::route::GRANTS, &json!({ "openings": [opening] })).await
    }

    /// Each answer is judged by the API's own document, or by Azure's where its API is spoken.
    pub async fn call(&self, method: Method, path: &str, body: Option<String>) -> Answer {
        let mut request = Request::builder()
            .method(&method)
            .uri(path)
            .header("x-forwarded-for", &self.address)
            .header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let sent = body.clone();
        let request = request.body(body.map_or_else(Body::empty, Body::from)).expect("a request");
        let response = self.way.call(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        arm_shape::judge(&method, path, sent.as_deref(), parts.status, &text);
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status: parts.status, headers: parts.headers, text, json };
        contract::check(&method, path, sent.as_deref(), &answer);
        answer
    }
}
