use serde_json::Value;

/// The sub-resources that a resource carries in one of its properties.
pub(crate) fn children<'a>(parent: &'a Value, property: &str) -> &'a [Value] {
    parent["properties"][property].as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn child<'a>(parent: &'a Value, property: &str, name: &str) -> Option<&'a Value> {
    children(parent, property).iter().find(|child| has_name(child, name))
}

/// The list itself, for changes; `None` when the resource has no such list.
pub(crate) fn children_mut<'a>(parent: &'a mut Value, property: &str) -> Option<&'a mut Vec<Value>> {
    parent.get_mut("properties")?.get_mut(property)?.as_array_mut()
}

pub(crate) fn set_state(resource: &mut Value, state: &str) {
    if let Some(properties) = resource.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("provisioningState".to_owned(), Value::from(state));
    }
}

pub(super) fn has_name(resource: &Value, name: &str) -> bool {
    resource["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name))
}

/// Replaces the entry of the same name, or adds it.
pub(super) fn upsert(list: &mut Vec<Value>, name: &str, entry: Value) {
    match list.iter_mut().find(|old| has_name(old, name)) {
        Some(old) => *old = entry,
        None => list.push(entry),
    }
}
