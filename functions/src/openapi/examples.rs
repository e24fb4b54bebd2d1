//! Examples of every operation, as Postern answered them in a test.

use std::sync::LazyLock;

use serde_json::{Map, Value};

static EXAMPLES: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../api/examples.json")).unwrap_or_default());

/// Puts the example of an operation where OpenAPI wants its parts.
pub(super) fn add(id: &str, described: &mut Value) {
    let Some(example) = EXAMPLES.get(id) else { return };
    for parameter in described["parameters"].as_array_mut().into_iter().flatten() {
        let given = parameter["name"].as_str().and_then(|name| example["parameters"].get(name));
        if let Some(given) = given.cloned() {
            parameter["example"] = typed(&parameter["schema"], given);
        }
    }
    if let Some(body) = example.get("body") {
        described["requestBody"]["content"]["application/json"]["example"] = body.clone();
    }
    let status = example["status"].to_string();
    let kinds =
        described["responses"].get_mut(&status).and_then(|response| response["content"].as_object_mut());
    if let (Some(answer), Some(kinds)) = (example.get("answer"), kinds) {
        kinds.values_mut().for_each(|kind| kind["example"] = answer.clone());
    }
}

/// A number of a query was text in the test.
fn typed(schema: &Value, given: Value) -> Value {
    let is_number = schema["type"] == "integer" || schema["$ref"] == "#/components/schemas/Port";
    let number = given.as_str().filter(|_| is_number).and_then(|text| text.parse::<i64>().ok());
    number.map_or(given, Value::from)
}
