//! The judge of every answer at a path of ARM: is it as Azure's published description of the API says?

use std::{collections::BTreeMap, sync::LazyLock};

use http::{Method, StatusCode};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

const DESCRIPTION: &str = include_str!("../swagger/jitNetworkAccessPolicies.json");
const COMMON: &str = include_str!("../swagger/common_types.json");
/// How the description names what is in the file of common types.
const FROM_COMMON: &str = "../../../common/v1/types.json#/definitions/";

/// What an operation answers when all is well: for each status the shape of its body, or none.
#[derive(Debug)]
struct Operation {
    method: Method,
    /// The path's segments in lower case; a name is a `{…}`.
    path: Vec<String>,
    answers: BTreeMap<u16, Option<String>>,
}

#[derive(Debug)]
struct Shapes {
    operations: Vec<Operation>,
    validators: BTreeMap<String, Validator>,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(Shapes::read);

/// Panics if the answer is not one that Azure's clients are told to expect. Other paths are not judged.
#[track_caller]
pub(crate) fn judge(method: &Method, path: &str, asked: Option<&str>, status: StatusCode, text: &str) {
    let outcome = complaint(method, path, status, text);
    assert_eq!(outcome, Ok(()), "{method} {path} answered {status}, which is not as Azure answers: {text}");
    let is_batch = path.split('?').next().is_some_and(|path| path.eq_ignore_ascii_case("/batch"));
    if is_batch && status.is_success() {
        judge_each(asked.unwrap_or_default(), text);
    }
}

/// The answers of a batch, each to the call at its place.
#[track_caller]
fn judge_each(asked: &str, text: &str) {
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("a batch is JSON");
    let (asked, answered) = (read(asked), read(text));
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (calls, answers) = (list(&asked["requests"]), list(&answered["responses"]));
    assert_eq!(calls.len(), answers.len(), "each call of a batch has an answer: {text}");
    for (call, answer) in calls.iter().zip(&answers) {
        assert_eq!(call["name"], answer["name"], "{text}");
        let url: http::Uri = call["url"].as_str().expect("a URL").parse().expect("a URL");
        let method = call["httpMethod"].as_str().expect("a method").parse().expect("a method");
        let status = answer["httpStatusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
        let status = StatusCode::from_u16(status.expect("a status")).expect("a status");
        let content = match &answer["content"] {
            Value::Null => String::new(),
            content => content.to_string(),
        };
        judge(&method, url.path(), None, status, &content);
    }
}

fn complaint(method: &Method, path: &str, status: StatusCode, text: &str) -> Result<(), String> {
    let path = path.split('?').next().unwrap_or_default().to_lowercase();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if !matches!(segments.first(), Some(&("subscriptions" | "tenants" | "batch"))) {
        return Ok(());
    }
    if !status.is_success() {
        return valid("CloudError", text).and_then(|body| says_why(&body));
    }
    let operation = SHAPES.operations.iter().find(|one| one.method == *method && one.is_at(&segments));
    let Some(operation) = operation else { return Ok(()) };
    match operation.answers.get(&status.as_u16()) {
        Some(Some(shape)) => valid(shape, text).map(drop),
        Some(None) if text.is_empty() => Ok(()),
        Some(None) => Err("it should have no body".to_owned()),
        None => Err(format!("its statuses are {:?}", operation.answers.keys())),
    }
}

/// Azure's clients show the code and the message; the description demands neither.
fn says_why(body: &Value) -> Result<(), String> {
    let is_said = |field: &str| body["error"][field].as_str().is_some_and(|text| !text.is_empty());
    if is_said("code") && is_said("message") {
        Ok(())
    } else {
        Err("an error says a code and a message".to_owned())
    }
}

fn valid(shape: &str, text: &str) -> Result<Value, String> {
    let body: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let validator = SHAPES.validators.get(shape).ok_or_else(|| format!("no shape {shape}"))?;
    let complaints: Vec<String> =
        validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    if complaints.is_empty() { Ok(body) } else { Err(complaints.join("; ")) }
}

impl Operation {
    fn is_at(&self, segments: &[&str]) -> bool {
        self.path.len() == segments.len()
            && self.path.iter().zip(segments).all(|(known, is)| known.starts_with('{') || known == is)
    }
}

impl Shapes {
    fn read() -> Self {
        let mut description: Value = serde_json::from_str(DESCRIPTION).expect("JSON");
        let mut common: Value = serde_json::from_str(COMMON).expect("JSON");
        as_one(&mut description);
        as_one(&mut common);
        let mut definitions = description["definitions"].as_object().expect("definitions").clone();
        definitions.extend(common["definitions"].as_object().expect("definitions").clone());
        let validators =
            definitions.keys().map(|name| (name.clone(), validator(name, &definitions))).collect();
        Self { operations: operations(&description["paths"]), validators }
    }
}

fn validator(name: &str, definitions: &serde_json::Map<String, Value>) -> Validator {
    let reference = json!({ "$ref": format!("#/definitions/{name}") });
    let schema = json!({ "allOf": [reference], "definitions": definitions });
    let options = jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(true);
    options.build(&schema).expect("a schema")
}

/// Both files' definitions are to stand in one; and values are open where the description says that they are.
fn as_one(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("x-ms-enum").is_some_and(|known| known["modelAsString"] == true) {
                fields.remove("enum");
            }
            if let Some(Value::String(reference)) = fields.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(FROM_COMMON)
            {
                *reference = format!("#/definitions/{name}");
            }
            fields.values_mut().for_each(as_one);
        }
        Value::Array(items) => items.iter_mut().for_each(as_one),
        _ => {}
    }
}

fn operations(paths: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in paths.as_object().expect("paths") {
        let path: Vec<String> = path
            .split('/')
            .skip(1)
            .map(|segment| match segment {
                "{jitNetworkAccessPolicyInitiateType}" => "initiate".to_owned(),
                other => other.to_lowercase(),
            })
            .collect();
        for (method, operation) in methods.as_object().expect("methods") {
            let answers = operation["responses"].as_object().expect("responses").iter();
            let answers = answers.filter_map(|(status, answer)| {
                let shape = answer["schema"]["$ref"].as_str().and_then(|shape| shape.rsplit('/').next());
                Some((status.parse().ok()?, shape.map(str::to_owned)))
            });
            let method = method.to_uppercase().parse().expect("a method");
            operations.push(Operation { method, path: path.clone(), answers: answers.collect() });
        }
    }
    operations
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICIES: &str =
        "/subscriptions/s/providers/Microsoft.Security/jitNetworkAccessPolicies?api-version=x";
    const POLICY: &str = "/Subscriptions/s/resourceGroups/g/providers/Microsoft.Security/locations/l/jitNetworkAccessPolicies/n";

    fn at(method: Method, path: &str, status: u16, body: &Value) -> Result<(), String> {
        complaint(&method, path, StatusCode::from_u16(status).unwrap(), &body.to_string())
    }

    #[test]
    fn accepts_what_the_description_shows() {
        assert_eq!(SHAPES.operations.len(), 8);
        let port = json!({ "number": 22, "endTimeUtc": "2026-01-31T17:00:00.0000000Z", "status": "Initiating",
                           "statusReason": "anything" });
        let request = json!({ "virtualMachines": [{ "id": "v", "ports": [port] }], "requestor": "r",
                              "startTimeUtc": "2026-01-31T16:00:00Z" });
        assert_eq!(at(Method::POST, &format!("{POLICY}/initiate"), 202, &request), Ok(()));
        let policy = json!({ "properties": { "virtualMachines": [], "requests": [request] } });
        assert_eq!(at(Method::PUT, POLICY, 200, &policy), Ok(()));
        assert_eq!(at(Method::GET, POLICIES, 200, &json!({ "value": [policy] })), Ok(()));
        let refusal = json!({ "error": { "code": "C", "message": "m" } });
        assert_eq!(at(Method::GET, POLICIES, 404, &refusal), Ok(()));
    }

    #[test]
    fn rejects_other_shapes_statuses_and_silent_errors() {
        for (method, path, status, body) in [
            (Method::GET, POLICIES, 200, json!({ "value": [{}] })),
            (Method::GET, POLICIES, 200, json!({ "value": [], "nextLink": 1 })),
            (Method::PUT, POLICY, 201, json!({ "properties": { "virtualMachines": [] } })),
            (Method::PUT, POLICY, 200, json!({ "properties": { "virtualMachines": [{ "id": "v" }] } })),
            (Method::DELETE, POLICY, 200, json!({})),
            (Method::GET, POLICY, 403, json!({ "error": { "message": "m" } })),
            (Method::GET, POLICY, 403, json!({})),
        ] {
            assert!(at(method.clone(), path, status, &body).is_err(), "{method} {path} {status} {body}");
        }
        let late = json!({ "number": 22, "endTimeUtc": "soon", "status": "s", "statusReason": "r" });
        let request = json!({ "virtualMachines": [{ "id": "v", "ports": [late] }], "requestor": "r",
                              "startTimeUtc": "2026-01-31T16:00:00Z" });
        assert!(at(Method::POST, &format!("{POLICY}/initiate"), 202, &request).is_err());
    }

    #[test]
    fn other_paths_are_not_judged() {
        assert_eq!(complaint(&Method::GET, "/api/vms", StatusCode::NOT_FOUND, "x"), Ok(()));
    }
}
