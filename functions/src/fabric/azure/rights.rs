//! What a principal may do: role assignments with their roles looked up, and deny assignments.
//!
//! Invariant: what is not understood takes rights away and never gives any.

mod deny;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use shared::{
    rbac::{AccessRights, Permission, RoleAssignment},
    vm::SubscriptionId,
};
use uuid::Uuid;

use super::{
    client::Client,
    resource::{ResourceId, version},
};
use crate::fabric::{FabricError, ROLE_BELIEVED};

const CONCURRENCY: usize = 4;

/// Role definitions by their ids in lower case, with the time they were read.
#[derive(Debug, Default)]
pub(super) struct RoleCache(Mutex<HashMap<String, (Timestamp, Vec<Permission>)>>);

#[derive(Deserialize)]
struct AssignmentJson {
    properties: AssignmentProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssignmentProperties {
    scope: String,
    role_definition_id: String,
    #[serde(default)]
    condition: Option<String>,
}

#[derive(Deserialize)]
struct DefinitionJson {
    properties: DefinitionProperties,
}

#[derive(Deserialize)]
struct DefinitionProperties {
    permissions: Vec<PermissionJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PermissionJson {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    not_actions: Vec<String>,
}

impl From<PermissionJson> for Permission {
    fn from(PermissionJson { actions, not_actions }: PermissionJson) -> Self {
        Self { actions, not_actions }
    }
}

pub(super) async fn rights(
    client: &Client,
    roles: &RoleCache,
    subscription: SubscriptionId,
    principal: &str,
) -> Result<AccessRights, FabricError> {
    let principal = Uuid::try_parse(principal).map_err(|_| FabricError::Unintelligible {
        what: "a principal whose object id is no GUID".to_owned(),
    })?;
    let deny = deny::assignments(client, subscription, principal);
    let (assignments, deny_assignments) =
        futures::try_join!(assignments(client, roles, subscription, principal), deny)?;
    Ok(AccessRights { assignments, deny_assignments })
}

async fn assignments(
    client: &Client,
    roles: &RoleCache,
    subscription: SubscriptionId,
    principal: Uuid,
) -> Result<Vec<RoleAssignment>, FabricError> {
    let path = format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments");
    let filter = format!("assignedTo('{principal}')");
    let url = client.url(&path, version::AUTHORIZATION, &[("$filter", &filter)]);
    let values = client.list(url, "the role assignments").await?;
    let assigned = values.into_iter().filter_map(|value| match serde_json::from_value(value) {
        Ok(AssignmentJson { properties }) => Some(properties),
        Err(error) => {
            tracing::warn!(%error, "a role assignment could not be read and gives no rights");
            None
        }
    });
    let unconditional = assigned.filter(|assignment| {
        let condition = assignment.condition.as_deref().unwrap_or_default();
        if !condition.is_empty() {
            tracing::debug!(scope = assignment.scope, "a conditional role assignment gives no rights");
        }
        condition.is_empty()
    });
    let looked_up = unconditional.map(|assignment| async move {
        let permissions = roles.permissions(client, &assignment.role_definition_id).await;
        permissions
            .map(|found| found.map(|permissions| RoleAssignment { scope: assignment.scope, permissions }))
    });
    let found: Vec<Option<RoleAssignment>> =
        stream::iter(looked_up.collect::<Vec<_>>()).buffered(CONCURRENCY).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

impl RoleCache {
    /// A role's permissions; `None` if its definition cannot be read, which then gives no rights.
    async fn permissions(&self, client: &Client, id: &str) -> Result<Option<Vec<Permission>>, FabricError> {
        let key = id.to_lowercase();
        let now = client.now();
        if let Some(permissions) = self.held(&key, now) {
            return Ok(Some(permissions));
        }
        let Some(path) = ResourceId::parse(id) else {
            tracing::warn!(role.id = id, "a role's id is no path; the role gives no rights");
            return Ok(None);
        };
        let url = client.url(path.as_str(), version::AUTHORIZATION, &[]);
        match client.get::<DefinitionJson>(&url, "a role definition").await {
            Ok(DefinitionJson { properties }) => {
                let permissions: Vec<Permission> =
                    properties.permissions.into_iter().map(Into::into).collect();
                self.hold(key, now, permissions.clone());
                Ok(Some(permissions))
            }
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                tracing::warn!(role.id = id, %error, "a role could not be read and gives no rights");
                Ok(None)
            }
        }
    }

    fn held(&self, key: &str, now: Timestamp) -> Option<Vec<Permission>> {
        let roles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, permissions) = roles.get(key)?;
        is_believed(now, *read_at).then(|| permissions.clone())
    }

    fn hold(&self, key: String, now: Timestamp, permissions: Vec<Permission>) {
        let mut roles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        roles.retain(|_, (read_at, _)| is_believed(now, *read_at));
        roles.insert(key, (now, permissions));
    }
}

/// A clock that was set back makes nothing younger.
fn is_believed(now: Timestamp, read_at: Timestamp) -> bool {
    let age = now.duration_since(read_at);
    SignedDuration::ZERO <= age && age < ROLE_BELIEVED
}

#[cfg(test)]
mod tests;
