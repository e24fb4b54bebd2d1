use axum::http::{Method, StatusCode};

use super::call::Call;
use super::{
    Answer, activity, authorization, effective_rules, firewalls, interfaces, machines, networks, nsgs,
    operations, public_ips, read, rules, write,
};
use crate::rbac;
use crate::reply::Reply;

/// Checks in the order in which ARM does, then does what was asked.
pub(super) fn dispatch(call: &mut Call<'_>) -> Answer {
    require_api_version(call)?;
    require_subscription(call)?;
    require_quota(call)?;
    require_right(call)?;
    require_resource_group(call)?;
    let kind = call.place.kind.to_ascii_lowercase();
    match call.method.as_str() {
        "GET" | "HEAD" => get(call, &kind),
        "PUT" => put(call, &kind),
        "DELETE" => delete(call, &kind),
        "POST" => post(call, &kind),
        _ => Err(not_allowed(call)),
    }
}

fn get(call: &mut Call<'_>, kind: &str) -> Answer {
    match (kind, call.place.is_list) {
        ("microsoft.resources/subscriptions", true) => read::subscriptions(call),
        ("microsoft.resources/subscriptions/resourcegroups", true) => read::resource_groups(call),
        ("microsoft.resources/subscriptions" | "microsoft.resources/subscriptions/resourcegroups", false) => {
            read::resource(call)
        }
        ("microsoft.compute/virtualmachines/instanceview", true) => read::instance_view(call),
        ("microsoft.network/virtualnetworks/subnets", _) => read::nested(call, "subnets"),
        ("microsoft.network/networksecuritygroups/securityrules", _) => read::nested(call, "securityRules"),
        ("microsoft.network/networksecuritygroups/defaultsecurityrules", _) => read::default_rules(call),
        ("microsoft.network/routetables/routes", _) => read::nested(call, "routes"),
        ("microsoft.network/locations/operations" | "microsoft.compute/locations/operations", false) => {
            operations::status(call)
        }
        (
            "microsoft.network/locations/operationresults" | "microsoft.compute/locations/operationresults",
            false,
        ) => operations::result(call),
        ("microsoft.authorization/roleassignments", _) => authorization::role_assignments(call),
        ("microsoft.authorization/roledefinitions", _) => authorization::role_definitions(call),
        ("microsoft.authorization/denyassignments", _) => authorization::deny_assignments(call),
        ("microsoft.authorization/permissions", true) => authorization::permissions(call),
        ("microsoft.insights/eventtypes/values", true) => activity::list(call),
        (_, true) if read::KINDS.contains(&kind) => read::list(call),
        (_, false) if read::KINDS.contains(&kind) => read::resource(call),
        _ => Err(unknown_type(call)),
    }
}

fn put(call: &mut Call<'_>, kind: &str) -> Answer {
    match (kind, call.place.is_list) {
        ("microsoft.network/networksecuritygroups/securityrules", false) => rules::put(call),
        ("microsoft.network/networksecuritygroups", false) => nsgs::put(call),
        ("microsoft.network/networkinterfaces", false) => interfaces::put(call),
        ("microsoft.network/virtualnetworks", false) => networks::put(call),
        ("microsoft.network/virtualnetworks/subnets", false) => networks::put_subnet(call),
        ("microsoft.network/publicipaddresses", false) => public_ips::put(call),
        ("microsoft.network/azurefirewalls", false) => firewalls::put(call),
        _ => Err(not_allowed(call)),
    }
}

fn delete(call: &mut Call<'_>, kind: &str) -> Answer {
    match (kind, call.place.is_list) {
        ("microsoft.network/networksecuritygroups/securityrules", false) => rules::delete(call),
        ("microsoft.network/networksecuritygroups", false) => nsgs::delete(call),
        ("microsoft.network/networkinterfaces", false) => interfaces::delete(call),
        ("microsoft.network/virtualnetworks/subnets", false) => networks::delete_subnet(call),
        ("microsoft.network/publicipaddresses", false) => public_ips::delete(call),
        ("microsoft.network/azurefirewalls", false) => write::delete(call),
        ("microsoft.compute/virtualmachines", false) => write::delete(call),
        _ => Err(not_allowed(call)),
    }
}

fn post(call: &mut Call<'_>, kind: &str) -> Answer {
    match (kind, call.place.is_list) {
        ("microsoft.compute/virtualmachines/start", true) => machines::power(call, "running"),
        ("microsoft.compute/virtualmachines/deallocate", true) => machines::power(call, "deallocated"),
        ("microsoft.compute/virtualmachines/poweroff", true) => machines::power(call, "stopped"),
        ("microsoft.network/networkinterfaces/effectivenetworksecuritygroups", true) => {
            effective_rules::ask(call)
        }
        _ => Err(not_allowed(call)),
    }
}

fn require_api_version(call: &Call<'_>) -> Result<(), Reply> {
    if call.api_version().is_empty() {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(write::bad_request("MissingApiVersionParameter", message));
    }
    Ok(())
}

fn require_subscription(call: &Call<'_>) -> Result<(), Reply> {
    let Some(subscription) = call.place.subscription() else { return Ok(()) };
    if call.core.world.get(&format!("/subscriptions/{subscription}")).is_none() {
        let message = format!("The subscription '{subscription}' could not be found.");
        return Err(Reply::error(StatusCode::NOT_FOUND, "SubscriptionNotFound", message));
    }
    Ok(())
}

fn require_quota(call: &mut Call<'_>) -> Result<(), Reply> {
    let Some(subscription) = call.place.subscription().map(str::to_owned) else { return Ok(()) };
    let seconds = match call.core.limits.take(call.method, &subscription, call.now) {
        Ok(left) => {
            call.quota_left = left;
            return Ok(());
        }
        Err(seconds) => seconds,
    };
    call.quota_left = Some(0);
    let message = format!(
        "Number of requests for subscription '{subscription}' and actor '{}' exceeded. Please try again after \
         '{seconds}' seconds.",
        call.caller.object_id,
    );
    let reply = Reply::error(StatusCode::TOO_MANY_REQUESTS, "SubscriptionRequestsThrottled", message);
    Err(reply.header("retry-after", seconds.to_string()))
}

fn require_resource_group(call: &Call<'_>) -> Result<(), Reply> {
    let Some((name, key)) = call.place.resource_group() else { return Ok(()) };
    if call.core.world.get(&key).is_none() {
        let message = format!("Resource group '{name}' could not be found.");
        return Err(Reply::error(StatusCode::NOT_FOUND, "ResourceGroupNotFound", message));
    }
    Ok(())
}

fn require_right(call: &Call<'_>) -> Result<(), Reply> {
    let kind = call.place.kind.to_ascii_lowercase();
    let (world, who) = (&call.core.world, &call.caller.identities);
    // Everybody may ask what they may do, which subscriptions they see, and what the built-in roles are.
    let is_open = kind == "microsoft.authorization/permissions"
        || (kind == "microsoft.resources/subscriptions" && call.place.is_list)
        || (kind == "microsoft.authorization/roledefinitions" && call.place.scope.is_empty());
    let scope = call.place.action_scope();
    let action = action(call);
    if is_open || rbac::is_allowed(world, who, &action, scope) {
        return Ok(());
    }
    let message = format!(
        "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope \
         '{}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
        call.caller.name,
        call.caller.object_id,
        scope_as_written(call),
    );
    Err(Reply::error(StatusCode::FORBIDDEN, "AuthorizationFailed", message))
}

fn action(call: &Call<'_>) -> String {
    let verb = match *call.method {
        Method::GET | Method::HEAD => "read",
        Method::DELETE => "delete",
        Method::PUT | Method::PATCH => "write",
        _ => "action",
    };
    format!("{}/{verb}", call.place.kind)
}

/// The scope of the action in the spelling of the request.
fn scope_as_written<'a>(call: &'a Call<'_>) -> &'a str {
    &call.place.path[..call.place.action_scope().len()]
}

fn unknown_type(call: &Call<'_>) -> Reply {
    let message = format!("The resource type '{}' could not be found in the namespace.", call.place.kind);
    Reply::error(StatusCode::NOT_FOUND, "InvalidResourceType", message)
}

fn not_allowed(call: &Call<'_>) -> Reply {
    let message = format!("The method '{}' is not allowed for '{}'.", call.method, call.place.kind);
    Reply::error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
}
