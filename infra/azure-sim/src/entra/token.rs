use std::sync::{Arc, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Fields;
use super::authorize::Code;
use super::claims;
use super::failure::Failure;
use crate::app::App;
use crate::directory::Application;
use crate::reply::Reply;

const REFRESH_AUDIENCE: &str = "azure-sim:refresh";
const REFRESH_LIFETIME_S: i64 = 90 * 86_400;

pub(super) async fn issue(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Reply {
    let fields = Fields::parse(&body);
    let issued = authenticate(&app, &headers, &fields).and_then(|client| grant(&app, client, &fields));
    match issued {
        Ok(tokens) => Reply::ok(tokens).header("cache-control", "no-store").header("pragma", "no-cache"),
        Err(failure) => failure.reply(&app),
    }
}

fn grant(app: &App, client: &Application, fields: &Fields) -> Result<Value, Failure> {
    match fields.require("grant_type")? {
        "client_credentials" => client_credentials(app, client, fields),
        "authorization_code" => authorization_code(app, client, fields),
        "refresh_token" => refresh(app, client, fields),
        other => {
            let message = format!("The app requested an unsupported grant type '{other}'.");
            Err(Failure::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", 70_003, message))
        }
    }
}

/// The client and its secret come in the form or as basic authentication.
fn authenticate<'a>(app: &'a App, headers: &HeaderMap, fields: &Fields) -> Result<&'a Application, Failure> {
    let basic = basic_credentials(headers);
    let (client_id, given) = match &basic {
        Some((id, given)) => (id.as_str(), Some(given.as_str())),
        None => (fields.require("client_id")?, fields.get("client_secret")),
    };
    let Some(client) = app.directory.client(client_id) else {
        let message =
            format!("Application with identifier '{client_id}' was not found in the directory 'Contoso'.");
        return Err(Failure::new(StatusCode::BAD_REQUEST, "unauthorized_client", 700_016, message));
    };
    match given {
        None => {
            let message = "The request body must contain the following parameter: 'client_assertion' or \
                           'client_secret'.";
            Err(Failure::invalid_client(7_000_218, message))
        }
        Some(given) if given != client.client_secret => {
            let message = format!("Invalid client secret provided for the app '{client_id}'.");
            Err(Failure::invalid_client(7_000_215, message))
        }
        Some(_) => Ok(client),
    }
}

fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let sent = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = sent.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

/// OAuth has both halves form-encoded before they are joined.
fn form_decoded(text: &str) -> String {
    let text = format!("v={text}");
    Fields::parse(text.as_bytes()).get("v").unwrap_or_default().to_owned()
}

fn client_credentials(app: &App, client: &Application, fields: &Fields) -> Result<Value, Failure> {
    let audience = claims::audience_of_app(app, fields.require("scope")?)?;
    let token = sign(app, &claims::for_app(app, client, &audience))?;
    Ok(json!({
        "token_type": "Bearer", "expires_in": claims::LIFETIME_S, "ext_expires_in": claims::LIFETIME_S,
        "access_token": token,
    }))
}

fn authorization_code(app: &App, client: &Application, fields: &Fields) -> Result<Value, Failure> {
    let text = fields.require("code")?;
    let code = app.codes.lock().unwrap_or_else(PoisonError::into_inner).use_up(text);
    let Some(code) = code.filter(|code| code.client_id == client.client_id) else {
        return Err(Failure::invalid_grant(
            70_000,
            "The provided authorization code is not valid for this client.",
        ));
    };
    require_usable(app, &code, fields)?;
    tokens(app, client, &code.person, &code.scope, Some(&code.nonce))
}

fn require_usable(app: &App, code: &Code, fields: &Fields) -> Result<(), Failure> {
    if code.is_used {
        let message = "OAuth2 Authorization code was already redeemed, please retry with a new valid code.";
        return Err(Failure::invalid_grant(54_005, message));
    }
    if code.expires_at <= app.now() {
        return Err(Failure::invalid_grant(70_008, "The provided authorization code has expired."));
    }
    if fields.require("redirect_uri")? != code.redirect_uri {
        let message =
            "The reply address does not match the one provided when requesting the authorization code.";
        return Err(Failure::invalid_grant(500_112, message));
    }
    let verifier = fields.require("code_verifier")?;
    if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != code.challenge {
        let message =
            "The code_verifier does not match the code_challenge supplied in the authorization request.";
        return Err(Failure::invalid_grant(501_481, message));
    }
    Ok(())
}

fn refresh(app: &App, client: &Application, fields: &Fields) -> Result<Value, Failure> {
    let claims = app.keys.verify(fields.require("refresh_token")?);
    let is_ours = |claims: &Value| {
        claims["aud"] == REFRESH_AUDIENCE && claims["client_id"] == client.client_id.as_str()
    };
    let Some(claims) = claims.filter(is_ours) else {
        return Err(Failure::invalid_grant(
            9_002_313,
            "The refresh token is malformed or of another client.",
        ));
    };
    if claims["exp"].as_i64().is_none_or(|end| end <= app.now().as_second()) {
        return Err(Failure::invalid_grant(700_082, "The refresh token has expired due to inactivity."));
    }
    let granted = claims["scope"].as_str().unwrap_or_default();
    let scope = fields.get("scope").unwrap_or(granted);
    tokens(app, client, claims["oid"].as_str().unwrap_or_default(), scope, None)
}

/// The tokens of a person for the scopes that were asked for.
fn tokens(
    app: &App,
    client: &Application,
    person: &str,
    scope: &str,
    nonce: Option<&str>,
) -> Result<Value, Failure> {
    let Some(person) = app.directory.person(person) else {
        return Err(Failure::invalid_grant(50_034, "The user account does not exist in the tenant."));
    };
    let has = |wanted: &str| scope.split_whitespace().any(|scope| scope == wanted);
    let mut access =
        claims::for_person(app, person, &client.client_id, &claims::audience_of_person(app, scope)?);
    access["azp"] = client.client_id.clone().into();
    access["scp"] = "user_impersonation".into();
    let mut answer = json!({
        "token_type": "Bearer", "scope": scope, "expires_in": claims::LIFETIME_S,
        "ext_expires_in": claims::LIFETIME_S, "access_token": sign(app, &access)?,
    });
    if has("openid") {
        let mut identity = claims::for_person(app, person, &client.client_id, &client.client_id);
        if let Some(nonce) = nonce {
            identity["nonce"] = nonce.into();
        }
        answer["id_token"] = sign(app, &identity)?.into();
    }
    if has("offline_access") {
        answer["refresh_token"] = sign(app, &json!({
            "aud": REFRESH_AUDIENCE, "client_id": client.client_id, "oid": person.object_id, "scope": scope,
            "exp": app.now().as_second() + REFRESH_LIFETIME_S, "jti": crate::ids::secret(),
        }))?.into();
    }
    Ok(answer)
}

fn sign(app: &App, claims: &Value) -> Result<String, Failure> {
    app.keys.sign(claims).map_err(|error| {
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", 90_020, error.to_string())
    })
}
