use axum::http::StatusCode;
use ipnet::IpNet;
use serde_json::Value;

use super::Answer;
use super::call::Call;
use super::operations;
use super::read::missing;
use super::rule_check::require_rule_name;
use super::rules::location_of;
use super::write::{self, bad_request, begin, object, require_reference, require_version};
use crate::reply::Reply;
use crate::world::{Change, child, children, prefixes_of, set_state};

const SUBNETS: &str = "subnets";

/// A virtual network with all its subnets: one that is left out is deleted.
pub(super) fn put(call: &mut Call<'_>) -> Answer {
    let mut body = object(call)?;
    let space = nets(&body["properties"]["addressSpace"]["addressPrefixes"]);
    if space.is_empty() {
        let message = "Cannot parse the request. Required property 'addressSpace' not found in JSON.";
        return Err(bad_request("InvalidRequestFormat", message));
    }
    let known = call.core.world.get(&call.place.key).cloned().unwrap_or_default();
    let path = known["id"].as_str().unwrap_or(&call.place.path).to_owned();
    let mut subnets = Vec::new();
    for subnet in children(&body, SUBNETS) {
        let name = subnet["name"].as_str().unwrap_or_default();
        subnets.push(checked_subnet(call, &path, name, subnet, &space)?);
    }
    body["properties"][SUBNETS] = subnets.into();
    for subnet in children(&known, SUBNETS) {
        let name = subnet["name"].as_str().unwrap_or_default();
        if child(&body, SUBNETS, name).is_none() {
            require_unused(call, subnet)?;
        }
    }
    write::put(call, body)
}

pub(super) fn put_subnet(call: &mut Call<'_>) -> Answer {
    let body = object(call)?;
    let (vnet_key, name) = (call.place.parent().to_owned(), call.place.name().to_owned());
    let vnet = call.core.world.get(&vnet_key).ok_or_else(|| missing(call))?;
    let existing = child(vnet, SUBNETS, &name);
    require_version(call, existing)?;
    let status = if existing.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let own_name = existing.and_then(|subnet| subnet["name"].as_str()).unwrap_or(&name).to_owned();
    let space = nets(&vnet["properties"]["addressSpace"]["addressPrefixes"]);
    let path = vnet["id"].as_str().unwrap_or_default().to_owned();
    let subnet = checked_subnet(call, &path, &own_name, &body, &space)?;
    let started = replace(call, &vnet_key, &own_name, Some(subnet))?;
    let vnet = call.core.world.get(&vnet_key);
    let shown = vnet.and_then(|vnet| child(vnet, SUBNETS, &own_name)).cloned();
    Ok(started.headers(Reply::json(status, shown.unwrap_or_default())))
}

pub(super) fn delete_subnet(call: &mut Call<'_>) -> Answer {
    let (vnet_key, name) = (call.place.parent().to_owned(), call.place.name().to_owned());
    let vnet = call.core.world.get(&vnet_key);
    let Some(subnet) = vnet.and_then(|vnet| child(vnet, SUBNETS, &name)) else {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    };
    require_version(call, Some(subnet))?;
    require_unused(call, subnet)?;
    Ok(replace(call, &vnet_key, &name, None)?.deletion())
}

/// A subnet is written within its network, which takes no other write meanwhile.
fn replace(
    call: &mut Call<'_>,
    vnet: &str,
    name: &str,
    subnet: Option<Value>,
) -> Result<operations::Started, Reply> {
    let whole = call.core.world.with_child(vnet, SUBNETS, name, subnet).ok_or_else(|| missing(call))?;
    let location = location_of(&whole);
    begin(call, vnet)?;
    call.core.world.show(vnet, whole);
    call.core.world.touch(vnet);
    let change = Change::Put { id: vnet.to_owned() };
    Ok(operations::start(call, change, &location, |_| ()).0)
}

fn checked_subnet(
    call: &mut Call<'_>,
    vnet: &str,
    name: &str,
    given: &Value,
    space: &[IpNet],
) -> Result<Value, Reply> {
    require_rule_name(name)?;
    let prefixes = prefixes_of(given);
    let is_within = |net: &IpNet| space.iter().any(|outer| outer.contains(net));
    if prefixes.is_empty() || !prefixes.iter().all(is_within) {
        let message = format!("Subnet '{name}' is not valid in virtual network '{vnet}'.");
        return Err(bad_request("NetcfgInvalidSubnet", message));
    }
    for reference in ["networkSecurityGroup", "routeTable"] {
        require_reference(call, &given["properties"][reference])?;
    }
    let mut subnet = given.clone();
    subnet["name"] = name.into();
    subnet["id"] = format!("{vnet}/subnets/{name}").into();
    subnet["type"] = "Microsoft.Network/virtualNetworks/subnets".into();
    subnet["etag"] = call.core.ids.etag().into();
    subnet["properties"].as_object_mut().map(|properties| properties.remove("ipConfigurations"));
    set_state(&mut subnet, "Succeeded");
    Ok(subnet)
}

fn require_unused(call: &Call<'_>, subnet: &Value) -> Result<(), Reply> {
    let id = subnet["id"].as_str().unwrap_or_default();
    let holders = ["microsoft.network/networkinterfaces", "microsoft.network/azurefirewalls"];
    let all = holders.iter().flat_map(|kind| call.core.world.all_of(kind));
    let mut configurations = all.flat_map(|(_, holder)| children(holder, "ipConfigurations"));
    let user = configurations.find(|one| {
        let own = one["properties"]["subnet"]["id"].as_str();
        own.is_some_and(|own| own.eq_ignore_ascii_case(id))
    });
    let Some(user) = user else { return Ok(()) };
    let message = format!(
        "Subnet {} is in use by {} and cannot be deleted.",
        subnet["name"].as_str().unwrap_or_default(),
        user["id"].as_str().unwrap_or_default(),
    );
    Err(bad_request("InUseSubnetCannotBeDeleted", message))
}

fn nets(list: &Value) -> Vec<IpNet> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.filter_map(|text| text.parse().ok()).collect()
}
