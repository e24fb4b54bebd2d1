//! What a change of policies would come to by Azure's rules as they are now, in sentences.

use shared::{
    api::{LeftOpen, PreviewedObstacle, PreviewedRule},
    nsg::proof::Proof,
    rule::Access,
};

use super::{
    language::{Language, say},
    port_state::still_open,
    preview::said,
};
use crate::wire::fields;

/// The part of `POST /api/policies/preview`'s answer that is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PolicyPreview {
    obstacles: Vec<PreviewedObstacle>,
    rules: Vec<PreviewedRule>,
    proof: Proof,
    left_open: Vec<LeftOpen>,
}

fields! { PolicyPreview { obstacles, rules, proof, left_open } }

/// Sentences under a heading.
pub(crate) type Part = (&'static str, Vec<String>);

impl PolicyPreview {
    pub(crate) fn parts(&self, language: Language) -> Vec<Part> {
        let impossible = |PreviewedObstacle { place, reason }: &PreviewedObstacle| {
            say!(language, preview.impossible, place = place.as_str(), reason = reason.as_str())
        };
        let obstacles = self.obstacles.iter().map(impossible);
        let rules = obstacles.chain(self.rules.iter().map(|rule| fate(rule, language))).collect();
        let Proof { opens, closes } = &self.proof;
        let closes = closes.iter().map(|packets| said(packets, false, language));
        let effects = closes.chain(opens.iter().map(|packets| said(packets, true, language))).collect();
        let left = self.left_open.iter().flat_map(|LeftOpen { vm, port, exposed }| {
            exposed.iter().map(move |one| {
                let what = still_open(one, language);
                say!(language, protect.left_open, vm = vm.name(), port = *port, what = what)
            })
        });
        let left = left.collect();
        let or = |lines: Vec<String>, nothing: &str| {
            if lines.is_empty() { vec![nothing.to_owned()] } else { lines }
        };
        vec![
            (say!(language, protect.rules), or(rules, say!(language, protect.no_rules))),
            (say!(language, protect.effects), or(effects, say!(language, protect.no_effects))),
            (say!(language, protect.left), or(left, say!(language, protect.nothing_left))),
        ]
    }
}

fn fate(rule: &PreviewedRule, language: Language) -> String {
    let PreviewedRule { nsg, name, access, ports, before, after, rewritten } = rule;
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    let ports = ports.join(say!(language, common.comma));
    let (nsg, rule) = (nsg.as_str(), name.as_str());
    match (before, after) {
        (None, None) => String::new(),
        (None, Some(priority)) if *access == Access::Allow => {
            say!(language, protect.rule_added_allow, rule, nsg, priority = *priority, ports)
        }
        (None, Some(priority)) => {
            say!(language, protect.rule_added, rule, nsg, priority = *priority, ports)
        }
        (Some(before), None) => say!(language, protect.rule_removed, rule, nsg, before = *before),
        (Some(_), Some(after)) if *rewritten => {
            say!(language, protect.rule_rewritten, rule, nsg, after = *after, ports)
        }
        (Some(before), Some(after)) => {
            say!(language, protect.rule_moved, rule, nsg, before = *before, after = *after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"obstacles":[],"rules":[
        {"nsg":"web-nsg","name":"g1","access":"deny","ports":["22"],"before":null,"after":4000,"rewritten":false},
        {"nsg":"web-nsg","name":"g2","access":"deny","ports":["443"],"before":3000,"after":3001,"rewritten":false},
        {"nsg":"web-nsg","name":"g3","access":"deny","ports":["80"],"before":4001,"after":null,"rewritten":false},
        {"nsg":"web-nsg","name":"g4","access":"deny","ports":["22","23"],"before":4002,"after":4002,"rewritten":true}],
        "proof":{"opens":[],"closes":[
            {"from":["*"],"to":["10.1.0.4"],"protocol":"tcp","ports":["22"],"certain":true}]},
        "left_open":[{"vm":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines/legacy-01",
            "port":22,"exposed":[{"from":["Internet"],"rule":{"nsg":"x-nsg","name":"allow-ssh","priority":300},"nat":null,"certain":true}]}],
        "server_time":"2026-11-24T12:00:00Z"}"#;

    #[test]
    fn every_rule_effect_and_what_stays_open_is_told() {
        let preview: PolicyPreview = crate::wire::from_text(ANSWER).unwrap();
        let parts = preview.parts(Language::en);
        assert_eq!(
            parts[0].1,
            [
                "Adds g1 to web-nsg at priority 4000: denies port 22.",
                "Moves g2 in web-nsg from priority 3000 to 3001.",
                "Removes g3 from web-nsg, now at priority 4001.",
                "Rewrites g4 in web-nsg at priority 4002: port 22, 23.",
            ]
        );
        assert_eq!(parts[1].1, ["Closes TCP port 22 of 10.1.0.4 to every address."]);
        let left = "legacy-01, port 22: Still open from the Internet by customer rule allow-ssh (priority 300) in x-nsg.";
        assert_eq!(parts[2].1, [left]);
    }

    #[test]
    fn where_nothing_changes_that_is_said() {
        let nothing = r#"{"obstacles":[{"place":"a-nsg","reason":"it is full"}],"rules":[],
            "proof":{"opens":[],"closes":[]},"left_open":[]}"#;
        let preview: PolicyPreview = crate::wire::from_text(nothing).unwrap();
        let parts = preview.parts(Language::en);
        assert_eq!(parts[0].1, ["Not possible in a-nsg: it is full."]);
        assert!(parts[1].1.len() == 1 && parts[2].1.len() == 1);
    }
}
