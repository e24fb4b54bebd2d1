//! The texts of a language as one table: what the build makes names of, and what a browser downloads. It is a part of
//! the build script and of xtask.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Before the number of what is filled in at that place.
const OPEN: char = '\u{1}';

/// The texts of a language by their keys, such as `vms.title`.
pub(crate) type Texts = BTreeMap<String, String>;

/// What is wrong with the texts.
#[derive(Debug)]
pub(crate) struct BadText(pub(crate) String);

/// Reads a file of `locales/`.
pub(crate) fn texts(file: &str) -> Result<Texts, BadText> {
    let content: Value = serde_json::from_str(file).map_err(|error| BadText(error.to_string()))?;
    let mut texts = Texts::new();
    flatten("", &content, &mut texts)?;
    Ok(texts)
}

fn flatten(prefix: &str, value: &Value, texts: &mut Texts) -> Result<(), BadText> {
    match value {
        Value::Object(parts) => parts.iter().try_for_each(|(name, part)| {
            let dot = if prefix.is_empty() { "" } else { "." };
            flatten(&format!("{prefix}{dot}{name}"), part, texts)
        }),
        Value::String(text) if !text.contains(['\n', OPEN]) => {
            texts.insert(prefix.to_owned(), text.clone());
            Ok(())
        }
        _ => Err(BadText(format!("{prefix} is not a text on one line"))),
    }
}

/// What each text leaves open in any of the languages, in order. The languages must have the same keys.
pub(crate) fn left_open(languages: &[Texts]) -> Result<BTreeMap<String, Vec<String>>, BadText> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (key, text) in languages.iter().flatten() {
        all.entry(key.clone()).or_default().extend(names(text).map(str::to_owned));
    }
    for key in all.keys() {
        if languages.iter().any(|texts| !texts.contains_key(key)) {
            return Err(BadText(format!("{key} is missing in a language")));
        }
    }
    Ok(all.into_iter().map(|(key, names)| (key, names.into_iter().collect())).collect())
}

/// The names in `{{ name }}`.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim()))
}

/// One text a line, in the order of the keys; what is left open is told by its number.
pub(crate) fn table(texts: &Texts, open: &BTreeMap<String, Vec<String>>) -> String {
    let line = |(key, text): (&String, &String)| {
        let mut line = text.clone();
        for (number, name) in open.get(key).into_iter().flatten().enumerate() {
            line = line.replace(&format!("{{{{ {name} }}}}"), &format!("{OPEN}{number}"));
        }
        line
    };
    texts.iter().map(line).collect::<Vec<_>>().join("\n")
}
