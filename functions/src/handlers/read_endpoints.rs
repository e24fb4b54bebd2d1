//! `GET /metadata/endpoints`: what Azure's tools read of a cloud before they sign in, so that one URL makes Postern
//! theirs. The audience is Postern's own: a token for Azure's Resource Manager opens nothing here.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;

/// As `az` and Azure PowerShell read it; what they do not find, they do without.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Endpoints {
    name: &'static str,
    portal: String,
    resource_manager: String,
    authentication: Authentication,
    /// DNS suffixes of services that Postern has none of. `az` wants the object.
    #[schemars(with = "BTreeMap<String, String>")]
    suffixes: BTreeMap<(), ()>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    login_endpoint: String,
    tenant: String,
    identity_provider: &'static str,
    /// The first one is for what the tools ask a token.
    audiences: [String; 1],
}

pub(crate) async fn read_endpoints(State(app): State<App>) -> Json<Endpoints> {
    let url = app.public_url.to_string();
    Json(Endpoints {
        name: "Postern",
        portal: url.clone(),
        resource_manager: url,
        authentication: Authentication {
            login_endpoint: app.auth.authority.as_str().trim_end_matches('/').to_owned(),
            tenant: app.auth.tenant.clone(),
            identity_provider: "AAD",
            audiences: [app.auth.audience.clone()],
        },
        suffixes: BTreeMap::new(),
    })
}
