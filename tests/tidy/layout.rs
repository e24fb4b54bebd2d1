//! Where files may lie, and how long they may be.

use crate::assert_none;
use crate::tree::{TextFile, paths, text_files};

/// All that may lie at the top; a new entry is a decision, not an accident.
const TOP: [&str; 17] = [
    ".cargo",
    ".ci",
    ".dockerignore",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "docs",
    "frontend",
    "functions",
    "infra",
    "rustfmt.toml",
    "shared",
    "tests",
];

const MOST_LINES: usize = 500;

fn strangers_at_the_top(paths: &[String]) -> Vec<String> {
    let tops = paths.iter().map(|path| path.split('/').next().unwrap_or(path));
    let mut strangers: Vec<&str> = tops.filter(|top| !TOP.contains(top)).collect();
    strangers.dedup();
    strangers.iter().map(|top| format!("{top} is not among the entries that may lie at the top")).collect()
}

fn module_files_named_mod(paths: &[String]) -> Vec<String> {
    let named_mod = paths.iter().filter(|path| path.rsplit('/').next() == Some("mod.rs"));
    named_mod
        .map(|path| format!("{path}: a module's file is named as the module, beside its folder"))
        .collect()
}

fn long_files(files: &[TextFile]) -> Vec<String> {
    let ours = files.iter().filter(|file| file.has_extension(&["rs", "js", "mjs", "css", "html"]));
    let long = ours.map(|file| (file, file.content.lines().count())).filter(|(_, lines)| *lines > MOST_LINES);
    long.map(|(file, lines)| format!("{}: {lines} lines, over {MOST_LINES}", file.path)).collect()
}

fn missing_licence(files: &[TextFile]) -> Vec<String> {
    let is_there = files.iter().any(|file| {
        file.path == "LICENSE"
            && file.content.contains("Apache License")
            && file.content.contains("Version 2.0")
    });
    if is_there {
        Vec::new()
    } else {
        vec!["LICENSE does not hold the Apache License, Version 2.0".to_owned()]
    }
}

#[test]
fn only_known_entries_lie_at_the_top() {
    assert_none(&strangers_at_the_top(paths()));
}

#[test]
fn a_stranger_at_the_top_is_found() {
    assert_eq!(strangers_at_the_top(&["notes/a.md".to_owned(), "notes/b.md".to_owned()]).len(), 1);
}

#[test]
fn modules_are_not_named_mod() {
    assert_none(&module_files_named_mod(paths()));
}

#[test]
fn a_module_named_mod_is_found() {
    assert_eq!(module_files_named_mod(&["shared/src/nsg/mod.rs".to_owned()]).len(), 1);
    assert_none(&module_files_named_mod(&["shared/src/nsgmod.rs".to_owned()]));
}

#[test]
fn files_are_short_enough_to_read() {
    assert_none(&long_files(text_files()));
}

#[test]
fn a_file_over_the_limit_is_found() {
    assert_eq!(long_files(&[TextFile::new("a.rs", &"\n".repeat(MOST_LINES + 1))]).len(), 1);
    assert_none(&long_files(&[TextFile::new("a.rs", &"\n".repeat(MOST_LINES))]));
}

#[test]
fn the_licence_is_there() {
    assert_none(&missing_licence(text_files()));
}

#[test]
fn another_licence_is_found() {
    assert_eq!(missing_licence(&[TextFile::new("LICENSE", "MIT License")]).len(), 1);
}
