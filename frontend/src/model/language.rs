//! The languages of the portal; their texts stand in `locales/`.

#[expect(dead_code, unused_imports, reason = "made by leptos_i18n_codegen")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/texts.rs"));
}

/// A text in a language: `say!(language, vms.title)`; what it leaves open is given by name.
pub(crate) use leptos_i18n::td_string as say;

pub(crate) use self::generated::i18n::Locale as Language;

/// As `lang` has it.
pub(crate) fn tag(language: Language) -> &'static str {
    leptos_i18n::Locale::as_str(language)
}
