//! SIGTERM: what is in hand is finished, nothing new is begun.

use std::time::{Duration, Instant};

use functions::{
    clock::{Clock, SystemClock},
    store::Store,
};
use http::Method;
use serde_json::json;
use shared::{api::route, nsg::stamp::StoreId};
use tests::{Azure, CLIENT_ADDRESS, vm};

use crate::postern::{Caller, Home, an_opening, azure, remove_guard, until};

/// How long Azure takes for a write while a process is asked to end.
const SLOW: Duration = Duration::from_millis(1500);

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_hand_is_answered_and_no_new_one_is_taken() {
    let azure = azure(Duration::ZERO).await;
    let home = Home::of(&azure, &[]);
    let mut process = home.serve().await;
    let (web, requester) = (vm("web-01"), requester_of_web(&home, &azure).await);
    let before = azure.history().await.len();
    answer_after(&azure, SLOW).await;
    let asking = tokio::spawn({
        let (requester, body) = (requester.clone(), an_opening(&web, "PT1H"));
        async move { requester.call(Method::POST, route::GRANTS, &[], Some(&body)).await }
    });
    until("Azure is asked", async || azure.history().await.len() > before).await;
    process.terminate();
    until("no connection is taken", async || home.status("/healthz").await.is_none()).await;
    assert!(process.ended().is_none(), "it waits for the call in hand");
    let (status, grant) = asking.await.unwrap().expect("the call is answered");
    assert_eq!((status, &grant["leases"][0]["state"]), (201, &json!("open")), "{grant}");
    assert!(process.end().await.success(), "{}", home.log());
    assert_eq!(azure.probe(&web, 22, CLIENT_ADDRESS).await, "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_promised_for_later_is_done_before_the_end() {
    let azure = azure(Duration::ZERO).await;
    let home = Home::of(&azure, &[]);
    let mut process = home.serve().await;
    let (web, requester) = (vm("web-01"), requester_of_web(&home, &azure).await);
    answer_after(&azure, SLOW).await;
    let later = [("prefer", "respond-async")];
    let asked = requester.call(Method::POST, route::GRANTS, &later, Some(&an_opening(&web, "PT1H"))).await;
    assert_eq!(asked.expect("it is answered").0, 202);
    process.terminate();
    assert!(process.end().await.success(), "{}", home.log());
    assert_eq!(azure.probe(&web, 22, CLIENT_ADDRESS).await, "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_in_hand_is_finished() {
    let azure = azure(Duration::ZERO).await;
    let home = Home::of(&azure, &[]);
    let mut process = home.serve().await;
    home.caller(&azure, "ADMIN").await.enable(&vm("web-01")).await;
    process.terminate();
    assert!(process.end().await.success(), "{}", home.log());
    remove_guard(&azure).await;
    let before = azure.history().await.len();
    answer_after(&azure, SLOW).await;
    let mut process = home.serve().await;
    until("the sweep writes it again", async || azure.history().await.len() > before).await;
    let asked_at = SystemClock.now();
    process.terminate();
    assert!(process.end().await.success(), "{}", home.log());
    assert!(home.log().contains("nothing is in hand any more"), "{}", home.log());
    let store = Store::open(&home.store().parse().unwrap(), StoreId::new(1)).await.expect("the store opens");
    let swept_at = store.last_sweep().await.expect("the store answers");
    assert!(swept_at > Some(asked_at), "asked to end at {asked_at}, last swept at {swept_at:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_drains_it_takes_calls_and_says_that_it_is_not_ready() {
    let azure = azure(Duration::ZERO).await;
    let home = Home::of(&azure, &[("POSTERN_DRAIN", "3")]);
    let mut process = home.serve().await;
    process.terminate();
    until("it is not ready", async || home.status("/readyz").await == Some(503)).await;
    assert_eq!(home.status("/healthz").await, Some(200));
    until("no connection is taken", async || home.status("/healthz").await.is_none()).await;
    assert!(process.end().await.success(), "{}", home.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_left_to_the_next_process() {
    let azure = azure(Duration::ZERO).await;
    let home = Home::of(&azure, &[("POSTERN_STOP_WITHIN", "1")]);
    let mut process = home.serve().await;
    let (web, requester) = (vm("web-01"), requester_of_web(&home, &azure).await);
    let before = azure.history().await.len();
    answer_after(&azure, Duration::from_secs(20)).await;
    let asking = tokio::spawn({
        let (requester, body) = (requester.clone(), an_opening(&web, "PT1H"));
        async move { requester.call(Method::POST, route::GRANTS, &[], Some(&body)).await }
    });
    until("Azure is asked", async || azure.history().await.len() > before).await;
    let asked_at = Instant::now();
    process.terminate();
    assert!(process.end().await.success(), "{}", home.log());
    assert!(asked_at.elapsed() < Duration::from_secs(15), "it did not wait for Azure");
    assert_eq!(asking.await.unwrap(), None, "the connection broke");
    assert!(home.log().contains("left to the next process"), "{}", home.log());
    answer_after(&azure, Duration::ZERO).await;
    let _next = home.serve().await;
    until("the next process opened it", async || azure.probe(&web, 22, CLIENT_ADDRESS).await == "open").await;
}

/// Enables JIT on web-01 and gives somebody who may ask for it.
async fn requester_of_web(home: &Home, azure: &Azure) -> Caller {
    home.caller(azure, "ADMIN").await.enable(&vm("web-01")).await;
    home.caller(azure, "REQUESTER").await
}

/// How long Azure takes for each write from now on.
async fn answer_after(azure: &Azure, latency: Duration) {
    azure.sim_call(reqwest::Method::PUT, "settings", &json!({ "latency_ms": latency.as_millis() })).await;
}
