//! Deny assignments: actions taken away, whatever the roles say.

use serde::Deserialize;
use shared::{
    rbac::{DenyAssignment, Permission},
    vm::SubscriptionId,
};
use uuid::Uuid;

use super::PermissionJson;
use crate::fabric::{
    FabricError,
    azure::{client::Client, resource::version},
};

#[derive(Deserialize)]
struct DenyJson {
    properties: DenyProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DenyProperties {
    scope: String,
    permissions: Vec<PermissionJson>,
    #[serde(default)]
    principals: Vec<PrincipalJson>,
    #[serde(default)]
    exclude_principals: Vec<PrincipalJson>,
}

#[derive(Deserialize)]
struct PrincipalJson {
    id: Uuid,
    #[serde(default, rename = "type")]
    kind: String,
}

/// Those that concern the principal. A condition, or that they do not reach below their scope, is not looked
/// at: they are taken to apply.
pub(super) async fn assignments(
    client: &Client,
    subscription: SubscriptionId,
    principal: Uuid,
) -> Result<Vec<DenyAssignment>, FabricError> {
    let path = format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/denyAssignments");
    let filter = format!("assignedTo('{principal}')");
    let what = "the deny assignments";
    let narrow = client.list(client.url(&path, version::AUTHORIZATION, &[("$filter", &filter)]), what).await;
    let (values, is_narrow) = match narrow {
        Err(FabricError::Refused { status: 400 | 404, .. }) => {
            (client.list(client.url(&path, version::AUTHORIZATION, &[]), what).await?, false)
        }
        narrow => (narrow?, true),
    };
    let parsed = values.into_iter().map(serde_json::from_value::<DenyJson>).collect::<Result<Vec<_>, _>>();
    let parsed = parsed.map_err(|error| FabricError::Unintelligible { what: format!("{what}: {error}") })?;
    let concerning =
        parsed.into_iter().map(|deny| deny.properties).filter(|deny| deny.concerns(principal, is_narrow));
    Ok(concerning.map(DenyProperties::into_domain).collect())
}

impl DenyProperties {
    /// `is_narrow`: ARM has left out what is not assigned to the principal.
    fn concerns(&self, principal: Uuid, is_narrow: bool) -> bool {
        let excluded = self.exclude_principals.iter().any(|excluded| excluded.id == principal);
        !excluded && (is_narrow || self.principals.iter().any(|one| one.may_be(principal)))
    }

    fn into_domain(self) -> DenyAssignment {
        let permissions: Vec<Permission> = self.permissions.into_iter().map(Into::into).collect();
        DenyAssignment { scope: self.scope, permissions }
    }
}

impl PrincipalJson {
    /// The principal itself, everybody, or a group whose members are not known.
    fn may_be(&self, principal: Uuid) -> bool {
        self.id == principal || self.id.is_nil() || self.kind.eq_ignore_ascii_case("Group")
    }
}
