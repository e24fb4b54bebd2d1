//! One set of cases for every fabric: what holds in Azure in a box holds in memory.

use async_trait::async_trait;
use functions::fabric::{Fabric, FabricError, memory::MemoryFabric};
use shared::{
    inventory::{Address, Interface, Machine, MachineKind, WayIn},
    nsg::{ObservedNsg, RuleChange},
    rule::{Direction, NsgRule},
    vm::{Os, PowerState},
};

use crate::azure::{Azure, nsg, production, ssh_rule, vm};

/// How full Azure lets an NSG be.
const FULL: usize = 1000;

/// A world with the VM `web-01` behind `web-01-nsg`, and `legacy-01-nsg` with the customer's rule `allow-ssh` at 300.
#[async_trait]
trait Place: Sync {
    fn fabric(&self) -> &dyn Fabric;
    async fn delete_web_01(&self);
}

#[async_trait]
impl Place for Azure {
    fn fabric(&self) -> &dyn Fabric {
        &self.fabric
    }

    async fn delete_web_01(&self) {
        self.remove(&vm("web-01").to_string()).await;
    }
}

#[async_trait]
impl Place for MemoryFabric {
    fn fabric(&self) -> &dyn Fabric {
        self
    }

    async fn delete_web_01(&self) {
        self.remove_machine(&vm("web-01"));
    }
}

fn in_memory() -> MemoryFabric {
    let memory = MemoryFabric::default();
    memory.put_subscription(production(), "Contoso Production");
    for name in ["web-01-nsg", "legacy-01-nsg", "crowded-01-nsg"] {
        memory.put_nsg(&nsg(name));
    }
    memory.put_rule(&nsg("legacy-01-nsg"), &ssh_rule("allow-ssh", 300)).unwrap();
    for number in 0..997 {
        memory.put_rule(&nsg("crowded-01-nsg"), &ssh_rule(&format!("r-{number}"), 200 + number)).unwrap();
    }
    memory.put_machine(web_01());
    memory
}

fn web_01() -> Machine {
    let address = Address {
        private: "10.1.0.4".parse().unwrap(),
        public: None,
        subnet_nsg: None,
        virtual_network: vec!["10.1.0.0/16".parse().unwrap()],
    };
    Machine {
        vm: vm("web-01"),
        location: "westeurope".to_owned(),
        os: Some(Os::Linux),
        power: PowerState::Running,
        admin_user: None,
        kind: MachineKind::ResourceManager,
        way_in: WayIn::Direct,
        firewall: None,
        interfaces: vec![Interface { nsg: Some(nsg("web-01-nsg")), addresses: vec![address] }],
    }
}

/// Gives each case two tests.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        mod azure_sim {
            use super::*;
            $(#[tokio::test]
            async fn $case() {
                super::$case(&Azure::start().await).await;
            })*
        }

        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $case() {
                super::$case(&in_memory()).await;
            })*
        }
    };
}

cases! {
    customers_rules_and_azures_own_are_read,
    a_rule_is_put_changed_and_removed,
    removing_what_is_not_there_is_done,
    names_are_the_same_in_any_case,
    a_priority_is_taken_once_in_each_direction,
    a_full_nsg_refuses_one_more_and_takes_changes,
    foreign_rules_stay_as_they_are,
    a_missing_nsg_is_none_and_takes_no_rule,
    nsgs_with_a_rule_that_a_postern_named_are_marked,
    a_deleted_vm_is_gone_and_its_nsg_is_not,
    a_flush_is_set_once_and_tells_what_was_before,
}

async fn customers_rules_and_azures_own_are_read(place: &dyn Place) {
    let observed = read(place, "legacy-01-nsg").await;
    assert_eq!((observed.rules[0].name.as_str(), observed.rules[0].priority.number()), ("allow-ssh", 300));
    let names: Vec<&str> = observed.default_rules.iter().map(|rule| rule.name.as_str()).collect();
    for own in ["AllowVnetInBound", "AllowAzureLoadBalancerInBound", "DenyAllInBound"] {
        assert!(names.contains(&own), "{names:?}");
    }
    assert_eq!(names.len(), 6);
}

async fn a_rule_is_put_changed_and_removed(place: &dyn Place) {
    for priority in [100, 101] {
        put(place, "web-01-nsg", &ssh_rule("lease", priority)).await.unwrap();
        assert_eq!(named(&read(place, "web-01-nsg").await, "lease"), Some(ssh_rule("lease", priority)));
    }
    remove(place, "web-01-nsg", &ssh_rule("lease", 101)).await.unwrap();
    assert_eq!(named(&read(place, "web-01-nsg").await, "lease"), None);
}

async fn removing_what_is_not_there_is_done(place: &dyn Place) {
    let before = read(place, "web-01-nsg").await;
    remove(place, "web-01-nsg", &ssh_rule("lease", 100)).await.unwrap();
    assert_eq!(read(place, "web-01-nsg").await, before);
}

async fn names_are_the_same_in_any_case(place: &dyn Place) {
    put(place, "web-01-nsg", &ssh_rule("Lease", 100)).await.unwrap();
    put(place, "web-01-nsg", &ssh_rule("lease", 101)).await.unwrap();
    let observed = read(place, "web-01-nsg").await;
    let all: Vec<_> = observed.rules.iter().filter(|rule| rule.name.eq_ignore_ascii_case("lease")).collect();
    assert_eq!(all.iter().map(|rule| rule.priority.number()).collect::<Vec<_>>(), [101]);
    remove(place, "web-01-nsg", &ssh_rule("LEASE", 101)).await.unwrap();
    assert_eq!(named(&read(place, "web-01-nsg").await, "Lease"), None);
}

async fn a_priority_is_taken_once_in_each_direction(place: &dyn Place) {
    put(place, "web-01-nsg", &ssh_rule("first", 100)).await.unwrap();
    let error = put(place, "web-01-nsg", &ssh_rule("second", 100)).await.unwrap_err();
    assert!(matches!(error, FabricError::Conflict { .. }), "{error}");
    assert_eq!(named(&read(place, "web-01-nsg").await, "second"), None);
    let outbound = NsgRule { direction: Direction::Outbound, ..ssh_rule("second", 100) };
    put(place, "web-01-nsg", &outbound).await.unwrap();
}

async fn a_full_nsg_refuses_one_more_and_takes_changes(place: &dyn Place) {
    for (number, priority) in (1..).zip([4094, 4095, 4096]) {
        put(place, "crowded-01-nsg", &ssh_rule(&format!("more-{number}"), priority)).await.unwrap();
    }
    let error = put(place, "crowded-01-nsg", &ssh_rule("too-much", 4093)).await.unwrap_err();
    assert!(matches!(error, FabricError::Refused { status: 400, .. }), "{error}");
    put(place, "crowded-01-nsg", &ssh_rule("more-1", 4093)).await.unwrap();
    assert_eq!(read(place, "crowded-01-nsg").await.rules.len(), FULL);
}

async fn foreign_rules_stay_as_they_are(place: &dyn Place) {
    let before = read(place, "legacy-01-nsg").await;
    put(place, "legacy-01-nsg", &ssh_rule("lease", 100)).await.unwrap();
    remove(place, "legacy-01-nsg", &ssh_rule("lease", 100)).await.unwrap();
    assert_eq!(read(place, "legacy-01-nsg").await, before);
}

async fn a_missing_nsg_is_none_and_takes_no_rule(place: &dyn Place) {
    assert_eq!(place.fabric().observe(&nsg("gone-nsg")).await, Ok(None));
    let error = put(place, "gone-nsg", &ssh_rule("lease", 100)).await.unwrap_err();
    assert!(matches!(error, FabricError::Refused { status: 404, .. }), "{error}");
    remove(place, "gone-nsg", &ssh_rule("lease", 100)).await.unwrap();
}

async fn nsgs_with_a_rule_that_a_postern_named_are_marked(place: &dyn Place) {
    let marked = async || place.fabric().marked_nsgs(production()).await.unwrap();
    let guard = ssh_rule("postern-dev-beef-guard-0000002a", 4096);
    assert!(!marked().await.contains(&nsg("web-01-nsg")));
    put(place, "web-01-nsg", &guard).await.unwrap();
    assert!(marked().await.contains(&nsg("web-01-nsg")));
    assert!(!marked().await.contains(&nsg("legacy-01-nsg")));
    remove(place, "web-01-nsg", &guard).await.unwrap();
    assert!(!marked().await.contains(&nsg("web-01-nsg")));
}

async fn a_deleted_vm_is_gone_and_its_nsg_is_not(place: &dyn Place) {
    assert!(place.fabric().machine(&vm("web-01")).await.unwrap().is_some());
    place.delete_web_01().await;
    assert_eq!(place.fabric().machine(&vm("web-01")).await, Ok(None));
    let inventory = place.fabric().inventory(production()).await.unwrap();
    assert!(!inventory.machines.iter().any(|machine| machine.vm == vm("web-01")));
    read(place, "web-01-nsg").await;
}

async fn a_flush_is_set_once_and_tells_what_was_before(place: &dyn Place) {
    let fabric = place.fabric();
    let nsg = nsg("web-01-nsg");
    for (on, before) in [(true, false), (true, true), (false, true), (false, false)] {
        assert_eq!(fabric.set_flush(&nsg, on).await.unwrap().before, before);
        assert_eq!(fabric.flushes(&nsg).await, Ok(on));
    }
}

async fn read(place: &dyn Place, name: &str) -> ObservedNsg {
    place.fabric().observe(&nsg(name)).await.unwrap().unwrap()
}

async fn put(place: &dyn Place, name: &str, rule: &NsgRule) -> Result<(), FabricError> {
    apply(place, name, RuleChange::Put(rule.clone())).await
}

async fn remove(place: &dyn Place, name: &str, rule: &NsgRule) -> Result<(), FabricError> {
    apply(place, name, RuleChange::Remove(rule.clone())).await
}

async fn apply(place: &dyn Place, name: &str, change: RuleChange) -> Result<(), FabricError> {
    place.fabric().apply(&nsg(name), &change).await.map(|_| ()).map_err(|failure| failure.error)
}

fn named(observed: &ObservedNsg, name: &str) -> Option<NsgRule> {
    observed.rules.iter().find(|rule| rule.name == name).cloned()
}
