//! Who calls: a session cookie of the portal, or a bearer token of an API client.

pub mod bearer;
pub mod client_address;
mod cookies;
mod directory;
#[cfg(test)]
pub(crate) mod fake;
mod fetch;
mod jwks;
pub(crate) mod proof;
pub(crate) mod session;
pub mod sign_in;
mod token;

use std::{path::Path, sync::Arc};

use axum_extra::extract::cookie::Key;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use url::Url;

use self::{directory::Directory, jwks::KeyCache};
use crate::{
    clock::{Clock, Ids},
    config::{Config, Secret},
};

/// What authentication needs; cheap to clone.
#[derive(Clone, Debug)]
pub struct Auth(Arc<Parts>);

/// What [`Auth`] is put together from.
#[derive(Debug)]
pub struct Parts {
    pub(crate) public_url: Url,
    pub(crate) authority: Url,
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret<String>,
    pub(crate) audience: String,
    pub(crate) trusted_proxies: usize,
    pub(crate) key: Secret<Key>,
    pub(crate) http: reqwest::Client,
    pub(crate) directory: Directory,
    pub(crate) keys: KeyCache,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

impl Auth {
    pub fn new(config: &Config, http: reqwest::Client, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self(Arc::new(Parts {
            public_url: config.public_url.clone(),
            authority: config.authority.clone(),
            tenant: config.tenant.clone(),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            audience: config.audience.clone(),
            trusted_proxies: config.trusted_proxies,
            key: Secret::new(Key::from(config.cookie_key.expose())),
            http,
            directory: Directory::new(&config.authority, &config.tenant),
            keys: KeyCache::default(),
            clock,
            ids,
        }))
    }
}

impl std::ops::Deref for Auth {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Why no HTTP client can be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    #[error("POSTERN_EXTRA_CA cannot be read as PEM: {0}")]
    ExtraCa(rustls::pki_types::pem::Error),
    #[error("POSTERN_EXTRA_CA holds a certificate that cannot be used: {0}")]
    BadCertificate(rustls::Error),
    #[error("POSTERN_EXTRA_CA holds no certificate")]
    NoCertificate,
    #[error("no TLS: {0}")]
    Tls(rustls::Error),
    #[error("no HTTP client: {0}")]
    Client(reqwest::Error),
}

/// The one HTTP client: compiled-in roots, so that a cold start reads no certificate store; it follows no redirects,
/// so that no token goes where it was not sent.
pub fn http_client(extra_ca: Option<&Path>) -> Result<reqwest::Client, HttpClientError> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = extra_ca {
        trust(&mut roots, path)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(HttpClientError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(std::time::Duration::from_secs(10))
        .timeout(std::time::Duration::from_secs(30))
        .build()
        .map_err(HttpClientError::Client)
}

fn trust(roots: &mut rustls::RootCertStore, pem: &Path) -> Result<(), HttpClientError> {
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(pem).map_err(HttpClientError::ExtraCa)? {
        let certificate = certificate.map_err(HttpClientError::ExtraCa)?;
        roots.add(certificate).map_err(HttpClientError::BadCertificate)?;
    }
    if roots.len() > before { Ok(()) } else { Err(HttpClientError::NoCertificate) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extra_authority_that_is_none_is_an_error_and_not_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        assert!(matches!(http_client(Some(&file)), Err(HttpClientError::ExtraCa(_))));
        std::fs::write(&file, "no certificate here\n").unwrap();
        assert!(matches!(http_client(Some(&file)), Err(HttpClientError::NoCertificate)));
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&file, garbage).unwrap();
        assert!(matches!(http_client(Some(&file)), Err(HttpClientError::BadCertificate(_))));
    }
}
