//! Roles of the demo's service principals, changed behind ARM's back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::World;

const AUTHORIZATION: &str = "/providers/Microsoft.Authorization";
const OF_A_TEST: &str = "d1f7a9c4-3b60-4a52-9e8d-70c5b2e610ff";

impl World {
    /// A custom role that a test makes, one at a time; gives its id.
    pub async fn define_role(&self, actions: &[&str], not_actions: &[&str]) -> &'static str {
        let permission = json!({ "actions": actions, "notActions": not_actions });
        let body = json!({ "name": OF_A_TEST, "properties": {
            "roleName": "Of a test", "type": "CustomRole", "assignableScopes": ["/"], "permissions": [permission],
        } });
        self.put(&format!("{AUTHORIZATION}/roleDefinitions/{OF_A_TEST}"), body).await;
        OF_A_TEST
    }

    /// Gives a service principal a role at a scope; tells the assignment's id.
    pub async fn assign(&self, principal: &str, role: &str, scope: &str) -> String {
        let id = format!("{scope}{AUTHORIZATION}/roleAssignments/{role}");
        let body = json!({ "id": id, "name": role, "properties": {
            "principalId": self.object_id(principal), "principalType": "ServicePrincipal", "scope": scope,
            "roleDefinitionId": format!("{AUTHORIZATION}/roleDefinitions/{role}"), "condition": null,
        } });
        self.put(&id, body).await;
        id
    }

    /// Takes actions from a service principal at a scope; tells the assignment's id.
    pub async fn deny(&self, principal: &str, actions: &[&str], scope: &str) -> String {
        let id = format!("{scope}{AUTHORIZATION}/denyAssignments/{OF_A_TEST}");
        let body = json!({ "id": id, "name": OF_A_TEST, "properties": {
            "scope": scope, "permissions": [{ "actions": actions, "notActions": [] }],
            "principals": [{ "id": self.object_id(principal), "type": "ServicePrincipal" }],
            "excludePrincipals": [], "doNotApplyToChildScopes": false,
        } });
        self.put(&id, body).await;
        id
    }

    /// Takes an assignment away.
    pub async fn unassign(&self, assignment: &str) {
        self.sim_call(Method::DELETE, "resources", &json!({ "id": assignment })).await;
    }

    fn object_id(&self, principal: &str) -> &Value {
        &self.demo["service_principals"][principal]["object_id"]
    }

    async fn put(&self, id: &str, body: Value) {
        self.sim_call(Method::PUT, "resources", &json!({ "id": id, "body": body })).await;
    }
}
