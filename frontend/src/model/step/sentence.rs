//! What happened, in the reader's language, from what the entry holds.

use jiff::{Timestamp, tz::Offset};
use shared::decision::Denial;

use super::Step;
use crate::model::{
    denial,
    language::{Language, say},
    times,
};
use crate::wire::{self, Value};

impl Step {
    /// The functions' own sentence where the event is not one that this portal knows.
    pub(crate) fn sentence(&self, zone: impl Fn(Timestamp) -> Offset, language: Language) -> String {
        self.told(zone, language).unwrap_or_else(|| self.summary.clone())
    }

    fn told(&self, zone: impl Fn(Timestamp) -> Offset, language: Language) -> Option<String> {
        Some(match self.kind() {
            "policy_put" => say!(language, event.policy_put, ports = self.ports(language)?),
            "policy_removed" => say!(language, event.policy_removed).to_owned(),
            "asked" => {
                say!(language, event.asked, openings = self.openings(language)?, from = self.word("from")?)
            }
            "denied" => say!(language, event.denied, reasons = self.denials(language)?),
            "granted" => {
                let end: Timestamp = times::read(self.text("ends_at")?)?;
                say!(language, event.granted, end = times::absolute(end, zone(end)))
            }
            "revoke_asked" => say!(language, event.revoke_asked).to_owned(),
            "opened" => {
                let sources = words(self.entry.get("sources")?)?;
                say!(language, event.opened, port = self.number("port")?, sources)
            }
            "closed" => {
                let reason = close_reason(self.text("reason")?, language)?;
                say!(language, event.closed, port = self.number("port")?, reason)
            }
            "overdue" => {
                let (port, attempts) = (self.number("port")?, self.number("attempts")?);
                say!(language, event.overdue, port, attempts, error = self.word("error")?)
            }
            _ => return self.of_rule(language).or_else(|| self.of_firewall(language)),
        })
    }

    /// Events in an NSG.
    fn of_rule(&self, language: Language) -> Option<String> {
        let nsg = last_segment(self.text("nsg")?);
        let rule = || self.rule();
        Some(match self.kind() {
            "rule_written" => {
                say!(language, event.rule_written, rule = rule()?, priority = self.priority()?, nsg)
            }
            "rule_removed" => {
                say!(language, event.rule_removed, rule = rule()?, priority = self.priority()?, nsg)
            }
            "write_failed" => {
                say!(language, event.write_failed, rule = rule()?, nsg, error = self.word("error")?)
            }
            "obstructed" => say!(language, event.obstructed, nsg, obstacle = self.word("obstacle")?),
            "unproven" => say!(language, event.unproven, nsg, reason = self.word("reason")?),
            "drifted" if self.entry.get("found").is_none_or(Value::is_null) => {
                say!(language, event.drift_removed, rule = rule()?, nsg)
            }
            "drifted" => say!(language, event.drift_changed, rule = rule()?, nsg),
            "odd_rule" => say!(language, event.odd_rule, rule = rule()?, nsg),
            "sessions_cut" => say!(language, event.sessions_cut, nsg),
            "sessions_left" => say!(language, event.sessions_left, nsg, reason = self.word("reason")?),
            _ => return None,
        })
    }

    fn of_firewall(&self, language: Language) -> Option<String> {
        let firewall = last_segment(self.text("firewall")?);
        match self.kind() {
            "nat_written" => {
                let rules = self.entry.get("collection")?.get("rules")?.as_array()?;
                Some(match rules.len() {
                    0 => say!(language, event.nat_removed, firewall),
                    1 => say!(language, event.one_nat, firewall),
                    count => say!(language, event.nat_written, firewall, count),
                })
            }
            "nat_failed" => Some(say!(language, event.nat_failed, firewall, error = self.word("error")?)),
            _ => None,
        }
    }

    fn ports(&self, language: Language) -> Option<String> {
        let rules = self.entry.get("ports")?.as_array()?;
        let ports: Option<Vec<String>> =
            rules.iter().map(|rule| Some(rule.get("port")?.as_u64()?.to_string())).collect();
        Some(ports?.join(say!(language, common.comma)))
    }

    fn openings(&self, language: Language) -> Option<String> {
        let opening = |asked: &Value| {
            let vm = last_segment(asked.get("vm")?.as_str()?);
            let (port, sources) = (asked.get("port")?.as_u64()?, words(asked.get("sources")?)?);
            let minutes = asked.get("seconds")?.as_i64()? / 60;
            Some(say!(language, event.asked_opening, vm, port, sources, minutes))
        };
        let openings: Option<Vec<String>> =
            self.entry.get("openings")?.as_array()?.iter().map(opening).collect();
        Some(openings?.join(say!(language, common.semicolon)))
    }

    fn denials(&self, language: Language) -> Option<String> {
        let denials: Vec<Denial> = wire::read(self.entry.get("denials")?)?;
        let reasons: Vec<String> = denials.iter().map(|one| denial::sentence(one, language)).collect();
        Some(reasons.join(say!(language, common.semicolon)))
    }

    /// A rule by its name, whether the entry holds it whole or not.
    fn rule(&self) -> Option<String> {
        let rule = self.entry.get("rule")?;
        Some(rule.as_str().or_else(|| rule.get("name")?.as_str())?.to_owned())
    }

    fn priority(&self) -> Option<u64> {
        self.entry.get("rule")?.get("priority")?.as_u64()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.entry.get(name)?.as_u64()
    }

    fn word(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }
}

pub(super) fn last_segment(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_owned()
}

fn words(list: &Value) -> Option<String> {
    let words: Option<Vec<&str>> = list.as_array()?.iter().map(Value::as_str).collect();
    Some(words?.join(", "))
}

fn close_reason(reason: &str, language: Language) -> Option<&'static str> {
    Some(match reason {
        "expired" => say!(language, event.closed_expired),
        "revoked" => say!(language, event.closed_revoked),
        "superseded" => say!(language, event.closed_superseded),
        "failed" => say!(language, event.closed_failed),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::{audit::Event, decision::Denial};

    use super::*;
    use crate::model::{samples::web_01, step::tests::read};

    const GRANT: &str = "01936b1e-7a3c-7000-8000-3f1de2c4b901";
    const GROUP: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg";

    /// One event of every kind whose English sentence is the functions' own.
    fn events() -> Vec<Event> {
        let nsg = format!("{GROUP}/providers/Microsoft.Network/networkSecurityGroups/web-01-nsg");
        let firewall = format!("{GROUP}/providers/Microsoft.Network/azureFirewalls/hub-fw");
        let rule = json!({"name": "postern-x", "description": "", "priority": 100, "direction": "inbound",
            "access": "allow", "protocol": "any", "sources": [], "source_ports": [], "destinations": [],
            "destination_ports": []});
        let port_rule =
            json!({"port": 22, "protocol": "any", "allowed_sources": "any", "max_duration": "PT3H"});
        let asked =
            json!({"vm": web_01().to_string(), "port": 22, "sources": ["203.0.113.7"], "seconds": 3600});
        let collection = json!({"name": "postern", "priority": 200, "rules": []});
        let events = json!([
            {"event": "policy_put", "ports": [port_rule]},
            {"event": "policy_removed"},
            {"event": "asked", "openings": [asked], "justification": null, "from": "203.0.113.7"},
            {"event": "revoke_asked", "grant": GRANT},
            {"event": "rule_written", "nsg": nsg, "rule": rule, "correlation_id": null},
            {"event": "rule_removed", "nsg": nsg, "rule": rule, "correlation_id": null},
            {"event": "write_failed", "nsg": nsg, "rule": "postern-x", "error": "locked", "correlation_id": null},
            {"event": "opened", "grant": GRANT, "lease": GRANT, "port": 22, "sources": ["203.0.113.7", "198.51.100.0/24"]},
            {"event": "closed", "grant": GRANT, "lease": GRANT, "port": 22, "reason": "superseded"},
            {"event": "overdue", "grant": GRANT, "lease": GRANT, "port": 22, "attempts": 3, "error": "locked"},
            {"event": "obstructed", "nsg": nsg, "grant": null, "obstacle": "no priority is free"},
            {"event": "unproven", "nsg": nsg, "rule": "postern-x", "reason": "it opens more"},
            {"event": "drifted", "nsg": nsg, "rule": "postern-x", "found": null},
            {"event": "drifted", "nsg": nsg, "rule": "postern-x", "found": rule},
            {"event": "odd_rule", "nsg": nsg, "rule": rule},
            {"event": "sessions_cut", "nsg": nsg, "correlation_id": null},
            {"event": "sessions_left", "nsg": nsg, "reason": "no flows"},
            {"event": "nat_written", "firewall": firewall, "collection": collection, "correlation_id": null},
            {"event": "nat_failed", "firewall": firewall, "error": "locked", "correlation_id": null},
        ]);
        serde_json::from_value(events).unwrap()
    }

    fn said(step: &Step, language: Language) -> String {
        step.sentence(|_| Offset::constant(8), language)
    }

    #[test]
    fn in_english_the_portal_says_what_the_functions_say() {
        for event in events() {
            let step = read(event);
            assert_eq!(said(&step, Language::en), step.summary);
        }
    }

    #[test]
    fn every_event_is_said_in_chinese() {
        let is_chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
        for event in events() {
            let step = read(event);
            assert!(is_chinese(&said(&step, Language::zh_TW)), "{}", step.kind());
        }
    }

    #[test]
    fn a_grants_end_is_told_in_the_readers_zone() {
        let end = "2026-11-24T13:00:00Z".parse().unwrap();
        let step = read(Event::Granted {
            grant: GRANT.parse().unwrap(),
            leases: vec![],
            ends_at: end,
            replaces: None,
        });
        assert_eq!(said(&step, Language::en), "Granted until 2026-11-24 21:00:00 UTC+8");
    }

    #[test]
    fn a_denial_is_told_with_all_its_reasons() {
        let denials = vec![
            Denial::RequestNotPermitted { vm: web_01() },
            Denial::JustificationRequired { vm: web_01() },
        ];
        let said = said(&read(Event::Denied { denials }), Language::zh_TW);
        assert_eq!(said, "拒絕：您的 Azure 角色不允許要求存取 web-01；請填寫理由：這部 VM 的原則要求提供");
    }

    #[test]
    fn an_event_that_lacks_what_its_sentence_needs_is_told_in_the_functions_words() {
        for event in [r#"{"event":"moon_rose"}"#, r#"{"event":"closed","port":22,"reason":"tired"}"#] {
            let step: Step =
                crate::wire::from_text(&format!(r#"{{"entry":{event},"summary":"As it was told"}}"#))
                    .unwrap();
            assert_eq!(said(&step, Language::zh_TW), "As it was told");
        }
    }
}
