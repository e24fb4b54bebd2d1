//! What an auditor asks for next: the numbers of an entry, the rule before and after, who gets in by it.

use shared::{api::EventKind, nsg::proof::Proof};

use super::Step;
use crate::{
    model::{
        durations,
        language::{Language, say},
        policy_words, preview,
    },
    wire::{self, Value},
};

/// What stands behind the sentence of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Detail {
    pub facts: Vec<Fact>,
    pub grid: Option<Grid>,
    /// Who gets in and who no longer does, in sentences.
    pub proof: Vec<String>,
    /// The whole event, where it is not one that this portal knows.
    pub json: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub name: String,
    pub value: String,
    /// Whether it is an id, to use elsewhere.
    pub is_id: bool,
}

/// A small table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub caption: String,
    pub heads: Vec<String>,
    pub rows: Vec<GridRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GridRow {
    pub name: String,
    pub cells: Vec<String>,
    /// Whether the cells, which are *before* and *after*, differ.
    pub changed: bool,
}

/// Stands where there is nothing.
const NOTHING: &str = "–";

impl Step {
    pub(crate) fn detail(&self, language: Language) -> Detail {
        let known = EventKind::ALL.iter().any(|kind| kind.as_str() == self.kind());
        let (proof, grid) = (self.proof(language), self.grid(language));
        let json = (!known).then(|| self.event_json());
        Detail { facts: self.facts(language), grid, proof, json }
    }

    fn facts(&self, language: Language) -> Vec<Fact> {
        let fact = |name: &str, value: String, is_id| Fact { name: name.to_owned(), value, is_id };
        let text = |key: &str| self.text(key).filter(|text| !text.is_empty()).map(str::to_owned);
        let mut facts = Vec::new();
        if let Some(why) = text("justification") {
            facts.push(fact(say!(language, step.justification), why, false));
        }
        facts.extend(self.settings(language));
        if let Some(id) = text("correlation_id") {
            facts.push(fact(say!(language, step.correlation), id, true));
        }
        if let Some(id) = text("grant") {
            facts.push(fact(say!(language, step.grant), id, true));
        }
        if let Some(id) = self.entry.get("actor").and_then(|actor| actor.get("id")?.as_str()) {
            facts.push(fact(say!(language, step.person), id.to_owned(), true));
        }
        let entry = say!(language, step.entry, number = self.seq());
        facts.push(fact(&entry, self.hash().to_owned(), true));
        facts
    }

    /// What a policy says besides its port rules.
    fn settings(&self, language: Language) -> Vec<Fact> {
        let word = |key: &str| self.entry.get("settings")?.get(key)?.as_str();
        let said = [
            (
                say!(language, step.why),
                word("justification").and_then(|word| policy_words::justification(word, language)),
            ),
            (
                say!(language, step.precedence),
                word("precedence").and_then(|word| policy_words::precedence(word, language)),
            ),
            (
                say!(language, step.sessions),
                word("live_sessions").and_then(|word| policy_words::sessions(word, language)),
            ),
        ];
        let facts = said.into_iter().filter_map(|(name, value)| {
            Some(Fact { name: name.to_owned(), value: value?.to_owned(), is_id: false })
        });
        facts.collect()
    }

    fn proof(&self, language: Language) -> Vec<String> {
        let Some(proof) = self.entry.get("proof").and_then(wire::read::<Proof>) else { return Vec::new() };
        if proof.is_empty() {
            return vec![say!(language, step.nobody).to_owned()];
        }
        preview::effects(&proof, language)
    }

    fn grid(&self, language: Language) -> Option<Grid> {
        let rule = || self.entry.get("rule").filter(|rule| rule.is_object());
        match self.kind() {
            "rule_written" => Some(rule_grid(self.entry.get("replaced"), Some(rule()?), language)),
            "rule_removed" => Some(rule_grid(Some(rule()?), None, language)),
            "odd_rule" => Some(one_rule(rule()?, say!(language, step.found), language)),
            "drifted" => {
                let found = self.entry.get("found").filter(|found| found.is_object())?;
                Some(one_rule(found, say!(language, step.found), language))
            }
            "policy_put" => self.port_rules(language),
            "nat_written" => self.nat_rules(language),
            _ => None,
        }
    }

    fn port_rules(&self, language: Language) -> Option<Grid> {
        let row = |rule: &Value| {
            let sources = match rule.get("allowed_sources") {
                Some(Value::Object(only)) => list(only.first(), language),
                _ => say!(language, policy.any_source).to_owned(),
            };
            let longest = word(rule, "max_duration");
            let longest = longest
                .parse::<shared::window::MaxDuration>()
                .map_or(longest, |length| durations::in_words(length.seconds(), language));
            let cells = vec![protocol(rule, language), sources, longest];
            Some(GridRow { name: rule.get("port")?.to_string(), cells, changed: false })
        };
        let rows: Vec<GridRow> = self.entry.get("ports")?.as_array()?.iter().filter_map(row).collect();
        let heads = [
            say!(language, step.port),
            say!(language, step.protocol),
            say!(language, step.sources),
            say!(language, step.longest),
        ];
        Some(Grid { caption: say!(language, step.port_rules).to_owned(), heads: owned(heads), rows })
    }

    fn nat_rules(&self, language: Language) -> Option<Grid> {
        let collection = self.entry.get("collection")?;
        let row = |rule: &Value| {
            let (to, ports) = (list(rule.get("destinations"), language), list(rule.get("ports"), language));
            let translated =
                |key: &str| rule.get(key).map(|part| text_of(part, language)).unwrap_or_default();
            let onward = format!("{}:{}", translated("translated_address"), translated("translated_port"));
            let cells = vec![list(rule.get("sources"), language), format!("{to}:{ports}"), onward];
            GridRow { name: word(rule, "name"), cells, changed: false }
        };
        let rows: Vec<GridRow> = collection.get("rules")?.as_array()?.iter().map(row).collect();
        let heads = [
            say!(language, step.rule),
            say!(language, step.sources),
            say!(language, step.firewall_address),
            say!(language, step.leads_to),
        ];
        let caption = say!(language, step.nat_rules, name = word(collection, "name"));
        (!rows.is_empty()).then(|| Grid { caption, heads: owned(heads), rows })
    }
}

/// A rule as it was and as it is.
fn rule_grid(before: Option<&Value>, after: Option<&Value>, language: Language) -> Grid {
    let lines = |rule: Option<&Value>| match rule {
        Some(rule) => rule_lines(rule, language),
        None => Vec::new(),
    };
    let (was, is) = (lines(before), lines(after));
    let both = was.len().max(is.len());
    let at = |lines: &[(&str, String)], row: usize| {
        lines.get(row).map_or_else(|| NOTHING.to_owned(), |(_, value)| value.clone())
    };
    let rows = (0..both).filter_map(|row| {
        let (name, _) = was.get(row).or_else(|| is.get(row))?;
        let cells = vec![at(&was, row), at(&is, row)];
        let changed = cells[0] != cells[1];
        Some(GridRow { name: (*name).to_owned(), cells, changed })
    });
    let name = after.or(before).map(|rule| word(rule, "name")).unwrap_or_default();
    let heads = owned([say!(language, step.rule), say!(language, step.before), say!(language, step.after)]);
    Grid { caption: say!(language, step.rule_changed, name = name), heads, rows: rows.collect() }
}

fn one_rule(rule: &Value, head: &str, language: Language) -> Grid {
    let rows = rule_lines(rule, language).into_iter().map(|(name, value)| GridRow {
        name: name.to_owned(),
        cells: vec![value],
        changed: false,
    });
    let heads = owned([say!(language, step.rule), head]);
    let caption = say!(language, step.rule_changed, name = word(rule, "name"));
    Grid { caption, heads, rows: rows.collect() }
}

fn rule_lines(rule: &Value, language: Language) -> Vec<(&'static str, String)> {
    let allows = word(rule, "access") == "allow";
    let access = if allows { say!(language, step.allow) } else { say!(language, step.deny) };
    vec![
        (say!(language, step.access), access.to_owned()),
        (say!(language, step.priority), rule.get("priority").map(ToString::to_string).unwrap_or_default()),
        (say!(language, step.protocol), protocol(rule, language)),
        (say!(language, step.sources), list(rule.get("sources"), language)),
        (say!(language, step.destinations), list(rule.get("destinations"), language)),
        (say!(language, step.ports), list(rule.get("destination_ports"), language)),
        (say!(language, step.description), word(rule, "description")),
    ]
}

fn protocol(rule: &Value, language: Language) -> String {
    match word(rule, "protocol").as_str() {
        "any" => say!(language, step.any).to_owned(),
        other => other.to_ascii_uppercase(),
    }
}

fn word(of: &Value, key: &str) -> String {
    of.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list(items: Option<&Value>, language: Language) -> String {
    let items = items.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<String> = items.iter().map(|item| text_of(item, language)).collect();
    if texts.is_empty() { NOTHING.to_owned() } else { texts.join(say!(language, common.comma)) }
}

/// An address, a tag, a group by its last name, a port or a number.
fn text_of(item: &Value, language: Language) -> String {
    let text = match item {
        Value::Object(named) => named.first().and_then(Value::as_str).unwrap_or_default(),
        Value::String(text) => text,
        Value::Null => NOTHING,
        other => return other.to_string(),
    };
    match text {
        "any" | "*" => say!(language, step.any).to_owned(),
        text if text.contains("/providers/") => super::sentence::last_segment(text),
        text => text.strip_suffix("/32").or_else(|| text.strip_suffix("/128")).unwrap_or(text).to_owned(),
    }
}

fn owned<const N: usize>(heads: [&str; N]) -> Vec<String> {
    heads.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests;
