//! What every call names: its version, where it looks, and who calls.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use http::request::Parts;
use serde::de::DeserializeOwned;
use shared::{policy_id::PolicyId, vm::SubscriptionId};
use url::form_urlencoded;

use super::error::ArmError;
use crate::{
    app::App,
    caller::Principal,
    error::{ApiError, Json},
    store::PolicyScope,
};

/// The versions of Azure's API that Postern speaks; they differ in nothing that is sent to it.
const VERSIONS: [&str; 2] = ["2020-01-01", "2015-06-01-preview"];

/// A call about policies of a scope.
pub(super) struct ScopeCall {
    pub(super) principal: Principal,
    pub(super) scope: PolicyScope,
    pub(super) query: Query,
}

/// A call about one policy.
pub(super) struct PolicyCall {
    pub(super) principal: Principal,
    pub(super) id: PolicyId,
}

/// A call about nothing in particular, in any version of ARM's own API.
pub(super) struct ArmCall {
    pub(super) principal: Principal,
}

/// What stands after the `?`; the names in any case.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    fn of(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        Self(pairs.map(|(name, value)| (name.to_lowercase(), value.into_owned())).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn version(&self) -> Option<&str> {
        self.get("api-version")
    }
}

/// The caller comes first: who is not known learns nothing of the rest.
async fn called(parts: &mut Parts, app: &App) -> Result<(Principal, Query), ArmError> {
    let principal = Principal::from_request_parts(parts, app).await?;
    Ok((principal, Query::of(parts)))
}

fn in_a_known_version(query: &Query) -> Result<(), ArmError> {
    match query.version() {
        Some(version) if VERSIONS.iter().any(|known| known.eq_ignore_ascii_case(version)) => Ok(()),
        given => Err(ArmError::bad_api_version(given, &VERSIONS.join(" or "))),
    }
}

/// The names that the path gives.
struct Names(Vec<(String, String)>);

impl Names {
    async fn of(parts: &mut Parts, app: &App) -> Result<Self, ArmError> {
        let names = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|error| ApiError::rejected("path", error.body_text()))?;
        Ok(Self(names.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn parsed<T>(&self, name: &str) -> Result<Option<T>, ArmError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let parsed = self.get(name).map(str::parse).transpose();
        Ok(parsed.map_err(|error| ApiError::rejected(name, error))?)
    }

    fn needed<T>(&self, name: &str) -> Result<T, ArmError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        Ok(self.parsed(name)?.ok_or_else(|| ApiError::rejected(name, "it is missing"))?)
    }
}

impl FromRequestParts<App> for ScopeCall {
    type Rejection = ArmError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ArmError> {
        let (principal, query) = called(parts, app).await?;
        in_a_known_version(&query)?;
        let names = Names::of(parts, app).await?;
        let scope = PolicyScope {
            subscription: names.needed::<SubscriptionId>("subscription")?,
            resource_group: names.get("group").map(str::to_owned),
            location: names.parsed("location")?,
        };
        Ok(Self { principal, scope, query })
    }
}

impl FromRequestParts<App> for PolicyCall {
    type Rejection = ArmError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ArmError> {
        let (principal, query) = called(parts, app).await?;
        in_a_known_version(&query)?;
        let names = Names::of(parts, app).await?;
        let (group, name): (String, String) = (names.needed("group")?, names.needed("name")?);
        let id = PolicyId::new(names.needed("subscription")?, &group, names.needed("location")?, &name)
            .map_err(|error| ApiError::rejected("path", error))?;
        Ok(Self { principal, id })
    }
}

impl FromRequestParts<App> for ArmCall {
    type Rejection = ArmError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ArmError> {
        let (principal, query) = called(parts, app).await?;
        let is_dated = |version: &str| {
            let date = version.get(..10).unwrap_or_default();
            let rest = version.get(10..).unwrap_or_default();
            date.parse::<jiff::civil::Date>().is_ok() && (rest.is_empty() || rest.starts_with('-'))
        };
        match query.version() {
            Some(version) if is_dated(version) => Ok(Self { principal }),
            given => Err(ArmError::bad_api_version(given, "a date like 2022-12-01")),
        }
    }
}

/// A JSON body, refused in ARM's words.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = ArmError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ArmError> {
        let Json(body) = Json::from_request(request, app).await?;
        Ok(Self(body))
    }
}
