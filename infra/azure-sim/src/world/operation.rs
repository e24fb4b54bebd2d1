use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::nested::{has_name, upsert};
use super::{World, child, children_mut};

const KEPT: usize = 2_000;

/// What a write does to what is in effect, once it is due. Ids are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    PutRule {
        nsg: String,
        name: String,
    },
    DeleteRule {
        nsg: String,
        name: String,
    },
    Put {
        id: String,
    },
    Delete {
        id: String,
    },
    /// `state` is the last part of a power state code.
    Power {
        vm: String,
        state: String,
    },
    /// Nothing: the result is what was asked for.
    EffectiveRules {
        nic: String,
    },
}

impl Change {
    /// The resource that takes no other write meanwhile.
    fn locks(&self) -> &str {
        match self {
            Self::PutRule { nsg, .. } | Self::DeleteRule { nsg, .. } => nsg,
            Self::Put { id } | Self::Delete { id } | Self::Power { vm: id, .. } => id,
            Self::EffectiveRules { .. } => "",
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
        self.now = now;
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
        let (change, at) = (&operation.change, operation.due_at);
        self.touch(change.locks());
        self.note_change(change.locks(), at);
        if operation.fails {
            self.mark(change, "Failed");
            return;
        }
        match change {
            Change::PutRule { nsg, name } => {
                self.mark(change, "Succeeded");
                let rule = self.get(nsg).and_then(|group| child(group, "securityRules", name)).cloned();
                if let (Some(rule), Some(rules)) = (rule, self.in_effect.get_mut(nsg)) {
                    upsert(rules, name, rule);
                }
                self.reevaluate_flows(nsg, at);
            }
            Change::DeleteRule { nsg, name } => {
                if let Some(rules) = self.get_mut(nsg).and_then(|g| children_mut(g, "securityRules")) {
                    rules.retain(|rule| !has_name(rule, name));
                }
                if let Some(rules) = self.in_effect.get_mut(nsg) {
                    rules.retain(|rule| !has_name(rule, name));
                }
                self.reevaluate_flows(nsg, at);
            }
            Change::Put { id } => {
                self.mark(change, "Succeeded");
                self.put_in_effect(id);
                self.reevaluate_flows(id, at);
            }
            Change::Delete { id } => {
                self.drop_flows_of(id, at);
                self.remove(id);
                self.release_interfaces(id);
            }
            Change::Power { vm, state } => {
                self.mark(change, "Succeeded");
                self.set_power(vm, state, at);
            }
            Change::EffectiveRules { .. } => {}
        }
    }
}
