//! One word per idea: names that the glossary rules out.

use crate::assert_none;
use crate::tree::{TextFile, prose};

/// Words that no type of ours has in its name, each with the word to use.
const RULED_OUT: [(&str, &str); 8] = [
    ("Whitelist", "AllowedSources"),
    ("Blacklist", "AllowedSources"),
    ("Acl", "NsgRule"),
    ("Hole", "Opening or LeaseRule"),
    ("Posture", "exposure"),
    ("Ticket", "AccessRequest"),
    ("Cron", "sweep"),
    ("Ttl", "MaxDuration"),
];

fn types_with_ruled_out_words(files: &[TextFile]) -> Vec<String> {
    let mut found = Vec::new();
    // azure-sim speaks Azure's own words.
    let ours =
        files.iter().filter(|file| file.has_extension(&["rs"]) && !file.path.starts_with("infra/azure-sim/"));
    for file in ours {
        for name in file.content.lines().filter_map(declared_type) {
            for (word, instead) in RULED_OUT {
                if has_camel_word(name, word) {
                    found.push(format!("{}: type {name} says {word}; say {instead}", file.path));
                }
            }
        }
    }
    found
}

fn declared_type(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    if !matches!(words.next(), Some("struct" | "enum" | "trait" | "type")) {
        return None;
    }
    words.next()?.split(|character: char| !character.is_alphanumeric()).next()
}

/// Whether a word of a `CamelCase` name is `word`: `TtlCache` has `Ttl`, `Battle` has not.
fn has_camel_word(name: &str, word: &str) -> bool {
    name.match_indices(word).any(|(at, _)| {
        name[at + word.len()..].chars().next().is_none_or(|next| next.is_uppercase() || next.is_ascii_digit())
    })
}

fn tests_named_test(files: &[TextFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.has_extension(&["rs"])) {
        let mut is_test = false;
        for line in file.content.lines().map(str::trim) {
            if line.starts_with("#[") {
                is_test |= line.contains("test]") || line.contains("test(");
                continue;
            }
            if is_test && line.trim_start_matches("async ").starts_with("fn test_") {
                found.push(format!("{}: `{line}`: a test's name is a sentence without test_", file.path));
            }
            is_test = false;
        }
    }
    found
}

#[test]
fn types_are_named_by_the_glossary() {
    assert_none(&types_with_ruled_out_words(&prose()));
}

#[test]
fn a_type_with_a_ruled_out_word_is_found() {
    for line in ["struct SourceWhitelist;", "pub(crate) enum Ttl {", "pub trait AclStore: Sized {"] {
        assert_eq!(types_with_ruled_out_words(&[TextFile::new("shared/src/a.rs", line)]).len(), 1, "{line}");
    }
}

#[test]
fn other_names_are_left_alone() {
    for line in ["struct Holes;", "struct Crontab;", "let whitelist = Whitelist::new();", "struct Listed;"] {
        assert_none(&types_with_ruled_out_words(&[TextFile::new("shared/src/a.rs", line)]));
    }
}

#[test]
fn tests_are_named_by_sentences() {
    assert_none(&tests_named_test(&prose()));
}

#[test]
fn a_test_named_test_is_found() {
    for code in
        ["#[test]\nfn test_it() {}", "#[tokio::test(start_paused = true)]\n#[cold]\nasync fn test_it() {}"]
    {
        assert_eq!(tests_named_test(&[TextFile::new("a.rs", code)]).len(), 1, "{code}");
    }
}

#[test]
fn a_helper_may_be_named_test() {
    assert_none(&tests_named_test(&[TextFile::new("a.rs", "#[test]\nfn it() {}\n\nfn test_app() {}")]));
}
