//! The document as a page to read: HTML without a script.

mod html;

use serde_json::Value;

use self::html::{Html, anchor};
use super::document;

/// In the order in which they are told.
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

pub(crate) const STYLE: &str = include_str!("page/page.css");

/// The whole page.
pub(crate) fn page() -> String {
    let mut html = Html::default();
    html.raw(include_str!("page/head.html"));
    let info = &document()["info"];
    html.raw("<header>").text("h1", "Postern’s API").text("p", text(&info["summary"]));
    html.text("p", text(&info["description"]));
    html.raw("<p>The same for machines: <a href=\"/api/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p></header>");
    contents(&mut html);
    html.raw("<main>");
    for tag in list(&document()["tags"]) {
        html.raw("<section>").text("h2", text(&tag["name"])).text("p", text(&tag["description"]));
        for (path, method, operation) in operations_of(tag) {
            describe(&mut html, path, method, operation);
        }
        html.raw("</section>");
    }
    schemas(&mut html);
    html.raw("</main></body></html>\n");
    html.finish()
}

fn contents(html: &mut Html) {
    html.raw("<nav aria-label=\"Operations\">");
    for tag in list(&document()["tags"]) {
        html.text("h2", text(&tag["name"])).raw("<ul>");
        for (_, _, operation) in operations_of(tag) {
            html.raw("<li>").link(text(&operation["operationId"]), text(&operation["summary"])).raw("</li>");
        }
        html.raw("</ul>");
    }
    html.raw("<p>").link("schemas", "What travels").raw("</p></nav>");
}

fn operations_of(tag: &Value) -> Vec<(&'static str, &'static str, &'static Value)> {
    let paths = document()["paths"].as_object().into_iter().flatten();
    let of_path = |(path, operations): (&'static String, &'static Value)| {
        METHODS.iter().filter_map(move |method| Some((path.as_str(), *method, operations.get(*method)?)))
    };
    paths
        .flat_map(of_path)
        .filter(|(.., operation)| list(&operation["tags"]).first() == Some(&tag["name"]))
        .collect()
}

fn describe(html: &mut Html, path: &str, method: &str, operation: &Value) {
    html.raw("<article id=\"").escaped(text(&operation["operationId"])).raw("\">");
    html.text("h3", text(&operation["summary"]));
    html.raw("<p class=\"call\"><b>").escaped(&method.to_uppercase()).raw("</b> <code>").escaped(path);
    html.raw("</code></p>").text("p", way_in(operation));
    let parameters = list(&operation["parameters"]);
    if !parameters.is_empty() {
        html.raw("<dl>");
        for one in parameters {
            html.raw("<dt><code>")
                .escaped(text(&one["name"]))
                .raw("</code></dt><dd>in ")
                .escaped(text(&one["in"]));
            html.raw(if one["required"] == true { ", required" } else { "" }).raw(": ");
            form(html, &one["schema"]);
            html.raw("</dd>").text("dd", text(&one["description"]));
        }
        html.raw("</dl>");
    }
    let body = &operation["requestBody"]["content"]["application/json"];
    if !body.is_null() {
        html.raw("<p>Takes ");
        form(html, &body["schema"]);
        html.raw(".</p>");
        example(html, "An example of the body", &body["example"]);
    }
    html.raw("<ul>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        answer(html, status, response);
    }
    html.raw("</ul></article>");
}

fn answer(html: &mut Html, status: &str, response: &Value) {
    html.raw("<li><b>").escaped(status).raw("</b> ").escaped(text(&response["description"]));
    for (kind, content) in response["content"].as_object().into_iter().flatten() {
        html.raw(" <span>");
        if kind == "application/json" {
            form(html, &content["schema"])
        } else {
            _ = html.escaped(kind)
        }
        html.raw("</span>");
        example(html, "An example of the answer", &content["example"]);
    }
    html.raw("</li>");
}

fn way_in(operation: &Value) -> &'static str {
    let ways = list(&operation["security"]);
    let names = |way: &Value, name: &str| way.get(name).is_some();
    match ways {
        [] => "Needs nobody to be signed in.",
        _ if ways.iter().any(|way| names(way, "metrics")) => "Needs the token of the metrics.",
        _ if ways.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty)) => {
            "Says more to a caller with a bearer token or a session."
        }
        _ => "Needs a bearer token, or the portal’s session.",
    }
}

fn example(html: &mut Html, about: &str, example: &Value) {
    if example.is_null() {
        return;
    }
    let shown = example.as_str().map_or_else(|| format!("{example:#}"), str::to_owned);
    html.raw("<details>")
        .text("summary", about)
        .raw("<pre tabindex=\"0\">")
        .escaped(&shown)
        .raw("</pre></details>");
}

fn schemas(html: &mut Html) {
    html.raw("<section id=\"schemas\">").text("h2", "What travels");
    for (name, schema) in document()["components"]["schemas"].as_object().into_iter().flatten() {
        html.raw("<article id=\"").escaped(&anchor(name)).raw("\">").text("h3", name);
        html.text("p", text(&schema["description"])).raw("<p>");
        form(html, schema);
        html.raw("</p>");
        properties(html, schema);
        for variant in list(&schema["oneOf"]) {
            if variant["properties"].is_object() {
                html.text("p", text(&variant["description"]));
                properties(html, variant);
            }
        }
        html.raw("</article>");
    }
    html.raw("</section>");
}

fn properties(html: &mut Html, schema: &Value) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = list(&schema["required"]);
    html.raw("<dl>");
    for (name, property) in properties {
        html.raw("<dt><code>").escaped(name).raw("</code></dt><dd>");
        form(html, property);
        let is_required = required.iter().any(|one| one == name);
        html.raw(if is_required { "" } else { ", may be missing" }).raw("</dd>");
        html.text("dd", text(&property["description"]));
    }
    html.raw("</dl>");
}

/// What a schema allows, in a few words, with links to the types that have a name.
fn form(html: &mut Html, schema: &Value) {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        html.link(&anchor(name), name);
        return;
    }
    if let Some(value) = schema.get("const") {
        html.raw("<code>").escaped(&value.to_string()).raw("</code>");
        return;
    }
    for (index, value) in list(&schema["enum"]).iter().enumerate() {
        html.raw(if index == 0 { "<code>" } else { " or <code>" }).escaped(&value.to_string()).raw("</code>");
    }
    let several =
        list(&schema["anyOf"]).iter().chain(list(&schema["oneOf"])).filter(|one| one["format"].is_null());
    for (index, one) in several.enumerate() {
        html.raw(if index == 0 { "" } else { " or " });
        form(html, one);
    }
    if schema["enum"].is_array() || schema["oneOf"].is_array() {
        return;
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        one => vec![text(one)],
    };
    html.escaped(&types.join(" or "));
    if schema["items"].is_object() {
        html.raw(" of ");
        form(html, &schema["items"]);
    }
    for (key, word) in [
        ("format", " "),
        ("pattern", " like "),
        ("minimum", ", from "),
        ("maximum", ", to "),
        ("minLength", ", at least "),
        ("maxLength", ", at most "),
        ("minItems", ", at least "),
        ("maxItems", ", at most "),
    ] {
        if let Some(value) = schema.get(key) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            html.raw(word).raw("<code>").escaped(&value).raw("</code>");
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
