use serde_json::Value;

use super::Answer;
use super::call::Call;
use super::firewall_check::{LISTS, require_sound};
use super::write::{object, put as put_any, require_linked, require_reference, subnet};
use crate::reply::Reply;
use crate::world::{children, children_mut};

pub(super) fn put(call: &mut Call<'_>) -> Answer {
    let mut body = object(call)?;
    require_network(call, &body)?;
    require_sound(&call.core.world, &body)?;
    require_ip_groups(call, &body)?;
    let own = call.core.world.get(&call.place.key).and_then(|known| known["id"].as_str());
    let id = own.unwrap_or(&call.place.path).to_owned();
    for list in LISTS {
        for collection in children_mut(&mut body, list).into_iter().flatten() {
            let name = collection["name"].as_str().unwrap_or_default();
            collection["id"] = format!("{id}/{list}/{name}").into();
            collection["properties"]["provisioningState"] = "Succeeded".into();
        }
    }
    put_any(call, body)
}

/// Who writes a firewall must be allowed to use the IP groups in all of its rules.
fn require_ip_groups(call: &Call<'_>, body: &Value) -> Result<(), Reply> {
    let collections = LISTS.iter().flat_map(|list| children(body, list));
    let rules = collections.flat_map(|collection| children(collection, "rules"));
    for rule in rules {
        let groups = ["sourceIpGroups", "destinationIpGroups"].map(|field| rule[field].as_array());
        for id in groups.into_iter().flatten().flatten().filter_map(Value::as_str) {
            require_linked(call, id, "join/action")?;
        }
    }
    Ok(())
}

fn require_network(call: &Call<'_>, body: &Value) -> Result<(), Reply> {
    for configuration in children(body, "ipConfigurations") {
        let properties = &configuration["properties"];
        require_reference(call, &properties["publicIPAddress"])?;
        if properties["subnet"].is_object() {
            subnet(call, &properties["subnet"])?;
        }
    }
    Ok(())
}
