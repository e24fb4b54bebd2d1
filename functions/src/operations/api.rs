use schemars::{Schema, SchemaGenerator, json_schema};

use super::{Access, Content, Operation, get};
use crate::handlers::read_api;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/api/openapi.json", "read_api_document", "This document", read_api::document)
            .open_to(Access::Public)
            .answers_in(200, "OpenAPI 3.1.", Content::Json(any_object)),
        get("/api/docs", "read_api_page", "This document as a page", read_api::page)
            .open_to(Access::Public)
            .answers_in(200, "Without a script.", Content::Text("text/html")),
        get("/api/docs.css", "read_api_style", "How the page looks", read_api::style)
            .open_to(Access::Public)
            .answers_in(200, "The page's style sheet.", Content::Text("text/css")),
    ]
}

fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "required": ["openapi", "paths"] })
}
