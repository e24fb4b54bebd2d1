use std::collections::BTreeSet;

use super::*;

#[test]
fn every_reference_leads_somewhere() {
    let mut references = Vec::new();
    collect(document(), &mut references);
    assert!(references.len() > 100, "{}", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("no reference leads out of the document");
        assert!(document().pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let all = operations();
    let ids: Vec<&str> = all.iter().flat_map(|(_, list)| list.iter().map(|one| one.id)).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

#[test]
fn what_is_both_sent_and_answered_has_one_schema_and_no_two_types_share_a_name() {
    let mut schemas = Schemas::new();
    paths(&mut schemas);
    let (sent, answered) = (schemas.sent.take_definitions(true), schemas.answered.take_definitions(true));
    for (name, schema) in &sent {
        assert!(answered.get(name).is_none_or(|other| other == schema), "{name} has two schemas");
    }
    // A second type of the same name gets a number behind it.
    let numbered = |name: &&String| name.ends_with(|last: char| last.is_ascii_digit());
    assert_eq!(sent.keys().chain(answered.keys()).find(numbered), None);
}

#[test]
fn no_part_of_an_operation_is_null() {
    let paths = paths(&mut Schemas::new());
    for described in
        paths.values().flat_map(|path| path.as_object().into_iter().flatten()).map(|(_, one)| one)
    {
        assert!(described.get("parameters").is_none_or(Value::is_array), "{described}");
        let responses = described["responses"].as_object().into_iter().flatten();
        for (_, response) in responses {
            assert!(response.get("content").is_none_or(Value::is_object), "{described}");
        }
    }
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, into)),
        _ => {}
    }
}
