use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Azure, network, nsg, vm};

fn question(vm: &str) -> String {
    format!("{}/effectiveNetworkSecurityGroups", network("networkInterfaces", &format!("{vm}-nic")))
}

#[tokio::test]
async fn tells_the_rules_of_both_nsgs_when_they_are_known() {
    let azure = Azure::start_slow().await;
    let admin = azure.owner().await;
    let asked = admin.post(&question("win-01")).await;
    assert_eq!((asked.status, asked.text.as_str()), (202, ""));
    let location = asked.header("location").to_owned();
    assert_eq!(admin.get(&location).await.status, 202);
    azure.clock.advance(Duration::from_secs(1));
    let answer = admin.get(&location).await;
    assert_eq!(answer.status, 200);
    let value = answer.json()["value"].clone();
    assert_eq!(value[0]["networkSecurityGroup"]["id"], nsg("app-subnet-nsg"));
    assert!(value[0]["association"]["subnet"]["id"].as_str().unwrap().ends_with("/subnets/app"));
    assert_eq!(value[1]["networkSecurityGroup"]["id"], nsg("win-01-nsg"));
    assert!(value[1]["association"]["networkInterface"]["id"].is_string());
    let rules = value[0]["effectiveSecurityRules"].as_array().unwrap();
    assert_eq!(rules.len(), 7);
    let rule = &rules[0];
    assert_eq!(
        (&rule["name"], &rule["protocol"], &rule["destinationPortRange"], &rule["sourcePortRange"]),
        (&json!("securityRules/allow-https"), &json!("Tcp"), &json!("443-443"), &json!("0-65535"))
    );
    assert_eq!((&rule["access"], &rule["priority"]), (&json!("Allow"), &json!(200)));
    assert_eq!(rules[3]["name"], "defaultSecurityRules/DenyAllInBound");
}

#[tokio::test]
async fn tells_what_is_in_effect_and_not_what_is_under_way() {
    let azure = Azure::start_slow().await;
    let owner = azure.owner().await;
    let asked = owner.post(&question("web-01")).await;
    azure.clock.advance(Duration::from_secs(1));
    owner.delete(&super::support::rule("web-01-nsg", "allow-https")).await;
    let names = async || -> Vec<Value> {
        let value = owner.get(asked.header("location")).await.json()["value"].clone();
        value[0]["effectiveSecurityRules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["name"].clone())
            .collect()
    };
    assert_eq!(names().await[0], "securityRules/allow-https");
    azure.clock.advance(Duration::from_secs(1));
    assert_eq!(names().await[0], "defaultSecurityRules/AllowVnetInBound");
}

#[tokio::test]
async fn knows_nothing_of_a_machine_that_does_not_run() {
    let azure = Azure::start().await;
    let admin = azure.caller("ADMIN").await;
    let refused = admin.post(&question("stopped-01")).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "NetworkInterfaceNotOnRunningVm"));
    admin.post(&format!("{}/start", vm("stopped-01"))).await;
    assert_eq!(admin.post(&question("stopped-01")).await.status, 202);
    assert_eq!(admin.post(&question("nothing")).await.status, 404);
    assert_eq!(azure.caller("READER").await.post(&question("web-01")).await.status, 403);
}

#[tokio::test]
async fn is_no_write() {
    let azure = Azure::start().await;
    azure.caller("ADMIN").await.post(&question("web-01")).await;
    assert_eq!(azure.control("GET", "/history", Value::Null).await.json(), json!([]));
}
