use serde_json::Value;

use super::shelf::kind_of;
use super::{NSG, World, children};

/// What packets meet, where ARM may already show something else.
impl World {
    pub(crate) fn rules_in_effect(&self, nsg: &str) -> &[Value] {
        self.in_effect.get(&nsg.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// A resource other than an NSG without the write of it that is under way or has failed.
    pub(crate) fn effective(&self, id: &str) -> Option<&Value> {
        let key = id.to_ascii_lowercase();
        match self.held.get(&key) {
            Some(before) => before.as_ref(),
            None => self.shelf(&key).get(&key),
        }
    }

    /// Keeps what is in effect, before ARM shows something else.
    pub(super) fn hold(&mut self, key: &str) {
        if kind_of(key) == Some(NSG) {
            self.in_effect.entry(key.to_owned()).or_default();
        } else if !self.held.contains_key(key) {
            let before = self.shelf(key).get(key).cloned();
            self.held.insert(key.to_owned(), before);
        }
    }

    /// What ARM shows is in effect.
    pub(super) fn put_in_effect(&mut self, key: &str) {
        if kind_of(key) != Some(NSG) {
            self.held.remove(key);
            return;
        }
        let nsg = self.resources.get(key);
        let flushes = nsg.is_some_and(|nsg| nsg["properties"]["flushConnection"] == true);
        let rules = nsg.map(|nsg| children(nsg, "securityRules").to_vec());
        self.in_effect.insert(key.to_owned(), rules.unwrap_or_default());
        if flushes {
            self.flushing.insert(key.to_owned());
        } else {
            self.flushing.remove(key);
        }
    }
}
