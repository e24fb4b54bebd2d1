use serde_json::Value;

use super::Answer;
use super::call::Call;
use super::firewall_check::{LISTS, require_sound};
use super::write::{object, put as put_any, require_reference, subnet};
use crate::reply::Reply;
use crate::world::{children, children_mut};

pub(super) fn put(call: &mut Call<'_>) -> Answer {
    let mut body = object(call)?;
    require_network(call, &body)?;
    require_sound(&call.core.world, &body)?;
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
