use serde::Deserialize;
use serde_json::{Value, json};

use super::builder::Builder;
use super::{DEVELOPMENT, PRODUCTION};
use crate::directory::{ADA, ADMIN_APP, EMERGENCY_GROUP, IDENTITY, REA, READER_APP, REQUESTERS_GROUP};
use crate::world::World;

const MANAGEMENT_GROUP: &str = "/providers/Microsoft.Management/managementGroups/contoso";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const SECURITY_ADMIN: &str = "fb1c8493-542b-48eb-b624-b4c8fea62acd";
const SECURITY_READER: &str = "39bc4728-0917-49c7-9d2c-d95423bc2eb4";
const VM_CONTRIBUTOR: &str = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c";
const JIT_ACCESS: &str = "d1f7a9c4-3b60-4a52-9e8d-70c5b2e61001";
const POSTERN_OPERATOR: &str = "d1f7a9c4-3b60-4a52-9e8d-70c5b2e61002";
/// The role of the service's own identity, as a deployment creates it.
const OPERATOR_ROLE: &str = include_str!("../../../azure/postern-role.json");

/// Of a file that cannot be read nothing is allowed.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OperatorRole {
    name: String,
    actions: Vec<String>,
}

/// Lets the service's own identity do these actions and no others.
pub(crate) fn restrict_operator(world: &mut World, actions: &[String]) {
    let id = format!("/providers/Microsoft.Authorization/roleDefinitions/{POSTERN_OPERATOR}");
    if let Some(role) = world.get_mut(&id) {
        role["properties"]["permissions"][0]["actions"] = json!(actions);
    }
}

pub(super) fn add(b: &mut Builder) {
    b.world.set_management_group(
        MANAGEMENT_GROUP,
        &[&format!("/subscriptions/{PRODUCTION}"), &format!("/subscriptions/{DEVELOPMENT}")],
    );
    built_in(b);
    custom(b);
    assign(b, MANAGEMENT_GROUP, OWNER, EMERGENCY_GROUP, "Group");
    for subscription in [PRODUCTION, DEVELOPMENT] {
        let scope = format!("/subscriptions/{subscription}");
        for role in [SECURITY_ADMIN, VM_CONTRIBUTOR] {
            assign(b, &scope, role, ADA, "User");
            assign(b, &scope, role, ADMIN_APP, "ServicePrincipal");
        }
        assign(b, &scope, POSTERN_OPERATOR, IDENTITY, "ServicePrincipal");
    }
    let production = format!("/subscriptions/{PRODUCTION}");
    assign(b, &production, READER, REA, "User");
    assign(b, &production, READER, READER_APP, "ServicePrincipal");
    assign(b, &format!("{production}/resourceGroups/prod-rg"), JIT_ACCESS, REQUESTERS_GROUP, "Group");
}

fn built_in(b: &mut Builder) {
    define(b, OWNER, "Owner", "BuiltInRole", &["*"], &[]);
    let not_contributor = [
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
    ];
    define(b, CONTRIBUTOR, "Contributor", "BuiltInRole", &["*"], &not_contributor);
    define(b, READER, "Reader", "BuiltInRole", &["*/read"], &[]);
    define(b, SECURITY_ADMIN, "Security Admin", "BuiltInRole", SECURITY_ADMIN_ACTIONS, &[]);
    define(b, SECURITY_READER, "Security Reader", "BuiltInRole", SECURITY_READER_ACTIONS, &[]);
    define(b, VM_CONTRIBUTOR, "Virtual Machine Contributor", "BuiltInRole", VM_CONTRIBUTOR_ACTIONS, &[]);
}

fn custom(b: &mut Builder) {
    define(b, JIT_ACCESS, "JIT Access Role", "CustomRole", JIT_ACCESS_ACTIONS, &[]);
    let role: OperatorRole = serde_json::from_str(OPERATOR_ROLE).unwrap_or_default();
    let actions: Vec<&str> = role.actions.iter().map(String::as_str).collect();
    define(b, POSTERN_OPERATOR, &role.name, "CustomRole", &actions, &[]);
}

fn define(b: &mut Builder, guid: &str, name: &str, kind: &str, actions: &[&str], not_actions: &[&str]) {
    let id = format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}");
    let scopes: Value = match kind {
        "BuiltInRole" => json!(["/"]),
        _ => json!([format!("/subscriptions/{PRODUCTION}"), format!("/subscriptions/{DEVELOPMENT}")]),
    };
    let body = json!({
        "id": id, "name": guid, "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": name, "type": kind, "description": "", "assignableScopes": scopes,
            "permissions": [{
                "actions": actions, "notActions": not_actions, "dataActions": [], "notDataActions": [],
            }],
        },
    });
    b.world.insert(&id, body);
}

fn assign(b: &mut Builder, scope: &str, role: &str, principal: &str, principal_type: &str) {
    let guid = b.ids.guid();
    let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{guid}");
    let definition_scope = if scope.starts_with("/subscriptions/") {
        scope.split('/').take(3).collect::<Vec<_>>().join("/")
    } else {
        String::new()
    };
    let body = json!({
        "id": id, "name": guid, "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId":
                format!("{definition_scope}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalId": principal, "principalType": principal_type, "scope": scope, "condition": null,
        },
    });
    b.world.insert(&id, body);
}

const JIT_ACCESS_ACTIONS: &[&str] = &[
    "Microsoft.Security/locations/jitNetworkAccessPolicies/read",
    "Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action",
    "Microsoft.Security/policies/read",
    "Microsoft.Network/publicIPAddresses/read",
    "Microsoft.Compute/virtualMachines/read",
    "Microsoft.Network/*/read",
];

const SECURITY_ADMIN_ACTIONS: &[&str] = &[
    "Microsoft.Authorization/*/read",
    "Microsoft.Authorization/policyAssignments/*",
    "Microsoft.Authorization/policyDefinitions/*",
    "Microsoft.Authorization/policyExemptions/*",
    "Microsoft.Authorization/policySetDefinitions/*",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Management/managementGroups/read",
    "Microsoft.OperationalInsights/workspaces/*/read",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Security/*",
    "Microsoft.Support/*",
];

const SECURITY_READER_ACTIONS: &[&str] = &[
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/read",
    "Microsoft.OperationalInsights/workspaces/*/read",
    "Microsoft.Resources/deployments/*/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Security/*/read",
    "Microsoft.Support/*/read",
    "Microsoft.Management/managementGroups/read",
];

const VM_CONTRIBUTOR_ACTIONS: &[&str] = &[
    "Microsoft.Authorization/*/read",
    "Microsoft.Compute/availabilitySets/*",
    "Microsoft.Compute/locations/*",
    "Microsoft.Compute/virtualMachines/*",
    "Microsoft.Compute/virtualMachineScaleSets/*",
    "Microsoft.Compute/disks/write",
    "Microsoft.Compute/disks/read",
    "Microsoft.Compute/disks/delete",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Network/networkInterfaces/*",
    "Microsoft.Network/networkSecurityGroups/join/action",
    "Microsoft.Network/networkSecurityGroups/read",
    "Microsoft.Network/publicIPAddresses/join/action",
    "Microsoft.Network/publicIPAddresses/read",
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.Network/virtualNetworks/subnets/join/action",
    "Microsoft.ResourceHealth/availabilityStatuses/read",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.SerialConsole/serialPorts/connect/action",
    "Microsoft.Storage/storageAccounts/listKeys/action",
    "Microsoft.Storage/storageAccounts/read",
    "Microsoft.Support/*",
];
