use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Azure, Caller, PROD, network_in};

const OUTSIDE: &str = "203.0.113.7";
const SECOND: Duration = Duration::from_secs(1);

fn path() -> String {
    network_in("net-rg", "azureFirewalls", "hub-fw")
}

fn nat_rule(name: &str) -> Value {
    json!({
        "name": name, "sourceAddresses": [OUTSIDE], "destinationAddresses": ["20.51.4.2"],
        "destinationPorts": ["10022"], "protocols": ["TCP"], "translatedAddress": "10.2.1.4",
        "translatedPort": "22",
    })
}

fn collection(name: &str, priority: i64, rules: &[Value]) -> Value {
    json!({"name": name, "properties": {"priority": priority, "action": {"type": "Dnat"}, "rules": rules}})
}

/// The firewall with one more collection than it has.
async fn with(owner: &Caller<'_>, collection: Value) -> Value {
    let mut firewall = owner.get(&path()).await.json();
    firewall["properties"]["natRuleCollections"].as_array_mut().unwrap().push(collection);
    firewall
}

async fn probe(azure: &Azure, changes: Value) -> Value {
    let mut packet = json!({"destination": "20.51.4.2", "port": 10_022, "source": OUTSIDE});
    packet.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let answer = azure.control("POST", "/probe", packet).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn leads_a_packet_to_the_machine_with_an_address_of_its_subnet() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    assert_eq!(probe(&azure, json!({})).await["verdict"], "shut");
    let firewall = with(&owner, collection("jit", 200, &[nat_rule("ssh")])).await;
    assert_eq!(owner.put(&path(), &firewall).await.status, 200);
    let seen = probe(&azure, json!({})).await;
    assert_eq!(seen["verdict"], "open");
    let at = &seen["firewall"];
    assert_eq!(
        (&at["firewall"], &at["collection"], &at["rule"], &at["priority"]),
        (&json!("hub-fw"), &json!("jit"), &json!("ssh"), &json!(200))
    );
    assert_eq!((&at["destination"], &at["port"]), (&json!("10.2.1.4"), &json!(22)));
    assert!(["10.2.0.5", "10.2.0.6"].contains(&at["source"].as_str().unwrap()), "{at}");
    assert_eq!(seen["decided_by"][0]["rule"], "AllowVnetInBound");
    assert!(seen["vm"].as_str().unwrap().ends_with("/fw-01"));
    let other = probe(&azure, json!({"vm": "web-01"})).await;
    assert_eq!(other["verdict"], "shut", "it leads to another machine");
}

#[tokio::test]
async fn a_rule_concerns_only_what_it_names() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let firewall = with(&owner, collection("jit", 200, &[nat_rule("ssh")])).await;
    owner.put(&path(), &firewall).await;
    for changes in [
        json!({"source": "203.0.113.8"}),
        json!({"destination": "20.51.4.1"}),
        json!({"port": 22}),
        json!({"protocol": "udp"}),
    ] {
        let seen = probe(&azure, changes.clone()).await;
        assert_eq!(seen["verdict"], "shut", "{changes}");
        assert_eq!(
            (&seen["firewall"]["firewall"], &seen["firewall"]["rule"]),
            (&json!("hub-fw"), &json!(null))
        );
    }
}

#[tokio::test]
async fn the_nsg_sees_the_firewall_and_not_the_client() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let firewall = with(&owner, collection("jit", 200, &[nat_rule("ssh")])).await;
    owner.put(&path(), &firewall).await;
    let rule = |name: &str, priority: i64, access: &str, source: &str| {
        let path =
            format!("{}/securityRules/{name}", network_in("net-rg", "networkSecurityGroups", "workload-nsg"));
        let body = json!({"properties": {
            "protocol": "Tcp", "access": access, "direction": "Inbound", "priority": priority,
            "sourcePortRange": "*", "destinationPortRange": "22", "sourceAddressPrefix": source,
            "destinationAddressPrefix": "10.2.1.4",
        }});
        (path, body)
    };
    for (name, priority, access, source, verdict, by) in [
        ("guard", 4096, "Deny", "*", "shut", "guard"),
        ("client", 110, "Allow", OUTSIDE, "shut", "guard"),
        ("firewall", 111, "Allow", "10.2.0.0/26", "open", "firewall"),
    ] {
        let (path, body) = rule(name, priority, access, source);
        assert_eq!(owner.put(&path, &body).await.status, 201);
        let seen = probe(&azure, json!({})).await;
        assert_eq!((&seen["verdict"], &seen["decided_by"][0]["rule"]), (&json!(verdict), &json!(by)));
    }
}

#[tokio::test]
async fn the_collection_with_the_lower_number_decides() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let mut elsewhere = nat_rule("elsewhere");
    elsewhere["translatedAddress"] = "10.2.1.200".into();
    elsewhere["sourceAddresses"] = json!(["203.0.113.0-203.0.113.255"]);
    for (first, verdict) in [(199, "shut"), (201, "open")] {
        let mut firewall = owner.get(&path()).await.json();
        firewall["properties"]["natRuleCollections"] = json!([
            collection("jit", 200, &[nat_rule("ssh")]),
            collection("customer", first, &[elsewhere.clone()]),
        ]);
        assert_eq!(owner.put(&path(), &firewall).await.status, 200);
        assert_eq!(probe(&azure, json!({})).await["verdict"], verdict, "{first}");
    }
}

#[tokio::test]
async fn the_demo_publishes_a_website_of_the_customer() {
    let azure = Azure::start().await;
    let seen = probe(&azure, json!({"destination": "20.51.4.1", "port": 443})).await;
    assert_eq!(
        (&seen["verdict"], &seen["firewall"]["collection"]),
        (&json!("open"), &json!("contoso-website"))
    );
    let behind_a_policy = probe(&azure, json!({"destination": "20.51.4.3", "port": 3_389})).await;
    assert_eq!(behind_a_policy["verdict"], "shut");
}

#[tokio::test]
async fn a_write_takes_effect_after_the_latency_or_never() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    let firewall = with(&owner, collection("jit", 200, &[nat_rule("ssh")])).await;
    azure.fault(json!({"kind": "fail_late", "method": "PUT", "count": 1})).await;
    for verdict in ["shut", "open"] {
        let answer = owner.put(&path(), &firewall).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(probe(&azure, json!({})).await["verdict"], "shut", "not yet");
        azure.clock.advance(SECOND);
        let state = if verdict == "open" { "Succeeded" } else { "Failed" };
        assert_eq!(owner.get(answer.header("azure-asyncoperation")).await.json()["status"], state);
        assert_eq!(owner.get(&path()).await.json()["properties"]["provisioningState"], state);
        assert_eq!(probe(&azure, json!({})).await["verdict"], verdict);
    }
}

#[tokio::test]
async fn refuses_a_write_to_another_version() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let known = owner.get(&path()).await.json();
    let etag = known["etag"].as_str().unwrap().to_owned();
    assert_eq!(owner.put_if("*", &path(), &known).await.status, 200);
    let late = owner.put_if(&etag, &path(), &known).await;
    assert_eq!((late.status, late.code().as_str()), (412, "PreconditionFailed"));
    let etag = owner.get(&path()).await.json()["etag"].as_str().unwrap().to_owned();
    assert_eq!(owner.put_if(&etag, &path(), &known).await.status, 200);
    azure.put_resource(&path(), owner.get(&path()).await.json()).await;
    let etag = owner.get(&path()).await.json()["etag"].as_str().unwrap().to_owned();
    azure.put_resource(&path(), owner.get(&path()).await.json()).await;
    assert_eq!(owner.put_if(&etag, &path(), &known).await.status, 412, "somebody edited it by hand");
    let nowhere = network_in("net-rg", "azureFirewalls", "new-fw");
    assert_eq!(owner.put_if("*", &nowhere, &known).await.status, 412);
}

#[tokio::test]
async fn keeps_what_it_does_not_know() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let mut firewall = owner.get(&path()).await.json();
    firewall["tags"] = json!({"cost": "7"});
    firewall["properties"]["threatIntelMode"] = "Deny".into();
    let foreign = firewall["properties"]["natRuleCollections"][0].clone();
    owner.put(&path(), &firewall).await;
    let now = owner.get(&path()).await.json();
    assert_eq!((&now["tags"]["cost"], &now["properties"]["threatIntelMode"]), (&json!("7"), &json!("Deny")));
    assert_eq!(now["properties"]["natRuleCollections"][0], foreign);
}

#[tokio::test]
async fn refuses_collections_that_do_not_fit_together() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    for (added, code) in [
        (collection("jit", 300, &[]), "AzureFirewallRuleCollectionPriorityConflict"),
        (collection("Contoso-Website", 301, &[]), "AzureFirewallRuleCollectionDuplicateName"),
        (collection("jit", 99, &[]), "AzureFirewallRuleCollectionInvalidPriority"),
        (collection("jit", 65_001, &[]), "AzureFirewallRuleCollectionInvalidPriority"),
        (collection("", 301, &[]), "InvalidRequestFormat"),
        (collection("jit", 301, &[nat_rule("a"), nat_rule("A")]), "AzureFirewallRuleDuplicateName"),
    ] {
        let firewall = with(&owner, added).await;
        let answer = owner.put(&path(), &firewall).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code));
    }
    let mut allow = collection("jit", 301, &[]);
    allow["properties"]["action"]["type"] = "Allow".into();
    let firewall = with(&owner, allow).await;
    assert_eq!(owner.put(&path(), &firewall).await.code(), "AzureFirewallNatRuleCollectionInvalidAction");
}

#[tokio::test]
async fn checks_each_field_of_a_rule() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    for (field, value, code) in [
        ("sourceAddresses", json!([]), "AzureFirewallRuleMissingSource"),
        ("sourceAddresses", json!(["somewhere"]), "AzureFirewallRuleInvalidAddress"),
        ("sourceAddresses", json!(["10.0.0.9-10.0.0.1"]), "AzureFirewallRuleInvalidAddress"),
        ("sourceAddresses", json!("*"), "InvalidRequestFormat"),
        ("destinationAddresses", json!(["20.51.3.9"]), "AzureFirewallRuleInvalidDnatDestination"),
        ("destinationAddresses", json!([]), "AzureFirewallRuleInvalidDnatDestination"),
        ("destinationPorts", json!(["*"]), "AzureFirewallRuleInvalidPortOrRange"),
        ("destinationPorts", json!([]), "AzureFirewallRuleInvalidPortOrRange"),
        ("protocols", json!(["ICMP"]), "AzureFirewallRuleInvalidProtocol"),
        ("translatedAddress", json!("fd00::1"), "AzureFirewallRuleInvalidTranslatedAddress"),
        ("translatedFqdn", json!("host"), "AzureFirewallRuleInvalidTranslatedAddress"),
        ("translatedPort", json!("20-22"), "AzureFirewallRuleInvalidDnatPortOrRangeFormat"),
        ("translatedPort", json!("0"), "AzureFirewallRuleInvalidDnatPortOrRangeFormat"),
        ("translatedprt", json!("22"), "InvalidRequestFormat"),
    ] {
        let mut rule = nat_rule("ssh");
        rule[field] = value.clone();
        let firewall = with(&owner, collection("jit", 200, &[rule])).await;
        let answer = owner.put(&path(), &firewall).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{field} {value}");
    }
    for (field, value) in [
        ("sourceAddresses", json!(["*"])),
        ("sourceAddresses", json!(["203.0.113.0/24", "198.51.100.1-198.51.100.9"])),
        ("destinationPorts", json!(["10022", "10030-10040"])),
        ("protocols", json!(["tcp", "UDP"])),
    ] {
        let mut rule = nat_rule("ssh");
        rule[field] = value.clone();
        let mut firewall = with(&owner, collection("jit", 200, &[rule])).await;
        firewall["properties"]["natRuleCollections"].as_array_mut().unwrap().remove(0);
        assert_eq!(owner.put(&path(), &firewall).await.status, 200, "{field} {value}");
        let whole = collection("contoso-website", 300, &[]);
        firewall["properties"]["natRuleCollections"] = json!([whole]);
        assert_eq!(owner.put(&path(), &firewall).await.status, 200);
    }
}

#[tokio::test]
async fn the_managed_identity_may_change_a_firewall_but_not_delete_it() {
    let azure = Azure::start().await;
    let identity = azure.identity().await;
    let firewall = with(&identity, collection("jit", 200, &[nat_rule("ssh")])).await;
    assert_eq!(identity.put(&path(), &firewall).await.status, 200);
    assert_eq!(identity.delete(&path()).await.status, 403);
}

#[tokio::test]
async fn who_may_not_join_its_addresses_may_not_write_it() {
    let azure = Azure::start().await;
    let role = "11111111-2222-4333-8444-555555555555";
    let id = format!("/providers/Microsoft.Authorization/roleDefinitions/{role}");
    let actions =
        ["Microsoft.Network/azureFirewalls/*", "Microsoft.Network/virtualNetworks/subnets/join/action"];
    let body = json!({"properties": {
        "roleName": "Firewalls only", "type": "CustomRole", "assignableScopes": [PROD],
        "permissions": [{"actions": actions, "notActions": []}],
    }});
    azure.put_resource(&id, body).await;
    azure.assign("NOBODY", role, PROD).await;
    let caller = azure.caller("NOBODY").await;
    let firewall = caller.get(&path()).await.json();
    let refused = caller.put(&path(), &firewall).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "LinkedAuthorizationFailed"));
    assert!(refused.text.contains("'Microsoft.Network/publicIPAddresses/join/action'"), "{}", refused.text);
}
