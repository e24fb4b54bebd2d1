//! The API's document: it is what is checked in, and it judges every answer of these tests (`tests/support/contract.rs`).

use functions::openapi::{document, text};
use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions/api/openapi.json");

#[test]
fn the_document_is_the_one_that_is_checked_in() {
    let file = std::fs::read_to_string(FILE).unwrap();
    let checked_in: Value = serde_json::from_str(&file).unwrap();
    if text() != file {
        std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/openapi.json"), text()).unwrap();
    }
    let differs = first_difference("", document(), &checked_in);
    let meant = "if that was meant: cp target/tmp/openapi.json functions/api/openapi.json";
    assert_eq!(differs, None, "the API has changed; {meant}");
    assert!(text() == file, "the same, written in another way; {meant}");
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
