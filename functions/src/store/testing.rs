//! What the store's tests have in common.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shared::{
    audit::{Event, Record},
    decision::{Caller, Requester, decide},
    grant::{Grant, GrantId, LeaseId},
    inventory::{Address, Interface, Inventory, Machine, MachineKind, WayIn},
    nsg::{ObservedNsg, stamp::StoreId},
    policy::{JustificationRule, LiveSessions, PortRule, PortRules, Precedence, ProtectedVm},
    port::Port,
    rbac::VmRights,
    request::{AccessRequest, Opening},
    rule::{Access, AddressMatch, Direction, NsgRule, RulePriority, RuleProtocol},
    source::Sources,
    vm::{NsgId, Os, PowerState, SubscriptionId, VmId},
};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Store, StoreAddress};

pub(super) fn a_home() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(super) fn url(home: &TempDir) -> StoreAddress {
    let chosen = test_postgres::chosen(&home.path().display().to_string());
    chosen.map_or_else(|| file_url(home), |url| url.parse().unwrap())
}

pub(super) fn file_url(home: &TempDir) -> StoreAddress {
    format!("sqlite:{}", home.path().join("postern.db").display()).parse().unwrap()
}

pub(super) async fn a_store(home: &TempDir) -> Store {
    opened(&url(home)).await
}

pub(super) async fn opened(address: &StoreAddress) -> Store {
    Store::open(address, StoreId::new(0x1a2b)).await.unwrap()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_secs(second)
}

pub(super) fn subscription() -> SubscriptionId {
    "0b1f6471-1bf0-4dda-aec3-cb9272f09590".parse().unwrap()
}

pub(super) fn vm(name: &str) -> VmId {
    VmId::new(subscription(), "prod-rg", name).unwrap()
}

/// A VM of another subscription.
pub(super) fn a_vm_elsewhere(name: &str) -> VmId {
    VmId::new("7c2d5a90-3f1e-4b8a-9d6c-2e4f6a8b0c1d".parse().unwrap(), "prod-rg", name).unwrap()
}

pub(super) fn a_requester() -> Requester {
    Requester { id: "oid-rui".to_owned(), name: "rui@contoso.example".to_owned() }
}

pub(super) fn a_policy(name: &str) -> ProtectedVm {
    policy_of(&vm(name))
}

fn policy_of(vm: &VmId) -> ProtectedVm {
    ProtectedVm {
        vm: vm.clone(),
        ports: PortRules::try_from(vec![PortRule::with_defaults(Port::SSH)]).unwrap(),
        justification: JustificationRule::Optional,
        precedence: Precedence::CustomerFirst,
        live_sessions: LiveSessions::Never,
    }
}

pub(super) fn a_record(vm: &VmId, second: i64) -> Record {
    Record {
        subscription: vm.subscription(),
        at: at(second),
        actor: Some(a_requester()),
        vm: Some(vm.clone()),
        event: Event::PolicyRemoved,
    }
}

/// A grant of SSH for an hour.
pub(crate) fn a_grant(id: u128, name: &str, second: i64) -> Grant {
    a_grant_of(id, &[name], second)
}

pub(super) fn a_grant_of(id: u128, names: &[&str], second: i64) -> Grant {
    grant_of(id, &names.iter().map(|name| vm(name)).collect::<Vec<_>>(), second)
}

pub(super) fn a_grant_elsewhere(id: u128, name: &str, second: i64) -> Grant {
    grant_of(id, &[a_vm_elsewhere(name)], second)
}

fn grant_of(id: u128, machines: &[VmId], second: i64) -> Grant {
    let opening = |vm: &VmId| Opening {
        vm: vm.clone(),
        port: Port::SSH,
        sources: Sources::one("203.0.113.7".parse().unwrap()),
        duration: "PT1H".parse().unwrap(),
    };
    let rights = VmRights { read: true, request: true, configure: false, remove: false };
    let caller =
        Caller { requester: a_requester(), rights: machines.iter().map(|vm| (vm.clone(), rights)).collect() };
    let policies: BTreeMap<_, _> = machines.iter().map(|vm| (vm.clone(), policy_of(vm))).collect();
    let why = Some("incident 7".parse().unwrap());
    let request = AccessRequest::new(machines.iter().map(opening).collect(), why).unwrap();
    let admission = decide(&policies, &request, &caller, at(second)).unwrap();
    let mut lease = id << 64;
    let lease_id = || {
        lease += 1;
        LeaseId::from_uuid(Uuid::from_u128(lease))
    };
    admission.into_grant(GrantId::from_uuid(Uuid::from_u128(id)), lease_id).unwrap()
}

pub(super) fn a_machine(name: &str) -> Machine {
    let address = Address {
        private: "10.1.0.4".parse().unwrap(),
        public: Some("198.51.100.4".parse().unwrap()),
        subnet_nsg: None,
        virtual_network: vec!["10.1.0.0/16".parse().unwrap()],
    };
    Machine {
        vm: vm(name),
        location: "westeurope".to_owned(),
        os: Some(Os::Linux),
        power: PowerState::Running,
        admin_user: Some("azureuser".to_owned()),
        kind: MachineKind::ResourceManager,
        way_in: WayIn::Direct,
        firewall: None,
        interfaces: vec![Interface { nsg: Some(nsg("web-nsg")), addresses: vec![address] }],
    }
}

pub(super) fn an_inventory(names: &[&str]) -> Inventory {
    Inventory {
        subscription: subscription(),
        subscription_name: "Contoso".to_owned(),
        machines: names.iter().map(|name| a_machine(name)).collect(),
    }
}

pub(super) fn an_observation(name: &str, rules: usize) -> ObservedNsg {
    ObservedNsg { id: nsg(name), rules: vec![a_rule(); rules], default_rules: Vec::new() }
}

pub(super) fn nsg(name: &str) -> NsgId {
    NsgId::new(subscription(), "prod-rg", name).unwrap()
}

fn a_rule() -> NsgRule {
    NsgRule {
        name: "allow-ssh".to_owned(),
        description: String::new(),
        priority: RulePriority::new(300).unwrap(),
        direction: Direction::Inbound,
        access: Access::Allow,
        protocol: RuleProtocol::Tcp,
        sources: BTreeSet::from([AddressMatch::Any]),
        source_ports: BTreeSet::new(),
        destinations: BTreeSet::from([AddressMatch::Prefix("10.1.0.4/32".parse().unwrap())]),
        destination_ports: BTreeSet::new(),
    }
}
