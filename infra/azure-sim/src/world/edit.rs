use serde_json::Value;

use super::nested::{has_name, upsert};
use super::{World, children_mut};

const NESTED: [(&str, &str); 3] =
    [("/securityrules/", "securityRules"), ("/subnets/", "subnets"), ("/routes/", "routes")];

/// Edits behind ARM's back: in effect at once, whatever is under way, with no trace in the history.
impl World {
    /// Puts a resource, or a sub-resource into its parent; the error is the id of the parent that is missing.
    pub(crate) fn insert_any(&mut self, id: &str, mut body: Value) -> Result<(), String> {
        let name = id.rsplit('/').next().unwrap_or_default().to_owned();
        let fields = [("id", id), ("name", name.as_str())];
        for (field, value) in fields {
            if body[field].is_null() {
                body[field] = value.into();
            }
        }
        let Some((parent, property)) = parent_of(id) else {
            self.insert(id, body);
            self.edited(&id.to_ascii_lowercase());
            return Ok(());
        };
        let list = self.get_mut(&parent).and_then(|parent| children_mut(parent, property));
        upsert(list.ok_or_else(|| parent.clone())?, &name, body);
        self.edited(&parent);
        Ok(())
    }

    /// Whether there was such a resource or sub-resource.
    pub(crate) fn remove_any(&mut self, id: &str) -> bool {
        let Some((parent, property)) = parent_of(id) else { return self.remove(id) };
        let name = id.rsplit('/').next().unwrap_or_default();
        let Some(list) = self.get_mut(&parent).and_then(|parent| children_mut(parent, property)) else {
            return false;
        };
        let before = list.len();
        list.retain(|child| !has_name(child, name));
        let is_gone = list.len() < before;
        self.edited(&parent);
        is_gone
    }

    fn edited(&mut self, key: &str) {
        self.put_in_effect(key);
        self.touch(key);
        self.reevaluate_flows(key, self.now);
    }
}

/// The key of the parent, and the property of it that holds the sub-resource.
fn parent_of(id: &str) -> Option<(String, &'static str)> {
    let key = id.to_ascii_lowercase();
    NESTED.iter().find_map(|(marker, property)| {
        let (parent, name) = key.rsplit_once(marker)?;
        (!name.contains('/')).then(|| (parent.to_owned(), *property))
    })
}
