//! Requests to AWS, signed by its Signature Version 4.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::{AwsKeys, OneShotSettings};

/// The service as signatures name it.
const SERVICE: &str = "scheduler";

/// A `POST` of JSON that carries its signature.
pub(super) fn post(
    url: &Url,
    body: Value,
    settings: &OneShotSettings,
    now: Timestamp,
) -> Result<http::Request<String>, String> {
    let body = body.to_string();
    let AwsKeys { id, secret, session } = &settings.keys;
    let now = SystemTime::try_from(now).map_err(|error| error.to_string())?;
    let session = session.as_ref().map(|session| session.expose().clone());
    let identity = Credentials::new(id, secret.expose(), session, None, "environment").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&settings.region)
        .name(SERVICE)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?;
    let content_type = [("content-type", "application/json")];
    let signable = SignableRequest::new(
        "POST",
        url.as_str(),
        content_type.into_iter(),
        SignableBody::Bytes(body.as_bytes()),
    )
    .map_err(|error| error.to_string())?;
    let (instructions, _) =
        sign(signable, &parameters.into()).map_err(|error| error.to_string())?.into_parts();
    let mut request = http::Request::post(url.as_str())
        .header("content-type", "application/json")
        .body(body)
        .map_err(|error| error.to_string())?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}
