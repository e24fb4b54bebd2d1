//! What a bookmark's query proposes. It fills the form in; it never sends it.

use shared::{port::Port, window::AccessDuration};

/// The proposals that could be read; what is wrong with a duration or a source is said by the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefill {
    pub port: Option<Port>,
    /// Minutes, as for the form's field.
    pub minutes: Option<String>,
    pub source: Option<String>,
}

impl Prefill {
    /// From `?port=`, `?for=` (ISO 8601, or minutes) and `?source=`.
    pub(crate) fn from_query(port: Option<String>, lasting: Option<String>, source: Option<String>) -> Self {
        let given = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        Self {
            port: port.and_then(|text| text.trim().parse().ok()),
            minutes: given(lasting).map(|text| minutes(&text)),
            source: given(source).filter(|text| text != "me"),
        }
    }
}

fn minutes(text: &str) -> String {
    match text.parse::<AccessDuration>() {
        Ok(duration) => (duration.seconds().saturating_add(59) / 60).to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefill(port: &str, lasting: &str, source: &str) -> Prefill {
        Prefill::from_query(Some(port.to_owned()), Some(lasting.to_owned()), Some(source.to_owned()))
    }

    #[test]
    fn accepts_a_whole_bookmark() {
        let read = prefill("22", "PT1H30M", "203.0.113.0/24");
        assert_eq!(read.port, Some(Port::SSH));
        assert_eq!(read.minutes.as_deref(), Some("90"));
        assert_eq!(read.source.as_deref(), Some("203.0.113.0/24"));
    }

    #[test]
    fn minutes_may_be_plain_and_nonsense_is_kept_for_the_form_to_reject() {
        assert_eq!(prefill("", "45", "").minutes.as_deref(), Some("45"));
        assert_eq!(prefill("", "PT90S", "").minutes.as_deref(), Some("2"));
        assert_eq!(prefill("", "soon", "").minutes.as_deref(), Some("soon"));
    }

    #[test]
    fn nothing_is_proposed_where_nothing_is_readable() {
        assert_eq!(prefill("ssh", " ", "me"), Prefill::default());
        assert_eq!(Prefill::from_query(None, None, None), Prefill::default());
    }
}
