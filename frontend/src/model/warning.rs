//! Why a VM of the list is worth a look, in words.

use shared::api::Warning;

use super::language::{Language, say};

pub(crate) fn sentence(warning: Warning, language: Language) -> &'static str {
    match warning {
        Warning::Overdue => say!(language, warning.overdue),
        Warning::StillOpen => say!(language, warning.still_open),
        Warning::GuardMissing => say!(language, warning.guard_missing),
        Warning::Unread => say!(language, warning.unread),
        Warning::NotEffective => say!(language, warning.not_effective),
        Warning::NotConfirmed => say!(language, warning.not_confirmed),
        Warning::Drifted => say!(language, warning.drifted),
    }
}

/// Whether it is over, so that nobody need be alarmed.
pub(crate) const fn is_past(warning: Warning) -> bool {
    matches!(warning, Warning::Drifted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_warning_has_words_of_its_own_in_each_language() {
        for language in [Language::en, Language::zh_TW] {
            let mut said: Vec<_> = Warning::ALL.map(|warning| sentence(warning, language)).to_vec();
            said.sort_unstable();
            said.dedup();
            assert_eq!(said.len(), Warning::ALL.len());
        }
    }
}
