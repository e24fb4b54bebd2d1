//! Azure's spellings: what travels, and how it becomes what Postern means by it.
//!
//! What is read is read as leniently as Azure reads it: fields that only Azure sets, `null` beside what excludes it, and
//! ports in quotes are taken. Nothing that is missing ever means *any*.

pub(super) mod initiate;
pub(super) mod policy;
pub(super) mod put;
pub(super) mod request;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::Value;
use shared::{
    api::ProblemBody,
    port::{InvalidPort, Port, Protocol},
    source::{AllowedSources, SourcePrefix, Sources},
};

/// What policies of this kind are called in ARM.
pub(super) const TYPE: &str = "Microsoft.Security/locations/jitNetworkAccessPolicies";

/// *Any source*, and any protocol.
const ANY: &str = "*";

/// Everything that is wrong with a body, each with the field that it is about.
#[derive(Debug, Default)]
pub(super) struct Reasons(Vec<ProblemBody>);

impl Reasons {
    /// What was understood; what was not is noted.
    fn note<T>(&mut self, field: &str, outcome: Result<T, impl std::fmt::Display>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(reason) => {
                self.0.push(ProblemBody::new("rejected", format!("{field}: {reason}")).about(field));
                None
            }
        }
    }

    /// The value, if nothing at all is wrong.
    fn or_all_well<T>(self, value: impl FnOnce() -> T) -> Result<T, Vec<ProblemBody>> {
        if self.0.is_empty() { Ok(value()) } else { Err(self.0) }
    }
}

/// With seven digits after the point, as Azure writes it.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.7}")
}

/// A time that names no zone is UTC, as its field says.
fn parse_time(text: &str) -> Result<Timestamp, &'static str> {
    const SHAPE: &str = "a time is written like 2026-01-31T17:00:00Z";
    let text = text.trim();
    let in_utc = || {
        let local: civil::DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(local).ok()
    };
    text.parse().ok().or_else(in_utc).ok_or(SHAPE)
}

/// A number, or one in quotes.
fn parse_port(value: &Value) -> Result<Port, InvalidPort> {
    match value {
        Value::Number(number) => number.as_i64().ok_or(InvalidPort)?.try_into(),
        Value::String(text) => text.trim().parse(),
        _ => Err(InvalidPort),
    }
}

pub(super) const fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Any => ANY,
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    }
}

fn parse_protocol(text: &str) -> Result<Protocol, &'static str> {
    let found = Protocol::ALL.into_iter().find(|known| protocol(*known).eq_ignore_ascii_case(text));
    found.ok_or("a protocol is TCP, UDP or * for both")
}

/// One prefix alone, or a list: Azure has a field for each, of which at most one may be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prefixes {
    pub(super) one: Option<String>,
    pub(super) several: Option<Vec<String>>,
}

impl Prefixes {
    pub(super) fn any() -> Self {
        Self { one: Some(ANY.to_owned()), several: None }
    }

    pub(super) fn of(sources: &Sources) -> Self {
        let mut all: Vec<String> = sources.iter().map(|source| source.to_string()).collect();
        match all.len() {
            1 => Self { one: all.pop(), several: None },
            _ => Self { one: None, several: Some(all) },
        }
    }

    /// What is named; `None`: nothing is. An empty field counts as none.
    fn named(self) -> Result<Option<Vec<String>>, &'static str> {
        let one = self.one.map(|one| one.trim().to_owned()).filter(|one| !one.is_empty());
        let several = self.several.filter(|several| !several.is_empty());
        match (one, several) {
            (Some(_), Some(_)) => Err("name one prefix or a list of prefixes, not both"),
            (one, several) => Ok(one.map(|one| vec![one]).or(several)),
        }
    }

    /// From where a port rule may be asked for.
    fn allowed(self) -> Result<AllowedSources, String> {
        let named = self.named()?.ok_or("name the addresses or ranges that may ask, or * for any")?;
        if named == [ANY] {
            return Ok(AllowedSources::Any);
        }
        sources(&named).map(AllowedSources::Only)
    }

    /// What is to be let in; `None`: the caller's own address.
    fn asked(self) -> Result<Option<Sources>, String> {
        self.named()?.map(|named| sources(&named)).transpose()
    }
}

fn sources(named: &[String]) -> Result<Sources, String> {
    let parsed: Result<Vec<SourcePrefix>, String> = named
        .iter()
        .map(|text| {
            let text = text.trim();
            if text == ANY {
                return Err("* among prefixes: name addresses or ranges, or nothing for your own".to_owned());
            }
            text.parse().map_err(|reason| format!("'{text}' is no valid address prefix: {reason}"))
        })
        .collect();
    Sources::try_from(parsed?).map_err(|reason| reason.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_have_seven_digits_and_are_read_with_any_number_and_without_a_zone() {
        let at = parse_time("2018-07-12T09:53:03.3658798Z").unwrap();
        assert_eq!(time(at), "2018-07-12T09:53:03.3658798Z");
        let whole = parse_time("2018-07-12T09:53:03Z").unwrap();
        assert_eq!(time(whole), "2018-07-12T09:53:03.0000000Z");
        for text in ["2018-07-12T09:53:03", "2018-07-12T11:53:03+02:00", "2018-07-12T09:53:03.000Z"] {
            assert_eq!(parse_time(text), Ok(whole), "{text}");
        }
        for text in ["", "tomorrow", "PT1H", "1531389183"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_may_stand_in_quotes() {
        assert_eq!(parse_port(&json!("22")), Ok(Port::SSH));
        assert_eq!(parse_port(&json!(22)), Ok(Port::SSH));
        for value in [json!("ssh"), json!(""), json!(22.5), json!(0), json!(65536), json!(null), json!([22])]
        {
            assert_eq!(parse_port(&value), Err(InvalidPort), "{value}");
        }
    }

    #[test]
    fn protocols_are_read_in_any_case_and_an_empty_one_is_none() {
        for known in Protocol::ALL {
            assert_eq!(parse_protocol(&protocol(known).to_lowercase()), Ok(known));
        }
        assert!(parse_protocol("").is_err() && parse_protocol("icmp").is_err());
    }

    #[test]
    fn any_source_is_said_and_never_meant_by_saying_nothing() {
        let one = |text: &str| Prefixes { one: Some(text.to_owned()), several: None };
        let several = |list: &[&str]| Prefixes {
            one: None,
            several: Some(list.iter().map(|text| (*text).to_owned()).collect()),
        };
        assert_eq!(one("*").allowed(), Ok(AllowedSources::Any));
        assert_eq!(several(&["*"]).allowed(), Ok(AllowedSources::Any));
        for nothing in [one(""), several(&[]), Prefixes { one: None, several: None }] {
            assert!(nothing.clone().allowed().is_err());
            assert_eq!(nothing.asked(), Ok(None));
        }
        for wrong in [several(&["*", "10.0.0.0/8"]), one("10.0.0.1 10.0.0.2"), one("0.0.0.0/0")] {
            assert!(wrong.clone().allowed().is_err() && wrong.asked().is_err());
        }
        assert!(one("*").asked().is_err() && several(&["*"]).asked().is_err());
        let both = Prefixes { one: Some("10.0.0.1".to_owned()), several: Some(vec!["10.0.0.2".to_owned()]) };
        assert!(both.clone().allowed().is_err() && both.asked().is_err());
        let beside_nothing = Prefixes { several: Some(Vec::new()), ..one("10.0.0.1") };
        assert_eq!(
            beside_nothing.asked().unwrap().unwrap(),
            several(&["10.0.0.1/32"]).asked().unwrap().unwrap()
        );
    }
}
