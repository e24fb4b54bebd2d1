//! TLS with a certificate authority of its own: Azure's clients send no secret and no token over plain HTTP.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::state_file::write_private;

/// The certificate that clients are to trust. It appears last and whole: where it is, everything is.
const AUTHORITY: &str = "ca.pem";
const CERTIFICATE: &str = "server.pem";
const KEY: &str = "server.key";

#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("its files cannot be read or written ({0})")]
    Files(#[from] std::io::Error),
    #[error("no certificate can be made ({0})")]
    Making(#[from] rcgen::Error),
    #[error("what it holds is not PEM ({0})")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("what it holds is of no use ({0})")]
    Unusable(#[from] rustls::Error),
}

/// Serves with the certificate in this folder. A first start makes it, and the authority that signs it.
pub(crate) fn acceptor(folder: &Path) -> Result<TlsAcceptor, TlsError> {
    if !folder.join(AUTHORITY).exists() {
        make(folder)?;
    }
    let chain = CertificateDer::pem_file_iter(folder.join(CERTIFICATE))?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(folder.join(KEY))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The authority's key is forgotten: it signs one certificate for this machine and never another.
fn make(folder: &Path) -> Result<(), TlsError> {
    let authority = authority_params();
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let key = KeyPair::generate()?;
    let certificate = server_params()?.signed_by(&key, &Issuer::new(authority, authority_key))?;
    std::fs::create_dir_all(folder)?;
    write_private(&folder.join(KEY), key.serialize_pem().as_bytes())?;
    std::fs::write(folder.join(CERTIFICATE), certificate.pem())?;
    let whole = folder.join("ca.pem.new");
    std::fs::write(&whole, authority_certificate.pem())?;
    Ok(std::fs::rename(whole, folder.join(AUTHORITY))?)
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "azure-sim");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn server_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params =
        CertificateParams::new(vec![IpAddr::from(Ipv4Addr::LOCALHOST).to_string(), "localhost".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "azure-sim on this machine");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Python holds a certificate without it to be none.
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}
