//! How Postern proves to Azure who it is.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use azure_core::{
    cloud::{CloudConfiguration, CustomConfiguration},
    credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions},
    http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport},
};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use url::Url;

/// How often a failed request for a token is tried again; ARM's own calls are tried again on top of that.
const RETRIES: u32 = 2;

/// Where a credential comes from.
#[derive(Clone, Debug)]
pub enum CredentialSource {
    /// The identity that Azure gives to the machine: `client_id` names one that was assigned to it by a user.
    ManagedIdentity { client_id: Option<String> },
    /// A federated token in a file; what is not given comes from the environment, as Kubernetes sets it.
    WorkloadIdentity { authority: Url, tenant: Option<String>, client_id: Option<String> },
    /// `authority` is https.
    ClientSecret { authority: Url, tenant: String, client_id: String, secret: Secret },
    /// Whoever is signed in to the Azure CLI.
    AzureCli { tenant: Option<String> },
}

/// A credential cannot be built from what was configured.
#[derive(Debug, thiserror::Error)]
#[error("the credential for Azure does not work: {0}")]
pub struct CredentialError(azure_core::Error);

/// Builds the credential; `http` fetches its tokens.
pub fn build(
    source: CredentialSource,
    http: reqwest::Client,
) -> Result<Arc<dyn TokenCredential>, CredentialError> {
    let fresh = Fresh { source, http };
    fresh.credential().map_err(CredentialError)?;
    Ok(Arc::new(fresh))
}

/// Makes a credential for each token: those of the library hold tokens themselves and would give one again
/// that ARM has refused. Tokens are held by the fabric.
struct Fresh {
    source: CredentialSource,
    http: reqwest::Client,
}

#[async_trait]
impl TokenCredential for Fresh {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.credential()?.get_token(scopes, options).await
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fresh").field(&self.source).finish()
    }
}

impl Fresh {
    fn credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        Ok(match self.source.clone() {
            CredentialSource::ManagedIdentity { client_id } => {
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: client_id.map(UserAssignedId::ClientId),
                    client_options: self.options(None),
                }))?
            }
            CredentialSource::WorkloadIdentity { authority, tenant, client_id } => {
                let credential_options =
                    ClientAssertionCredentialOptions { client_options: self.options(Some(&authority)) };
                WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                    credential_options,
                    client_id,
                    tenant_id: tenant,
                    ..WorkloadIdentityCredentialOptions::default()
                }))?
            }
            CredentialSource::ClientSecret { authority, tenant, client_id, secret } => {
                let options =
                    ClientSecretCredentialOptions { client_options: self.options(Some(&authority)) };
                ClientSecretCredential::new(&tenant, client_id, secret, Some(options))?
            }
            CredentialSource::AzureCli { tenant } => {
                AzureCliCredential::new(Some(AzureCliCredentialOptions {
                    tenant_id: tenant,
                    ..AzureCliCredentialOptions::default()
                }))?
            }
        })
    }

    fn options(&self, authority: Option<&Url>) -> ClientOptions {
        let cloud = authority.map(|authority| {
            let mut custom = CustomConfiguration::default();
            custom.authority_host = authority.to_string();
            Arc::new(CloudConfiguration::Custom(custom))
        });
        let retry = ExponentialRetryOptions { max_retries: RETRIES, ..ExponentialRetryOptions::default() };
        ClientOptions {
            transport: Some(Transport::new(Arc::new(self.http.clone()))),
            retry: RetryOptions::exponential(retry),
            cloud,
            ..ClientOptions::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_secret_for_an_https_authority_and_does_not_show_it() {
        let credential = build(with_secret("https://login.microsoftonline.com", "s3cret"), client()).unwrap();
        assert!(!format!("{credential:?}").contains("s3cret"));
    }

    #[test]
    fn rejects_an_authority_without_tls_and_an_empty_secret() {
        for (authority, secret) in
            [("http://127.0.0.1:8081", "s3cret"), ("https://login.microsoftonline.com", "")]
        {
            let error = build(with_secret(authority, secret), client()).unwrap_err().to_string();
            assert!(error.starts_with("the credential for Azure does not work: "), "{error}");
            assert!(!error.contains("s3cret"));
        }
    }

    fn with_secret(authority: &str, secret: &str) -> CredentialSource {
        CredentialSource::ClientSecret {
            authority: authority.parse().unwrap(),
            tenant: "0f0c3b3e-6f1d-4a53-8f54-0a0c0f2f5d11".to_owned(),
            client_id: "postern".to_owned(),
            secret: Secret::new(secret.to_owned()),
        }
    }

    fn client() -> reqwest::Client {
        crate::fabric::azure::scripted::http_client()
    }
}
