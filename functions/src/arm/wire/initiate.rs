//! The body that asks for access.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use shared::{
    api::ProblemBody,
    port::Port,
    request::{InvalidJustification, Justification},
    source::Sources,
    vm::VmId,
    window::{AccessDuration, InvalidDuration},
};

use super::{Prefixes, Reasons, parse_port, parse_time};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::arm) struct InitiateBody {
    virtual_machines: Vec<InitiateVm>,
    #[serde(default)]
    justification: Option<String>,
}

#[derive(Debug, Deserialize)]
struct InitiateVm {
    id: String,
    ports: Vec<InitiatePort>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InitiatePort {
    number: Value,
    #[serde(default)]
    allowed_source_address_prefix: Option<String>,
    #[serde(default)]
    allowed_source_address_prefixes: Option<Vec<String>>,
    #[serde(default)]
    end_time_utc: Option<String>,
    #[serde(default)]
    duration: Option<String>,
}

/// What is asked for.
#[derive(Debug)]
pub(in crate::arm) struct Initiation {
    pub(in crate::arm) openings: Vec<Asked>,
    pub(in crate::arm) justification: Option<Justification>,
}

/// One port of one VM.
#[derive(Debug)]
pub(in crate::arm) struct Asked {
    pub(in crate::arm) vm: VmId,
    pub(in crate::arm) port: Port,
    /// Missing: the caller's own address.
    pub(in crate::arm) sources: Option<Sources>,
    pub(in crate::arm) duration: AccessDuration,
    /// Whether its end was named, by a clock that is not ours.
    pub(in crate::arm) ends_at_a_time: bool,
}

impl InitiateBody {
    pub(in crate::arm) fn parsed(self, now: Timestamp) -> Result<Initiation, Vec<ProblemBody>> {
        let mut reasons = Reasons::default();
        let mut openings = Vec::new();
        for (at, vm) in self.virtual_machines.into_iter().enumerate() {
            vm.parsed(&format!("virtualMachines[{at}]"), now, &mut openings, &mut reasons);
        }
        let said = one_line(self.justification.as_deref().unwrap_or_default());
        let justification = reasons.note("justification", said).flatten();
        reasons.or_all_well(|| Initiation { openings, justification })
    }
}

/// What people write on several lines is kept on one.
fn one_line(text: &str) -> Result<Option<Justification>, InvalidJustification> {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.is_empty() { Ok(None) } else { line.parse().map(Some) }
}

impl InitiateVm {
    fn parsed(self, field: &str, now: Timestamp, openings: &mut Vec<Asked>, reasons: &mut Reasons) {
        let vm: Option<VmId> = reasons.note(&format!("{field}.id"), self.id.parse());
        if self.ports.is_empty() {
            reasons.note(&format!("{field}.ports"), Err::<(), _>("name at least one port"));
        }
        for (at, port) in self.ports.into_iter().enumerate() {
            openings.extend(port.parsed(vm.as_ref(), &format!("{field}.ports[{at}]"), now, reasons));
        }
    }
}

impl InitiatePort {
    fn parsed(self, vm: Option<&VmId>, field: &str, now: Timestamp, reasons: &mut Reasons) -> Option<Asked> {
        let ends_at_a_time = self.end_time_utc.is_some();
        let prefixes = Prefixes {
            one: self.allowed_source_address_prefix,
            several: self.allowed_source_address_prefixes,
        };
        let port = reasons.note(&format!("{field}.number"), parse_port(&self.number));
        let sources = reasons.note(&format!("{field}.allowedSourceAddressPrefix"), prefixes.asked());
        let duration = match (self.end_time_utc, self.duration) {
            (Some(end), None) => reasons.note(&format!("{field}.endTimeUtc"), until(&end, now)),
            (None, Some(duration)) => {
                reasons.note(&format!("{field}.duration"), duration.parse::<AccessDuration>())
            }
            _ => reasons.note(
                &format!("{field}.endTimeUtc"),
                Err("say when it ends by exactly one of endTimeUtc and duration"),
            ),
        };
        let (port, sources, duration) = (port?, sources?, duration?);
        Some(Asked { vm: vm?.clone(), port, sources, duration, ends_at_a_time })
    }
}

/// From now to a time, both in whole seconds: an opening starts and ends on one.
fn until(end: &str, now: Timestamp) -> Result<AccessDuration, String> {
    let seconds = parse_time(end)?.as_second() - now.as_second();
    if seconds <= 0 {
        return Err(format!("{end} is over; it is {now}"));
    }
    AccessDuration::from_seconds(seconds).map_err(|error: InvalidDuration| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_justification_of_several_lines_is_kept_on_one_and_an_empty_one_is_none() {
        let said = |text: &str| one_line(text).unwrap().map(|said| said.to_string());
        assert_eq!(said("incident 7\r\n\tsee chat").as_deref(), Some("incident 7 see chat"));
        assert_eq!(said(" \n"), None);
        assert!(one_line(&"x".repeat(501)).is_err());
    }

    #[test]
    fn an_end_is_never_later_than_asked_for() {
        let now: Timestamp = "2026-01-31T16:00:00.900Z".parse().unwrap();
        assert_eq!(until("2026-01-31T17:00:00.100Z", now).unwrap().seconds(), 3600);
        for over in ["2026-01-31T16:00:00.950Z", "2026-01-31T15:00:00Z", "2026-02-02T16:00:00Z"] {
            assert!(until(over, now).is_err(), "{over}");
        }
    }
}
