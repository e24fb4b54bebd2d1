//! What the directory says of itself (OpenID Connect discovery), asked once.

use serde::Deserialize;
use tokio::sync::OnceCell;
use url::Url;

use super::fetch::{self, FetchError};

/// The authority of Azure China goes by two names, and signs with the second whichever was asked.
const CHINA: [&str; 2] = ["https://login.chinacloudapi.cn", "https://login.partner.microsoftonline.cn"];

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
    #[error("the directory does not describe itself: {0}")]
    Unread(#[from] FetchError),
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
        let document: Document = fetch::json(http.get(url)).await?;
        if self.is_own(&document.issuer) {
            Ok(document)
        } else {
            Err(DirectoryError::OtherIssuer(document.issuer))
        }
    }

    fn is_own(&self, issuer: &str) -> bool {
        let alias = self.base.strip_prefix(CHINA[0]).map(|rest| format!("{}{rest}", CHINA[1]));
        issuer == self.base || alias.is_some_and(|alias| issuer == alias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_configured_issuer_and_chinas_second_name() {
        assert!(takes("https://login.microsoftonline.com", "https://login.microsoftonline.com/t/v2.0"));
        assert!(takes("https://login.microsoftonline.com/", "https://login.microsoftonline.com/t/v2.0"));
        assert!(takes(CHINA[0], "https://login.partner.microsoftonline.cn/t/v2.0"));
    }

    #[test]
    fn rejects_every_other_issuer() {
        for issuer in [
            "https://login.microsoftonline.com/other/v2.0",
            "https://login.microsoftonline.com/t/v2.0/",
            "https://login.partner.microsoftonline.cn/t/v2.0",
            "https://sts.windows.net/t/",
            "",
        ] {
            assert!(!takes("https://login.microsoftonline.com", issuer), "{issuer}");
        }
        assert!(!takes(CHINA[0], "https://login.partner.microsoftonline.cn/other/v2.0"));
    }

    fn takes(authority: &str, issuer: &str) -> bool {
        Directory::new(&authority.parse().unwrap(), "t").is_own(issuer)
    }
}
