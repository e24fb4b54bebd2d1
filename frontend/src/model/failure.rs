//! What can go wrong with a call, in words: what happened, what is true now, what to do.

use shared::api::{Problem, ProblemBody};

use super::{
    language::{Language, say},
    problem,
};
use crate::wire;

/// Why a call has no answer to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The session is over.
    SignedOut,
    /// No answer came.
    Unreachable,
    /// Postern refused, and said why.
    Refused { status: u16, problem: Box<ProblemBody> },
    /// An answer came that is not one of Postern's.
    Garbled { status: u16 },
}

impl Failure {
    /// Reads the body of an answer whose status is not a success.
    pub(crate) fn of_answer(status: u16, body: &str) -> Self {
        match (status, wire::from_text::<Problem>(body)) {
            (401, _) => Self::SignedOut,
            (_, Some(Problem { error })) => Self::Refused { status, problem: Box::new(error) },
            (_, None) => Self::Garbled { status },
        }
    }

    pub(crate) fn message(&self, language: Language) -> String {
        match self {
            Self::SignedOut => say!(language, failure.signed_out).to_owned(),
            Self::Unreachable => say!(language, failure.unreachable).to_owned(),
            Self::Refused { problem, .. } => problem::sentence(problem, language),
            Self::Garbled { status } => say!(language, failure.garbled, status = *status),
        }
    }

    /// Each further reason in words.
    pub(crate) fn details(&self, language: Language) -> Vec<String> {
        match self {
            Self::Refused { problem, .. } => {
                problem.details.iter().map(|detail| problem::denial(detail, language)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether the call may have taken effect all the same.
    pub(crate) fn is_doubtful(&self) -> bool {
        match self {
            Self::Unreachable => true,
            Self::Garbled { status } | Self::Refused { status, .. } => *status >= 500,
            Self::SignedOut => false,
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: &str = r#"{"error":{"code":"denied","message":"Not admitted.",
        "details":[{"code":"duration_over_maximum","message":"PT4H is longer than PT3H"}]}}"#;

    #[test]
    fn a_refusal_is_shown_with_all_its_reasons() {
        let failure = Failure::of_answer(403, DENIED);
        assert_eq!(failure.message(Language::en), "Not admitted.");
        assert_eq!(failure.details(Language::en), ["PT4H is longer than PT3H"]);
        assert_eq!(failure.message(Language::zh_TW), "要求未獲准，沒有任何變更。");
        assert_eq!(failure.details(Language::zh_TW), ["超過這個連接埠的最大要求時間"]);
        assert!(!failure.is_doubtful());
    }

    #[test]
    fn an_ended_session_is_told_from_a_refusal() {
        assert_eq!(Failure::of_answer(401, DENIED), Failure::SignedOut);
    }

    #[test]
    fn an_answer_of_something_else_leaves_the_effect_in_doubt_only_when_a_server_failed() {
        let gateway = Failure::of_answer(502, "<html>Bad gateway</html>");
        assert_eq!(gateway, Failure::Garbled { status: 502 });
        assert!(gateway.is_doubtful());
        assert!(!Failure::of_answer(418, "teapot").is_doubtful());
        assert!(Failure::Unreachable.is_doubtful());
    }

    #[test]
    fn only_a_404_of_postern_itself_means_not_found() {
        assert!(Failure::of_answer(404, DENIED).is_not_found());
        assert!(!Failure::of_answer(404, "nginx").is_not_found());
        assert!(!Failure::of_answer(403, DENIED).is_not_found());
    }
}
