//! `shared` runs in the browser and in the functions: it has no clock, no input or output, nothing asynchronous.

use toml::Table;

use crate::assert_none;
use crate::dependencies::{dependencies, manifests, name};
use crate::tree::{TextFile, text_files};

/// Beginnings of the names of crates that wait, talk, or ask the machine for time or chance.
const IMPURE_CRATES: [&str; 18] = [
    "async",
    "axum",
    "azure",
    "chrono",
    "futures",
    "getrandom",
    "gloo",
    "http",
    "hyper",
    "leptos",
    "rand",
    "reqwest",
    "smol",
    "sqlx",
    "tokio",
    "tower",
    "ureq",
    "web",
];

const IMPURE_CODE: [&str; 8] =
    ["async fn", "::now(", "SystemTime", "std::env", "std::fs", "std::process", "std::thread", "TcpStream"];

fn impure_dependencies(manifest: &Table) -> Vec<String> {
    let names = dependencies(manifest).into_iter();
    let impure = names.filter(|name| IMPURE_CRATES.iter().any(|beginning| name.starts_with(beginning)));
    impure.map(|name| format!("shared depends on {name}")).collect()
}

fn impure_code(files: &[TextFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("shared/src/")) {
        let impure = IMPURE_CODE.iter().filter(|word| file.content.contains(**word));
        found.extend(impure.map(|word| format!("{}: has {word}", file.path)));
    }
    found
}

#[test]
fn shared_depends_on_nothing_impure() {
    let manifests = manifests();
    let shared = manifests.iter().find(|manifest| name(manifest) == Some("shared"));
    assert_none(&impure_dependencies(shared.expect("shared has a manifest")));
}

#[test]
fn an_impure_dependency_is_found() {
    let manifest: Table = "[dependencies]\ntokio = \"1\"\nserde = \"1\"\n".parse().unwrap();
    assert_eq!(impure_dependencies(&manifest), ["shared depends on tokio"]);
}

#[test]
fn shared_asks_the_machine_for_nothing() {
    assert_none(&impure_code(text_files()));
}

#[test]
fn impure_code_is_found() {
    let code = "let now = Timestamp::now();";
    assert_eq!(impure_code(&[TextFile::new("shared/src/grant.rs", code)]).len(), 1);
    assert_none(&impure_code(&[TextFile::new("functions/src/clock.rs", code)]));
}
