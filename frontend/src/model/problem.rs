//! Refusals of the functions, by their code. In English the functions' own sentence says more, so it is kept.

use shared::api::ProblemBody;

use super::language::{Language, say};

/// What was refused. A code that this portal does not know is told in the functions' words.
pub(crate) fn sentence(problem: &ProblemBody, language: Language) -> String {
    let message = problem.message.as_str();
    match problem.code.as_str() {
        "denied" => say!(language, problem.denied, message),
        "forbidden" => say!(language, problem.forbidden, message),
        "rejected" => say!(language, problem.rejected, message),
        "not_found" => say!(language, problem.not_found, message),
        "cross_site" => say!(language, problem.cross_site, message),
        "obstructed" => say!(language, problem.obstructed, message),
        "policy_changed" => say!(language, problem.policy_changed, message),
        "sessions_cannot_be_cut" => say!(language, problem.sessions_cannot_be_cut, message),
        "vm_unsupported" => say!(language, problem.vm_unsupported, message),
        "busy" => say!(language, problem.busy, message),
        "idempotency_mismatch" => say!(language, problem.idempotency_mismatch, message),
        "unknown_address" => say!(language, problem.unknown_address, message),
        "azure_unavailable" => say!(language, problem.azure_unavailable, message),
        "azure_refused" => say!(language, problem.azure_refused, message),
        "store_unavailable" => say!(language, problem.store_unavailable, message),
        "clock_apart" => say!(language, problem.clock_apart, message),
        "ended" => say!(language, problem.ended, message),
        "already_there" => say!(language, problem.already_there, message),
        "internal" => say!(language, problem.internal, message),
        _ => message.to_owned(),
    }
}

/// One of the reasons of a refusal.
pub(crate) fn denial(reason: &ProblemBody, language: Language) -> String {
    let message = reason.message.as_str();
    match reason.code.as_str() {
        "vm_not_protected" => say!(language, denial.refused.vm_not_protected, message),
        "request_not_permitted" => say!(language, denial.refused.request_not_permitted, message),
        "port_not_in_policy" => say!(language, denial.refused.port_not_in_policy, message),
        "source_not_allowed" => say!(language, denial.refused.source_not_allowed, message),
        "duration_over_maximum" => say!(language, denial.refused.duration_over_maximum, message),
        "justification_required" => say!(language, denial.refused.justification_required, message),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_code_is_said_in_the_readers_language_and_keeps_what_it_is_about() {
        let problem = ProblemBody::new("obstructed", "rule no-ssh denies it");
        assert_eq!(sentence(&problem, Language::en), "rule no-ssh denies it");
        let said = sentence(&problem, Language::zh_TW);
        assert!(said.starts_with("Azure 中的規則") && said.ends_with("rule no-ssh denies it"), "{said}");
    }

    #[test]
    fn an_unknown_code_is_told_in_the_functions_words() {
        let problem = ProblemBody::new("moon_too_high", "the moon is too high");
        assert_eq!(sentence(&problem, Language::zh_TW), "the moon is too high");
        assert_eq!(denial(&problem, Language::zh_TW), "the moon is too high");
    }
}
