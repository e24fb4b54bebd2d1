//! Small GET requests to what runs on this machine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Asks what runs here; over TLS it trusts nobody but the authority that azure-sim made.
pub(super) struct Http(Agent);

impl Http {
    /// With the authority's certificate in PEM, or for plain HTTP alone.
    pub(super) fn new(authority: Option<&Path>) -> Result<Self> {
        let roots = authority.map(read).transpose()?;
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(roots.as_slice()))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .tls_config(tls)
            .timeout_global(Some(Duration::from_secs(5)))
            .build();
        Ok(Self(Agent::new_with_config(config)))
    }

    /// The status and body of a GET, or `None` when nobody answers yet.
    pub(super) fn get(&self, url: &str) -> Option<(u16, String)> {
        let mut response = self.0.get(url).call().ok()?;
        let body = response.body_mut().read_to_string().ok()?;
        Some((response.status().as_u16(), body))
    }
}

fn read(authority: &Path) -> Result<Certificate<'static>> {
    let pem = std::fs::read(authority).with_context(|| format!("cannot read {}", authority.display()))?;
    Certificate::from_pem(&pem).with_context(|| format!("{} holds no certificate", authority.display()))
}
