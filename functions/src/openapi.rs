//! The OpenAPI 3.1 document of the whole API, made of the table of operations.

mod examples;
mod operation;
mod page;

use std::sync::LazyLock;

use schemars::{
    SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value, json};

pub(crate) use self::page::{STYLE, page};
use crate::operations::{Describe, operations};

/// Where the document keeps its schemas.
const SCHEMAS: &str = "/components/schemas";

/// The document. It does not depend on the deployment.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(make);
    &DOCUMENT
}

/// The document as a file, the same from every build.
pub fn text() -> String {
    format!("{:#}\n", sorted(document()))
}

fn make() -> Value {
    let mut schemas = Schemas::new();
    let paths = paths(&mut schemas);
    let tags = operations().into_iter().map(|(tag, _)| tag);
    let tags: Vec<Value> =
        tags.map(|tag| json!({ "name": tag.name(), "description": tag.about() })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Postern",
            "summary": "Just-in-time access to the management ports of Azure virtual machines.",
            "description": "Every refusal comes in Azure's envelope, `Problem`. Times are UTC, durations ISO 8601.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": { "schemas": schemas.finish(), "securitySchemes": security_schemes() },
    })
}

fn paths(schemas: &mut Schemas) -> Map<String, Value> {
    let mut paths = Map::new();
    for (tag, operations) in operations() {
        for one in operations {
            let mut described = operation::describe(&one, tag, schemas);
            examples::add(one.id, &mut described);
            paths.entry(one.path).or_insert_with(|| json!({}))[one.method.as_str()] = described;
        }
    }
    paths
}

fn security_schemes() -> Value {
    json!({
        operation::BEARER: {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A token of the directory for Postern's audience.",
        },
        operation::COOKIE: {
            "type": "apiKey", "in": "cookie", "name": "__Host-postern",
            "description": "The portal's session. What changes something needs the portal's own headers too.",
        },
        operation::METRICS: {
            "type": "http", "scheme": "bearer",
            "description": "The token that the deployment sets for the metrics.",
        },
    })
}

/// Collects the schemas of all types that travel. What may be left out when it is sent may always be there in an answer.
struct Schemas {
    sent: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let generator = |contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = SCHEMAS.into();
                settings.meta_schema = None;
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Self { sent: generator(Contract::Deserialize), answered: generator(Contract::Serialize) }
    }

    fn sent(&mut self, describe: Describe) -> Value {
        describe(&mut self.sent).to_value()
    }

    fn answered(&mut self, describe: Describe) -> Value {
        describe(&mut self.answered).to_value()
    }

    fn finish(mut self) -> Map<String, Value> {
        let mut schemas = self.sent.take_definitions(true);
        schemas.extend(self.answered.take_definitions(true));
        schemas
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
