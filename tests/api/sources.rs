//! From where a caller seems to come, and what the organisation says about it.

use serde_json::{Value, json};
use shared::api::route;
use tests::World;

async fn session(world: &World, address: &str, headers: &[(&str, &str)]) -> Value {
    let mut client = world.client("REQUESTER").await.from(address);
    for (name, value) in headers {
        client = client.with_header(name, value);
    }
    client.get(route::SESSION).await.expect(200).json
}

#[tokio::test]
async fn a_call_through_somebody_elses_proxy_is_told_so() {
    let world = World::start().await;
    assert_eq!(session(&world, "203.0.113.7", &[]).await["source"]["concern"], Value::Null);
    // The trusted proxy in front may have written one of each.
    let seen = session(&world, "203.0.113.7", &[("via", "2.0 edge")]).await["source"].clone();
    assert_eq!(seen["concern"], Value::Null);
    for header in [("via", "1.1 squid, 2.0 edge"), ("forwarded", "for=10.0.0.9, for=203.0.113.7")] {
        let seen = session(&world, "203.0.113.7", &[header]).await["source"].clone();
        assert_eq!(seen["concern"], "proxied", "{header:?}");
    }
    let seen = session(&world, "10.9.9.9, 203.0.113.7", &[]).await["source"].clone();
    assert_eq!((&seen["concern"], &seen["address"]), (&json!("proxied"), &json!("203.0.113.7")));
}

#[tokio::test]
async fn the_organisations_ranges_and_contact_are_told() {
    let world = World::start().await;
    let told = session(&world, "203.0.113.7", &[]).await;
    assert_eq!(told["organisation_ranges"], json!(["198.51.100.0/28"]));
    assert_eq!(told["contact"], "vm-access@contoso.example");
}
