use std::sync::Arc;

use axum::extract::State;
use serde_json::json;

use crate::app::App;
use crate::directory::TENANT;
use crate::reply::Reply;

pub(super) async fn configuration(State(app): State<Arc<App>>) -> Reply {
    let base = format!("{}/{TENANT}", app.url);
    Reply::ok(json!({
        "issuer": app.issuer(),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "nbf", "nonce", "oid", "tid", "ver", "preferred_username", "name",
        ],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "azure-sim",
    }))
}

pub(super) async fn keys(State(app): State<Arc<App>>) -> Reply {
    Reply::ok(app.keys.jwks(&app.issuer()))
}

/// What tools read to learn the endpoints of a cloud.
pub(super) async fn endpoints(State(app): State<Arc<App>>) -> Reply {
    let url = &app.url;
    Reply::ok(json!({
        "name": "AzureSim",
        "portal": url,
        "resourceManager": format!("{url}/"),
        "graph": url,
        "graphAudience": url,
        "gallery": url,
        "batch": url,
        "sqlManagement": url,
        "media": url,
        "activeDirectoryDataLake": url,
        "logAnalyticsResourceId": url,
        "appInsightsResourceId": url,
        "microsoftGraphResourceId": url,
        "authentication": {
            "loginEndpoint": url, "tenant": "common", "identityProvider": "AAD",
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        },
        "suffixes": {"storage": "core.windows.net", "keyVaultDns": "vault.azure.net"},
    }))
}
