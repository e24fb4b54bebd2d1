use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::failure::Failure;
use super::{Fields, claims, page};
use crate::app::App;
use crate::ids::secret;

const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// The codes that were handed out and not yet forgotten.
#[derive(Debug, Default)]
pub(crate) struct Codes(HashMap<String, Code>);

/// What a code stands for.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) person: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) nonce: String,
    pub(super) challenge: String,
    pub(super) expires_at: Timestamp,
    pub(super) is_used: bool,
}

impl Codes {
    fn add(&mut self, code: Code, now: Timestamp) -> String {
        // Codes stay for a while after their end, so that late ones are told from invented ones.
        self.0.retain(|_, old| later(old.expires_at, SignedDuration::from_hours(1)) > now);
        let text = secret();
        self.0.insert(text.clone(), code);
        text
    }

    /// The code as it was before this use.
    pub(super) fn use_up(&mut self, text: &str) -> Option<Code> {
        let code = self.0.get_mut(text)?;
        let before = code.clone();
        code.is_used = true;
        Some(before)
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// A request to sign in that is complete and may be answered.
struct SignIn<'a> {
    redirect_uri: Url,
    scope: &'a str,
    state: &'a str,
    nonce: &'a str,
    challenge: &'a str,
}

/// Why nobody can sign in: told on a page while the redirect is not trusted, and by the redirect afterwards.
enum Refusal {
    OnPage(Failure),
    ByRedirect(Box<Url>, Failure),
}

pub(super) async fn ask(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let fields = Fields::parse(query.as_bytes());
    match sign_in(&app, &fields) {
        Ok(sign_in) => {
            let hint = fields.get("login_hint").unwrap_or_default();
            page::people(&app, &query, &sign_in.redirect_uri, hint)
        }
        Err(refusal) => refuse(&fields, &refusal),
    }
}

pub(super) async fn choose(State(app): State<Arc<App>>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let sign_in = match sign_in(&app, &fields) {
        Ok(sign_in) => sign_in,
        Err(refusal) => return refuse(&fields, &refusal),
    };
    let form = Fields::parse(&body);
    let Some(person) = form.get("person").and_then(|id| app.directory.person(id)) else {
        let failure = Failure::invalid_request(50_034, "The user account does not exist in the tenant.");
        return page::failure(&failure);
    };
    let code = Code {
        person: person.object_id.clone(),
        client_id: app.directory.portal.client_id.clone(),
        redirect_uri: fields.get("redirect_uri").unwrap_or_default().to_owned(),
        scope: sign_in.scope.to_owned(),
        nonce: sign_in.nonce.to_owned(),
        challenge: sign_in.challenge.to_owned(),
        expires_at: later(app.now(), CODE_LIFETIME),
        is_used: false,
    };
    let code = app.codes.lock().unwrap_or_else(PoisonError::into_inner).add(code, app.now());
    let mut target = sign_in.redirect_uri;
    target.query_pairs_mut().append_pair("code", &code).append_pair("state", sign_in.state);
    redirect(&target)
}

fn sign_in<'a>(app: &App, fields: &'a Fields) -> Result<SignIn<'a>, Refusal> {
    let redirect_uri = trusted_redirect(app, fields).map_err(Refusal::OnPage)?;
    complete(app, fields, &redirect_uri)
        .map_err(|failure| Refusal::ByRedirect(Box::new(redirect_uri), failure))
}

fn trusted_redirect(app: &App, fields: &Fields) -> Result<Url, Failure> {
    let client_id = fields.require("client_id")?;
    if !client_id.eq_ignore_ascii_case(&app.directory.portal.client_id) {
        let message =
            format!("Application with identifier '{client_id}' was not found in the directory 'Contoso'.");
        return Err(Failure::new(StatusCode::BAD_REQUEST, "unauthorized_client", 700_016, message));
    }
    let uri = fields.require("redirect_uri")?;
    registered(uri, Some("/auth/callback")).ok_or_else(|| {
        let message = format!(
            "The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for the \
             application '{client_id}'."
        );
        Failure::invalid_request(50_011, message)
    })
}

/// Registered are addresses of this machine, on any port, with the given path if one is given.
pub(super) fn registered(uri: &str, path: Option<&str>) -> Option<Url> {
    let url = Url::parse(uri).ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let is_here = url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
    (is_plain && is_here && path.is_none_or(|path| url.path() == path)).then_some(url)
}

fn complete<'a>(app: &App, fields: &'a Fields, redirect_uri: &Url) -> Result<SignIn<'a>, Failure> {
    let response_type = fields.require("response_type")?;
    if response_type != "code" {
        let message = format!("The response_type '{response_type}' is not enabled for the application.");
        return Err(Failure::new(StatusCode::BAD_REQUEST, "unsupported_response_type", 700_051, message));
    }
    if fields.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Failure::invalid_request(900_561, "The only supported response_mode is 'query'."));
    }
    let challenge = fields.require("code_challenge")?;
    if fields.require("code_challenge_method")? != "S256" || challenge.len() != 43 {
        let message =
            "The code_challenge must be the base64url text of a SHA-256 and code_challenge_method S256.";
        return Err(Failure::invalid_request(501_491, message));
    }
    if fields.get("prompt") == Some("none") {
        let message = "A silent sign-in request was sent but no user is signed in.";
        return Err(Failure::new(StatusCode::BAD_REQUEST, "login_required", 50_058, message));
    }
    let scope = fields.require("scope")?;
    claims::audience_of_person(app, scope)?;
    Ok(SignIn {
        redirect_uri: redirect_uri.clone(),
        scope,
        state: fields.require("state")?,
        nonce: fields.require("nonce")?,
        challenge,
    })
}

fn refuse(fields: &Fields, refusal: &Refusal) -> Response {
    match refusal {
        Refusal::OnPage(failure) => page::failure(failure),
        Refusal::ByRedirect(uri, failure) => {
            let mut target = uri.as_ref().clone();
            target
                .query_pairs_mut()
                .append_pair("error", failure.error)
                .append_pair("error_description", &failure.description());
            if let Some(state) = fields.get("state") {
                target.query_pairs_mut().append_pair("state", state);
            }
            redirect(&target)
        }
    }
}

pub(super) fn redirect(target: &Url) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, target.as_str()), (header::CACHE_CONTROL, "no-store")])
        .into_response()
}
