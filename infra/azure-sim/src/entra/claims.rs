use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::failure::Failure;
use crate::app::App;
use crate::arm::is_arm;
use crate::directory::{AUDIENCE, Application, Person, TENANT};

/// How long every token holds.
pub(super) const LIFETIME_S: i64 = 3_600;
/// The audience of an access token for which no resource was asked.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const OF_OPENID: [&str; 4] = ["openid", "profile", "email", "offline_access"];

pub(super) fn for_app(app: &App, who: &Application, audience: &str) -> Value {
    let mut claims = common(app, audience, &who.object_id, &who.object_id);
    claims["azp"] = who.client_id.clone().into();
    claims["appid"] = who.client_id.clone().into();
    claims["azpacr"] = "1".into();
    claims["idtyp"] = "app".into();
    claims
}

pub(super) fn for_person(app: &App, who: &Person, client_id: &str, audience: &str) -> Value {
    let mut claims = common(app, audience, &who.object_id, &pairwise(&who.object_id, client_id));
    claims["preferred_username"] = who.user_principal_name.clone().into();
    claims["name"] = who.name.clone().into();
    claims
}

fn common(app: &App, audience: &str, object_id: &str, subject: &str) -> Value {
    let now = app.now().as_second();
    json!({
        "aud": audience, "iss": app.issuer(), "iat": now, "nbf": now, "exp": now + LIFETIME_S,
        "tid": TENANT, "oid": object_id, "sub": subject, "ver": "2.0",
    })
}

fn pairwise(object_id: &str, client_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{object_id} {client_id}")))
}

/// The audience that an application asks for: exactly one scope, `<resource>/.default`.
pub(super) fn audience_of_app(app: &App, scope: &str) -> Result<String, Failure> {
    let Some(resource) = scope.trim().strip_suffix("/.default").filter(|resource| !resource.contains(' '))
    else {
        let message = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value \
             with /.default suffixed to the resource identifier."
        );
        return Err(Failure::new(StatusCode::BAD_REQUEST, "invalid_scope", 1_002_012, message));
    };
    known(app, resource)
}

/// The audience that a person's sign-in asks for: that of the first scope that is not one of OpenID Connect.
pub(super) fn audience_of_person(app: &App, scope: &str) -> Result<String, Failure> {
    let Some(first) = scope.split_whitespace().find(|scope| !OF_OPENID.contains(scope)) else {
        return Ok(GRAPH.to_owned());
    };
    let resource =
        first.strip_suffix("/.default").or_else(|| first.rsplit_once('/').map(|(resource, _)| resource));
    known(app, resource.unwrap_or(first))
}

fn known(app: &App, resource: &str) -> Result<String, Failure> {
    if resource == AUDIENCE || resource == app.directory.portal.client_id || is_arm(app, resource) {
        return Ok(resource.to_owned());
    }
    let message =
        format!("The resource principal named {resource} was not found in the tenant named Contoso.");
    Err(Failure::new(StatusCode::BAD_REQUEST, "invalid_resource", 500_011, message))
}

pub(super) fn known_resource(app: &App, resource: &str) -> Option<String> {
    known(app, resource).ok()
}
