//! What the tests of the ARM-shaped API have in common.

use http::Method;
use serde_json::{Value, json};
use shared::vm::VmId;
use tests::{Answer, Client, PRODUCTION, World, vm};

pub(crate) const VERSION: &str = "api-version=2020-01-01";

pub(crate) fn group() -> String {
    format!("/subscriptions/{PRODUCTION}/resourceGroups/prod-rg/providers/Microsoft.Security")
}

/// A policy of `prod-rg` in its own region.
pub(crate) fn policy_path(name: &str) -> String {
    format!("{}/locations/westeurope/jitNetworkAccessPolicies/{name}", group())
}

pub(crate) fn at(path: &str) -> String {
    format!("{path}?{VERSION}")
}

/// A port as Azure's documentation writes it.
pub(crate) fn port(number: u16) -> Value {
    json!({ "number": number, "protocol": "TCP", "allowedSourceAddressPrefix": "*", "maxRequestAccessDuration": "PT3H" })
}

pub(crate) fn protecting(vms: &[(&VmId, &[u16])]) -> Value {
    let vms: Vec<Value> = vms
        .iter()
        .map(|(vm, ports)| {
            json!({ "id": vm.to_string(), "ports": ports.iter().map(|number| port(*number)).collect::<Vec<_>>() })
        })
        .collect();
    json!({ "kind": "Basic", "properties": { "virtualMachines": vms } })
}

pub(crate) async fn put(client: &Client, name: &str, body: &Value) -> Answer {
    client.call(Method::PUT, &at(&policy_path(name)), Some(body.to_string())).await
}

pub(crate) async fn get(client: &Client, name: &str) -> Answer {
    client.get(&at(&policy_path(name))).await
}

pub(crate) async fn delete(client: &Client, name: &str) -> Answer {
    client.call(Method::DELETE, &at(&policy_path(name)), None).await
}

/// Asks for one port of a VM, for an hour.
pub(crate) async fn initiate(client: &Client, name: &str, vm: &VmId, port: Value) -> Answer {
    let body = json!({ "virtualMachines": [{ "id": vm.to_string(), "ports": [port] }] });
    client.post(&at(&format!("{}/initiate", policy_path(name))), &body).await
}

/// A world in which `web-01` is protected by the policy `default`, with SSH.
pub(crate) async fn protected() -> World {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    put(&admin, "default", &protecting(&[(&vm("web-01"), &[22])])).await.expect(200);
    world
}

/// The names of the VMs that a policy has, in its order.
pub(crate) fn vms_of(policy: &Value) -> Vec<String> {
    let vms = policy["properties"]["virtualMachines"].as_array().unwrap().iter();
    vms.map(|vm| vm["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}
