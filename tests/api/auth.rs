//! Who gets in at all.

use functions::openapi::document;
use http::{Method, header::WWW_AUTHENTICATE};
use serde_json::Value;
use shared::api::{route, vm_path};
use tests::{World, vm};

/// All operations that answer nobody in particular, with what they answer. Edited by hand, and it only gets shorter:
/// whatever needs no caller must say here why.
const OPEN_TO_ALL: [(&str, u16); 10] = [
    // The portal asks whether somebody is signed in.
    ("read_session", 204),
    // The way to become somebody, and to be nobody again: that needs the portal's own headers.
    ("start_sign_in", 303),
    ("finish_sign_in", 303),
    ("sign_out", 403),
    // A load balancer has no token.
    ("read_health", 200),
    ("read_readiness", 200),
    // Azure's tools read there where to get a token.
    ("read_endpoints", 200),
    // Who has no token yet wants to know how to call; it says nothing of the deployment.
    ("read_api_document", 200),
    ("read_api_page", 200),
    ("read_api_style", 200),
];

/// Each operation of the document: its id, and how it is called.
fn operations() -> Vec<(String, Method, String)> {
    let mut all = Vec::new();
    for (path, operations) in document()["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            all.push((id, method.to_uppercase().parse().unwrap(), filled(path)));
        }
    }
    all
}

/// The path of something that is there.
fn filled(template: &str) -> String {
    let vm = vm("web-01");
    template
        .replace("/api/vms/{subscription}/{group}/{name}", &vm_path(&vm))
        .replace("{id}", "01936b1e-7a3c-7000-8000-3f1de2c4b901")
}

#[tokio::test]
async fn every_operation_refuses_the_unauthenticated() {
    let world = World::start().await;
    let operations = operations();
    assert!(operations.len() >= 27, "{}", operations.len());
    for (id, method, path) in operations {
        assert!(!path.contains('{'), "{path}: say in `filled` what stands there");
        let expected = OPEN_TO_ALL.iter().find(|(open, _)| *open == id).map_or(401, |(_, status)| *status);
        let answer = world.anonymous().call(method, &path, Some("{}".to_owned())).await;
        assert_eq!(answer.status, expected, "{id}: {}", answer.text);
        assert_eq!(answer.headers.contains_key(WWW_AUTHENTICATE), expected == 401, "{id}");
    }
}

#[tokio::test]
async fn what_is_open_to_all_is_still_there() {
    let operations = operations();
    for (open, _) in OPEN_TO_ALL {
        assert!(operations.iter().any(|(id, ..)| id == open), "{open} is gone: take it off the list");
    }
}

#[test]
fn the_document_says_which_operations_need_a_caller() {
    for operations in document()["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            let is_open = OPEN_TO_ALL.iter().any(|(id, _)| operation["operationId"] == *id);
            let ways = operation["security"].as_array().unwrap();
            let needs_none = ways.is_empty() || ways.contains(&Value::Object(Default::default()));
            assert_eq!(needs_none, is_open, "{}", operation["operationId"]);
        }
    }
}

#[tokio::test]
async fn expired_forged_and_misdirected_tokens_are_refused() {
    let world = World::start().await;
    let good = world.token("ADMIN", "api://postern/.default").await;
    world.with_token(&good).get(route::VMS).await.expect(200);
    let for_arm = world.token("ADMIN", "https://management.azure.com/.default").await;
    let (body, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{body}.{}", signature.chars().rev().collect::<String>());
    let unsigned = format!("{}.{}.", "eyJhbGciOiJub25lIn0", good.split('.').nth(1).unwrap());
    for token in [&for_arm, &forged, &unsigned, "x", "a.b.c"] {
        let refused = world.with_token(token).get(route::VMS).await.expect(401);
        assert!(!refused.text.contains(token.get(..20).unwrap_or("no token")), "the token is not repeated");
    }
    world.pass(2 * 3600);
    assert_eq!(world.with_token(&good).get(route::VMS).await.expect(401).code(), "token_expired");
}

#[tokio::test]
async fn a_cookie_of_another_key_is_not_a_session() {
    let world = World::start().await;
    let stranger =
        world.anonymous().with_header("cookie", "postern=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(stranger.get(route::SESSION).await.expect(204).text, "");
    stranger.get(route::VMS).await.expect(401);
}

/// All that the policy says: what is not listed is not allowed.
const DIRECTIVES: [&str; 12] = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "manifest-src 'self'",
    "worker-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types postern",
];

#[tokio::test]
async fn health_needs_no_sign_in_and_every_answer_has_the_security_headers() {
    let world = World::start().await;
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/api/vms", 401), ("/api/nothing", 404)] {
        let answer = world.anonymous().get(path).await.expect(status);
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
        for directive in DIRECTIVES {
            assert!(directives.contains(&directive), "{path} has no {directive}: {policy}");
        }
        assert_eq!(directives.len(), DIRECTIVES.len(), "{path}: {policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
    }
}
