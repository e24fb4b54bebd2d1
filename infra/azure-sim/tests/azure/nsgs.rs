use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Azure, lease, nsg, rule};

#[tokio::test]
async fn a_whole_write_keeps_what_it_does_not_change() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let mut group = owner.get(&nsg("web-01-nsg")).await.json();
    let before = group.clone();
    group["tags"] = json!({"cost": "7"});
    assert_eq!(group["properties"]["flushConnection"], false);
    group["properties"]["flushConnection"] = true.into();
    let answer = owner.put(&nsg("web-01-nsg"), &group).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let now = owner.get(&nsg("web-01-nsg")).await.json();
    assert_eq!((&now["tags"]["cost"], &now["properties"]["flushConnection"]), (&json!("7"), &json!(true)));
    for same in ["securityRules", "resourceGuid", "networkInterfaces", "defaultSecurityRules"] {
        assert_eq!(now["properties"][same], before["properties"][same], "{same}");
    }
    assert_ne!(now["etag"], before["etag"]);
}

#[tokio::test]
async fn refuses_a_write_to_another_version() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    let path = nsg("web-01-nsg");
    let known = owner.get(&path).await.json();
    let etag = known["etag"].as_str().unwrap().to_owned();
    assert_eq!(owner.put(&rule("web-01-nsg", "new"), &lease(150)).await.status, 201);
    azure.clock.advance(Duration::from_secs(1));
    let refused = owner.put_if(&etag, &path, &known).await;
    assert_eq!((refused.status, refused.code().as_str()), (412, "PreconditionFailed"));
    let known = owner.get(&path).await.json();
    let etag = known["etag"].as_str().unwrap().to_owned();
    assert_eq!(owner.delete(&rule("web-01-nsg", "new")).await.status, 202);
    let meanwhile = owner.get(&path).await.json()["etag"].as_str().unwrap().to_owned();
    azure.clock.advance(Duration::from_secs(1));
    for old in [etag, meanwhile] {
        assert_eq!(owner.put_if(&old, &path, &known).await.status, 412, "the rule would be back");
    }
    let etag = owner.get(&path).await.json()["etag"].as_str().unwrap().to_owned();
    assert_eq!(owner.put_if(&etag, &path, &known).await.status, 200);
}

#[tokio::test]
async fn a_hand_edit_makes_another_version() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let known = owner.get(&nsg("web-01-nsg")).await.json();
    azure.put_resource(&rule("web-01-nsg", "by-hand"), lease(150)).await;
    let etag = known["etag"].as_str().unwrap();
    assert_eq!(owner.put_if(etag, &nsg("web-01-nsg"), &known).await.status, 412);
}

#[tokio::test]
async fn cuts_no_flows_where_the_feature_is_missing() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    azure.control("PUT", "/settings", json!({"flush_connection": false})).await;
    let mut group = owner.get(&nsg("web-01-nsg")).await.json();
    group["properties"]["flushConnection"] = true.into();
    let refused = owner.put(&nsg("web-01-nsg"), &group).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "SubscriptionNotRegisteredForFeature"));
    assert!(refused.text.contains("Microsoft.Network/AllowNsgFlushConnection"), "{}", refused.text);
    for harmless in [json!(false), Value::Null] {
        group["properties"]["flushConnection"] = harmless;
        assert_eq!(owner.put(&nsg("web-01-nsg"), &group).await.status, 200);
    }
    group["properties"]["flushConnection"] = "yes".into();
    assert_eq!(owner.put(&nsg("web-01-nsg"), &group).await.code(), "InvalidRequestFormat");
}

#[tokio::test]
async fn takes_no_two_rules_of_one_name() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let mut group = owner.get(&nsg("web-01-nsg")).await.json();
    let rules = group["properties"]["securityRules"].as_array_mut().unwrap();
    let mut twin = rules[0].clone();
    twin["properties"]["priority"] = 201.into();
    rules.push(twin);
    assert_eq!(owner.put(&nsg("web-01-nsg"), &group).await.code(), "InvalidRequestFormat");
}

#[tokio::test]
async fn the_managed_identity_may_write_an_nsg_but_not_delete_it() {
    let azure = Azure::start().await;
    let identity = azure.identity().await;
    let group = identity.get(&nsg("web-01-nsg")).await.json();
    assert_eq!(identity.put(&nsg("web-01-nsg"), &group).await.status, 200);
    assert_eq!(identity.delete(&nsg("web-01-nsg")).await.status, 403);
}
