//! Everything that exists in the two subscriptions: resources as ARM shows them, what of them is in effect, the
//! writes under way and the writes of the past.

mod addresses;
mod attachments;
mod edit;
mod flows;
mod history;
mod in_effect;
mod machines;
mod nested;
mod operation;
mod shelf;
mod shown;
mod stale;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use addresses::{free_address, is_reserved, prefixes_of};
pub(crate) use attachments::Attachments;
pub(crate) use flows::Flow;
pub(crate) use history::WriteRecord;
pub(crate) use nested::{child, children, children_mut, set_state};
pub(crate) use operation::{Change, Operation, Outcome};
use shelf::Shelf;

const AUTHORIZATION: &str = "/providers/microsoft.authorization/";
pub(crate) const NSG: &str = "microsoft.network/networksecuritygroups";

/// Keys are resource ids in lower case.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct World {
    resources: Shelf,
    /// Apart from the rest, since every single call reads all of them.
    authorization: Shelf,
    /// Management group id in lower case, and the subscriptions under it.
    management_groups: BTreeMap<String, Vec<String>>,
    /// NSG id in lower case, and the rules that packets meet now.
    in_effect: BTreeMap<String, Vec<Value>>,
    /// What is in effect of a resource that ARM shows differently: its write is under way, or has failed.
    #[serde(default)]
    held: BTreeMap<String, Option<Value>>,
    /// The NSGs that cut flows which they no longer let in.
    #[serde(default)]
    flushing: BTreeSet<String>,
    #[serde(default)]
    flows: Vec<Flow>,
    operations: VecDeque<Operation>,
    history: VecDeque<WriteRecord>,
    next_seq: u64,
    #[serde(default)]
    versions: u64,
    #[serde(skip)]
    attached: attachments::Cache,
    #[serde(skip)]
    before: stale::Before,
    /// When somebody last looked.
    #[serde(skip)]
    now: Timestamp,
}

impl World {
    pub(crate) fn get(&self, id: &str) -> Option<&Value> {
        let key = id.to_ascii_lowercase();
        self.shelf(&key).get(&key)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Value> {
        let key = id.to_ascii_lowercase();
        self.shelf_mut(&key).get_mut(&key)
    }

    /// Puts a resource as it is, in effect at once.
    pub(crate) fn insert(&mut self, id: &str, body: Value) {
        let key = id.to_ascii_lowercase();
        self.shelf_mut(&key).insert(&key, body);
        self.put_in_effect(&key);
    }

    /// Takes a resource away, in effect at once.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let key = id.to_ascii_lowercase();
        self.in_effect.remove(&key);
        self.held.remove(&key);
        self.flushing.remove(&key);
        let is_gone = self.shelf_mut(&key).remove(&key).is_some();
        self.drop_flows_of(&key, self.now);
        is_gone
    }

    /// The keys of the resources of one type under a subscription or a resource group, in order.
    pub(crate) fn keys_of<'a>(&'a self, scope: &str, kind: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let prefix = format!("{scope}/");
        let keys = self.resources.keys_of(kind, prefix.clone());
        keys.take_while(move |key| key.starts_with(&prefix))
    }

    /// Every resource of one type, wherever it is.
    pub(crate) fn all_of<'a>(&'a self, kind: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let keys = self.resources.keys_of(kind, String::new());
        keys.filter_map(|key| Some((key, self.resources.get(key)?)))
    }

    /// The keys one level below, such as the subscriptions under `/subscriptions`.
    pub(crate) fn containers(&self, parent: &str) -> Vec<String> {
        let prefix = format!("{parent}/");
        let below = self.resources.keys_from(prefix.clone()).take_while(|key| key.starts_with(&prefix));
        below.filter(|key| !key[prefix.len()..].contains('/')).map(str::to_owned).collect()
    }

    /// Every role assignment, role definition or deny assignment, by the last part of its type.
    pub(crate) fn authorization_of<'a>(
        &'a self,
        kind: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let kind = format!("microsoft.authorization/{kind}");
        let keys = self.authorization.keys_of(&kind, String::new());
        keys.filter_map(|key| Some((key, self.authorization.get(key)?)))
    }

    pub(crate) fn set_management_group(&mut self, id: &str, subscriptions: &[&str]) {
        let members = subscriptions.iter().map(|id| id.to_ascii_lowercase()).collect();
        self.management_groups.insert(id.to_ascii_lowercase(), members);
    }

    /// Whether a management group (id in lower case) stands above a scope.
    pub(crate) fn is_above(&self, management_group: &str, scope: &str) -> bool {
        let members = self.management_groups.get(management_group);
        members.is_some_and(|all| all.iter().any(|subscription| is_within(scope, subscription)))
    }

    pub(crate) fn raw(&self) -> Value {
        let all = self.resources.iter().chain(self.authorization.iter());
        Value::Object(all.map(|(key, value)| (key.to_owned(), value.clone())).collect())
    }

    fn shelf(&self, key: &str) -> &Shelf {
        if key.contains(AUTHORIZATION) { &self.authorization } else { &self.resources }
    }

    fn shelf_mut(&mut self, key: &str) -> &mut Shelf {
        if key.contains(AUTHORIZATION) { &mut self.authorization } else { &mut self.resources }
    }

    fn seq(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq
    }

    /// A number that differs from run to run of one state file.
    pub(crate) fn generation(&self) -> u64 {
        self.next_seq
    }

    fn apply_due(&mut self, now: Timestamp) {
        loop {
            let due = self.operations.iter_mut().filter(|op| op.is_due(now));
            let Some(next) = due.min_by_key(|op| op.due_at) else { return };
            next.settled = true;
            let operation = next.clone();
            self.finish(&operation);
        }
    }
}

/// Whether `scope` is `outer` or lies under it, by whole segments; both in lower case.
pub(crate) fn is_within(scope: &str, outer: &str) -> bool {
    scope.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
