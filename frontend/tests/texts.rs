//! Every text of the portal stands in `locales/`, in both languages, and each is said somewhere. (That no key is
//! missing, and that each gets what it leaves open, the compiler checks.)

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// Names, which are the same in every language.
const NAMES: [&str; 3] = ["Postern", "English", "Escape"];

/// Attributes that are read or read out.
const SAID: [&str; 5] = ["aria-label", "title", "placeholder", "alt", "data-label"];

#[test]
fn both_languages_have_the_same_keys_and_no_empty_text() {
    let (english, chinese) = (texts("en"), texts("zh-TW"));
    assert!(english.len() > 300, "{} texts were read", english.len());
    assert_eq!(english.keys().collect::<Vec<_>>(), chinese.keys().collect::<Vec<_>>());
    for (key, text) in english.iter().chain(&chinese).filter(|(key, _)| *key != "port.unknown_source") {
        assert!(!text.trim().is_empty(), "{key} is empty");
    }
}

#[test]
fn chinese_says_everything_that_english_leaves_open() {
    let chinese = texts("zh-TW");
    for (key, text) in texts("en") {
        if key.starts_with("problem.") || key.starts_with("denial.refused.") {
            // Where the functions' English sentence is all that English says, Chinese may do without it.
            continue;
        }
        assert_eq!(left_open(&text), left_open(&chinese[&key]), "{key}");
    }
}

#[test]
fn every_text_is_said_somewhere() {
    let all: String = sources(&src()).into_iter().map(|(_, source)| source).collect();
    let all: String = all.split_whitespace().collect();
    for key in texts("en").keys() {
        let said = [format!(",{key})"), format!(",{key},")];
        assert!(said.iter().any(|call| all.contains(call)), "nothing says {key}");
    }
}

#[test]
fn pages_and_components_have_no_text_of_their_own() {
    for folder in ["pages", "components"] {
        for (path, source) in sources(&src().join(folder)) {
            let found = own_texts(&source);
            assert!(found.is_empty(), "{}: {found:?}", path.display());
        }
    }
}

#[test]
fn a_text_in_a_component_is_found() {
    for own in [r#"<p>"hello"</p>"#, r#"<p>{"hello"}</p>"#, r#"<a title="to it">"#, r#"f("Close now")"#] {
        assert_eq!(own_texts(own).len(), 1, "{own}");
    }
    for other in
        [r#"<p class="muted">{x}</p>"#, r#"{" · "}"#, r#"format!("{os} · {power}")"#, r#"f("Postern")"#]
    {
        assert!(own_texts(other).is_empty(), "{other}");
    }
}

fn own_texts(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let parts: Vec<&str> = line.split('"').collect();
        for at in (1..parts.len().saturating_sub(1)).step_by(2) {
            let (before, literal, after) = (parts[at - 1], parts[at], parts[at + 1]);
            let is_node = before.ends_with('>') || before.ends_with('{') && after.starts_with('}');
            let is_said = SAID.iter().any(|name| before.ends_with(&format!("{name}=")));
            let has_letters = literal.chars().any(char::is_alphabetic);
            if (is_node || is_said) && has_letters || is_sentence(literal) && !NAMES.contains(&literal) {
                found.push(literal);
            }
        }
    }
    found
}

fn is_sentence(literal: &str) -> bool {
    let mut letters = literal.chars();
    letters.next().is_some_and(|first| first.is_ascii_uppercase())
        && letters.next().is_some_and(|second| second.is_ascii_lowercase())
}

/// The names in `{{ name }}`, each once, in order.
fn left_open(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> =
        text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim())).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn texts(language: &str) -> BTreeMap<String, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("locales/{language}.json"));
    let content = fs::read_to_string(file).expect("each language has a file");
    let content: Value = serde_json::from_str(&content).expect("the build has read it");
    let mut flat = BTreeMap::new();
    flatten("", &content, &mut flat);
    flat
}

fn flatten(prefix: &str, value: &Value, flat: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(parts) => {
            for (name, part) in parts {
                let dot = if prefix.is_empty() { "" } else { "." };
                flatten(&format!("{prefix}{dot}{name}"), part, flat);
            }
        }
        other => drop(flat.insert(prefix.to_owned(), other.as_str().expect("a text is a string").to_owned())),
    }
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).expect("the folder is there").flatten().map(|entry| entry.path());
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let content = fs::read_to_string(&path).expect("sources are text");
            found.push((path, content));
        }
    }
    found
}
