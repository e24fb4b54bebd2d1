//! One operation in OpenAPI's words.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use shared::api::Problem;

use super::Schemas;
use crate::operations::{Access, Answer, Content, Header, Operation, Tag};

pub(super) const BEARER: &str = "bearer";
pub(super) const COOKIE: &str = "session";
pub(super) const METRICS: &str = "metrics";

pub(super) fn describe(operation: &Operation, tag: Tag, schemas: &mut Schemas) -> Value {
    let mut parameters: Vec<Value> = operation.path_parameters().map(path_parameter).collect();
    if let Some(query) = operation.query {
        parameters.extend(query_parameters(&schemas.sent(query)));
    }
    parameters.extend(operation.headers.iter().map(header_parameter));
    let mut described = json!({
        "operationId": operation.id,
        "tags": [tag.name()],
        "summary": operation.summary,
        "security": security(operation.access),
        "responses": responses(operation, schemas),
    });
    if !parameters.is_empty() {
        described["parameters"] = Value::Array(parameters);
    }
    if let Some(body) = operation.body {
        described["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": schemas.sent(body) } },
        });
    }
    described
}

fn path_parameter(name: &'static str) -> Value {
    let uuid = || json!({ "type": "string", "format": "uuid" });
    let (about, schema) = match name {
        "subscription" => ("The id of the VM's subscription.", uuid()),
        "group" => (
            "The VM's resource group, in any case.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9._()-]{1,90}$" }),
        ),
        "name" => {
            ("The VM's name, in any case.", json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,80}$" }))
        }
        _ => ("The id of the grant.", uuid()),
    };
    json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema })
}

fn query_parameters(object: &Value) -> Vec<Value> {
    let required: Vec<Value> = object["required"].as_array().cloned().unwrap_or_default();
    let Some(properties) = object["properties"].as_object() else { return Vec::new() };
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = without_null(schema);
        let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let is_required = required.iter().any(|one| one == name);
        let mut parameter = json!({ "name": name, "in": "query", "required": is_required, "schema": schema });
        if let Some(about) = about {
            parameter["description"] = about;
        }
        parameter
    };
    properties.iter().map(parameter).collect()
}

/// A query has no null: what is not said is left out.
fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let Some(object) = schema.as_object_mut() else { return schema };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(forms)) = object.get_mut("anyOf") {
        forms.retain(|form| form["type"] != "null");
        if let [Value::Object(only)] = forms.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            object.extend(only);
        }
    }
    schema
}

fn header_parameter(header: &Header) -> Value {
    let Header { name, about, pattern } = header;
    json!({
        "name": name, "in": "header", "required": false, "description": about,
        "schema": { "type": "string", "pattern": pattern },
    })
}

fn security(access: Access) -> Value {
    match access {
        Access::Caller => json!([{ BEARER: [] }, { COOKIE: [] }]),
        Access::Anyone => json!([{ BEARER: [] }, { COOKIE: [] }, {}]),
        Access::Public => json!([]),
        Access::Metrics => json!([{ METRICS: [] }]),
    }
}

fn responses(operation: &Operation, schemas: &mut Schemas) -> Map<String, Value> {
    let mut responses = Map::new();
    for Answer { status, about, content } in &operation.answers {
        responses.insert(status.to_string(), response(about, content, schemas));
    }
    for status in operation.refusals() {
        let mut described = response(refusal(status), &Content::Json(problem), schemas);
        if let Some(headers) = headers(status) {
            described["headers"] = headers;
        }
        responses.insert(status.to_string(), described);
    }
    responses
}

fn problem(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Problem>()
}

fn response(about: &str, content: &Content, schemas: &mut Schemas) -> Value {
    let (kind, schema) = match content {
        Content::Json(describe) => ("application/json", schemas.answered(*describe)),
        Content::Text(kind) => (*kind, json!({ "type": "string" })),
        Content::Redirect => {
            let location = json!({ "required": true, "schema": { "type": "string" } });
            return json!({ "description": about, "headers": { "location": location } });
        }
        Content::Nothing => return json!({ "description": about }),
    };
    json!({ "description": about, "content": { kind: { "schema": schema } } })
}

fn headers(status: u16) -> Option<Value> {
    match status {
        401 => Some(json!({ "www-authenticate": { "required": true, "schema": { "type": "string" } } })),
        503 => {
            let about = "After how many seconds it is worth trying again.";
            let schema = json!({ "type": "integer", "minimum": 1 });
            Some(json!({ "retry-after": { "description": about, "schema": schema } }))
        }
        _ => None,
    }
}

/// What a status means wherever it comes.
const fn refusal(status: u16) -> &'static str {
    match status {
        400 => "Not parseable: which field, and what is allowed.",
        401 => "Not signed in, or the token is not good.",
        403 => "Understood, and not permitted.",
        404 => "Not there, or not to be seen by the caller.",
        409 => "The state of things forbids it; nothing was changed.",
        412 => "It is not as it was read; nothing was changed.",
        413 => "The body is larger than 2 MiB.",
        415 => "The body is not JSON.",
        422 => "The idempotency key was used for another request.",
        500 => "A defect; the log has the cause under the id that is named.",
        502 => "Azure refused.",
        503 => "Azure, the directory or the store does not answer.",
        _ => "Refused.",
    }
}
