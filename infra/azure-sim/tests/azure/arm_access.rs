use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::support::{ARM_SCOPE, Azure, Caller, DEV, PROD, lease, lease_with, nsg, rule};

const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

#[tokio::test]
async fn rejects_a_call_without_a_usable_token() {
    let azure = Azure::start().await;
    let answer = azure.get("/subscriptions?api-version=2022-12-01").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "AuthenticationFailed"));
    assert!(answer.header("www-authenticate").starts_with("Bearer authorization_uri="));
    let good = azure.token_of("READER", ARM_SCOPE).await;
    let (head, _) = good.rsplit_once('.').unwrap();
    for forged in ["x".to_owned(), format!("{head}.AAAA"), format!("{head}.")] {
        let request = Request::get(azure.url("/subscriptions?api-version=1"))
            .header("authorization", format!("Bearer {forged}"));
        let answer = azure.http.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "InvalidAuthenticationToken"));
    }
}

#[tokio::test]
async fn rejects_a_token_for_another_audience() {
    let azure = Azure::start().await;
    let token = azure.token_of("READER", "api://postern/.default").await;
    let request = Request::get(azure.url("/subscriptions?api-version=1"))
        .header("authorization", format!("Bearer {token}"));
    let answer = azure.http.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "InvalidAuthenticationTokenAudience"));
}

#[tokio::test]
async fn rejects_a_call_without_an_api_version() {
    let azure = Azure::start().await;
    let answer = azure.caller("READER").await.get("/subscriptions?api-version=").await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "MissingApiVersionParameter"));
}

#[tokio::test]
async fn answers_with_the_headers_of_arm() {
    let azure = Azure::start().await;
    let reader = azure.caller("READER").await;
    let request = Request::get(azure.url("/subscriptions?api-version=1"))
        .header("authorization", format!("Bearer {}", reader.token))
        .header("x-ms-correlation-request-id", "my-own-id");
    let answer = azure.http.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("x-ms-correlation-request-id"), "my-own-id");
    assert_eq!(answer.header("date"), "Tue, 15 Jan 2030 09:00:00 GMT");
    assert_eq!(answer.header("cache-control"), "no-cache");
    for name in ["x-ms-request-id", "x-ms-ratelimit-remaining-subscription-reads"] {
        assert!(!answer.header(name).is_empty(), "{name}");
    }
}

#[tokio::test]
async fn ignores_the_case_of_paths() {
    let azure = Azure::start().await;
    let path =
        format!("{PROD}/RESOURCEGROUPS/Prod-RG/PROVIDERS/microsoft.network/NETWORKSECURITYGROUPS/WEB-01-NSG");
    let answer = azure.caller("READER").await.get(&path).await;
    assert_eq!((answer.status, &answer.json()["name"]), (200, &json!("web-01-nsg")));
}

#[tokio::test]
async fn tells_what_does_not_exist() {
    let azure = Azure::start().await;
    let caller = azure.owner().await;
    let vm = "providers/Microsoft.Compute/virtualMachines/nothing";
    for (path, code) in [
        ("/subscriptions/99999999-0000-0000-0000-000000000000".to_owned(), "SubscriptionNotFound"),
        (format!("{PROD}/resourceGroups/nothing/{vm}"), "ResourceGroupNotFound"),
        (format!("{PROD}/resourceGroups/nothing"), "ResourceGroupNotFound"),
        (format!("{PROD}/resourceGroups/prod-rg/{vm}"), "ResourceNotFound"),
        (rule("web-01-nsg", "nothing"), "ResourceNotFound"),
        (
            format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Network/bananas/x"),
            "InvalidResourceType",
        ),
        ("/subscriptions//x".to_owned(), "InvalidResourceId"),
    ] {
        let answer = caller.get(&path).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, code), "{path}");
    }
    assert_eq!(caller.send("PATCH", &nsg("web-01-nsg"), None).await.status, 405);
}

#[tokio::test]
async fn lets_each_role_do_what_it_says_and_no_more() {
    let azure = Azure::start().await;
    let (admin, requester) = (azure.caller("ADMIN").await, azure.caller("REQUESTER").await);
    let (reader, nobody, identity) =
        (azure.caller("READER").await, azure.caller("NOBODY").await, azure.identity().await);
    let vms = format!("{PROD}/providers/Microsoft.Compute/virtualMachines");
    let vm = format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines/web-01");
    let hub = format!("{PROD}/resourceGroups/net-rg/providers/Microsoft.Compute/virtualMachines/fw-01");
    let assignments = format!("{PROD}/providers/Microsoft.Authorization/roleAssignments");
    let cases: [(&Caller<'_>, &str, u16); 12] = [
        (&admin, &vms, 200),
        (&admin, &assignments, 200),
        (&requester, &vms, 403),
        (&requester, &vm, 200),
        (&requester, &hub, 403),
        (&requester, &assignments, 403),
        (&reader, &vms, 200),
        (&reader, DEV, 403),
        (&nobody, &vm, 403),
        (&nobody, PROD, 403),
        (&identity, &vms, 200),
        (&identity, &assignments, 200),
    ];
    for (caller, path, status) in cases {
        assert_eq!(caller.get(path).await.status, status, "{path}");
    }
    for caller in [&admin, &requester, &reader, &nobody] {
        let answer = caller.put(&rule("web-01-nsg", "mine"), &lease(150)).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "AuthorizationFailed"));
    }
    assert_eq!(identity.put(&rule("web-01-nsg", "mine"), &lease(150)).await.status, 201);
    assert_eq!(identity.delete(&nsg("web-01-nsg")).await.status, 403);
}

#[tokio::test]
async fn names_action_and_scope_in_a_refusal() {
    let azure = Azure::start().await;
    let answer = azure.caller("READER").await.put(&rule("web-01-nsg", "mine"), &lease(150)).await;
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("'Microsoft.Network/networkSecurityGroups/securityRules/write'"), "{message}");
    assert!(message.contains(&format!("over scope '{}'", rule("web-01-nsg", "mine"))), "{message}");
}

#[tokio::test]
async fn a_deny_assignment_outranks_every_role() {
    let azure = Azure::start().await;
    let reader = azure.caller("READER").await;
    let denied = nsg("web-01-nsg");
    assert_eq!(reader.get(&denied).await.status, 200);
    let id = format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Authorization/denyAssignments/d1");
    let deny = json!({"properties": {
        "scope": format!("{PROD}/resourceGroups/prod-rg"),
        "permissions": [{"actions": ["Microsoft.Network/networkSecurityGroups/read"], "notActions": []}],
        "principals": [{"id": azure.demo["service_principals"]["READER"]["object_id"], "type": "ServicePrincipal"}],
        "excludePrincipals": [],
    }});
    azure.put_resource(&id, deny).await;
    assert_eq!(reader.get(&denied).await.status, 403);
    let other = format!(
        "{PROD}/resourceGroups/net-rg/providers/Microsoft.Network/networkSecurityGroups/workload-nsg"
    );
    assert_eq!(reader.get(&other).await.status, 200);
}

#[tokio::test]
async fn a_scope_ends_at_a_segment() {
    let azure = Azure::start().await;
    azure.put_resource(&format!("{PROD}/resourceGroups/prod-rg-2"), json!({"location": "westeurope"})).await;
    azure.assign("NOBODY", READER, &format!("{PROD}/resourceGroups/prod-rg")).await;
    let caller = azure.caller("NOBODY").await;
    assert_eq!(caller.get(&format!("{PROD}/resourceGroups/prod-rg")).await.status, 200);
    assert_eq!(caller.get(&format!("{PROD}/resourceGroups/prod-rg-2")).await.status, 403);
}

#[tokio::test]
async fn a_role_at_the_management_group_reaches_both_subscriptions() {
    let azure = Azure::start().await;
    azure.assign("NOBODY", READER, "/providers/Microsoft.Management/managementGroups/contoso").await;
    let caller = azure.caller("NOBODY").await;
    for subscription in [PROD, DEV] {
        assert_eq!(caller.get(&format!("{subscription}/resourceGroups")).await.status, 200);
    }
}

#[tokio::test]
async fn the_identity_does_what_it_is_told_to_and_nothing_else() {
    let azure = Azure::start().await;
    let identity = azure.identity().await;
    let vms = format!("{PROD}/providers/Microsoft.Compute/virtualMachines");
    assert_eq!((identity.get(&vms).await.status, identity.get(PROD).await.status), (200, 200));
    let one = json!({"actions": ["Microsoft.Resources/subscriptions/read"]});
    assert_eq!(azure.control("PUT", "/identity", one).await.status, 204);
    assert_eq!((identity.get(&vms).await.status, identity.get(PROD).await.status), (403, 200));
    assert_eq!(azure.control("PUT", "/identity", json!({"roles": []})).await.status, 400);
}

#[tokio::test]
async fn who_writes_a_rule_must_be_allowed_to_use_its_groups() {
    let azure = Azure::start().await;
    let group =
        format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Network/applicationSecurityGroups/web");
    let body =
        lease_with(json!({"sourceAddressPrefix": null, "sourceApplicationSecurityGroups": [{"id": group}]}));
    let write = "Microsoft.Network/networkSecurityGroups/securityRules/write";
    azure.control("PUT", "/identity", json!({"actions": [write]})).await;
    let answer = azure.identity().await.put(&rule("web-01-nsg", "mine"), &body).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "LinkedAuthorizationFailed"));
    let join = "Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action";
    azure.control("PUT", "/identity", json!({"actions": [write, join]})).await;
    assert_eq!(azure.identity().await.put(&rule("web-01-nsg", "mine"), &body).await.status, 201);
}
