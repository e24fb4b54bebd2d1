use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::auth::fake::{World, jwk, key, stranger};

#[tokio::test]
async fn keys_are_read_once_and_then_known() {
    let world = World::start().await;
    for _ in 0..3 {
        assert_eq!(found(&world, "key-1").await, Ok(()));
    }
    assert_eq!(world.looks(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_once_a_minute_has_passed_and_the_old_one_goes() {
    let world = World::start().await;
    found(&world, "key-1").await.unwrap();
    world.set_keys(json!([jwk("key-2", stranger())]));
    assert_eq!(found(&world, "key-2").await, Err(NoKey::Unknown));
    world.clock.advance(AT_MOST_EVERY);
    assert_eq!(found(&world, "key-2").await, Ok(()));
    assert_eq!(found(&world, "key-1").await, Err(NoKey::Unknown));
    assert_eq!(world.looks(), 2);
}

#[tokio::test]
async fn unknown_names_make_at_most_one_look_a_minute() {
    let world = World::start().await;
    for n in 0..50 {
        assert_eq!(found(&world, &format!("unknown-{n}")).await, Err(NoKey::Unknown));
    }
    assert_eq!(world.looks(), 1);
    world.clock.advance(AT_MOST_EVERY);
    assert_eq!(found(&world, "unknown").await, Err(NoKey::Unknown));
    assert_eq!(world.looks(), 2);
}

#[tokio::test]
async fn known_keys_outlast_an_outage_and_withdrawn_ones_go_after_a_day() {
    let world = World::start().await;
    found(&world, "key-1").await.unwrap();
    world.set_down(true);
    world.clock.advance(KEPT);
    assert_eq!(found(&world, "key-1").await, Ok(()));
    assert_eq!(world.looks(), 2);
    world.set_down(false);
    world.set_keys(json!([]));
    world.clock.advance(AT_MOST_EVERY);
    assert_eq!(found(&world, "key-1").await, Err(NoKey::Unknown));
}

#[tokio::test]
async fn before_the_first_answer_no_key_is_called_unknown_and_the_next_look_comes_soon() {
    let world = World::start().await;
    world.set_down(true);
    assert_eq!(found(&world, "key-1").await, Err(NoKey::Unread));
    world.set_down(false);
    assert_eq!(found(&world, "key-1").await, Err(NoKey::Unread));
    world.clock.advance(WITHOUT_KEYS_EVERY);
    assert_eq!(found(&world, "key-1").await, Ok(()));
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_stop_the_looks() {
    let world = World::start().await;
    found(&world, "key-1").await.unwrap();
    world.set_keys(json!([jwk("key-2", stranger())]));
    world.clock.advance(SignedDuration::from_hours(-2));
    assert_eq!(found(&world, "key-2").await, Ok(()));
}

#[tokio::test]
async fn an_answer_that_is_too_long_or_none_is_not_taken() {
    let world = World::start().await;
    found(&world, "key-1").await.unwrap();
    let mut long = jwk("key-2", stranger());
    long["x5c"] = json!(["x".repeat(2 * 1024 * 1024)]);
    for keys in [json!([long]), json!("none"), Value::Null] {
        world.set_keys(keys);
        world.clock.advance(AT_MOST_EVERY);
        assert_eq!(found(&world, "key-2").await, Err(NoKey::Unknown));
        assert_eq!(found(&world, "key-1").await, Ok(()), "the keys of before are kept");
    }
}

#[test]
fn keys_that_sign_are_taken_and_others_hide_none() {
    let mut for_secrecy = jwk("enc", key());
    for_secrecy["use"] = json!("enc");
    let keys = vec![
        json!("no key"),
        json!({ "kty": "quantum", "kid": "new" }),
        json!({ "kty": "oct", "kid": "shared", "k": "c2VjcmV0" }),
        for_secrecy,
        jwk("sig", key()),
    ];
    let names: Vec<_> = usable(keys).into_iter().map(|key| key.common.key_id.unwrap()).collect();
    assert_eq!(names, ["sig"]);
    let many = (0..200).map(|n| jwk(&n.to_string(), key())).collect();
    assert_eq!(usable(many).len(), MOST_KEYS);
}

async fn found(world: &World, kid: &str) -> Result<(), NoKey> {
    world.auth.keys.find(&world.auth, kid).await.map(drop)
}
