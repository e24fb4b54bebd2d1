//! A page of the audit. What an event is made of stays as it came: an event that is newer than this portal is shown
//! like any other, in the functions' words.

use jiff::Timestamp;
use serde_json::Value;
use shared::vm::VmId;

use crate::wire::{Object, fields};

mod sentence;

/// What `GET /api/activity` answers.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub steps: Vec<Step>,
    pub next: Option<String>,
    pub server_time: Timestamp,
}

/// An entry of the audit with its sentence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    entry: Object,
    summary: String,
}

fields! {
    Page { steps, next, server_time }
    Step { entry, summary }
}

/// The parts of an entry that are not the event's own.
const ENVELOPE: [&str; 7] = ["seq", "subscription", "at", "actor", "vm", "previous", "hash"];

impl Step {
    pub(crate) fn seq(&self) -> u64 {
        self.entry.get("seq").and_then(Value::as_u64).unwrap_or_default()
    }

    pub(crate) fn hash(&self) -> &str {
        self.text("hash").unwrap_or_default()
    }

    /// The machine's name of the event.
    pub(crate) fn kind(&self) -> &str {
        self.text("event").unwrap_or_default()
    }

    pub(crate) fn at(&self) -> Option<Timestamp> {
        self.text("at")?.parse().ok()
    }

    /// The name of the person; `None`: Postern itself.
    pub(crate) fn actor(&self) -> Option<&str> {
        self.entry.get("actor")?.get("name")?.as_str()
    }

    pub(crate) fn vm(&self) -> Option<VmId> {
        self.text("vm")?.parse().ok()
    }

    /// ARM's id of the write.
    pub(crate) fn correlation_id(&self) -> Option<&str> {
        self.text("correlation_id")
    }

    /// The event alone as indented JSON.
    pub(crate) fn event_json(&self) -> String {
        let own = self.entry.iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str()));
        let own: Object = own.map(|(name, value)| (name.clone(), value.clone())).collect();
        serde_json::to_string_pretty(&own).unwrap_or_default()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.entry.get(name)?.as_str()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use shared::{
        api::Activity,
        audit::{Entry, Event, GENESIS, Record},
    };

    use super::*;
    use crate::model::samples::{now, rui, web_01};

    /// As the functions write it.
    pub(in crate::model) fn read(event: Event) -> Step {
        let subscription = web_01().subscription();
        let record = Record { subscription, at: now(), actor: Some(rui()), vm: Some(web_01()), event };
        let step =
            shared::api::Step { summary: record.event.to_string(), entry: Entry::after(0, GENESIS, record) };
        let page = Activity { steps: vec![step], next: None, server_time: now() };
        let page: Page = crate::wire::from_text(&serde_json::to_string(&page).unwrap()).unwrap();
        page.steps.into_iter().next().unwrap()
    }

    #[test]
    fn everything_that_is_shown_is_read_from_what_the_functions_write() {
        let step = read(Event::PolicyRemoved);
        assert_eq!((step.seq(), step.kind(), step.summary.as_str()), (1, "policy_removed", "JIT removed"));
        assert_eq!(
            (step.at(), step.vm(), step.actor()),
            (Some(now()), Some(web_01()), Some("rui@contoso.example"))
        );
        assert_eq!((step.hash().len(), step.correlation_id()), (64, None));
    }

    #[test]
    fn a_write_is_shown_with_azures_own_id() {
        let nsg = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg/providers\
                   /Microsoft.Network/networkSecurityGroups/web-01-nsg";
        let event = Event::WriteFailed {
            nsg: nsg.parse().unwrap(),
            rule: "postern-guard".to_owned(),
            error: "locked".to_owned(),
            correlation_id: Some("5f0c1c30".to_owned()),
        };
        let step = read(event);
        assert_eq!(step.correlation_id(), Some("5f0c1c30"));
        assert!(step.event_json().contains("\"error\": \"locked\""), "{}", step.event_json());
        assert!(!step.event_json().contains("previous"), "{}", step.event_json());
    }

    #[test]
    fn an_event_of_a_newer_server_is_shown_all_the_same() {
        let text = r#"{"entry":{"seq":7,"event":"moon_rose","phase":3},"summary":"The moon rose"}"#;
        let step: Step = crate::wire::from_text(text).unwrap();
        assert_eq!((step.kind(), step.at(), step.actor()), ("moon_rose", None, None));
        assert!(step.event_json().contains("\"phase\": 3"));
    }
}
