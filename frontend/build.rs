//! Makes code of the texts in `locales/`. A text that one language lacks fails the build.
//!
//! leptos_i18n_build does the same with ICU's data generator on top, some fifty crates that nothing here needs.

use std::{env, error::Error, fs, path::Path};

use leptos_i18n_parser::parse_locales::{
    options::{Config, ParseOptions},
    parse_locales,
};

fn main() -> Result<(), Box<dyn Error>> {
    let options = ParseOptions::new().interpolate_display(true);
    let config = said(Config::new("en").and_then(|config| config.add_locale("zh-TW")))?;
    let texts = said(parse_locales(None, config.parse_options(options)))?;
    for file in texts.tracked_files.iter().flatten() {
        instruct(&format!("rerun-if-changed={file}"));
    }
    for warning in texts.diag.warnings().iter() {
        instruct(&format!("error={warning}"));
    }
    let code = said(leptos_i18n_codegen::gen_code(&texts, None, false, None, false))?;
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("texts.rs"), code.to_string())?;
    Ok(())
}

fn said<T, E: std::fmt::Display>(outcome: Result<T, E>) -> Result<T, Box<dyn Error>> {
    outcome.map_err(|error| error.to_string().into())
}

fn instruct(what: &str) {
    println!("cargo::{what}");
}
