//! The request as it stands in the form: text until it is parsed.

use shared::{
    api::SourceSeen,
    policy::ProtectedVm,
    port::Port,
    request::Justification,
    source::{InvalidSource, SourcePrefix, Sources},
    window::AccessDuration,
};

use super::{
    durations,
    language::{Language, say},
    prefill::Prefill,
};
use crate::wire::{Value, Write, fields, words, written};

/// Whose address is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Mine,
    Another,
}

/// A part of the form that something can be wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Port,
    From,
    For,
    Why,
}

/// Something that speaks against the request as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Objection {
    /// `None`: the whole request.
    pub field: Option<Field>,
    pub text: String,
}

impl Objection {
    fn to(field: Field, text: impl ToString) -> Self {
        Self { field: Some(field), text: text.to_string() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestForm {
    pub port: Port,
    pub origin: Origin,
    pub another: String,
    pub minutes: String,
    pub why: String,
}

words! { Origin { Mine = "mine", Another = "another" } }

impl Write for Origin {
    fn write(&self) -> Value {
        Value::from(match self {
            Self::Mine => "mine",
            Self::Another => "another",
        })
    }
}

fields! { RequestForm { port, origin, another, minutes, why } }
written! { RequestForm { port, origin, another, minutes, why } }

/// The form's parts once each is well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub sources: Sources,
    pub duration: AccessDuration,
    pub why: Option<Justification>,
}

impl RequestForm {
    /// What a page starts with: the first port, the caller's own address, an hour; a bookmark may say otherwise.
    pub(crate) fn starting(policy: &ProtectedVm, seen: &SourceSeen, prefill: &Prefill) -> Option<Self> {
        let port = prefill.port.or_else(|| policy.ports.iter().next().map(|rule| rule.port))?;
        let rule = policy.ports.for_port(port);
        let minutes = rule.map_or(60, |rule| durations::default_minutes(rule.max_duration));
        Some(Self::proposed(port, minutes, seen, prefill))
    }

    /// The form for `port` as a bookmark proposes it, lasting `minutes` where it says nothing of that.
    pub(crate) fn proposed(port: Port, minutes: i64, seen: &SourceSeen, prefill: &Prefill) -> Self {
        let minutes = prefill.minutes.clone().unwrap_or_else(|| minutes.to_string());
        let own = seen.prefix.is_some() && prefill.source.is_none();
        let origin = if own { Origin::Mine } else { Origin::Another };
        let another = prefill.source.clone().unwrap_or_default();
        Self { port, origin, another, minutes, why: String::new() }
    }

    pub(crate) fn parse(&self, seen: &SourceSeen, language: Language) -> Result<Parsed, Vec<Objection>> {
        let sources = self.sources(seen, language).map_err(|text| Objection::to(Field::From, text));
        let duration = durations::parse_minutes(&self.minutes)
            .ok_or_else(|| Objection::to(Field::For, say!(language, durations.expected)));
        let why = self.why().ok_or_else(|| Objection::to(Field::Why, say!(language, form.why_limit)));
        match (sources, duration, why) {
            (Ok(sources), Ok(duration), Ok(why)) => Ok(Parsed { sources, duration, why }),
            (sources, duration, why) => {
                let wrong = [sources.err(), duration.err(), why.err()];
                Err(wrong.into_iter().flatten().collect())
            }
        }
    }

    fn sources(&self, seen: &SourceSeen, language: Language) -> Result<Sources, String> {
        match self.origin {
            Origin::Mine => seen
                .prefix
                .map(Sources::one)
                .ok_or_else(|| say!(language, form.unusable_own, address = seen.address)),
            Origin::Another => parse_sources(&self.another, language),
        }
    }

    /// `None`: not well-formed.
    fn why(&self) -> Option<Option<Justification>> {
        if self.why.trim().is_empty() {
            return Some(None);
        }
        self.why.parse().map(Some).ok()
    }
}

/// Addresses and ranges as people paste them.
pub(crate) fn parse_sources(text: &str, language: Language) -> Result<Sources, String> {
    let prefixes: Result<Vec<SourcePrefix>, _> = parts(text).map(str::parse).collect();
    let prefixes = prefixes.map_err(|error| in_words(&error, language))?;
    Sources::try_from(prefixes).map_err(|_| say!(language, form.source_expected).to_owned())
}

/// The parts of a list of sources as typed.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|one: char| one.is_whitespace() || matches!(one, ',' | ';' | '、' | '，' | '；'))
        .filter(|part| !part.is_empty())
}

/// Whether a list of sources as typed has `source` in it.
pub(crate) fn names_source(text: &str, source: &str) -> bool {
    parts(text).any(|part| part == source)
}

/// The list with `source`, or without it if it was there.
pub(crate) fn with_source_turned(text: &str, source: &str) -> String {
    let mut kept: Vec<&str> = parts(text).filter(|part| *part != source).collect();
    if !names_source(text, source) {
        kept.push(source);
    }
    kept.join(", ")
}

fn in_words(error: &InvalidSource, language: Language) -> String {
    match error {
        InvalidSource::Malformed => say!(language, form.source_malformed).to_owned(),
        InvalidSource::HostBits { given, length, range } => {
            say!(language, form.source_host_bits, given = given.as_str(), length = *length, range = *range)
        }
        InvalidSource::Everything => say!(language, form.source_everything).to_owned(),
        InvalidSource::NotASource(address) => {
            say!(language, form.source_not_a_source, address = *address)
        }
    }
}

/// The domain's reasons are parts of sentences; on their own line they start one.
pub(crate) fn capitalised(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{a_form, a_policy, seen, unusable};

    #[test]
    fn a_page_starts_with_the_first_port_the_own_address_and_an_hour() {
        let form = a_form();
        assert_eq!((form.port, form.origin, form.minutes.as_str()), (Port::SSH, Origin::Mine, "60"));
        assert_eq!(form.parse(&seen(), Language::en).unwrap().sources.to_string(), "203.0.113.7");
    }

    #[test]
    fn a_bookmark_decides_what_the_form_starts_with() {
        let prefill = Prefill::from_query(
            Some("443".to_owned()),
            Some("PT30M".to_owned()),
            Some("198.51.100.0/24".to_owned()),
        );
        let form = RequestForm::starting(&a_policy(), &seen(), &prefill).unwrap();
        assert_eq!((form.port.number(), form.minutes.as_str()), (443, "30"));
        assert_eq!(form.parse(&seen(), Language::en).unwrap().sources.to_string(), "198.51.100.0/24");
    }

    #[test]
    fn an_own_address_that_is_no_source_is_not_offered() {
        let form = RequestForm::starting(&a_policy(), &unusable(), &Prefill::default()).unwrap();
        assert_eq!(form.origin, Origin::Another);
        let mine = RequestForm { origin: Origin::Mine, ..form };
        let objections = mine.parse(&unusable(), Language::en).unwrap_err();
        assert_eq!(objections[0].text, "Nothing can be opened to 127.0.0.1; name another address");
    }

    #[test]
    fn several_sources_may_be_named_with_commas_or_spaces() {
        let form = RequestForm {
            origin: Origin::Another,
            another: "203.0.113.9, 198.51.100.0/24".to_owned(),
            ..a_form()
        };
        assert_eq!(form.parse(&seen(), Language::en).unwrap().sources.iter().count(), 2);
    }

    #[test]
    fn a_source_is_added_to_the_list_and_taken_out_again() {
        let one = with_source_turned("", "198.51.100.0/28");
        assert_eq!(one, "198.51.100.0/28");
        let two = with_source_turned(&one, "203.0.113.9");
        assert_eq!(two, "198.51.100.0/28, 203.0.113.9");
        assert!(names_source(&two, "203.0.113.9") && !names_source(&two, "203.0.113.90"));
        assert_eq!(with_source_turned(&two, "198.51.100.0/28"), "203.0.113.9");
    }

    #[test]
    fn everything_malformed_is_told_at_once() {
        let form = RequestForm {
            origin: Origin::Another,
            another: "203.0.113.7/24".to_owned(),
            minutes: "soon".to_owned(),
            why: "two\nlines".to_owned(),
            ..a_form()
        };
        let objections = form.parse(&seen(), Language::en).unwrap_err();
        let fields: Vec<_> = objections.iter().filter_map(|objection| objection.field).collect();
        assert_eq!(fields, [Field::From, Field::For, Field::Why]);
        assert!(objections[0].text.contains("the range is 203.0.113.0/24"), "{}", objections[0].text);
    }

    #[test]
    fn an_empty_source_is_rejected_and_never_means_any() {
        for another in ["", " , ", "*", "0.0.0.0/0"] {
            let form = RequestForm { origin: Origin::Another, another: another.to_owned(), ..a_form() };
            assert!(form.parse(&seen(), Language::en).is_err(), "{another:?}");
        }
    }
}
