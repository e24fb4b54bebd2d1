use serde_json::{Value, json};

use super::support::{Azure, Caller, PROD, nsg};

async fn all_pages(caller: &Caller<'_>, path: &str) -> (Vec<String>, usize) {
    let (mut names, mut pages, mut next) = (Vec::new(), 0, Some(path.to_owned()));
    while let Some(path) = next {
        let answer = caller.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        names.extend(answer.names());
        pages += 1;
        next = answer.json()["nextLink"].as_str().map(str::to_owned);
    }
    (names, pages)
}

#[tokio::test]
async fn pages_every_list_with_absolute_links() {
    let azure = Azure::start().await;
    let caller = azure.owner().await;
    let lists = [
        format!("{PROD}/resourceGroups"),
        format!("{PROD}/providers/Microsoft.Compute/virtualMachines"),
        format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines"),
        format!("{PROD}/providers/Microsoft.Network/networkInterfaces"),
        format!("{PROD}/providers/Microsoft.Network/publicIPAddresses"),
        format!("{PROD}/providers/Microsoft.Network/virtualNetworks"),
        format!("{PROD}/providers/Microsoft.Network/routeTables"),
        format!("{PROD}/providers/Microsoft.Network/azureFirewalls"),
        format!("{PROD}/providers/Microsoft.Network/networkSecurityGroups"),
        format!(
            "{PROD}/resourceGroups/prod-rg/providers/Microsoft.Network/virtualNetworks/prod-vnet/subnets"
        ),
        format!("{PROD}/providers/Microsoft.Authorization/roleAssignments"),
        format!("{PROD}/providers/Microsoft.Authorization/roleDefinitions"),
    ];
    let mut whole = Vec::new();
    for path in &lists {
        whole.push(caller.get(path).await.names());
    }
    assert_eq!(azure.control("PUT", "/settings", json!({"page_size": 1})).await.status, 200);
    for (path, expected) in lists.iter().zip(whole) {
        let (names, pages) = all_pages(&caller, path).await;
        assert_eq!(names, expected, "{path}");
        assert_eq!(pages, expected.len(), "{path}");
        assert!(pages > 1, "{path}");
    }
}

#[tokio::test]
async fn pages_the_rules_of_a_full_nsg() {
    let azure = Azure::start().await;
    let caller = azure.owner().await;
    let path = format!("{}/securityRules", nsg("crowded-01-nsg"));
    let first = caller.get(&path).await.json();
    assert!(first["nextLink"].as_str().unwrap().starts_with(azure.sim.url()));
    assert!(first["nextLink"].as_str().unwrap().contains("api-version=2024-05-01&$skiptoken="));
    let (names, pages) = all_pages(&caller, &path).await;
    assert_eq!((names.len(), pages), (997, 20));
}

#[tokio::test]
async fn a_list_that_changes_meanwhile_loses_nothing_that_stays() {
    let azure = Azure::start().await;
    let caller = azure.owner().await;
    let vms = format!("{PROD}/resourceGroups/prod-rg/providers/Microsoft.Compute/virtualMachines");
    azure.control("PUT", "/settings", json!({"page_size": 2})).await;
    let first = caller.get(&vms).await;
    assert_eq!(first.names(), ["bare-01", "crowded-01"]);
    assert_eq!(caller.delete(&format!("{vms}/bare-01")).await.status, 200);
    let next = first.json()["nextLink"].as_str().unwrap().to_owned();
    assert_eq!(caller.get(&next).await.names(), ["legacy-01", "locked-01"]);
}

#[tokio::test]
async fn rejects_an_invented_skip_token() {
    let azure = Azure::start().await;
    let path = format!("{PROD}/providers/Microsoft.Compute/virtualMachines?$skiptoken=!!");
    let answer = azure.caller("READER").await.get(&path).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "InvalidSkipToken"));
    assert_eq!(azure.control("PUT", "/settings", json!({"page_size": 0})).await.status, 400);
}

#[tokio::test]
async fn lists_only_what_is_in_the_group() {
    let azure = Azure::start().await;
    let path = format!("{PROD}/resourceGroups/net-rg/providers/Microsoft.Compute/virtualMachines");
    assert_eq!(azure.caller("READER").await.get(&path).await.names(), ["fw-01", "fwpol-01"]);
}

#[tokio::test]
async fn links_to_where_the_client_reached_it() {
    let azure = Azure::start().await;
    azure.control("PUT", "/settings", json!({"page_size": 1})).await;
    let reader = azure.caller("READER").await;
    let request = axum::http::Request::get(azure.url(&format!("{PROD}/resourceGroups?api-version=1")))
        .header("authorization", format!("Bearer {}", reader.token))
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "arm.example");
    let answer = azure.http.send(request.body(axum::body::Body::empty()).unwrap()).await;
    let Value::String(next) = answer.json()["nextLink"].clone() else { panic!("{}", answer.text) };
    assert!(next.starts_with("https://arm.example/subscriptions/"), "{next}");
}
