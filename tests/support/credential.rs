use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::{Error, ErrorKind},
    time::OffsetDateTime,
};
use serde_json::Value;

/// Postern's managed identity. Azure's own credential reads its endpoint from the environment, which tests that run side
/// by side share; this one asks the same endpoint in the same way.
#[derive(Debug)]
pub(crate) struct SimIdentity {
    pub(crate) endpoint: String,
    pub(crate) header: String,
    pub(crate) http: reqwest::Client,
}

#[async_trait]
impl TokenCredential for SimIdentity {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let resource = scopes.first().map_or("", |scope| scope.trim_end_matches("/.default"));
        let query = [("api-version", "2019-08-01"), ("resource", resource)];
        let request = self.http.get(&self.endpoint).query(&query).header("X-IDENTITY-HEADER", &self.header);
        let failed = |error: reqwest::Error| Error::new(ErrorKind::Credential, error);
        let answer: Value = request.send().await.map_err(failed)?.json().await.map_err(failed)?;
        let missing = || Error::with_message(ErrorKind::Credential, "no token came back");
        let token = answer["access_token"].as_str().ok_or_else(missing)?.to_owned();
        let expires: i64 =
            answer["expires_on"].as_str().and_then(|text| text.parse().ok()).ok_or_else(missing)?;
        let expires = OffsetDateTime::from_unix_timestamp(expires).map_err(|_| missing())?;
        Ok(AccessToken::new(token, expires))
    }
}
