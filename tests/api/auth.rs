//! Who gets in at all.

use http::{Method, header::WWW_AUTHENTICATE};
use shared::api::{policy_path, route, vm_path};
use tests::{World, vm};

/// Every operation but the health checks, the way to sign in, and the question who is signed in.
fn operations() -> Vec<(Method, String)> {
    let web = vm("web-01");
    let policies = format!("{}/jitNetworkAccessPolicies", crate::arm::group());
    let policy = crate::arm::policy_path("default");
    let grant = format!("{}/01936b1e-7a3c-7000-8000-3f1de2c4b901", route::GRANTS);
    vec![
        (Method::GET, route::VMS.to_owned()),
        (Method::GET, route::PLACES.to_owned()),
        (Method::GET, vm_path(&web)),
        (Method::PUT, policy_path(&web)),
        (Method::DELETE, policy_path(&web)),
        (Method::GET, format!("{}/rdp", vm_path(&web))),
        (Method::PUT, route::POLICIES.to_owned()),
        (Method::POST, route::POLICIES_READ.to_owned()),
        (Method::POST, route::POLICIES_PREVIEW.to_owned()),
        (Method::GET, route::GRANTS.to_owned()),
        (Method::POST, route::GRANTS.to_owned()),
        (Method::GET, grant.clone()),
        (Method::POST, format!("{grant}/revoke")),
        (Method::POST, format!("{grant}/move")),
        (Method::POST, route::GRANT_PREVIEW.to_owned()),
        (Method::GET, route::ACTIVITY.to_owned()),
        (Method::GET, route::ACTIVITY_CSV.to_owned()),
        (Method::POST, route::SWEEPS.to_owned()),
        (Method::GET, policies.clone()),
        (Method::GET, policy.clone()),
        (Method::PUT, policy.clone()),
        (Method::DELETE, policy.clone()),
        (Method::POST, format!("{policy}/initiate")),
        (Method::GET, "/subscriptions".to_owned()),
        (Method::GET, "/tenants".to_owned()),
        (Method::POST, "/batch".to_owned()),
    ]
}

#[tokio::test]
async fn every_operation_refuses_the_unauthenticated() {
    let world = World::start().await;
    for (method, path) in operations() {
        let refused = world.anonymous().call(method.clone(), &path, Some("{}".to_owned())).await.expect(401);
        assert!(refused.headers.contains_key(WWW_AUTHENTICATE), "{method} {path}");
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
