//! TLS where no proxy in front ends it.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::serve::Listener;
use rustls::{
    ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::config::TlsFiles;

/// How long a client may take to agree on TLS.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// Why the configured certificate does not serve.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("POSTERN_TLS_CERTIFICATE cannot be read as PEM: {0}")]
    Certificate(pem::Error),
    #[error("POSTERN_TLS_KEY cannot be read as PEM: {0}")]
    Key(pem::Error),
    #[error("POSTERN_TLS_CERTIFICATE and POSTERN_TLS_KEY cannot be used together: {0}")]
    Unusable(rustls::Error),
}

/// The certificate with those that lead to its authority, and its key.
pub fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(TlsError::Key)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?
        .with_no_client_auth()
        .with_single_cert(chain(&files.certificate)?, key)
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn chain(certificate: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all = CertificateDer::pem_file_iter(certificate).map_err(TlsError::Certificate)?;
    let chain = all.collect::<Result<Vec<_>, _>>().map_err(TlsError::Certificate)?;
    if chain.is_empty() { Err(TlsError::Certificate(pem::Error::NoItemsFound)) } else { Ok(chain) }
}

/// Gives connections once they are encrypted; one that dawdles holds up no other.
#[derive(Debug)]
pub struct TlsListener {
    tcp: TcpListener,
    acceptor: Acceptor,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

struct Acceptor(TlsAcceptor);

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor(…)")
    }
}

impl TlsListener {
    pub fn new(tcp: TcpListener, acceptor: TlsAcceptor) -> Self {
        Self { tcp, acceptor: Acceptor(acceptor), handshakes: JoinSet::new() }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                (stream, peer) = Listener::accept(&mut self.tcp) => {
                    self.handshakes.spawn(handshake(self.acceptor.0.clone(), stream, peer));
                }
                Some(ended) = self.handshakes.join_next() => {
                    if let Ok(Some(connection)) = ended {
                        return connection;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

async fn handshake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
) -> Option<(TlsStream<TcpStream>, SocketAddr)> {
    let agreed = tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await;
    agreed.ok()?.ok().map(|stream| (stream, peer))
}
