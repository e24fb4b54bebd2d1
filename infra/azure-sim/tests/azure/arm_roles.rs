use serde_json::{Value, json};

use super::support::{Azure, PROD};

const JIT_ACCESS: &str = "d1f7a9c4-3b60-4a52-9e8d-70c5b2e61001";

fn assignments(scope: &str, filter: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments?$filter={filter}")
}

fn scopes(answer: &Value) -> Vec<String> {
    let all = answer["value"].as_array().unwrap().iter();
    all.map(|one| one["properties"]["scope"].as_str().unwrap().replace(PROD, "S")).collect()
}

#[tokio::test]
async fn assigned_to_includes_the_groups_of_the_principal() {
    let azure = Azure::start().await;
    let identity = azure.identity().await;
    let rui = azure.demo["people"][1]["object_id"].as_str().unwrap();
    let found = identity.get(&assignments(PROD, &format!("assignedTo('{rui}')"))).await.json();
    assert_eq!(scopes(&found), ["S/resourceGroups/prod-rg"]);
    assert_eq!(found["value"][0]["properties"]["principalType"], "Group");
    let exact = identity.get(&assignments(PROD, &format!("principalId eq '{rui}'"))).await.json();
    assert_eq!(scopes(&exact), Vec::<String>::new());
}

#[tokio::test]
async fn lists_what_is_inherited_from_above_and_given_below() {
    let azure = Azure::start().await;
    let identity = azure.identity().await;
    let all = scopes(&identity.get(&assignments(PROD, "")).await.json());
    assert!(all.contains(&"/providers/Microsoft.Management/managementGroups/contoso".to_owned()));
    assert!(all.contains(&"S/resourceGroups/prod-rg".to_owned()));
    assert!(all.iter().all(|scope| !scope.contains("7d3c1e02")), "nothing of the other subscription");
    let here = scopes(&identity.get(&assignments(PROD, "atScope()")).await.json());
    assert!(here.contains(&"/providers/Microsoft.Management/managementGroups/contoso".to_owned()));
    assert!(!here.contains(&"S/resourceGroups/prod-rg".to_owned()));
}

#[tokio::test]
async fn lists_at_a_resource_what_holds_there() {
    let azure = Azure::start().await;
    let identity = azure.identity().await;
    let rui = azure.demo["people"][1]["object_id"].as_str().unwrap();
    for (group, count) in [("prod-rg", 1), ("net-rg", 0)] {
        let vm = format!("{PROD}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/any");
        let found =
            identity.get(&assignments(&vm, &format!("atScope() and assignedTo('{rui}')"))).await.json();
        assert_eq!(scopes(&found).len(), count, "{group}");
    }
}

#[tokio::test]
async fn rejects_a_filter_that_it_does_not_know() {
    let azure = Azure::start().await;
    let identity = azure.identity().await;
    for filter in ["principalId ne 'x'", "assignedTo(x)", "everything()"] {
        let answer = identity.get(&assignments(PROD, filter)).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "UnsupportedQuery"), "{filter}");
    }
}

#[tokio::test]
async fn gives_a_role_definition_under_the_scope_asked() {
    let azure = Azure::start().await;
    let identity = azure.identity().await;
    let id = format!("{PROD}/providers/Microsoft.Authorization/roleDefinitions/{JIT_ACCESS}");
    let found = identity.get(&id).await.json();
    assert_eq!((&found["id"], &found["properties"]["roleName"]), (&json!(id), &json!("JIT Access Role")));
    let actions = found["properties"]["permissions"][0]["actions"].as_array().unwrap();
    assert!(
        actions.contains(&json!("Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action"))
    );
    let bare = format!("/providers/Microsoft.Authorization/roleDefinitions/{JIT_ACCESS}");
    assert_eq!(identity.get(&bare).await.json()["id"], bare);
    let unknown = id.replace("d1f7", "ffff");
    assert_eq!(identity.get(&unknown).await.code(), "RoleDefinitionDoesNotExist");
}

#[tokio::test]
async fn lists_role_definitions_by_name_and_type() {
    let azure = Azure::start().await;
    let identity = azure.identity().await;
    let list =
        |filter: &str| format!("{PROD}/providers/Microsoft.Authorization/roleDefinitions?$filter={filter}");
    let found = identity.get(&list("roleName eq 'Reader'")).await;
    assert_eq!(found.names(), ["acdd72a7-3385-48ef-bd42-f606fba81ae7"]);
    assert_eq!(identity.get(&list("type eq 'CustomRole'")).await.names().len(), 2);
    assert_eq!(identity.get(&list("")).await.names().len(), 8);
}

#[tokio::test]
async fn tells_callers_what_they_may_do_at_a_scope() {
    let azure = Azure::start().await;
    let requester = azure.caller("REQUESTER").await;
    let at =
        |group: &str| format!("{PROD}/resourceGroups/{group}/providers/Microsoft.Authorization/permissions");
    let here = requester.get(&at("prod-rg")).await.json();
    assert_eq!(here["value"].as_array().unwrap().len(), 1);
    assert!(here["value"][0]["actions"].as_array().unwrap().contains(&json!("Microsoft.Network/*/read")));
    assert_eq!(here["value"][0]["notActions"], json!([]));
    assert_eq!(requester.get(&at("net-rg")).await.json()["value"], json!([]));
    let vm = "prod-rg/providers/Microsoft.Compute/virtualMachines/web-01";
    assert_eq!(requester.get(&at(vm)).await.json()["value"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn shows_deny_assignments() {
    let azure = Azure::start().await;
    let identity = azure.identity().await;
    let list = format!("{PROD}/providers/Microsoft.Authorization/denyAssignments");
    assert_eq!(identity.get(&list).await.json()["value"], json!([]));
    let deny = json!({"properties": {
        "scope": PROD, "permissions": [{"actions": ["Microsoft.Compute/*"]}],
        "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
    }});
    azure.put_resource(&format!("{list}/everybody"), deny).await;
    assert_eq!(identity.get(&list).await.names(), ["everybody"]);
    let vms = format!("{PROD}/providers/Microsoft.Compute/virtualMachines");
    assert_eq!(identity.get(&vms).await.status, 403);
}
