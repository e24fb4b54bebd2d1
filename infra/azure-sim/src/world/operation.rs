use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::nested::{has_name, upsert};
use super::{World, child, children_mut, set_state};

const KEPT: usize = 2_000;

/// What a write does to what is in effect, once it is due. Ids are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    PutRule { nsg: String, name: String },
    DeleteRule { nsg: String, name: String },
    Put { id: String },
    Delete { id: String },
}

impl Change {
    /// The resource that takes no other write meanwhile.
    fn locks(&self) -> &str {
        match self {
            Self::PutRule { nsg, .. } | Self::DeleteRule { nsg, .. } => nsg,
            Self::Put { id } | Self::Delete { id } => id,
        }
    }

    pub(crate) fn is_delete(&self) -> bool {
        matches!(self, Self::DeleteRule { .. } | Self::Delete { .. })
    }
}

/// A write that was accepted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) change: Change,
    pub(crate) due_at: Timestamp,
    /// It will end as a failure and change nothing that is in effect.
    pub(crate) fails: bool,
    pub(crate) settled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    InProgress,
    Succeeded,
    Failed,
}

impl Operation {
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        !self.settled && self.due_at <= now
    }

    pub(crate) fn outcome(&self) -> Outcome {
        match (self.settled, self.fails) {
            (false, _) => Outcome::InProgress,
            (true, false) => Outcome::Succeeded,
            (true, true) => Outcome::Failed,
        }
    }
}

impl World {
    /// Lets every write take effect whose time has come. Call it before looking at anything.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        self.apply_due(now);
    }

    pub(crate) fn is_locked(&self, id: &str) -> bool {
        let mut under_way = self.operations.iter().filter(|op| !op.settled);
        under_way.any(|op| op.change.locks().eq_ignore_ascii_case(id))
    }

    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|op| op.id.eq_ignore_ascii_case(id))
    }

    pub(crate) fn accept(&mut self, operation: Operation, now: Timestamp) {
        while self.operations.len() >= KEPT && self.operations.front().is_some_and(|op| op.settled) {
            self.operations.pop_front();
        }
        self.operations.push_back(operation);
        self.apply_due(now);
    }

    pub(super) fn finish(&mut self, operation: &Operation) {
        if operation.fails {
            self.mark(&operation.change, "Failed");
            return;
        }
        match &operation.change {
            Change::PutRule { nsg, name } => {
                self.mark(&operation.change, "Succeeded");
                let rule = self.get(nsg).and_then(|group| child(group, "securityRules", name)).cloned();
                if let (Some(rule), Some(rules)) = (rule, self.in_effect.get_mut(nsg)) {
                    upsert(rules, name, rule);
                }
            }
            Change::DeleteRule { nsg, name } => {
                if let Some(rules) = self.get_mut(nsg).and_then(|g| children_mut(g, "securityRules")) {
                    rules.retain(|rule| !has_name(rule, name));
                }
                if let Some(rules) = self.in_effect.get_mut(nsg) {
                    rules.retain(|rule| !has_name(rule, name));
                }
            }
            Change::Put { id } => {
                self.mark(&operation.change, "Succeeded");
                self.sync_effect(id);
            }
            Change::Delete { id } => {
                self.remove(id);
                self.release_interfaces(id);
            }
        }
    }

    /// The network interfaces of a deleted machine stay, without it.
    fn release_interfaces(&mut self, vm: &str) {
        let names_it = |nic: &Value| {
            let own = nic["properties"]["virtualMachine"]["id"].as_str();
            own.is_some_and(|own| own.eq_ignore_ascii_case(vm))
        };
        let all = self.all_of("microsoft.network/networkinterfaces");
        let its: Vec<String> = all.filter(|(_, nic)| names_it(nic)).map(|(key, _)| key.to_owned()).collect();
        for key in its {
            let nic = self.get_mut(&key).and_then(|nic| nic["properties"].as_object_mut());
            nic.map(|properties| properties.remove("virtualMachine"));
        }
    }

    /// Shows how far the change is in the resource's own provisioning state.
    pub(crate) fn mark(&mut self, change: &Change, state: &str) {
        match change {
            Change::PutRule { nsg, name } | Change::DeleteRule { nsg, name } => {
                let rules = self.get_mut(nsg).and_then(|group| children_mut(group, "securityRules"));
                let rule = rules.and_then(|rules| rules.iter_mut().find(|rule| has_name(rule, name)));
                if let Some(rule) = rule {
                    set_state(rule, state);
                }
            }
            Change::Put { id } | Change::Delete { id } => {
                if let Some(resource) = self.get_mut(id) {
                    set_state(resource, state);
                    let rules = children_mut(resource, "securityRules").into_iter().flatten();
                    rules.for_each(|rule| set_state(rule, state));
                }
            }
        }
    }

    /// Writes the rule into the NSG as ARM shows it; packets meet it only when its operation is due.
    pub(crate) fn show_rule(&mut self, nsg: &str, name: &str, rule: Value, etag: &str) {
        if let Some(group) = self.get_mut(nsg) {
            group["etag"] = etag.into();
            if let Some(rules) = children_mut(group, "securityRules") {
                upsert(rules, name, rule);
            }
        }
    }

    /// Writes the whole resource as ARM shows it; it is in effect only when its operation is due.
    pub(crate) fn show(&mut self, id: &str, body: Value) {
        let key = id.to_ascii_lowercase();
        if super::kind_of(&key) == Some(super::NSG) {
            self.in_effect.entry(key.clone()).or_default();
        }
        self.shelf_mut(&key).insert(&key, body);
    }
}
