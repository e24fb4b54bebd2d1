//! Which crate may depend on which, read from the manifests.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::assert_none;
use crate::tree::{TextFile, text_files};

/// Crates of ours, and those of ours that each may use. The tests may use all.
const DIRECTION: [(&str, &[&str]); 8] = [
    ("shared", &[]),
    ("test-postgres", &[]),
    ("functions", &["shared", "test-postgres"]),
    ("frontend", &["shared", "markup"]),
    ("markup", &[]),
    ("azure-sim", &[]),
    ("lambda-hello", &[]),
    ("xtask", &[]),
];

const TESTS: &str = "tests";

fn against_the_direction(manifests: &[Table]) -> Vec<String> {
    let ours: Vec<&str> = DIRECTION.iter().map(|(name, _)| *name).chain([TESTS]).collect();
    let mut found = Vec::new();
    for manifest in manifests {
        let Some(name) = name(manifest).filter(|name| *name != TESTS) else {
            continue;
        };
        let Some((_, allowed)) = DIRECTION.iter().find(|(known, _)| *known == name) else {
            found.push(format!("crate {name} has no place in the direction of dependencies"));
            continue;
        };
        let uses = dependencies(manifest).into_iter();
        let wrong = uses.filter(|other| ours.contains(&other.as_str()) && !allowed.contains(&other.as_str()));
        found.extend(wrong.map(|other| format!("{name} depends on {other}")));
    }
    found
}

fn unused(workspace: &Table, manifests: &[Table]) -> Vec<String> {
    let used: BTreeSet<String> = manifests.iter().flat_map(dependencies).collect();
    let listed = workspace["workspace"].get("dependencies").and_then(Value::as_table);
    let names = listed.into_iter().flat_map(Table::keys).filter(|name| !used.contains(*name));
    names.map(|name| format!("no crate uses the workspace's dependency {name}")).collect()
}

/// The names in every table of dependencies, also in those of one target.
pub(crate) fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let holders = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table).chain([manifest]);
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = holders.flat_map(|holder| kinds.map(|kind| holder.get(kind).and_then(Value::as_table)));
    tables.flatten().flat_map(Table::keys).cloned().collect()
}

pub(crate) fn name(manifest: &Table) -> Option<&str> {
    manifest.get("package")?.get("name")?.as_str()
}

pub(crate) fn parse(file: &TextFile) -> Table {
    file.content.parse().expect("cargo has read the manifest before")
}

/// The manifests of all crates.
pub(crate) fn manifests() -> Vec<Table> {
    let files = text_files().iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    files.map(parse).filter(|manifest| name(manifest).is_some()).collect()
}

fn workspace() -> Table {
    let file = text_files().iter().find(|file| file.path == "Cargo.toml");
    parse(file.expect("the workspace has a manifest"))
}

#[test]
fn crates_depend_in_one_direction() {
    let manifests = manifests();
    assert_eq!(manifests.len(), DIRECTION.len() + 1, "a crate is missing or new");
    assert_none(&against_the_direction(&manifests));
}

#[test]
fn what_is_for_tests_is_no_part_of_the_functions() {
    let functions = manifests().into_iter().find(|manifest| name(manifest) == Some("functions"));
    let functions = functions.expect("a crate of ours");
    let dependencies = functions.get("dependencies").and_then(Value::as_table).expect("it has some");
    assert!(!dependencies.contains_key("test-postgres"));
}

#[test]
fn a_dependency_against_the_direction_is_found() {
    for table in ["dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"] {
        let text = format!("[package]\nname = \"frontend\"\n[{table}]\nfunctions.workspace = true\n");
        let found = against_the_direction(&[text.parse().unwrap()]);
        assert_eq!(found, ["frontend depends on functions"], "{table}");
    }
}

#[test]
fn a_crate_without_a_place_is_found() {
    let manifest = "[package]\nname = \"extra\"\n".parse().unwrap();
    assert_eq!(against_the_direction(&[manifest]).len(), 1);
}

#[test]
fn every_dependency_of_the_workspace_is_used() {
    assert_none(&unused(&workspace(), &manifests()));
}

#[test]
fn an_unused_dependency_is_found() {
    let workspace = "[workspace.dependencies]\nserde = \"1\"\nurl = \"2\"\n".parse().unwrap();
    let crates = ["[package]\nname = \"shared\"\n[dependencies]\nurl.workspace = true\n".parse().unwrap()];
    assert_eq!(unused(&workspace, &crates), ["no crate uses the workspace's dependency serde"]);
}
