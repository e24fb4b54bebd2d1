use std::path::PathBuf;

use azure_sim::Options;
use serde_json::{Value, json};

use super::support::{Azure, lease, network, nsg, rule};

/// A path in a new folder under the system's temporary folder.
fn path(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("azure-sim-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder.join("state.json")
}

async fn start(path: &std::path::Path) -> Azure {
    Azure::start_with(|options| options.state_file = Some(path.to_owned())).await
}

#[tokio::test]
async fn keeps_resources_secrets_and_keys_between_runs() {
    let path = path("kept");
    let azure = start(&path).await;
    let (demo, owner) = (azure.demo.clone(), azure.owner().await);
    assert_eq!(owner.put(&rule("web-01-nsg", "kept"), &lease(150)).await.status, 201);
    let token = owner.token.clone();
    azure.sim.stop().await;

    let azure = start(&path).await;
    assert_eq!(azure.demo["portal"], demo["portal"]);
    assert_eq!(azure.demo["identity"]["header"], demo["identity"]["header"]);
    let mut owner = azure.owner().await;
    owner.token = token;
    assert_eq!(owner.get(&rule("web-01-nsg", "kept")).await.status, 200, "the old token is still good");
    assert_eq!(azure.verdict("web-01", 22, "203.0.113.7").await, "open");
    let history = azure.control("GET", "/history", serde_json::Value::Null).await.json();
    assert_eq!(history.as_array().unwrap().len(), 1);
    azure.sim.stop().await;
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn keeps_flows_and_what_is_under_way_between_runs() {
    let path = path("flows");
    let slow = |options: &mut Options| {
        options.state_file = Some(path.clone());
        options.latency = std::time::Duration::from_secs(1);
    };
    let azure = Azure::start_with(slow).await;
    let owner = azure.owner().await;
    let packet = json!({"vm": "web-01", "port": 443, "source": "203.0.113.7"});
    assert_eq!(azure.control("POST", "/flows", packet).await.status, 201);
    let mut group = owner.get(&nsg("web-01-nsg")).await.json();
    group["properties"]["flushConnection"] = true.into();
    group["properties"]["securityRules"] = json!([]);
    assert_eq!(owner.put(&nsg("web-01-nsg"), &group).await.status, 200);
    let path_of_nic = network("networkInterfaces", "win-01-nic");
    let mut nic = owner.get(&path_of_nic).await.json();
    nic["properties"].as_object_mut().unwrap().remove("networkSecurityGroup");
    assert_eq!(owner.put(&path_of_nic, &nic).await.status, 200);
    azure.sim.stop().await;

    let azure = Azure::start_with(slow).await;
    let flow = async || azure.control("GET", "/flows", Value::Null).await.json()[0]["state"].clone();
    assert_eq!(
        (flow().await, azure.verdict("win-01", 443, "203.0.113.7").await.as_str()),
        (json!("established"), "shut")
    );
    azure.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(
        (flow().await, azure.verdict("win-01", 443, "203.0.113.7").await.as_str()),
        (json!("dropped"), "open")
    );
    azure.sim.stop().await;
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn saves_soon_after_a_write_without_being_stopped() {
    let path = path("soon");
    let azure = start(&path).await;
    azure.identity().await.put(&rule("web-01-nsg", "soon"), &lease(150)).await;
    for _ in 0..100 {
        if std::fs::read_to_string(&path).unwrap().contains("web-01-nsg/securityRules/soon") {
            std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the write did not reach the file within five seconds");
}

#[tokio::test]
async fn says_what_to_do_about_a_broken_file() {
    let path = path("broken");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    for content in ["{", "{}", "[]", ""] {
        std::fs::write(&path, content).unwrap();
        let options = Options { state_file: Some(path.clone()), ..Options::for_tests() };
        let error = azure_sim::start(options).await.unwrap_err().to_string();
        assert!(error.contains("state.json") && error.contains("--fresh"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content, "the file is left alone");
    }
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn says_what_to_do_about_a_port_in_use() {
    let azure = Azure::start().await;
    let mut options = Options::for_tests();
    options.listen = azure.sim.url().trim_start_matches("http://").parse().unwrap();
    let error = azure_sim::start(options).await.unwrap_err().to_string();
    assert!(error.contains("is in use") && error.contains("choose another port"), "{error}");
}

#[tokio::test]
async fn frees_its_port_when_stopped_or_dropped() {
    for is_stopped in [true, false] {
        let azure = Azure::start().await;
        let listen = azure.sim.url().trim_start_matches("http://").parse().unwrap();
        if is_stopped {
            azure.sim.stop().await
        } else {
            drop(azure.sim)
        }
        for attempt in 0.. {
            let options = Options { listen, ..Options::for_tests() };
            match azure_sim::start(options).await {
                Ok(_) => break,
                Err(error) => assert!(attempt < 50, "{error}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}
