//! A page of the audit. What an event is made of stays as it came: an event that is newer than this portal is shown
//! like any other, in the functions' words.

use jiff::Timestamp;
use shared::vm::VmId;

use super::times;
use crate::wire::{Object, Value, fields};

pub(crate) mod detail;
mod sentence;

/// What `GET /api/activity` answers.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub steps: Vec<Step>,
    pub next: Option<String>,
}

/// An entry of the audit with its sentence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    entry: Object,
    summary: String,
}

fields! {
    Page { steps, next }
    Step { entry, summary }
}

/// What of `read` is not in `known`. Both are newest first, so only the newest of the known can be read again.
pub(crate) fn newer(read: &[Step], known: &[Step]) -> Vec<Step> {
    let newest = known.first().and_then(Step::at);
    let same: Vec<&str> = known.iter().take_while(|step| step.at() == newest).map(Step::hash).collect();
    read.iter().filter(|step| !same.contains(&step.hash())).cloned().collect()
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
        times::read(self.text("at")?)
    }

    /// The name of the person; `None`: Postern itself.
    pub(crate) fn actor(&self) -> Option<&str> {
        self.entry.get("actor")?.get("name")?.as_str()
    }

    pub(crate) fn vm(&self) -> Option<VmId> {
        self.text("vm")?.parse().ok()
    }

    /// The event alone as indented JSON.
    fn event_json(&self) -> String {
        let own = self.entry.iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str()));
        let own: Object = own.cloned().collect();
        own.pretty()
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
        assert_eq!(step.hash().len(), 64);
    }

    #[test]
    fn only_what_was_not_known_is_new() {
        let step = |seq: u64, at: &str| -> Step {
            let text = format!(r#"{{"entry":{{"seq":{seq},"at":"{at}","hash":"{seq}"}},"summary":""}}"#);
            crate::wire::from_text(&text).unwrap()
        };
        let [noon, later] = ["2026-11-24T12:00:00Z", "2026-11-24T12:00:01Z"];
        let known = [step(2, noon), step(1, noon)];
        let read = [step(4, later), step(3, noon), step(2, noon), step(1, noon)];
        let seqs: Vec<u64> = newer(&read, &known).iter().map(Step::seq).collect();
        assert_eq!(seqs, [4, 3]);
        assert_eq!(newer(&read[..1], &read), []);
    }

    #[test]
    fn an_event_of_a_newer_server_is_shown_all_the_same() {
        let text = r#"{"entry":{"seq":7,"event":"moon_rose","phase":3},"summary":"The moon rose"}"#;
        let step: Step = crate::wire::from_text(text).unwrap();
        assert_eq!((step.kind(), step.at(), step.actor()), ("moon_rose", None, None));
        assert!(step.event_json().contains("\"phase\": 3"));
    }
}
