//! What `cargo xtask build --target azure-functions` makes, run by the host of Azure Functions.

use std::{path::Path, time::Duration};

use functions::{clock::Clock, clock::SystemClock};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::api::{self, route};
use tests::{Azure, vm};

use crate::{
    host::Host,
    postern::{a_policy, an_opening, azure, package, remove_guard, until, until_within},
};

const CLIENT: &str = "203.0.113.7";
/// Longer than the shortest opening and the timer's period.
const TWO_MINUTES: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_through_the_host_is_closed_by_its_timer() {
    let (azure, host) = started().await;
    let web = vm("web-01");
    let grant = opened(&azure, &host, "PT1M").await;
    assert_eq!(azure.probe(&web, 22, CLIENT).await, "open");
    assert_eq!(azure.probe(&web, 22, "6.6.6.6").await, "shut");
    let clock = SystemClock;
    let next = host.next_after(clock.now());
    clock.sleep_until(next).await;
    let answer = host.fire(false, next).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(clock.now() - next < host.function_timeout(), "the host would have ended the handler");
    let outcome = answer.json();
    assert_eq!((&outcome["Outputs"], &outcome["ReturnValue"]), (&json!({}), &Value::Null), "{outcome}");
    assert!(outcome["Logs"][0].as_str().is_some_and(|line| line.starts_with("looked at")), "{outcome}");
    // The run has ended, and the opening within it: nobody else has closed it.
    assert_eq!(azure.probe(&web, 22, CLIENT).await, "shut", "{outcome}\n{}", host.log());
    assert!(
        end(&grant) <= next + SignedDuration::from_mins(1),
        "it ended after the run that was to close it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fell_due_while_no_handler_ran_is_closed_by_a_timer_that_is_past_due() {
    let (azure, mut host) = started().await;
    let web = vm("web-01");
    let grant = opened(&azure, &host, "PT1M").await;
    host.kill();
    let (end, clock) = (end(&grant), SystemClock);
    clock.sleep_until(end + SignedDuration::from_secs(1)).await;
    assert_eq!(azure.probe(&web, 22, CLIENT).await, "open", "nobody ran to close it");
    host.begin().await;
    let fired = host.fire(true, end);
    let closed =
        until_within(TWO_MINUTES, "it is closed", async || azure.probe(&web, 22, CLIENT).await == "shut");
    tokio::select! {
        () = closed => {}
        answer = fired => panic!("it was not closed at once: {answer:?}"),
    }
    assert!(host.log().contains("the timer is past due"), "{}", host.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_outside_reaches_the_timers_function() {
    let (azure, host) = started().await;
    let body = json!({ "Data": { "timer": { "IsPastDue": false } }, "Metadata": {} });
    for headers in [
        &[][..],
        &[("x-forwarded-for", "127.0.0.1")],
        &[("x-azure-functions-invocationid", "83a33220-a921-460a-bec0-b3f043dcf1ff")],
        &[("user-agent", "Azure-Functions-Host/4.1048.200.26180")],
    ] {
        for method in [Method::POST, Method::GET, Method::PUT] {
            let answer = host.forward("6.6.6.6", (method.clone(), "/sweep"), headers, Some(&body)).await;
            assert_eq!(
                (answer.status, answer.json()["error"]["code"].as_str()),
                (404, Some("not_found")),
                "{method}"
            );
        }
    }
    drop(azure);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timers_run_repairs_whatever_the_host_says_and_two_at_once_are_one() {
    let (azure, mut host) = started().await;
    let removed = remove_guard(&azure).await;
    let before = writes_to(&azure, &removed).await;
    let gibberish = json!("gibberish");
    let second = async {
        until("the guard is written again", async || writes_to(&azure, &removed).await > before).await;
        host.fire(false, SystemClock.now()).await
    };
    let overlapping = tokio::select! {
        answer = second => answer,
        answer = host.invoke(&gibberish) => panic!("the first run did not stay: {answer:?}"),
    };
    assert_eq!(overlapping.status, 200);
    assert!(overlapping.text.contains("an earlier run is still at work"), "{}", overlapping.text);
    // The end of the process cuts the look ahead short.
    host.handler().terminate();
    assert!(host.handler().end().await.success(), "{}", host.log());
    assert!(host.log().contains("not understood"), "{}", host.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_and_the_api_are_forwarded_as_they_are() {
    let (azure, host) = started().await;
    let page = host.forward(CLIENT, (Method::GET, "/connect/a/b/c?x=1"), &[], None).await;
    assert!(page.status == 200 && page.text.contains("<html"), "{page:?}");
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    assert_eq!(host.forward(CLIENT, (Method::GET, "/"), &[], None).await.status, 200);
    assert_eq!(host.forward(CLIENT, (Method::GET, "/readyz"), &[], None).await.text, "ready");
    assert_eq!(host.forward(CLIENT, (Method::GET, route::GRANTS), &[], None).await.status, 401);
    let spoofed =
        [("x-forwarded-for", "198.51.100.9"), ("authorization", &bearer(&azure, "REQUESTER").await)];
    let seen = host.forward(CLIENT, (Method::GET, route::SESSION), &spoofed, None).await;
    assert_eq!(seen.json()["source"]["address"], CLIENT, "{}", seen.text);
}

/// With JIT on for `web-01`.
async fn started() -> (Azure, Host) {
    let azure = azure(Duration::ZERO).await;
    let host = Host::start(&azure, package()).await;
    let path = api::policy_path(&vm("web-01"));
    let admin = [("authorization", bearer(&azure, "ADMIN").await)];
    let admin = admin.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = host.forward(CLIENT, (Method::PUT, &path), &admin, Some(&a_policy("PT3H"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    (azure, host)
}

async fn opened(azure: &Azure, host: &Host, duration: &str) -> Value {
    let requester = bearer(azure, "REQUESTER").await;
    let headers = [("authorization", requester.as_str()), ("x-forwarded-for", "6.6.6.6")];
    let body = an_opening(&vm("web-01"), duration);
    let answer = host.forward(CLIENT, (Method::POST, route::GRANTS), &headers, Some(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

fn end(grant: &Value) -> Timestamp {
    grant["window"]["end"].as_str().expect("a time").parse().expect("a time")
}

async fn bearer(azure: &Azure, principal: &str) -> String {
    format!("Bearer {}", azure.token(principal, "api://postern/.default").await)
}

async fn writes_to(azure: &Azure, path: &str) -> usize {
    azure.history().await.iter().filter(|write| write["path"] == path).count()
}

/// The folder is as Azure's documentation of custom handlers says; what the host reads of it beside is read in [`Host`].
#[test]
fn the_packages_files_say_what_the_documentation_asks_for() {
    let read = |path: &str| -> Value {
        serde_json::from_slice(&std::fs::read(Path::new(package()).join(path)).unwrap()).unwrap()
    };
    let host = read("host.json");
    let keys: Vec<&String> = host.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["customHandler", "extensions", "functionTimeout", "version"]);
    let timer = &read("sweep/function.json")["bindings"][0];
    assert_eq!((&timer["direction"], &timer["useMonitor"]), (&json!("in"), &json!(true)));
}
