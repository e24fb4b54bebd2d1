use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;

use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::write::{self, bad_request, object, require_reference};
use crate::reply::Reply;
use crate::world::{child, free_address, is_reserved, prefixes_of, set_state};

/// What an interface shows but does not take.
const COMPUTED: [&str; 3] = ["virtualMachine", "macAddress", "primary"];

pub(super) fn put(call: &mut Call<'_>) -> Answer {
    let mut body = object(call)?;
    let configurations = body["properties"]["ipConfigurations"].take();
    let Some(given) = configurations.as_array().filter(|list| !list.is_empty()) else {
        let message = "Cannot parse the request. Required property 'ipConfigurations' not found in JSON.";
        return Err(bad_request("InvalidRequestFormat", message));
    };
    require_reference(call, &body["properties"]["networkSecurityGroup"])?;
    let known = call.core.world.get(&call.place.key).cloned().unwrap_or_default();
    body["properties"]["ipConfigurations"] = checked_configurations(call, given, &known)?.into();
    for field in COMPUTED {
        match known["properties"][field].clone() {
            Value::Null => drop(body["properties"].as_object_mut().map(|own| own.remove(field))),
            value => body["properties"][field] = value,
        }
    }
    let key = call.place.key.clone();
    let reply = write::put(call, body)?;
    call.core.world.link_public_ips(&key);
    Ok(reply)
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let nic = call.core.world.get(&call.place.key);
    if let Some(vm) = nic.and_then(|nic| nic["properties"]["virtualMachine"]["id"].as_str()) {
        let message = format!("Network Interface {} is used by existing resource {vm}.", call.place.path);
        return Err(bad_request("NicInUse", message));
    }
    write::delete(call)
}

fn checked_configurations(call: &mut Call<'_>, given: &[Value], known: &Value) -> Result<Vec<Value>, Reply> {
    let vnet = vnet_of(&given[0]);
    let mut taken = call.core.world.addresses_in(&vnet, &call.place.key);
    let (mut names, mut checked) = (HashSet::new(), Vec::new());
    for configuration in given {
        let name = configuration["name"].as_str().unwrap_or_default();
        if name.is_empty() || !names.insert(name.to_ascii_lowercase()) {
            let message = "Cannot parse the request. IP configurations need names, each another.";
            return Err(bad_request("InvalidRequestFormat", message));
        }
        if vnet_of(configuration) != vnet {
            let message = "All IP configurations of a network interface must be in one virtual network.";
            return Err(bad_request("SubnetsNotInSameVnet", message));
        }
        let before = child(known, "ipConfigurations", name);
        let mut one = checked_configuration(call, configuration, before, &mut taken)?;
        if one["properties"]["primary"].is_null() {
            one["properties"]["primary"] = checked.is_empty().into();
        }
        checked.push(one);
    }
    Ok(checked)
}

fn checked_configuration(
    call: &mut Call<'_>,
    given: &Value,
    before: Option<&Value>,
    taken: &mut BTreeSet<IpAddr>,
) -> Result<Value, Reply> {
    let subnet = write::subnet(call, &given["properties"]["subnet"])?.clone();
    require_public_ip(call, given)?;
    let address = address(given, before, &subnet, taken)?;
    taken.insert(address);
    let mut one = given.clone();
    let name = given["name"].as_str().unwrap_or_default();
    one["id"] = format!("{}/ipConfigurations/{name}", call.place.path).into();
    one["type"] = "Microsoft.Network/networkInterfaces/ipConfigurations".into();
    one["etag"] = call.core.ids.etag().into();
    let method = &given["properties"]["privateIPAllocationMethod"];
    one["properties"]["privateIPAllocationMethod"] = json!(method.as_str().unwrap_or("Dynamic"));
    one["properties"]["privateIPAddress"] = address.to_string().into();
    one["properties"]["privateIPAddressVersion"] = if address.is_ipv4() { "IPv4" } else { "IPv6" }.into();
    set_state(&mut one, "Succeeded");
    Ok(one)
}

/// The address that is asked for; one that is allocated stays as long as the subnet does.
fn address(
    given: &Value,
    before: Option<&Value>,
    subnet: &Value,
    taken: &BTreeSet<IpAddr>,
) -> Result<IpAddr, Reply> {
    let nets = prefixes_of(subnet);
    let parsed = |one: &Value| one["properties"]["privateIPAddress"].as_str()?.parse::<IpAddr>().ok();
    let is_static = given["properties"]["privateIPAllocationMethod"] == "Static";
    if !is_static {
        let kept = before.and_then(parsed).or_else(|| parsed(given));
        let kept = kept.filter(|one| nets.iter().any(|net| net.contains(one)) && !taken.contains(one));
        let is_v4 = given["properties"]["privateIPAddressVersion"] != "IPv6";
        let address = kept.or_else(|| free_address(&nets, is_v4, taken));
        return address.ok_or_else(|| bad_request("SubnetIsFull", "The subnet has no address left."));
    }
    let text = given["properties"]["privateIPAddress"].as_str().unwrap_or_default();
    let Some(wanted) = parsed(given) else {
        let message = format!("The private IP address '{text}' is not valid.");
        return Err(bad_request("InvalidIPAddressFormat", message));
    };
    let refuse = |code: &str, what: &str| {
        let subnet = subnet["id"].as_str().unwrap_or_default();
        Err(bad_request(code, format!("Private static IP address {wanted} {what} {subnet}.")))
    };
    match wanted {
        _ if !nets.iter().any(|net| net.contains(&wanted)) => {
            refuse("PrivateIPAddressNotInSubnet", "does not belong to the range of subnet")
        }
        _ if is_reserved(&nets, wanted) => {
            refuse("PrivateIPAddressInReservedRange", "falls within the reserved range of subnet")
        }
        _ if taken.contains(&wanted) => refuse("PrivateIPAddressInUse", "is already in use in subnet"),
        _ => Ok(wanted),
    }
}

/// A public address has one user.
fn require_public_ip(call: &Call<'_>, configuration: &Value) -> Result<(), Reply> {
    let reference = &configuration["properties"]["publicIPAddress"];
    require_reference(call, reference)?;
    let public = reference["id"].as_str().and_then(|id| call.core.world.get(id));
    let user = public.and_then(|public| public["properties"]["ipConfiguration"]["id"].as_str());
    match user {
        Some(user) if !user.to_ascii_lowercase().starts_with(&format!("{}/", call.place.key)) => {
            let id = reference["id"].as_str().unwrap_or_default();
            let message = format!("Resource {user} is already using public IP address {id}.");
            Err(bad_request("PublicIPAddressInUse", message))
        }
        _ => Ok(()),
    }
}

/// The key of the virtual network that a configuration is in.
fn vnet_of(configuration: &Value) -> String {
    let subnet =
        configuration["properties"]["subnet"]["id"].as_str().unwrap_or_default().to_ascii_lowercase();
    subnet.rsplit_once("/subnets/").map_or_else(String::new, |(vnet, _)| vnet.to_owned())
}
