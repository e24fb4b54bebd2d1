use serde_json::json;

use super::*;

/// What serde reads from a text, where this module reads something.
fn read(text: &str) -> Option<serde_json::Value> {
    let value = Value::parse(text)?;
    let again = serde_json::from_str(&value.to_string()).unwrap();
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(text).unwrap(), "{text}");
    Some(again)
}

#[test]
fn every_kind_of_value_is_read_and_written() {
    let text = r#" { "a" : [ null , true , false , -12 , 0.5 , 1e3 ] , "b" : { } , "c" : [ ] , "d" : "x" } "#;
    let expected = json!({"a": [null, true, false, -12, 0.5, 1e3], "b": {}, "c": [], "d": "x"});
    assert_eq!(read(text), Some(expected));
}

#[test]
fn letters_are_read_however_they_are_escaped() {
    let text = r#""\"\\\/\n\t\r\b\f\u4e2d\ud83d\ude00 中文""#;
    assert_eq!(read(text), Some(json!("\"\\/\n\t\r\u{8}\u{c}中😀 中文")));
}

#[test]
fn what_is_not_json_is_not_read() {
    let long = "[".repeat(100_000);
    for text in [
        "",
        " ",
        "{",
        "[1",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\n\"",
        "nul",
        "tru",
        "1 2",
        "-",
        "1.",
        "[1 2]",
        &long,
    ] {
        assert_eq!(Value::parse(text), None, "{text:.20}");
    }
}

#[test]
fn numbers_are_whole_or_none() {
    let of = |text: &str| {
        let value = Value::parse(text).unwrap();
        (value.as_u64(), value.as_i64())
    };
    assert_eq!(of("18446744073709551615"), (Some(u64::MAX), None));
    assert_eq!(of("-9223372036854775808"), (None, Some(i64::MIN)));
    assert_eq!(of("1.5"), (None, None));
}

#[test]
fn the_last_of_two_fields_of_a_name_holds() {
    let value = Value::parse(r#"{"a":1,"a":2}"#).unwrap();
    assert_eq!(value.get("a").and_then(Value::as_u64), Some(2));
    assert_eq!(value.get("b"), None);
}

#[test]
fn a_pretty_object_has_a_field_a_line() {
    let text = r#"{"a":[1,{"b":"c"}],"d":{}}"#;
    let value = Value::parse(text).unwrap();
    let pretty = value.as_object().unwrap().pretty();
    assert_eq!(pretty, "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"c\"\n    }\n  ],\n  \"d\": {}\n}");
    assert_eq!(Value::parse(&pretty), Some(value));
}
