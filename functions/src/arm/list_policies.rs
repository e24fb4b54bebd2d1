//! `GET …/jitNetworkAccessPolicies`: the policies of a subscription, a resource group, a location or both, page by page.

use axum::{
    Json,
    extract::{OriginalUri, State},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Uri;
use shared::vm::VmId;
use url::Url;

use super::{
    access::Access,
    call::{Query, ScopeCall},
    error::ArmError,
    view::shown,
    wire::policy::PolicyList,
};
use crate::{app::App, error::ApiError};

/// How many policies one page has at most, and how many VMs: of one policy all are shown, however many they are.
const POLICIES: usize = 100;
const VMS: usize = 500;

pub(super) async fn list_policies(
    State(app): State<App>,
    call: ScopeCall,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<PolicyList>, ArmError> {
    let ScopeCall { principal, scope, query } = call;
    let access = Access::of(&app, scope.subscription, &principal).await?;
    let after = query.get("$skiptoken").map(parse_token).transpose()?;
    let most = most(&query)?;
    let members = app.store().policy_members(&scope, after.as_deref()).await?;
    let Page { keys, is_last } = page(&access, members, most);
    let policies = app.store().named_policies(scope.subscription, &keys).await?;
    let seen: Vec<_> = policies.into_iter().map(|policy| access.seen(policy)).collect();
    let value = shown(&app, scope.subscription, &seen).await?;
    let last = keys.last().filter(|_| !is_last);
    let next_link = last.map(|last| next_link(&app.public_url, &uri, &query, last));
    Ok(Json(PolicyList { value, next_link }))
}

struct Page {
    keys: Vec<String>,
    is_last: bool,
}

/// The first policies of which the caller sees something.
fn page(access: &Access, members: Vec<(String, VmId)>, most: usize) -> Page {
    let (mut keys, mut vms): (Vec<String>, usize) = (Vec::new(), 0);
    for (key, _) in members.into_iter().filter(|(_, vm)| access.sees(vm)) {
        if keys.last() != Some(&key) {
            if keys.len() >= most || vms >= VMS {
                return Page { keys, is_last: false };
            }
            keys.push(key);
        }
        vms += 1;
    }
    Page { keys, is_last: true }
}

/// A caller may want smaller pages.
fn most(query: &Query) -> Result<usize, ArmError> {
    let wanted = query.get("$top").map(|text| text.parse::<usize>().ok().filter(|most| *most > 0));
    match wanted {
        None => Ok(POLICIES),
        Some(Some(most)) => Ok(most.min(POLICIES)),
        Some(None) => Err(ApiError::rejected("$top", "a number from 1 on").into()),
    }
}

fn parse_token(token: &str) -> Result<String, ArmError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|key| !key.contains('\0'));
    Ok(key.ok_or_else(|| ApiError::rejected("$skiptoken", "take it from the nextLink of an answer"))?)
}

/// Absolute, as clients follow it as it stands.
fn next_link(public: &Url, uri: &Uri, query: &Query, last: &str) -> String {
    let mut link = public.clone();
    link.set_path(uri.path());
    {
        let mut pairs = link.query_pairs_mut();
        for name in ["api-version", "$top"] {
            if let Some(value) = query.get(name) {
                pairs.append_pair(name, value);
            }
        }
        pairs.append_pair("$skiptoken", &URL_SAFE_NO_PAD.encode(last));
    }
    link.into()
}
