use serde_json::{Value, json};
use shared::audit::Event;

use super::*;
use crate::model::step::tests::read;

const NSG: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/prod-rg/providers\
                   /Microsoft.Network/networkSecurityGroups/web-01-nsg";

fn a_rule(priority: u16) -> Value {
    json!({"name": "postern-x", "description": "ends 14:05", "priority": priority, "direction": "inbound",
        "access": "allow", "protocol": "any", "sources": [{"prefix": "203.0.113.7/32"}, {"tag": "VirtualNetwork"}],
        "source_ports": ["*"], "destinations": [{"prefix": "10.1.0.4/32"}], "destination_ports": ["22", "80-90"]})
}

fn detail(event: Value) -> Detail {
    let event: Event = serde_json::from_value(event).unwrap();
    read(event).detail(Language::en)
}

fn row<'d>(detail: &'d Detail, name: &str) -> &'d GridRow {
    detail.grid.as_ref().unwrap().rows.iter().find(|row| row.name == name).unwrap()
}

#[test]
fn a_written_rule_is_shown_before_and_after_and_only_what_changed_is_marked() {
    let written = detail(json!({"event": "rule_written", "nsg": NSG, "rule": a_rule(100),
        "replaced": a_rule(120), "correlation_id": "5f0c1c30"}));
    let priority = row(&written, "Priority");
    assert_eq!(
        (priority.cells.as_slice(), priority.changed),
        (["120".to_owned(), "100".to_owned()].as_slice(), true)
    );
    assert!(!row(&written, "Access").changed);
    assert_eq!(row(&written, "From").cells[1], "203.0.113.7, VirtualNetwork");
    assert_eq!(row(&written, "Ports").cells[1], "22, 80-90");
    let id = written.facts.iter().find(|fact| fact.value == "5f0c1c30").unwrap();
    assert!(id.is_id && id.name.contains("correlation"), "{id:?}");
}

#[test]
fn a_new_rule_has_nothing_before_and_a_removed_one_nothing_after() {
    let (new, gone) = ("rule_written", "rule_removed");
    let of = |event: &str| {
        detail(json!({"event": event, "nsg": NSG, "rule": a_rule(100), "correlation_id": null}))
    };
    assert_eq!(row(&of(new), "Access").cells, [NOTHING, "Allow"]);
    assert_eq!(row(&of(gone), "Access").cells, ["Allow", NOTHING]);
    assert!(row(&of(gone), "Access").changed);
}

#[test]
fn who_gets_in_is_said_as_in_the_preview() {
    let opens = json!([{"from": ["203.0.113.7/32"], "to": ["10.1.0.4"], "protocol": "tcp", "ports": ["22"], "certain": true}]);
    let written =
        detail(json!({"event": "rule_written", "nsg": NSG, "rule": a_rule(100), "correlation_id": null,
        "proof": {"opens": opens, "closes": []}}));
    assert_eq!(written.proof, ["Opens TCP port 22 of 10.1.0.4 to 203.0.113.7."]);
    let moved =
        detail(json!({"event": "rule_written", "nsg": NSG, "rule": a_rule(100), "correlation_id": null,
        "proof": {"opens": [], "closes": []}}));
    assert_eq!(moved.proof.len(), 1, "that nothing changes for anybody is said too");
}

#[test]
fn a_policy_is_shown_with_its_port_rules_and_settings() {
    let put = detail(json!({"event": "policy_put",
        "ports": [{"port": 22, "protocol": "tcp", "allowed_sources": "any", "max_duration": "PT3H"},
                  {"port": 3389, "protocol": "any", "allowed_sources": {"only": ["203.0.113.0/24"]}, "max_duration": "PT90M"}],
        "settings": {"justification": "required", "precedence": "guard_first", "live_sessions": "at_end"}}));
    assert_eq!(row(&put, "22").cells, ["TCP", "any source on request", "3 hours"]);
    assert_eq!(row(&put, "3389").cells[1], "203.0.113.0/24");
    assert_eq!(put.facts.iter().filter(|fact| !fact.is_id).count(), 3, "{:?}", put.facts);
}

#[test]
fn why_somebody_asked_is_told_as_it_was_written() {
    let asked = detail(
        json!({"event": "asked", "openings": [], "justification": "=1+1 deploy", "from": "203.0.113.7"}),
    );
    assert_eq!(asked.facts[0].value, "=1+1 deploy");
    assert_eq!(asked.json, None);
}

#[test]
fn the_hash_is_always_there_and_an_unknown_event_is_shown_whole() {
    let text = r#"{"entry":{"seq":7,"event":"moon_rose","phase":3,"hash":"ab"},"summary":"The moon rose"}"#;
    let step: Step = crate::wire::from_text(text).unwrap();
    let detail = step.detail(Language::en);
    assert!(detail.facts.iter().any(|fact| fact.value == "ab" && fact.is_id));
    assert!(detail.json.unwrap().contains("\"phase\": 3"));
}
