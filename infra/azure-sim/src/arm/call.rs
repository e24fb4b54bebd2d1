use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, header};
use jiff::Timestamp;
use serde_json::Value;

use super::authenticate::Caller;
use super::place::Place;
use crate::app::{App, Core};
use crate::directory::Directory;
use crate::reply::Reply;

/// One request, after authentication, with the world in its hands.
pub(super) struct Call<'a> {
    pub(super) core: &'a mut Core,
    pub(super) method: &'a Method,
    pub(super) place: Place,
    pub(super) caller: &'a Caller,
    pub(super) directory: &'a Directory,
    pub(super) now: Timestamp,
    /// Before which links are put: where the client reached the simulator.
    pub(super) base: String,
    /// The operation that it starts is to fail.
    pub(super) fails_late: bool,
    /// When the write takes effect, once one was accepted.
    pub(super) effect_at: Option<Timestamp>,
    /// The version that a resource must have to be written; `*` is any.
    pub(super) if_match: Option<String>,
    /// The requests of this kind that the subscription has left, where they are limited.
    pub(super) quota_left: Option<u32>,
    query: Vec<(String, String)>,
    body: &'a Bytes,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        app: &'a App,
        core: &'a mut Core,
        parts: &'a Parts,
        place: Place,
        caller: &'a Caller,
        body: &'a Bytes,
        fails_late: bool,
    ) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        Self {
            core,
            method: &parts.method,
            place,
            caller,
            directory: &app.directory,
            now: app.now(),
            base: base(app, &parts.headers),
            fails_late,
            effect_at: None,
            if_match: text(&parts.headers, &header::IF_MATCH).map(str::to_owned),
            quota_left: None,
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            body,
        }
    }

    /// A query parameter; names are case-insensitive.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn api_version(&self) -> &str {
        self.query("api-version").unwrap_or_default()
    }

    pub(super) fn query_without<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q (String, String)> {
        self.query.iter().filter(move |(own, _)| !own.eq_ignore_ascii_case(name))
    }

    pub(super) fn json(&self) -> Result<Value, Reply> {
        serde_json::from_slice(self.body).map_err(|error| {
            let message =
                format!("The request content was invalid and could not be deserialized: '{error}'.");
            super::write::bad_request("InvalidRequestContent", message)
        })
    }
}

/// The public address of the simulator as the client sees it, through a TLS proxy too.
pub(crate) fn base(app: &App, headers: &HeaderMap) -> String {
    let scheme = text(headers, &HeaderName::from_static("x-forwarded-proto")).unwrap_or_else(|| app.scheme());
    let host = text(headers, &HeaderName::from_static("x-forwarded-host")).or(text(headers, &header::HOST));
    host.map_or_else(|| app.url.clone(), |host| format!("{scheme}://{host}"))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
