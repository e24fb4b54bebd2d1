//! The API's document: it is what is checked in, and it judges every answer of these tests (`tests/support/contract.rs`).

use functions::openapi::{document, text};
use serde_json::Value;

const CHECKED_IN: &str = include_str!("../../functions/api/openapi.json");

#[test]
fn the_document_is_the_one_that_is_checked_in() {
    let checked_in: Value = serde_json::from_str(CHECKED_IN).unwrap();
    let differs = first_difference("", document(), &checked_in);
    let make = "cargo run -p functions --bin postern -- openapi > functions/api/openapi.json";
    assert_eq!(differs, None, "the API has changed; if that was meant: {make}");
    assert!(text() == CHECKED_IN, "the same, written in another way: {make}");
}

fn first_difference(at: &str, one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => one.keys().chain(other.keys()).find_map(|key| {
            let at = format!("{at}/{key}");
            match (one.get(key), other.get(key)) {
                (Some(one), Some(other)) => first_difference(&at, one, other),
                _ => Some(at),
            }
        }),
        _ => (one != other).then(|| at.to_owned()),
    }
}
