use serde_json::Value;

use super::Answer;
use super::call::Call;
use super::write::{self, bad_request, object};

pub(super) fn put(call: &mut Call<'_>) -> Answer {
    let mut body = object(call)?;
    let known = call.core.world.get(&call.place.key).cloned().unwrap_or_default();
    let given = body["properties"]["publicIPAllocationMethod"].as_str();
    let method = given.or(known["properties"]["publicIPAllocationMethod"].as_str()).unwrap_or("Dynamic");
    let Some(method) = ["Static", "Dynamic"].into_iter().find(|one| one.eq_ignore_ascii_case(method)) else {
        let message = format!("Cannot parse the request. '{method}' is neither Static nor Dynamic.");
        return Err(bad_request("InvalidRequestFormat", message));
    };
    body["properties"]["publicIPAllocationMethod"] = method.into();
    if body["properties"]["publicIPAddressVersion"].is_null() {
        body["properties"]["publicIPAddressVersion"] = "IPv4".into();
    }
    let address = match &known["properties"]["ipAddress"] {
        Value::String(address) => Value::from(address.as_str()),
        _ if method == "Static" => call.core.world.free_public_address().to_string().into(),
        _ => Value::Null,
    };
    for (field, value) in
        [("ipAddress", address), ("ipConfiguration", known["properties"]["ipConfiguration"].clone())]
    {
        match value {
            Value::Null => drop(body["properties"].as_object_mut().map(|own| own.remove(field))),
            value => body["properties"][field] = value,
        }
    }
    write::put(call, body)
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let public = call.core.world.get(&call.place.key);
    let user = public.and_then(|public| public["properties"]["ipConfiguration"]["id"].as_str());
    if let Some(user) = user {
        let message = format!(
            "Public IP address {} can not be deleted since it is still allocated to resource {user}.",
            call.place.path
        );
        return Err(bad_request("PublicIPAddressCannotBeDeleted", message));
    }
    write::delete(call)
}
