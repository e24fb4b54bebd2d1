//! What the directory says of itself (OpenID Connect discovery), asked once.

use serde::Deserialize;
use tokio::sync::OnceCell;
use url::Url;

/// The directory of one tenant.
#[derive(Debug)]
pub(crate) struct Directory {
    base: String,
    document: OnceCell<Document>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Document {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) jwks_uri: Url,
    pub(crate) end_session_endpoint: Option<Url>,
}

/// The directory does not answer, or not as it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectoryError {
    #[error("the directory cannot be reached: {0}")]
    Unreachable(reqwest::Error),
    #[error("the directory calls itself {0}, which is not the configured one")]
    OtherIssuer(String),
}

impl Directory {
    pub(crate) fn new(authority: &Url, tenant: &str) -> Self {
        let base = format!("{}/{tenant}/v2.0", authority.as_str().trim_end_matches('/'));
        Self { base, document: OnceCell::new() }
    }

    pub(crate) async fn document(&self, http: &reqwest::Client) -> Result<&Document, DirectoryError> {
        self.document.get_or_try_init(|| self.read(http)).await
    }

    async fn read(&self, http: &reqwest::Client) -> Result<Document, DirectoryError> {
        let url = format!("{}/.well-known/openid-configuration", self.base);
        let answer = http.get(url).send().await.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(|error| DirectoryError::Unreachable(error.without_url()))?;
        let document: Document =
            answer.json().await.map_err(|error| DirectoryError::Unreachable(error.without_url()))?;
        if document.issuer == self.base {
            Ok(document)
        } else {
            Err(DirectoryError::OtherIssuer(document.issuer))
        }
    }
}
