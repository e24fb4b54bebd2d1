//! Makes names of the keys in `locales/`, so that the compiler knows which texts there are and what each leaves open,
//! and tables of the texts for the tests. A text that one language lacks fails the build.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::{self, Write},
    fs,
    path::Path,
};

mod table;

const LANGUAGES: [&str; 2] = ["en", "zh-TW"];

fn main() -> Result<(), Box<dyn Error>> {
    instruct("rerun-if-changed=locales");
    instruct("rerun-if-changed=build.rs");
    instruct("rerun-if-changed=table.rs");
    let mut languages = Vec::new();
    for language in LANGUAGES {
        let file = fs::read_to_string(format!("locales/{language}.json"))?;
        languages.push(table::texts(&file).map_err(|error| said(language, &error))?);
    }
    let open = table::left_open(&languages).map_err(|error| said("locales", &error))?;
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let out = Path::new(&out);
    for (language, texts) in LANGUAGES.iter().zip(&languages) {
        fs::write(out.join(format!("{language}.txt")), table::table(texts, &open))?;
    }
    fs::write(out.join("keys.rs"), keys(&open)?)?;
    Ok(())
}

fn said(place: &str, error: &table::BadText) -> String {
    format!("{place}: {}", error.0)
}

/// A part of the keys: what they are called, and the parts below.
#[derive(Default)]
struct Part<'k> {
    texts: Vec<(usize, &'k str, &'k [String])>,
    parts: BTreeMap<&'k str, Part<'k>>,
}

fn keys(open: &BTreeMap<String, Vec<String>>) -> Result<String, fmt::Error> {
    let mut whole = Part::default();
    for (number, (key, names)) in open.iter().enumerate() {
        let mut part = &mut whole;
        let mut segments: Vec<&str> = key.split('.').collect();
        let name = segments.pop().unwrap_or_default();
        for segment in segments {
            part = part.parts.entry(segment).or_default();
        }
        part.texts.push((number, name, names));
    }
    let mut code = String::new();
    write_part(&whole, &mut code)?;
    Ok(code)
}

fn write_part(part: &Part<'_>, code: &mut String) -> fmt::Result {
    for (number, name, open) in &part.texts {
        if open.is_empty() {
            writeln!(
                code,
                "pub(crate) const {name}: crate::model::language::Key = crate::model::language::Key({number});"
            )?;
            continue;
        }
        let fields: String =
            open.iter().map(|field| format!("pub(crate) {field}: &'a dyn std::fmt::Display,")).collect();
        let given: String = open.iter().map(|field| format!("self.{field},")).collect();
        writeln!(
            code,
            "pub(crate) struct {name}<'a> {{ {fields} }}
            impl {name}<'_> {{
                pub(crate) fn said(self, language: crate::model::language::Language) -> String {{
                    crate::model::language::filled(language, crate::model::language::Key({number}), &[{given}])
                }}
            }}"
        )?;
    }
    for (name, part) in &part.parts {
        writeln!(code, "pub(crate) mod {name} {{")?;
        write_part(part, code)?;
        writeln!(code, "}}")?;
    }
    Ok(())
}

fn instruct(what: &str) {
    println!("cargo::{what}");
}
