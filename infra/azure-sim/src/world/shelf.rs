use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

type Plain = BTreeMap<String, Arc<Value>>;

/// Resources by their key, and an index of them by their type. A clone is cheap: it shares the resources.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Plain", into = "Plain")]
pub(super) struct Shelf {
    all: Plain,
    by_kind: BTreeMap<String, BTreeSet<String>>,
    /// Counts the changes of what NSGs can be attached to.
    topology: u64,
}

impl From<Plain> for Shelf {
    fn from(all: Plain) -> Self {
        let mut by_kind: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for key in all.keys() {
            if let Some(kind) = kind_of(key) {
                by_kind.entry(kind.to_owned()).or_default().insert(key.clone());
            }
        }
        Self { all, by_kind, topology: 0 }
    }
}

impl From<Shelf> for Plain {
    fn from(shelf: Shelf) -> Self {
        shelf.all
    }
}

impl Shelf {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.all.get(key).map(Arc::as_ref)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.note(key);
        self.all.get_mut(key).map(Arc::make_mut)
    }

    pub(super) fn insert(&mut self, key: &str, body: Value) {
        self.note(key);
        if let Some(kind) = kind_of(key) {
            self.by_kind.entry(kind.to_owned()).or_default().insert(key.to_owned());
        }
        self.all.insert(key.to_owned(), Arc::new(body));
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Arc<Value>> {
        self.note(key);
        if let Some(keys) = kind_of(key).and_then(|kind| self.by_kind.get_mut(kind)) {
            keys.remove(key);
        }
        self.all.remove(key)
    }

    /// All keys, from `start` on.
    pub(super) fn keys_from(&self, start: String) -> impl Iterator<Item = &str> {
        self.all.range(start..).map(|(key, _)| key.as_str())
    }

    /// The keys of one type, from `start` on.
    pub(super) fn keys_of<'a>(
        &'a self,
        kind: &str,
        start: String,
    ) -> impl Iterator<Item = &'a str> + use<'a> {
        let keys = self.by_kind.get(kind).map(|keys| keys.range(start..));
        keys.into_iter().flatten().map(String::as_str)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.all.iter().map(|(key, value)| (key.as_str(), value.as_ref()))
    }

    pub(super) fn topology(&self) -> u64 {
        self.topology
    }

    fn note(&mut self, key: &str) {
        if key.contains("/networkinterfaces/") || key.contains("/virtualnetworks/") {
            self.topology += 1;
        }
    }
}

/// The type of a resource that is not a sub-resource, such as `microsoft.compute/virtualmachines`.
pub(super) fn kind_of(key: &str) -> Option<&str> {
    let (_, last) = key.rsplit_once("/providers/")?;
    let (kind, name) = last.rsplit_once('/')?;
    (kind.matches('/').count() == 1 && !name.is_empty()).then_some(kind)
}
