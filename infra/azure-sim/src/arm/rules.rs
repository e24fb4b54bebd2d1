use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::operations;
use super::read::missing;
use super::rule_check::{checked_properties, require_fits, require_groups, require_rule_name};
use super::write::begin;
use crate::reply::Reply;
use crate::world::{Change, child, set_state};

const RULES: &str = "securityRules";

pub(super) fn put(call: &mut Call<'_>) -> Answer {
    let nsg_key = call.place.parent().to_owned();
    let nsg = call.core.world.get(&nsg_key).ok_or_else(|| missing(call))?;
    let name = require_rule_name(call.place.name())?.to_owned();
    let properties = checked_properties(&name, &call.json()?)?;
    require_groups(call, &properties)?;
    let existing = child(nsg, RULES, &name).cloned();
    require_fits(nsg, &name, &properties)?;
    let location = location_of(nsg);
    let nsg_id = nsg["id"].as_str().unwrap_or_default().to_owned();
    begin(call, &nsg_key)?;
    let etag = call.core.ids.etag();
    let rule = new_rule(&nsg_id, &name, &etag, properties, existing.as_ref());
    call.core.world.show_rule(&nsg_key, &name, rule, &etag);
    let change = Change::PutRule { nsg: nsg_key.clone(), name: name.clone() };
    let (started, body) = operations::start(call, change, &location, |call| {
        call.core.world.get(&nsg_key).and_then(|nsg| child(nsg, RULES, &name)).cloned()
    });
    let status = if existing.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok(started.headers(Reply::json(status, body.unwrap_or_default())))
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let nsg_key = call.place.parent().to_owned();
    let name = call.place.name().to_owned();
    let nsg = call.core.world.get(&nsg_key);
    let Some(nsg) = nsg.filter(|nsg| child(nsg, RULES, &name).is_some()) else {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    };
    let location = location_of(nsg);
    begin(call, &nsg_key)?;
    call.core.world.touch(&nsg_key);
    let change = Change::DeleteRule { nsg: nsg_key, name };
    let (started, ()) = operations::start(call, change, &location, |_| ());
    Ok(started.deletion())
}

/// A rule keeps its name's first spelling.
fn new_rule(nsg_id: &str, name: &str, etag: &str, properties: Value, existing: Option<&Value>) -> Value {
    let name = existing.and_then(|rule| rule["name"].as_str()).unwrap_or(name);
    let mut rule = json!({
        "name": name,
        "id": format!("{nsg_id}/securityRules/{name}"),
        "etag": etag,
        "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        "properties": properties,
    });
    set_state(&mut rule, "Succeeded");
    rule
}

pub(super) fn location_of(resource: &Value) -> String {
    resource["location"].as_str().unwrap_or("westeurope").to_owned()
}
