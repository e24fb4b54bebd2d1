//! Letters of all scripts. In the browser its own tables tell them: Rust's would be a part of each download of the
//! portal.

/// In lower case, for comparing what Azure compares without regard to case.
pub(crate) fn lowercase(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { all::lowercase(text) }
}

/// Whether it is a letter or a digit, of whatever script.
pub(crate) fn is_alphanumeric(letter: char) -> bool {
    if letter.is_ascii() { letter.is_ascii_alphanumeric() } else { all::is_alphanumeric(letter) }
}

#[cfg(not(target_arch = "wasm32"))]
mod all {
    pub(super) fn lowercase(text: &str) -> String {
        text.to_lowercase()
    }

    pub(super) fn is_alphanumeric(letter: char) -> bool {
        letter.is_alphanumeric()
    }
}

#[cfg(target_arch = "wasm32")]
mod all {
    use js_sys::{JsString, RegExp};

    pub(super) fn lowercase(text: &str) -> String {
        JsString::from(text).to_lower_case().into()
    }

    pub(super) fn is_alphanumeric(letter: char) -> bool {
        RegExp::new(r"[\p{Alphabetic}\p{N}]", "u").test(letter.encode_utf8(&mut [0; 4]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_all_scripts_have_a_lower_case() {
        for (text, lower) in
            [("Prod-RG", "prod-rg"), ("GRÜN", "grün"), ("ΟΔΟΣ", "οδος"), ("倉庫-1", "倉庫-1")]
        {
            assert_eq!(lowercase(text), lower);
        }
    }

    #[test]
    fn letters_and_digits_of_all_scripts_are_told_from_signs() {
        assert!("aZ9üΩ倉٣".chars().all(is_alphanumeric));
        assert!(!" -_/☃é\u{301}".chars().any(|letter| letter != 'é' && is_alphanumeric(letter)));
    }
}
