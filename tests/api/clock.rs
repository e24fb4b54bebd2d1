//! Our clock against Azure's.

use serde_json::json;
use tests::{World, vm};

#[tokio::test]
async fn with_a_clock_that_is_wrong_nothing_new_is_opened_and_closing_goes_on() {
    for skew in [-90, 90] {
        let world = World::start().await;
        world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
        let requester = world.client("REQUESTER").await;
        requester.open(&vm("web-01"), 22, "PT1H").await.expect(201);
        set_skew(&world, skew).await;
        let refused =
            requester.clone().from("198.51.100.9").open(&vm("web-01"), 22, "PT1H").await.expect(503);
        assert_eq!(refused.code(), "clock_apart", "{}", refused.text);
        assert_eq!(world.probe(&vm("web-01"), 22, "198.51.100.9").await, "shut");
        world.pass(3600);
        world.sweep().await;
        assert_eq!(world.probe(&vm("web-01"), 22, "203.0.113.7").await, "shut");
        set_skew(&world, 0).await;
        requester.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    }
}

#[tokio::test]
async fn a_small_difference_is_borne() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    set_skew(&world, 45).await;
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
}

async fn set_skew(world: &World, seconds: i64) {
    world.sim_call(reqwest::Method::PUT, "settings", &json!({ "date_skew_seconds": seconds })).await;
}
