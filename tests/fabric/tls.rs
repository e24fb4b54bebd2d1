//! Azure in a box over TLS: with the credential that takes no other, and with what clients trust.

use std::{path::Path, sync::Arc};

use azure_core::credentials::Secret;
use azure_sim::{Front, Options, Sim};
use functions::{
    auth::http_client,
    clock::{SystemClock, SystemIds},
    fabric::{
        Fabric, FabricError,
        azure::{
            AzureFabric,
            credential::{self, CredentialSource},
        },
    },
};
use serde_json::{Value, json};

use crate::azure::{endpoint, production};

#[tokio::test]
async fn a_client_secret_reads_the_inventory_where_the_extra_authority_is_trusted() {
    let azure = Azure::start().await;
    assert!(azure.sim.url().starts_with("https://127.0.0.1:"), "{}", azure.sim.url());
    // The links to the next pages have to be https too.
    let http = http_client(Some(&azure.authority())).unwrap();
    let settings = http.put(format!("{}/sim/settings", azure.sim.url())).json(&json!({"page_size": 2}));
    settings.send().await.unwrap().error_for_status().unwrap();
    let inventory = azure.fabric(Some(&azure.authority()), "READER").await.inventory(production()).await;
    assert!(!inventory.unwrap().machines.is_empty());
}

#[tokio::test]
async fn a_client_secret_is_sent_to_nobody_who_is_not_trusted() {
    let azure = Azure::start().await;
    let refused = azure.fabric(None, "READER").await.inventory(production()).await.unwrap_err();
    assert!(matches!(refused, FabricError::Unreachable { .. }), "{refused:?}");
}

#[tokio::test]
async fn the_next_start_serves_with_the_same_authority_and_its_key_is_kept_from_others() {
    use std::os::unix::fs::PermissionsExt;
    let azure = Azure::start().await;
    let before = std::fs::read(azure.authority()).unwrap();
    azure.sim.stop().await;
    let sim = azure_sim::start(options(azure.folder.path())).await.unwrap();
    assert_eq!(std::fs::read(azure.folder.path().join("ca.pem")).unwrap(), before);
    demo(&sim, azure.folder.path()).await;
    let key = std::fs::metadata(azure.folder.path().join("server.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_front_door_speaks_tls_too_and_nothing_there_speaks_plain_http() {
    let folder = tempfile::tempdir().unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let front = Some(Front { listen, upstream: "http://127.0.0.1:1".to_owned() });
    let sim = azure_sim::start(Options { front, ..options(folder.path()) }).await.unwrap();
    let http = http_client(Some(&folder.path().join("ca.pem"))).unwrap();
    let url = sim.front_url().unwrap();
    assert!(url.starts_with("https://"), "{url}");
    assert_eq!(http.get(url).send().await.unwrap().status(), 502);
    for url in [url, sim.url()] {
        assert!(http.get(url.replace("https", "http")).send().await.is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_folder_that_gives_no_certificate_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), "").unwrap();
    let error = azure_sim::start(options(folder.path())).await.unwrap_err().to_string();
    assert!(error.contains(&folder.path().display().to_string()), "{error}");
}

struct Azure {
    sim: Sim,
    folder: tempfile::TempDir,
    demo: Value,
}

impl Azure {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sim = azure_sim::start(options(folder.path())).await.unwrap();
        let demo = demo(&sim, folder.path()).await;
        Self { sim, folder, demo }
    }

    fn authority(&self) -> std::path::PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A fabric that proves with a service principal's secret who it is, as production does.
    async fn fabric(&self, trusted: Option<&Path>, name: &str) -> AzureFabric {
        let text = |field: &str| self.demo["service_principals"][name][field].as_str().unwrap().to_owned();
        let source = CredentialSource::ClientSecret {
            authority: self.sim.url().parse().unwrap(),
            tenant: self.demo["tenant"].as_str().unwrap().to_owned(),
            client_id: text("client_id"),
            secret: Secret::new(text("client_secret")),
        };
        let http = http_client(trusted).unwrap();
        let credential = credential::build(source, http.clone()).unwrap();
        AzureFabric::new(
            endpoint(self.sim.url()),
            credential,
            http,
            Arc::new(SystemClock),
            Arc::new(SystemIds),
        )
    }
}

fn options(folder: &Path) -> Options {
    Options { tls: Some(folder.to_owned()), ..Options::for_tests() }
}

async fn demo(sim: &Sim, folder: &Path) -> Value {
    let http = http_client(Some(&folder.join("ca.pem"))).unwrap();
    http.get(format!("{}/sim/demo", sim.url())).send().await.unwrap().json().await.unwrap()
}
