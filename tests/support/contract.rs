//! The API's own document as the judge of every answer that a test gets, and of every body that was taken.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use functions::openapi::document;
use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::Answer;

/// Fails where the document says otherwise.
pub(crate) fn check(method: &Method, target: &str, sent: Option<&str>, answer: &Answer) {
    let path = target.split('?').next().unwrap_or(target);
    let judged = objection(method, path, sent, answer);
    assert!(
        judged.is_ok(),
        "{method} {target} answered {} against the document: {judged:?}\n{}",
        answer.status,
        answer.text
    );
}

fn objection(method: &Method, path: &str, sent: Option<&str>, answer: &Answer) -> Result<(), String> {
    let Some((_, operation)) = operation_at(method, path) else {
        return unknown(path, answer);
    };
    let status = answer.status.as_str();
    let response = operation["responses"].get(status).ok_or("there is no such status")?;
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        if header["required"] == true && !answer.headers.contains_key(name) {
            return Err(format!("the header {name} is missing"));
        }
    }
    content(response, answer)?;
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    match sent.and_then(|sent| serde_json::from_str(sent).ok()) {
        Some(sent) if answer.status.is_success() && !body.is_null() => {
            valid(body, &sent).map_err(|objection| format!("the body that was taken: {objection}"))
        }
        _ => Ok(()),
    }
}

/// The operation that a path belongs to, with its path in the document: where two fit, the one with fewer parameters.
pub fn operation_at(method: &Method, path: &str) -> Option<(&'static str, &'static Value)> {
    let paths = document()["paths"].as_object()?;
    let parameters = |template: &str| template.matches('{').count();
    let fitting = paths.iter().filter(|(template, _)| fits(template, path));
    let (template, operations) = fitting.min_by_key(|(template, _)| parameters(template))?;
    Some((template.as_str(), operations.get(method.as_str().to_lowercase())?))
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
}

/// What is no operation is refused in the envelope. The portal's own pages are no part of the API.
fn unknown(path: &str, answer: &Answer) -> Result<(), String> {
    if !(path.starts_with("/api/") || path.starts_with("/auth/")) {
        return Ok(());
    }
    if !answer.status.is_client_error() {
        return Err("the document has no such operation".to_owned());
    }
    valid(&json!({ "$ref": "#/components/schemas/Problem" }), &answer.json)
}

fn content(response: &Value, answer: &Answer) -> Result<(), String> {
    let Some(kinds) = response["content"].as_object() else {
        return if answer.text.is_empty() { Ok(()) } else { Err("it has no body there".to_owned()) };
    };
    let kind = answer.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let described = kinds.get(kind).ok_or_else(|| format!("it is not of the type {kind:?} there"))?;
    if kind == "application/json" { valid(&described["schema"], &answer.json) } else { Ok(()) }
}

fn valid(schema: &Value, value: &Value) -> Result<(), String> {
    let objections: Vec<String> = validator(schema)
        .iter_errors(value)
        .map(|error| {
            format!(
                "at {}: {}",
                error.instance_path(),
                error.to_string().chars().take(300).collect::<String>()
            )
        })
        .collect();
    if objections.is_empty() { Ok(()) } else { Err(objections.join("; ")) }
}

fn validator(schema: &Value) -> Arc<Validator> {
    static MADE: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || {
        let whole = json!({ "allOf": [schema], "components": document()["components"] });
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        Arc::new(options.build(&whole).expect("the document's schemas are schemas"))
    };
    Arc::clone(made.entry(schema.to_string()).or_insert_with(make))
}
