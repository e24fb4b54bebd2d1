//! The credentials that production uses, as far as they accept an Azure without TLS.

use std::{process::Command, sync::Arc};

use functions::{
    clock::{SystemClock, SystemIds},
    fabric::{
        Fabric,
        azure::{
            AzureFabric,
            credential::{self, CredentialSource},
        },
    },
};

use crate::azure::{Azure, endpoint, http_client, production};

#[tokio::test(flavor = "multi_thread")]
async fn the_managed_identity_of_app_service_reads_the_inventory() {
    let azure = Azure::start().await;
    let identity = |field: &str| azure.demo["identity"][field].as_str().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "identity::in_a_process_of_its_own"]);
    child.env("IDENTITY_ENDPOINT", identity("endpoint")).env("IDENTITY_HEADER", identity("header"));
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
#[ignore = "run by the test above, which sets its environment"]
async fn in_a_process_of_its_own() {
    let identity = std::env::var_os("IDENTITY_ENDPOINT").unwrap().into_string().unwrap();
    let arm = endpoint(identity.strip_suffix("/msi/token").unwrap());
    let source = CredentialSource::ManagedIdentity { client_id: None };
    let credential = credential::build(source, http_client()).unwrap();
    let fabric = AzureFabric::new(arm, credential, http_client(), Arc::new(SystemClock), Arc::new(SystemIds));
    assert!(!fabric.inventory(production()).await.unwrap().machines.is_empty());
}
