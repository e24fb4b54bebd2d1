//! The server where no proxy in front ends TLS.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, routing::get, serve::ListenerExt};
use azure_sim::Options;
use functions::{
    auth::http_client,
    config::TlsFiles,
    tls::{TlsError, TlsListener, acceptor},
};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn serves_whom_it_is_trusted_by_and_sees_from_where_they_come() {
    let server = Server::start().await;
    let seen = server.client().get(&server.url).send().await.unwrap().text().await.unwrap();
    assert_eq!(seen, "127.0.0.1");
    assert!(http_client(None).unwrap().get(&server.url).send().await.is_err());
    assert!(server.client().get(server.url.replace("https", "http")).send().await.is_err());
}

#[tokio::test]
async fn a_client_that_says_nothing_holds_up_nobody() {
    let server = Server::start().await;
    let silent = TcpStream::connect(server.address).await.unwrap();
    let asked = server.client().get(&server.url).timeout(Duration::from_secs(5)).send().await;
    assert_eq!(asked.unwrap().status(), 200);
    drop(silent);
}

#[tokio::test]
async fn files_that_do_not_fit_are_named() {
    let (folder, files) = certificate().await;
    let nothing = folder.path().join("nothing.pem");
    std::fs::write(&nothing, "no certificate here\n").unwrap();
    let other = certificate().await;
    let refused = |certificate: &Path, key: &Path| {
        acceptor(&TlsFiles { certificate: certificate.to_owned(), key: key.to_owned() }).err().unwrap()
    };
    assert!(matches!(refused(&nothing, &files.key), TlsError::Certificate(_)));
    assert!(matches!(refused(&folder.path().join("none.pem"), &files.key), TlsError::Certificate(_)));
    assert!(matches!(refused(&files.certificate, &nothing), TlsError::Key(_)));
    assert!(matches!(refused(&files.certificate, &other.1.key), TlsError::Unusable(_)));
}

struct Server {
    address: SocketAddr,
    url: String,
    authority: PathBuf,
    _folder: TempDir,
}

impl Server {
    /// Says to each caller from which address it came.
    async fn start() -> Self {
        let (folder, files) = certificate().await;
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = tcp.local_addr().unwrap();
        let listener = TlsListener::new(tcp, acceptor(&files).unwrap()).tap_io(|_| ());
        let echo = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string();
        let router = Router::new().route("/", get(echo));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async { axum::serve(listener, service).await });
        let authority = folder.path().join("ca.pem");
        Self { address, url: format!("https://{address}/"), authority, _folder: folder }
    }

    fn client(&self) -> reqwest::Client {
        http_client(Some(&self.authority)).unwrap()
    }
}

/// A certificate for this machine, as Azure in a box makes them.
async fn certificate() -> (TempDir, TlsFiles) {
    let folder = TempDir::new().unwrap();
    let options = Options { tls: Some(folder.path().to_owned()), ..Options::for_tests() };
    drop(azure_sim::start(options).await.unwrap());
    let files =
        TlsFiles { certificate: folder.path().join("server.pem"), key: folder.path().join("server.key") };
    (folder, files)
}
