//! The operations, what each is to come to, and what it does.

use http::Method;
use serde_json::{Value, json};
use shared::api::{policy_path, route, vm_path};
use tests::{Answer, Client, PRODUCTION, World, vm};

use super::{Role, Scope};
use crate::arm::{self, at};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Forbidden,
    /// As if it were not there.
    Hidden,
    /// One or the other: in Azure's own API 403 tells no more than 404, as it answers for what is not there too.
    Refused,
}

impl Outcome {
    pub(super) fn fits(self, expected: Self) -> bool {
        self == expected || (expected == Self::Refused && matches!(self, Self::Forbidden | Self::Hidden))
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    ListVms,
    ListPlaces,
    ReadVm,
    ReadRdp,
    ReadPolicies,
    ReadActivity,
    ExportActivity,
    ReadGrantOfAnother,
    MoveGrantOfAnother,
    ReadHealth,
    RunSweep,
    PreviewGrant,
    CreateGrant,
    PreviewPolicies,
    PutPolicy,
    PutPolicies,
    RevokeGrantOfAnother,
    RemovePolicy,
    RemovePolicies,
    /// Those of Azure's own API.
    ListSubscriptions,
    ListInSubscription,
    ListInSubscriptionAndRegion,
    ListInGroup,
    ListInGroupAndRegion,
    Get,
    Put,
    Initiate,
    Delete,
}

impl Operation {
    /// In an order in which none spoils the next.
    pub(super) const ALL: [Self; 28] = [
        Self::ListVms,
        Self::ListPlaces,
        Self::ReadVm,
        Self::ReadRdp,
        Self::ReadPolicies,
        Self::ReadActivity,
        Self::ExportActivity,
        Self::ReadGrantOfAnother,
        Self::MoveGrantOfAnother,
        Self::ReadHealth,
        Self::RunSweep,
        Self::PreviewGrant,
        Self::CreateGrant,
        Self::PreviewPolicies,
        Self::PutPolicy,
        Self::PutPolicies,
        Self::RevokeGrantOfAnother,
        Self::ListSubscriptions,
        Self::ListInSubscription,
        Self::ListInSubscriptionAndRegion,
        Self::ListInGroup,
        Self::ListInGroupAndRegion,
        Self::Get,
        Self::Put,
        Self::Initiate,
        Self::RemovePolicy,
        Self::RemovePolicies,
        Self::Delete,
    ];

    /// By which the description of Postern's API knows it; Azure's own is not described there.
    pub(super) const fn id(self) -> Option<&'static str> {
        Some(match self {
            Self::ListVms => "list_vms",
            Self::ListPlaces => "list_places",
            Self::ReadVm => "read_vm",
            Self::ReadRdp => "read_rdp",
            Self::ReadPolicies => "read_policies",
            Self::ReadActivity => "list_activity",
            Self::ExportActivity => "export_activity",
            Self::ReadGrantOfAnother => "read_grant",
            Self::MoveGrantOfAnother => "move_grant",
            Self::ReadHealth => "read_health_report",
            Self::RunSweep => "run_sweep",
            Self::PreviewGrant => "preview_grant",
            Self::CreateGrant => "create_grant",
            Self::PreviewPolicies => "preview_policies",
            Self::PutPolicy => "put_policy",
            Self::PutPolicies => "put_policies",
            Self::RevokeGrantOfAnother => "revoke_grant",
            Self::RemovePolicy => "remove_policy",
            Self::RemovePolicies => "remove_policies",
            Self::ListSubscriptions
            | Self::ListInSubscription
            | Self::ListInSubscriptionAndRegion
            | Self::ListInGroup
            | Self::ListInGroupAndRegion
            | Self::Get
            | Self::Put
            | Self::Initiate
            | Self::Delete => return None,
        })
    }

    pub(super) const fn is_removal(self) -> bool {
        matches!(self, Self::RemovePolicy | Self::RemovePolicies | Self::Delete)
    }

    pub(super) fn expected(self, role: &Role, scope: Scope) -> Outcome {
        let rights = scope.of(role);
        let may = match self {
            Self::ReadHealth => {
                let somewhere = role.above.configure && !scope.is_a_vm();
                return if somewhere { Outcome::Done } else { Outcome::Forbidden };
            }
            Self::RunSweep => {
                let everywhere = role.writes_policies && scope == Scope::ManagementGroup;
                return if everywhere { Outcome::Done } else { Outcome::Forbidden };
            }
            Self::ListPlaces => {
                // The other VM is in the same group.
                let sees_some = if scope.is_a_vm() { role.at_vm.read } else { rights.read };
                return if sees_some { Outcome::Done } else { Outcome::Hidden };
            }
            Self::ListSubscriptions => {
                let has_some = !role.built_in.is_empty() || role.custom.is_some();
                let here = has_some && scope != Scope::AnotherSubscription;
                return if here { Outcome::Done } else { Outcome::Hidden };
            }
            Self::Get | Self::Put | Self::Initiate | Self::Delete if !rights.read => return Outcome::Refused,
            Self::ListVms
            | Self::ReadVm
            | Self::ReadRdp
            | Self::ReadPolicies
            | Self::ReadActivity
            | Self::ExportActivity
            | Self::ReadGrantOfAnother
            | Self::ListInSubscription
            | Self::ListInSubscriptionAndRegion
            | Self::ListInGroup
            | Self::ListInGroupAndRegion
            | Self::Get => rights.read,
            Self::MoveGrantOfAnother => false,
            Self::PreviewGrant | Self::CreateGrant | Self::Initiate => rights.request,
            Self::PreviewPolicies
            | Self::PutPolicy
            | Self::PutPolicies
            | Self::RevokeGrantOfAnother
            | Self::Put => rights.configure,
            Self::RemovePolicy | Self::RemovePolicies | Self::Delete => rights.remove,
        };
        match (rights.read, may) {
            (false, _) => Outcome::Hidden,
            (true, false) => Outcome::Forbidden,
            (true, true) => Outcome::Done,
        }
    }

    pub(super) async fn outcome(self, world: &World, who: &Client) -> Outcome {
        let web = vm("web-01");
        let only_web = || json!({ "vms": [web.to_string()] });
        let answer = match self {
            Self::ListVms => return is_listed(&who.get(route::VMS).await, "vms", &web.to_string()),
            Self::ListPlaces => return is_listed(&who.get(route::PLACES).await, "subscriptions", "prod-rg"),
            Self::ReadVm => who.get(&vm_path(&web)).await,
            Self::ReadRdp => who.get(&format!("{}/rdp", vm_path(&web))).await,
            Self::ReadPolicies => who.post(route::POLICIES_READ, &only_web()).await,
            Self::ReadActivity => who.get(&format!("{}?vm={web}", route::ACTIVITY)).await,
            Self::ExportActivity => who.get(&format!("{}?vm={web}", route::ACTIVITY_CSV)).await,
            Self::ReadGrantOfAnother => who.get(&grant_of_another(world).await).await,
            Self::MoveGrantOfAnother => {
                who.post(&format!("{}/move", grant_of_another(world).await), &json!({})).await
            }
            Self::ReadHealth => who.get(route::HEALTH).await,
            Self::RunSweep => who.post(route::SWEEPS, &json!({})).await,
            Self::PreviewGrant => return previewed(&who.post(route::GRANT_PREVIEW, &a_request()).await),
            Self::CreateGrant => who.post(route::GRANTS, &a_request()).await,
            Self::PreviewPolicies => who.post(route::POLICIES_PREVIEW, &a_change()).await,
            Self::PutPolicy => who.enable(&web, 22).await,
            Self::PutPolicies => who.call(Method::PUT, route::POLICIES, Some(a_change().to_string())).await,
            Self::RevokeGrantOfAnother => {
                who.post(&format!("{}/revoke", grant_of_another(world).await), &json!({})).await
            }
            Self::RemovePolicy => who.call(Method::DELETE, &policy_path(&web), None).await,
            Self::RemovePolicies => {
                who.call(Method::DELETE, route::POLICIES, Some(only_web().to_string())).await
            }
            Self::ListSubscriptions => {
                return is_listed(&who.get(&at("/subscriptions")).await, "value", PRODUCTION);
            }
            Self::ListInSubscription => return in_list(who, None, None).await,
            Self::ListInSubscriptionAndRegion => return in_list(who, None, Some("westeurope")).await,
            Self::ListInGroup => return in_list(who, Some("prod-rg"), None).await,
            Self::ListInGroupAndRegion => return in_list(who, Some("prod-rg"), Some("westeurope")).await,
            Self::Get => arm::get(who, "default").await,
            Self::Put => arm::put(who, "default", &arm::protecting(&[(&web, &[22])])).await,
            Self::Initiate => {
                arm::initiate(who, "default", &web, json!({ "number": 22, "duration": "PT5M" })).await
            }
            Self::Delete => arm::delete(who, "default").await,
        };
        match answer.status.as_u16() {
            200..=202 => Outcome::Done,
            403 => Outcome::Forbidden,
            404 => Outcome::Hidden,
            status => panic!("{self:?}: {status} {}", answer.text),
        }
    }
}

/// The path of a living grant that somebody else has.
async fn grant_of_another(world: &World) -> String {
    let requester = world.client("REQUESTER").await;
    let own = requester.get(route::GRANTS).await.expect(200);
    let grants = own.json["grants"].as_array().expect("a list");
    let living = grants.iter().find(|grant| grant["leases"][0]["state"] == "open").cloned();
    let grant = match living {
        Some(grant) => grant,
        None => requester.open(&vm("web-01"), 22, "PT1H").await.expect(201).json,
    };
    format!("{}/{}", route::GRANTS, grant["id"].as_str().expect("an id"))
}

fn a_request() -> Value {
    json!({ "openings": [{ "vm": vm("web-01").to_string(), "port": 22, "duration": "PT5M" }] })
}

fn a_change() -> Value {
    json!({ "vms": [vm("web-01").to_string()], "policy": { "justification": "optional" } })
}

/// A list answers everybody: it is about what is in it.
fn is_listed(answer: &Answer, list: &str, what: &str) -> Outcome {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let is_there = answer.json[list].to_string().contains(&format!("\"{what}\""));
    if is_there { Outcome::Done } else { Outcome::Hidden }
}

/// Whether the VM is in a list of policies.
async fn in_list(who: &Client, group: Option<&str>, region: Option<&str>) -> Outcome {
    let group = group.map_or_else(String::new, |name| format!("/resourceGroups/{name}"));
    let region = region.map_or_else(String::new, |name| format!("/locations/{name}"));
    let path = format!(
        "/subscriptions/{PRODUCTION}{group}/providers/Microsoft.Security{region}/jitNetworkAccessPolicies"
    );
    is_listed(&who.get(&at(&path)).await, "value", &vm("web-01").to_string())
}

/// A preview tells of a denial instead of being refused.
fn previewed(answer: &Answer) -> Outcome {
    let denials = || answer.json["denials"].as_array().into_iter().flatten();
    match answer.status.as_u16() {
        404 => Outcome::Hidden,
        200 if denials().any(|one| one["code"] == "request_not_permitted") => Outcome::Forbidden,
        200 if denials().next().is_none() => Outcome::Done,
        status => panic!("{status} {}", answer.text),
    }
}
