//! What a policy's settings mean, by their names on the wire.

use super::language::{Language, say};

pub(crate) fn justification(word: &str, language: Language) -> Option<&'static str> {
    Some(match word {
        "off" => say!(language, setting.why_off),
        "optional" => say!(language, setting.why_optional),
        "required" => say!(language, setting.why_required),
        _ => return None,
    })
}

pub(crate) fn precedence(word: &str, language: Language) -> Option<&'static str> {
    Some(match word {
        "customer_first" => say!(language, setting.customer_first),
        "guard_first" => say!(language, setting.guard_first),
        _ => return None,
    })
}

pub(crate) fn sessions(word: &str, language: Language) -> Option<&'static str> {
    Some(match word {
        "never" => say!(language, setting.sessions_never),
        "on_revoke" => say!(language, setting.sessions_on_revoke),
        "at_end" => say!(language, setting.sessions_at_end),
        _ => return None,
    })
}
