//! The role of Postern's own identity: each of its actions is needed for something, and nothing needs another one.
//!
//! Every other test runs under the same role.

use std::{collections::BTreeSet, pin::Pin};

use serde_json::{Value, json};
use shared::{
    api::{policy_path, route, vm_path},
    nsg::RuleChange,
    vm::VmId,
};
use tests::{PRODUCTION, World, a_rule, nsg, operator_actions, vm};

type Success<'w> = Pin<Box<dyn Future<Output = bool> + 'w>>;

/// For each action a test that does what needs it, with the whole role and then without that action.
macro_rules! needed {
    ($($test:ident: $action:literal for $use:ident;)*) => {
        const NEEDED: &[&str] = &[$($action),*];

        $(#[tokio::test]
        async fn $test() {
            only_with($action, |world| Box::pin($use(world))).await;
        })*
    };
}

needed! {
    deny_assignments: "Microsoft.Authorization/denyAssignments/read" for knowing_what_people_may_do;
    role_assignments: "Microsoft.Authorization/roleAssignments/read" for knowing_what_people_may_do;
    role_definitions: "Microsoft.Authorization/roleDefinitions/read" for knowing_what_people_may_do;
    classic_vms: "Microsoft.ClassicCompute/virtualMachines/read" for listing_classic_vms;
    vms: "Microsoft.Compute/virtualMachines/read" for showing_a_vm;
    groups_in_customers_rules:
        "Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action"
        for cutting_sessions_beside_a_rule_with_a_group;
    firewalls: "Microsoft.Network/azureFirewalls/read" for finding_the_firewall;
    nat_rules: "Microsoft.Network/azureFirewalls/write" for opening_through_the_firewall;
    ip_groups_in_customers_rules:
        "Microsoft.Network/ipGroups/join/action" for opening_through_a_firewall_with_an_ip_group;
    results: "Microsoft.Network/locations/operationResults/read" for following_a_removal_by_its_location;
    operations: "Microsoft.Network/locations/operations/read" for following_a_slow_write;
    interfaces: "Microsoft.Network/networkInterfaces/read" for finding_the_way_to_a_vm;
    nsgs: "Microsoft.Network/networkSecurityGroups/read" for guarding_a_port;
    rules_removed: "Microsoft.Network/networkSecurityGroups/securityRules/delete" for taking_a_guard_away;
    rules_written: "Microsoft.Network/networkSecurityGroups/securityRules/write" for guarding_a_port;
    sessions: "Microsoft.Network/networkSecurityGroups/write" for cutting_sessions;
    a_firewalls_addresses: "Microsoft.Network/publicIPAddresses/join/action" for opening_through_the_firewall;
    addresses: "Microsoft.Network/publicIPAddresses/read" for showing_the_public_address;
    routes: "Microsoft.Network/routeTables/read" for finding_the_firewall;
    networks: "Microsoft.Network/virtualNetworks/read" for finding_the_way_to_a_vm;
    a_firewalls_subnet: "Microsoft.Network/virtualNetworks/subnets/join/action" for opening_through_the_firewall;
    subscriptions: "Microsoft.Resources/subscriptions/read" for naming_the_subscription;
}

#[test]
fn every_action_of_the_role_has_a_test() {
    let role = operator_actions();
    let role: Vec<&str> = role.iter().map(String::as_str).collect();
    let (all, once): (BTreeSet<&str>, usize) = (role.iter().copied().collect(), role.len());
    assert_eq!(
        all,
        NEEDED.iter().copied().collect(),
        "an action is in the role or above, and not in the other"
    );
    assert_eq!(all.len(), once, "each action stands in the role once");
    assert!(role.iter().all(|action| !action.contains('*')), "{role:?}");
}

#[tokio::test]
async fn the_identity_may_do_nothing_that_is_not_in_its_role() {
    let world = World::start().await;
    let token = world.identity_token().await;
    let web = vm("web-01").to_string();
    for (method, path) in [
        (reqwest::Method::DELETE, web.clone()),
        (reqwest::Method::POST, format!("{web}/start")),
        (reqwest::Method::DELETE, nsg("web-01-nsg").to_string()),
        (reqwest::Method::GET, format!("/subscriptions/{PRODUCTION}/resourceGroups")),
    ] {
        let url = format!("{}{path}?api-version=2023-09-01", world.sim.url());
        let answer = world.http.request(method.clone(), url).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 403, "{method} {path}");
    }
}

/// Passes if what is done succeeds under the whole role, and does not without the one action.
async fn only_with(action: &str, done: impl for<'w> Fn(&'w World) -> Success<'w>) {
    let role = operator_actions();
    let rest: Vec<String> = role.iter().filter(|one| *one != action).cloned().collect();
    assert_eq!(rest.len() + 1, role.len(), "{action} is in the role");
    assert!(done(&World::start().await).await, "under the whole role");
    let world = World::start().await;
    world.restrict_identity(&rest).await;
    assert!(!done(&world).await, "without {action}");
}

async fn knowing_what_people_may_do(world: &World) -> bool {
    showing_a_vm(world).await
}

async fn showing_a_vm(world: &World) -> bool {
    !shown(world, &vm("web-01")).await.is_null()
}

async fn naming_the_subscription(world: &World) -> bool {
    listed(world, "web-01").await["subscription_name"] == "Contoso Production"
}

async fn listing_classic_vms(world: &World) -> bool {
    !listed(world, "classic-01").await.is_null()
}

async fn finding_the_way_to_a_vm(world: &World) -> bool {
    shown(world, &vm("web-01")).await["summary"]["support"]["list"] == "not_configured"
}

async fn showing_the_public_address(world: &World) -> bool {
    shown(world, &vm("web-01")).await["network"]["public_addresses"] == json!(["20.51.3.9"])
}

async fn finding_the_firewall(world: &World) -> bool {
    shown(world, &fw_01()).await["network"]["firewall"]["name"] == "hub-fw"
}

async fn opening_through_the_firewall(world: &World) -> bool {
    let admin = world.client("ADMIN").await;
    admin.enable(&fw_01(), 22).await;
    let grant = admin.open(&fw_01(), 22, "PT1H").await;
    grant.json["leases"][0]["state"] == "open"
}

/// Postern writes the firewall as a whole, the customer's collections too.
async fn opening_through_a_firewall_with_an_ip_group(world: &World) -> bool {
    let id = format!(
        "/subscriptions/{PRODUCTION}/resourceGroups/net-rg/providers/Microsoft.Network/azureFirewalls/hub-fw"
    );
    let state = world.sim_call(reqwest::Method::GET, "state", &Value::Null).await;
    let mut firewall = state[id.to_lowercase()].clone();
    let rule = &mut firewall["properties"]["natRuleCollections"][0]["properties"]["rules"][0];
    rule["sourceIpGroups"] = json!([in_prod_rg("ipGroups", "offices")]);
    world.sim_call(reqwest::Method::PUT, "resources", &json!({ "id": id, "body": firewall })).await;
    opening_through_the_firewall(world).await
}

async fn guarding_a_port(world: &World) -> bool {
    let detail = world.client("ADMIN").await.enable(&vm("web-01"), 22).await;
    detail.json["ports"][0]["state"]["state"] == "closed"
}

async fn taking_a_guard_away(world: &World) -> bool {
    let guarded = guarding_a_port(world).await;
    let admin = world.client("ADMIN").await;
    admin.call(http::Method::DELETE, &policy_path(&vm("web-01")), None).await.expect(200);
    guarded && !world.rules("web-01-nsg").await.iter().any(|name| name.starts_with("postern-"))
}

async fn cutting_sessions(world: &World) -> bool {
    world.app.engine.fabric.set_flush(&nsg("web-01-nsg"), true).await.is_ok()
}

async fn cutting_sessions_beside_a_rule_with_a_group(world: &World) -> bool {
    let mut rule = a_rule(900, "Allow", "*", "443");
    rule.as_object_mut().unwrap().remove("sourceAddressPrefix");
    rule["sourceApplicationSecurityGroups"] =
        json!([{ "id": in_prod_rg("applicationSecurityGroups", "web") }]);
    world.put_rule("web-01-nsg", "from-the-web-group", &rule).await;
    cutting_sessions(world).await
}

async fn following_a_slow_write(world: &World) -> bool {
    settings(world, &json!({ "latency_ms": 1_000 })).await;
    let change = RuleChange::Put(customers_rule(world).await);
    world.app.engine.fabric.apply(&nsg("legacy-01-nsg"), &change).await.is_ok()
}

async fn following_a_removal_by_its_location(world: &World) -> bool {
    settings(world, &json!({ "latency_ms": 1_000, "location_only": true })).await;
    let change = RuleChange::Remove(customers_rule(world).await);
    world.app.engine.fabric.apply(&nsg("legacy-01-nsg"), &change).await.is_ok()
}

async fn customers_rule(world: &World) -> shared::rule::NsgRule {
    world.nsg("legacy-01-nsg").await.rules.into_iter().next().expect("it has a rule")
}

async fn settings(world: &World, settings: &Value) {
    world.sim_call(reqwest::Method::PUT, "settings", settings).await;
}

/// A VM's page, as its reader sees it; `null` if it is not shown.
async fn shown(world: &World, vm: &VmId) -> Value {
    let detail = world.client("READER").await.get(&vm_path(vm)).await;
    if detail.status == http::StatusCode::OK { detail.json } else { Value::Null }
}

/// A VM's row in the list; `null` if there is none.
async fn listed(world: &World, name: &str) -> Value {
    let list = world.client("READER").await.get(route::VMS).await;
    let end = format!("/{name}");
    let mut rows = list.json["vms"].as_array().into_iter().flatten();
    let found = rows.find(|row| row["vm"].as_str().is_some_and(|id| id.ends_with(&end)));
    found.cloned().unwrap_or_default()
}

fn fw_01() -> VmId {
    VmId::new(PRODUCTION.parse().unwrap(), "net-rg", "fw-01").unwrap()
}

fn in_prod_rg(kind: &str, name: &str) -> String {
    format!("/subscriptions/{PRODUCTION}/resourceGroups/prod-rg/providers/Microsoft.Network/{kind}/{name}")
}
