//! The languages of the portal; their texts stand in `locales/`. The portal downloads the table of the language that is
//! spoken, and no other.

use std::{
    fmt::{Display, Write},
    str::FromStr,
    sync::OnceLock,
};

#[expect(non_camel_case_types, reason = "called as in `locales/`")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    #[default]
    en,
    zh_TW,
}

impl FromStr for Language {
    type Err = ();

    fn from_str(tag: &str) -> Result<Self, ()> {
        match tag {
            "en" => Ok(Self::en),
            "zh-TW" => Ok(Self::zh_TW),
            _ => Err(()),
        }
    }
}

/// As `lang` has it.
pub(crate) const fn tag(language: Language) -> &'static str {
    match language {
        Language::en => "en",
        Language::zh_TW => "zh-TW",
    }
}

#[expect(non_camel_case_types, non_upper_case_globals, reason = "called as in `locales/`")]
pub(crate) mod keys {
    include!(concat!(env!("OUT_DIR"), "/keys.rs"));
}

/// Which line of a table a text is.
#[derive(Clone, Copy)]
pub(crate) struct Key(pub usize);

/// A text in a language: `say!(language, vms.title)`; what it leaves open is given by name.
macro_rules! say {
    (@given $name:ident) => {
        &$name
    };
    (@given $name:ident = $value:expr) => {
        &$value
    };
    ($language:expr, $($key:ident).+ $(,)?) => {
        $crate::model::language::text($language, $crate::model::language::keys::$($key)::+)
    };
    ($language:expr, $($key:ident).+, $($name:ident $(= $value:expr)?),+ $(,)?) => {
        $crate::model::language::keys::$($key)::+ {
            $($name: $crate::model::language::say!(@given $name $(= $value)?)),+
        }
        .said($language)
    };
}
pub(crate) use say;

static TABLES: [OnceLock<Vec<&'static str>>; 2] = [const { OnceLock::new() }; 2];

/// Takes in the table of a language, once and for all.
pub(crate) fn learn(language: Language, table: String) {
    let _ = TABLES[language as usize].get_or_init(|| lines(table.leak()));
}

pub(crate) fn is_known(language: Language) -> bool {
    lines_of(language).is_some()
}

fn lines(table: &'static str) -> Vec<&'static str> {
    table.split('\n').collect()
}

#[cfg(target_arch = "wasm32")]
fn lines_of(language: Language) -> Option<&'static Vec<&'static str>> {
    TABLES[language as usize].get()
}

#[cfg(not(target_arch = "wasm32"))]
fn lines_of(language: Language) -> Option<&'static Vec<&'static str>> {
    let table = match language {
        Language::en => include_str!(concat!(env!("OUT_DIR"), "/en.txt")),
        Language::zh_TW => include_str!(concat!(env!("OUT_DIR"), "/zh-TW.txt")),
    };
    Some(TABLES[language as usize].get_or_init(|| lines(table)))
}

/// Nothing where the table is not there, which the boot script sees to.
pub(crate) fn text(language: Language, Key(line): Key) -> &'static str {
    lines_of(language).and_then(|lines| lines.get(line)).copied().unwrap_or_default()
}

/// A text with what it leaves open, in the order of their names.
pub(crate) fn filled(language: Language, key: Key, given: &[&dyn Display]) -> String {
    let mut parts = text(language, key).split('\u{1}');
    let mut said = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        let number = letters.next().and_then(|digit| digit.to_digit(10));
        if let Some(value) = number.and_then(|number| given.get(number as usize)) {
            let _ = write!(said, "{value}");
        }
        said.push_str(letters.as_str());
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_open_is_filled_in_by_name() {
        let (packets, sources, port) = ("TCP", "203.0.113.7", 22);
        let said = say!(Language::en, proof.lets, packets, sources, port = port);
        assert!(said.contains("TCP") && said.contains("203.0.113.7") && said.contains("22"), "{said}");
        assert!(!said.contains('\u{1}'), "{said}");
    }

    #[test]
    fn each_language_has_its_own_texts() {
        assert_eq!(say!(Language::en, common.cancel), "Cancel");
        assert_eq!(say!(Language::zh_TW, common.cancel), "取消");
        assert!(is_known(Language::en) && is_known(Language::zh_TW));
    }

    #[test]
    fn a_language_is_known_by_its_tag() {
        for language in [Language::en, Language::zh_TW] {
            assert_eq!(tag(language).parse(), Ok(language));
        }
        assert_eq!("fr".parse::<Language>(), Err(()));
    }
}
