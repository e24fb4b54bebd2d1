//! The examples that Azure publishes with its API: each request is taken, and each answer has the same shape.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use tests::{Client, PRODUCTION, World};

use crate::arm::{at, policy_path};

macro_rules! example {
    ($name:literal) => {
        example(include_str!(concat!("../swagger/examples/", $name, "_example.json")))
    };
}

/// An example about a VM that there is.
fn example(text: &str) -> Value {
    let text = text
        .replace("20ff7fc3-e762-44dd-bd96-b71116dcdc23", PRODUCTION)
        .replace("3eeab341-f466-499c-a8be-85427e154baf", PRODUCTION)
        .replace("myRg1", "prod-rg")
        .replace("vm1", "web-01");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn every_published_example_is_taken_and_answered_in_its_shape() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    let create = example!("CreateJitNetworkAccessPolicy");
    let policy = policy_path("default");
    let put = admin.call(Method::PUT, &at(&policy), Some(create["parameters"]["body"].to_string())).await;
    put.expect(200);
    let mut initiate = example!("InitiateJitNetworkAccessPolicy");
    let port = &mut initiate["parameters"]["body"]["virtualMachines"][0]["ports"][0];
    let end = world.app.now() + jiff::SignedDuration::from_secs(3 * 3600);
    port["endTimeUtc"] = json!(format!("{end:.7}"));
    let asked =
        admin.post(&at(&format!("{policy}/initiate")), &initiate["parameters"]["body"]).await.expect(202);
    same_shape(&asked.json, &initiate["responses"]["202"]["body"]);
    let again = admin.call(Method::PUT, &at(&policy), Some(create["parameters"]["body"].to_string())).await;
    same_shape(&again.expect(200).json, &create["responses"]["200"]["body"]);
    let provider = format!("/subscriptions/{PRODUCTION}/providers/Microsoft.Security");
    let group = format!("/subscriptions/{PRODUCTION}/resourceGroups/prod-rg/providers/Microsoft.Security");
    for (path, example) in [
        (policy.clone(), example!("GetJitNetworkAccessPolicy")),
        (format!("{provider}/jitNetworkAccessPolicies"), example!("GetJitNetworkAccessPoliciesSubscription")),
        (
            format!("{provider}/locations/westeurope/jitNetworkAccessPolicies"),
            example!("GetJitNetworkAccessPoliciesSubscriptionLocation"),
        ),
        (format!("{group}/jitNetworkAccessPolicies"), example!("GetJitNetworkAccessPoliciesResourceGroup")),
        (
            format!("{group}/locations/westeurope/jitNetworkAccessPolicies"),
            example!("GetJitNetworkAccessPoliciesResourceGroupLocation"),
        ),
    ] {
        same_shape(&got(&admin, &path).await, &example["responses"]["200"]["body"]);
    }
    let delete = example!("DeleteJitNetworkAccessPolicy");
    for status in [200, 204] {
        assert!(delete["responses"].get(status.to_string()).is_some());
        admin.call(Method::DELETE, &at(&policy), None).await.expect(status);
    }
}

async fn got(client: &Client, path: &str) -> Value {
    client.get(&at(path)).await.expect(200).json
}

/// Every field of the example is there, of the same kind; besides, there is only what Postern adds by its own name.
#[track_caller]
fn same_shape(is: &Value, example: &Value) {
    let (is, example) = (fields(is, ""), fields(example, ""));
    let missing: Vec<_> = example.difference(&is).filter(|field| !field.contains("justification")).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    let besides = is.difference(&example);
    let besides: Vec<_> =
        besides.filter(|field| !field.contains("postern") && !field.contains("justification")).collect();
    assert!(besides.is_empty(), "besides: {besides:?}");
}

fn fields(value: &Value, path: &str) -> BTreeSet<String> {
    match value {
        Value::Object(of) => {
            of.iter().flat_map(|(name, value)| fields(value, &format!("{path}.{name}"))).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| fields(item, &format!("{path}[]"))).collect(),
        Value::Null => BTreeSet::from([format!("{path} null")]),
        Value::Bool(_) => BTreeSet::from([format!("{path} bool")]),
        Value::Number(_) => BTreeSet::from([format!("{path} number")]),
        Value::String(_) => BTreeSet::from([format!("{path} string")]),
    }
}
