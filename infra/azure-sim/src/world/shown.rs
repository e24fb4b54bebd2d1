use serde_json::Value;

use super::nested::{has_name, upsert};
use super::{Change, World, children_mut, set_state};

/// What ARM shows of a write, whether or not it is in effect.
impl World {
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
            Change::Put { id } | Change::Delete { id } | Change::Power { vm: id, .. } => {
                if let Some(resource) = self.get_mut(id) {
                    set_state(resource, state);
                    let rules = children_mut(resource, "securityRules").into_iter().flatten();
                    rules.for_each(|rule| set_state(rule, state));
                }
            }
            Change::EffectiveRules { .. } => {}
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
        self.hold(&key);
        self.shelf_mut(&key).insert(&key, body);
    }

    /// Gives a resource another version, if it has one.
    pub(crate) fn touch(&mut self, key: &str) {
        self.versions += 1;
        let number = self.versions;
        if let Some(etag) = self.get_mut(key).and_then(|resource| resource.get_mut("etag")) {
            *etag = format!("W/\"00000000-0000-4000-8000-{number:012x}\"").into();
        }
    }

    /// A resource as it will be with another sub-resource of a name, or without it.
    pub(crate) fn with_child(
        &self,
        parent: &str,
        list: &str,
        name: &str,
        entry: Option<Value>,
    ) -> Option<Value> {
        let mut parent = self.get(parent)?.clone();
        let children = children_mut(&mut parent, list)?;
        match entry {
            Some(entry) => upsert(children, name, entry),
            None => children.retain(|child| !has_name(child, name)),
        }
        Some(parent)
    }
}
