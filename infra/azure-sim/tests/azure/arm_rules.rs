use serde_json::{Value, json};

use super::support::{Azure, PROD, lease, lease_with, nsg, rule};

#[tokio::test]
async fn creates_updates_and_deletes_a_rule() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = rule("web-01-nsg", "lease-1");
    let created = owner.put(&path, &lease(150)).await;
    assert_eq!((created.status, created.header("azure-asyncoperation")), (201, ""));
    assert_eq!(created.json()["id"], path);
    assert_eq!(created.json()["properties"]["provisioningState"], "Succeeded");
    let updated = owner.put(&path, &lease(151)).await;
    assert_eq!((updated.status, &updated.json()["properties"]["priority"]), (200, &json!(151)));
    assert_ne!(updated.json()["etag"], created.json()["etag"]);
    assert_eq!(owner.get(&path).await.json(), updated.json());
    assert_eq!(owner.delete(&path).await.status, 200);
    assert_eq!(owner.get(&path).await.status, 404);
    assert_eq!(owner.delete(&path).await.status, 204);
}

#[tokio::test]
async fn accepts_rules_in_every_usual_form() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let asg = json!([{"id": format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Network/applicationSecurityGroups/web")}]);
    for changes in [
        json!({"priority": 100}),
        json!({"priority": 4096}),
        json!({"protocol": "TCP", "access": "deny", "direction": "inbound"}),
        json!({"protocol": "*"}),
        json!({"description": "d".repeat(140)}),
        json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": ["10.0.0.0/8", "192.0.2.1"]}),
        json!({"sourceAddressPrefix": "Internet"}),
        json!({"sourceAddressPrefix": "*", "destinationAddressPrefix": "fd00:8::4"}),
        json!({"destinationPortRange": "20-25"}),
        json!({"destinationPortRange": null, "destinationPortRanges": ["22", "3389-3390"]}),
        json!({"destinationPortRange": "", "destinationPortRanges": ["22"]}),
        json!({"sourceAddressPrefix": null, "sourceApplicationSecurityGroups": asg}),
        json!({"provisioningState": "Succeeded", "sourceAddressPrefixes": []}),
    ] {
        let answer = owner.put(&rule("web-01-nsg", "one"), &lease_with(changes.clone())).await;
        assert!(matches!(answer.status, 200 | 201), "{changes}: {}", answer.text);
    }
    let normal = owner
        .put(
            &rule("web-01-nsg", "two"),
            &lease_with(json!({"priority": 151, "protocol": "udp", "access": "DENY"})),
        )
        .await;
    assert_eq!(normal.json()["properties"]["protocol"], "Udp");
    assert_eq!(normal.json()["properties"]["access"], "Deny");
}

#[tokio::test]
async fn rejects_what_the_network_provider_rejects() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    for (changes, code) in [
        (json!({"priority": 99}), "SecurityRuleInvalidPriority"),
        (json!({"priority": 4097}), "SecurityRuleInvalidPriority"),
        (json!({"priority": "150"}), "InvalidRequestFormat"),
        (json!({"priority": 150.5}), "InvalidRequestFormat"),
        (json!({"priority": null}), "InvalidRequestFormat"),
        (json!({"protocol": null}), "InvalidRequestFormat"),
        (json!({"protocol": "sctp"}), "InvalidRequestFormat"),
        (json!({"access": "Maybe"}), "InvalidRequestFormat"),
        (json!({"direction": null}), "InvalidRequestFormat"),
        (json!({"destinationPortRanges": "22"}), "InvalidRequestFormat"),
        (json!({"colour": "green"}), "InvalidRequestFormat"),
        (json!({"description": "d".repeat(141)}), "SecurityRuleDescriptionTooLong"),
        (json!({"destinationPortRange": "70000"}), "SecurityRuleInvalidPortRange"),
        (json!({"destinationPortRange": "90-80"}), "SecurityRuleInvalidPortRange"),
        (json!({"sourceAddressPrefix": "10.0.0.0/33"}), "SecurityRuleInvalidAddressPrefix"),
        (json!({"sourceAddressPrefix": "Neverland"}), "SecurityRuleInvalidAddressPrefix"),
        (
            json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": ["10.0.0.0/8", "*"]}),
            "SecurityRuleInvalidAddressPrefix",
        ),
        (json!({"sourceAddressPrefixes": ["10.0.0.0/8"]}), "SecurityRuleParameterConflict"),
        (json!({"sourceAddressPrefix": null}), "SecurityRuleParameterConflict"),
        (json!({"destinationPortRange": null}), "SecurityRuleParameterConflict"),
        (json!({"sourceAddressPrefix": "fd00::1"}), "SecurityRuleAddressFamilyMismatch"),
    ] {
        let answer = owner.put(&rule("web-01-nsg", "bad"), &lease_with(changes.clone())).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{changes}: {}", answer.text);
    }
    assert_eq!(owner.get(&rule("web-01-nsg", "bad")).await.status, 404, "nothing was kept");
}

#[tokio::test]
async fn rejects_a_body_that_is_no_rule() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let path = rule("web-01-nsg", "bad");
    assert_eq!(owner.put(&path, &json!({})).await.code(), "InvalidRequestFormat");
    assert_eq!(owner.put(&path, &json!([1])).await.code(), "InvalidRequestFormat");
    assert_eq!(owner.send("PUT", &path, None).await.code(), "InvalidRequestContent");
}

#[tokio::test]
async fn checks_the_name_of_a_rule() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let long = "n".repeat(80);
    for name in [long.as_str(), "a", "a.b-c_", "7"] {
        assert_eq!(owner.put(&rule("web-01-nsg", name), &lease(150)).await.status, 201, "{name}");
        owner.delete(&rule("web-01-nsg", name)).await;
    }
    let too_long = "n".repeat(81);
    for name in [too_long.as_str(), "-a", "a-", "a.", "a$b"] {
        let answer = owner.put(&rule("web-01-nsg", name), &lease(150)).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "InvalidResourceName"), "{name}");
    }
}

#[tokio::test]
async fn a_priority_is_unique_in_its_direction() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let answer = owner.put(&rule("web-01-nsg", "mine"), &lease(200)).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "SecurityRuleConflict"));
    assert_eq!(
        answer.json()["error"]["message"],
        "Security rule mine conflicts with rule allow-https. Rules cannot have the same Priority and Direction."
    );
    let outbound = lease_with(json!({"priority": 200, "direction": "Outbound"}));
    assert_eq!(owner.put(&rule("web-01-nsg", "mine"), &outbound).await.status, 201);
}

#[tokio::test]
async fn an_nsg_holds_a_thousand_rules() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    for number in 0..3 {
        let path = rule("crowded-01-nsg", &format!("more-{number}"));
        assert_eq!(owner.put(&path, &lease(100 + number)).await.status, 201);
    }
    let full = owner.put(&rule("crowded-01-nsg", "one-too-many"), &lease(103)).await;
    assert_eq!((full.status, full.code().as_str()), (400, "SecurityRuleLimitExceeded"));
    assert_eq!(
        owner.put(&rule("crowded-01-nsg", "more-0"), &lease(104)).await.status,
        200,
        "an update still fits"
    );
}

#[tokio::test]
async fn an_nsg_holds_four_thousand_prefixes() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    let many = |count: usize| -> Value {
        let list: Vec<String> = (0..count).map(|n| format!("10.{}.{}.0/24", n / 250, n % 250)).collect();
        lease_with(json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": list}))
    };
    // One prefix belongs to the customer's rule.
    assert_eq!(owner.put(&rule("web-01-nsg", "wide"), &many(3_999)).await.status, 201);
    let answer = owner.put(&rule("web-01-nsg", "wide"), &many(4_000)).await;
    assert_eq!(answer.code(), "SecurityRuleAddressPrefixLimitExceeded");
}

#[tokio::test]
async fn has_no_rule_in_an_nsg_that_is_not_there() {
    let azure = Azure::start().await;
    let owner = azure.owner().await;
    assert_eq!(owner.put(&rule("nothing-nsg", "x"), &lease(150)).await.code(), "ResourceNotFound");
    assert_eq!(owner.get(&format!("{}/securityRules", nsg("nothing-nsg"))).await.status, 404);
}
