use axum::http::{HeaderMap, StatusCode, header};

use crate::app::App;
use crate::directory::TENANT;
use crate::reply::Reply;

const SKEW_S: i64 = 300;

/// The principal of a token that ARM accepts.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) object_id: String,
    /// What ARM calls it in messages: the user principal name or the client id.
    pub(crate) name: String,
    /// Itself and its groups.
    pub(crate) identities: Vec<String>,
}

pub(super) fn authenticate(app: &App, headers: &HeaderMap) -> Result<Caller, Reply> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(sent) = sent else {
        let message = "Authentication failed. The 'Authorization' header is missing.";
        return Err(refusal(app, "AuthenticationFailed", message));
    };
    let token = sent.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some(claims) = token.and_then(|(_, token)| app.keys.verify(token.trim())) else {
        return Err(refusal(app, "InvalidAuthenticationToken", "The access token is invalid."));
    };
    let now = app.now().as_second();
    if claims["exp"].as_i64().is_none_or(|end| end <= now) {
        let message = "The access token expiry is earlier than the current time.";
        return Err(refusal(app, "ExpiredAuthenticationToken", message));
    }
    if claims["nbf"].as_i64().is_some_and(|start| start > now + SKEW_S) {
        return Err(refusal(app, "InvalidAuthenticationToken", "The access token is not yet valid."));
    }
    let audience = claims["aud"].as_str().unwrap_or_default();
    if !is_arm(app, audience) {
        let message = format!(
            "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly \
             match with one of the allowed audiences 'https://management.core.windows.net/', \
             'https://management.azure.com/'."
        );
        return Err(refusal(app, "InvalidAuthenticationTokenAudience", &message));
    }
    let object_id = claims["oid"].as_str().unwrap_or_default().to_owned();
    let name = claims["preferred_username"].as_str().or(claims["appid"].as_str()).unwrap_or_default();
    Ok(Caller { identities: app.directory.identities(&object_id), name: name.to_owned(), object_id })
}

/// Whether ARM takes tokens for this audience.
pub(crate) fn is_arm(app: &App, audience: &str) -> bool {
    let audience = audience.trim_end_matches('/');
    ["https://management.azure.com", "https://management.core.windows.net", &app.url].contains(&audience)
}

fn refusal(app: &App, code: &str, message: &str) -> Reply {
    let challenge = format!(
        "Bearer authorization_uri=\"{}/{TENANT}\", error=\"invalid_token\", error_description=\"{}\"",
        app.url,
        message.replace('"', "'"),
    );
    Reply::error(StatusCode::UNAUTHORIZED, code, message).header("www-authenticate", challenge)
}
