//! One example for each operation, as Postern really answered. They stand in the document; here they are played again, and
//! the answers must have the shape that they had.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value, json};
use shared::api::{PORTAL_HEADER, grant_path, move_path, policy_path, revoke_path, route, vm_path};
use tests::{Answer, Client, METRICS_TOKEN, World, operation_at, vm};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions/api/examples.json");

/// No example needs to be longer; of texts the first lines say enough.
const MOST_LINES: usize = 6;

#[tokio::test]
async fn examples_are_what_is_answered() {
    let played = play().await;
    if std::env::var_os("POSTERN_REFRESH_EXAMPLES").is_some() {
        std::fs::write(FILE, format!("{:#}\n", json!(played))).unwrap();
    }
    let written: BTreeMap<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let again =
        "POSTERN_REFRESH_EXAMPLES=1 cargo test -p tests --test api examples, then print the document anew";
    for (id, example) in &played {
        let before = written.get(id).unwrap_or_else(|| panic!("{id} has no example: {again}"));
        assert_eq!(shape(example), shape(before), "{id} answers in another shape: {again}");
    }
    assert_eq!(written.len(), played.len(), "an example is of nothing: {again}");
}

#[test]
fn every_operation_has_an_example() {
    let written: BTreeMap<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let paths = functions::openapi::document()["paths"].as_object().unwrap();
    for operation in paths.values().flat_map(|operations| operations.as_object().unwrap().values()) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(written.contains_key(id), "play {id} in `play`");
    }
}

/// A story in which every operation is called once.
async fn play() -> BTreeMap<String, Value> {
    let world = World::start().await;
    let (web, win) = (vm("web-01"), vm("win-01"));
    let (admin, requester) = (world.client("ADMIN").await, world.client("REQUESTER").await);
    let mut story = Story { hidden: world.sim.url().to_owned(), played: BTreeMap::new() };
    configure(&mut story, &admin).await;
    let opening =
        json!({ "vm": web.to_string(), "port": 22, "sources": ["203.0.113.7"], "duration": "PT30M" });
    let body = json!({ "openings": [opening], "justification": "look at the slow disk" });
    story.tell(&requester, Method::POST, route::GRANT_PREVIEW, Some(&body)).await;
    let granted = story.tell(&requester, Method::POST, route::GRANTS, Some(&body)).await;
    let id = |answer: &Answer| answer.json["id"].as_str().unwrap().parse().unwrap();
    story.tell(&requester, Method::GET, &grant_path(id(&granted)), None).await;
    story.tell(&requester, Method::GET, route::GRANTS, None).await;
    story.tell(&admin, Method::GET, &vm_path(&web), None).await;
    story.tell(&admin, Method::GET, &format!("{}?list=configured&limit=1", route::VMS), None).await;
    story.tell(&admin, Method::GET, route::PLACES, None).await;
    story.tell(&admin, Method::GET, &format!("{}/rdp?port=3389", vm_path(&win)), None).await;
    let elsewhere = json!({ "sources": ["198.51.100.9"] });
    let moved = story.tell(&requester, Method::POST, &move_path(id(&granted)), Some(&elsewhere)).await;
    story.tell(&requester, Method::POST, &revoke_path(id(&moved)), None).await;
    story.tell(&admin, Method::GET, &format!("{}?kind=granted&limit=1", route::ACTIVITY), None).await;
    story.tell(&admin, Method::GET, &format!("{}?kind=granted", route::ACTIVITY_CSV), None).await;
    story.tell(&admin, Method::POST, route::SWEEPS, None).await;
    story.tell(&admin, Method::GET, route::HEALTH, None).await;
    let vms = json!({ "vms": [web.to_string()] });
    story.tell(&admin, Method::DELETE, route::POLICIES, Some(&vms)).await;
    story.tell(&admin, Method::DELETE, &policy_path(&win), None).await;
    without_a_caller(&world, &mut story, &admin).await;
    story.played
}

async fn configure(story: &mut Story, admin: &Client) {
    let rule = |port: u16| json!({ "port": port, "protocol": "tcp", "allowed_sources": "any", "max_duration": "PT3H" });
    let settings =
        json!({ "justification": "optional", "precedence": "customer_first", "live_sessions": "never" });
    let with = |field: &str, value: Value| {
        let mut body = settings.clone();
        body[field] = value;
        body
    };
    let policy = with("ports", json!([rule(3389)]));
    story.tell(admin, Method::PUT, &policy_path(&vm("win-01")), Some(&policy)).await;
    let vms = json!([vm("web-01").to_string()]);
    let read = story.tell(admin, Method::POST, route::POLICIES_READ, Some(&json!({ "vms": vms }))).await;
    let mut change = json!({ "vms": vms, "policy": with("add_ports", json!([{ "rule": rule(22) }])) });
    story.tell(admin, Method::POST, route::POLICIES_PREVIEW, Some(&change)).await;
    change["versions"] = json!([read.json["vms"][0]["version"]]);
    story.tell(admin, Method::PUT, route::POLICIES, Some(&change)).await;
}

async fn without_a_caller(world: &World, story: &mut Story, admin: &Client) {
    let nobody = world.anonymous();
    story.tell(admin, Method::GET, route::SESSION, None).await;
    for path in
        ["/healthz", "/readyz", "/metadata/endpoints", "/api/openapi.json", "/api/docs", "/api/docs.css"]
    {
        story.tell(&nobody, Method::GET, path, None).await;
    }
    story.tell(&world.with_token(METRICS_TOKEN), Method::GET, "/metrics", None).await;
    story.tell(&nobody, Method::GET, &format!("{}?to=/vms", route::SIGN_IN), None).await;
    story.tell(&nobody, Method::GET, &format!("{}?code=c&state=s", route::CALLBACK), None).await;
    let portal = nobody.with_header("origin", "http://127.0.0.1:8080").with_header(PORTAL_HEADER, "1");
    story.tell(&portal, Method::POST, route::SIGN_OUT, None).await;
}

struct Story {
    /// Where azure-sim listens this time.
    hidden: String,
    played: BTreeMap<String, Value>,
}

impl Story {
    async fn tell(&mut self, client: &Client, method: Method, target: &str, body: Option<&Value>) -> Answer {
        let answer = client.call(method.clone(), target, body.map(Value::to_string)).await;
        assert!(
            answer.status.is_success() || answer.status.is_redirection(),
            "{method} {target}: {}",
            answer.text
        );
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (template, operation) = operation_at(&method, path).expect("the document has it");
        let mut parameters: Map<String, Value> = named(template, path);
        parameters.extend(query.split('&').filter_map(|pair| pair.split_once('=')).map(text));
        let mut example = json!({ "status": answer.status.as_u16() });
        if !parameters.is_empty() {
            example["parameters"] = Value::Object(parameters);
        }
        if let Some(body) = body {
            example["body"] = body.clone();
        }
        if let Some(shown) = self.shown(&answer) {
            example["answer"] = shown;
        }
        self.played.insert(operation["operationId"].as_str().unwrap().to_owned(), example);
        answer
    }

    /// What of an answer is an example; a page or a style is none.
    fn shown(&self, answer: &Answer) -> Option<Value> {
        let kind = answer.headers.get("content-type")?.to_str().ok()?;
        if kind.starts_with("text/html") || kind.starts_with("text/css") || answer.json["openapi"].is_string()
        {
            return None;
        }
        let text = answer.text.replace(&self.hidden, "https://login.microsoftonline.com");
        if kind == "application/json" {
            return serde_json::from_str(&text).ok();
        }
        Some(Value::String(text.lines().take(MOST_LINES).collect::<Vec<_>>().join("\n")))
    }
}

fn named(template: &str, path: &str) -> Map<String, Value> {
    let parts = template.split('/').zip(path.split('/'));
    parts
        .filter_map(|(name, value)| Some((name.strip_prefix('{')?.strip_suffix('}')?, value)))
        .map(text)
        .collect()
}

fn text((name, value): (&str, &str)) -> (String, Value) {
    (name.to_owned(), Value::String(value.to_owned()))
}

/// What stays the same when ids, times and numbers change.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Value::Array(list) => list.iter().map(shape).collect(),
        Value::Null => Value::Null,
        Value::Bool(_) => json!("boolean"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
    }
}
