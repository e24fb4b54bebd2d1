use std::time::{Duration, Instant};

use functions::fabric::{Fabric, FabricError, WriteFailure};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::{
    exposure,
    firewall::{
        FirewallPlan, FirewallReadings, NatCollection, NatObstacleReason, ObservedFirewall, desired_firewall,
        plan_firewall,
    },
    grant::{GrantId, Lease},
    inventory::Machine,
    nsg::{desired::Author, stamp::StoreId},
    port::Port,
    vm::{FirewallId, VmId},
};

use crate::azure::{Azure, CLIENT, production};

const LATENCY: Duration = Duration::from_millis(700);

fn firewall(name: &str) -> FirewallId {
    FirewallId::new(production(), "net-rg", name).unwrap()
}

fn fw_01() -> VmId {
    VmId::new(production(), "net-rg", "fw-01").unwrap()
}

fn now() -> Timestamp {
    "2026-03-01T08:00:00Z".parse().unwrap()
}

fn author() -> Author {
    Author { deployment: "contract".parse().unwrap(), store: StoreId::new(1) }
}

async fn machine(azure: &Azure) -> Machine {
    azure.fabric.machine(&fw_01()).await.unwrap().unwrap()
}

async fn observe(azure: &Azure) -> ObservedFirewall {
    azure.fabric.observe_firewall(&firewall("hub-fw")).await.unwrap().unwrap()
}

/// An hour of SSH from the tests' client.
fn a_lease(grant: u16) -> (GrantId, Lease) {
    let id = format!("01936b1e-7a3c-7000-8000-{grant:012x}");
    let lease = json!({
        "id": id, "vm": fw_01(), "port": 22, "protocol": "any", "sources": [CLIENT],
        "expires_at": now() + SignedDuration::from_hours(1), "ends_as": "expired", "state": "pending",
        "written_at": null,
    });
    (id.parse().unwrap(), serde_json::from_value(lease).unwrap())
}

fn planned(machine: &Machine, observed: &ObservedFirewall, leases: &[(GrantId, Lease)]) -> FirewallPlan {
    let wanted = desired_firewall(&author(), &observed.id, std::slice::from_ref(machine), leases, now());
    plan_firewall(&wanted, observed, now())
}

/// What these leases want of the firewall as it is.
fn wanted(machine: &Machine, observed: &ObservedFirewall, leases: &[(GrantId, Lease)]) -> NatCollection {
    let FirewallPlan { collection, obstacles } = planned(machine, observed, leases);
    assert_eq!(obstacles, []);
    collection.unwrap()
}

/// Where the tests' client connects to.
fn mapped(machine: &Machine, observed: &ObservedFirewall) -> Option<(String, u16)> {
    let readings = FirewallReadings::from([(observed.id.clone(), observed.clone())]);
    let mapped = exposure::mapped(&author().deployment, machine, Port::SSH, &readings, now())?;
    Some((mapped.address.to_string(), mapped.port.number()))
}

async fn reaches(azure: &Azure, (address, port): &(String, u16), from: &str) -> bool {
    azure.lets_in(json!({"destination": address, "port": port, "protocol": "tcp", "source": from})).await
}

#[tokio::test]
async fn a_vm_behind_a_firewall_is_known_with_its_gate() {
    let azure = Azure::start().await;
    let machine = machine(&azure).await;
    let gate = machine.firewall.as_ref().unwrap();
    assert_eq!((&gate.id, gate.id.name()), (&firewall("hub-fw"), "hub-fw"));
    assert_eq!(gate.subnet.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.2.0.0/26"]);
    assert_eq!(
        gate.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["20.51.4.1", "20.51.4.2"]
    );
    let inventory = azure.fabric.inventory(production()).await.unwrap();
    assert_eq!(inventory.machines.iter().find(|one| one.vm == fw_01()), Some(&machine));
    assert_eq!(machine.unsupported(), []);
}

#[tokio::test]
async fn a_lease_leads_in_its_source_alone_and_its_end_leaves_the_firewall_as_it_was() {
    let azure = Azure::with_latency(LATENCY).await;
    let (machine, before) = (machine(&azure).await, observe(&azure).await);
    assert!(!before.collections.is_empty() && before.collections.iter().all(|one| one.priority > 0));
    assert_eq!(mapped(&machine, &before), None);

    let started = Instant::now();
    let lease = [a_lease(1)];
    let written = azure.fabric.apply_firewall(&before, &wanted(&machine, &before, &lease)).await.unwrap();
    assert!(started.elapsed() >= LATENCY && written.correlation_id.is_some());
    let opened = observe(&azure).await;
    assert_eq!(planned(&machine, &opened, &lease).collection, None, "it was read back as it was written");
    let at = mapped(&machine, &opened).unwrap();
    assert!(reaches(&azure, &at, CLIENT).await && !reaches(&azure, &at, "203.0.113.8").await);

    azure.fabric.apply_firewall(&opened, &wanted(&machine, &opened, &[])).await.unwrap();
    assert!(!reaches(&azure, &at, CLIENT).await);
    assert_eq!(observe(&azure).await.collections, before.collections);
}

#[tokio::test]
async fn a_second_writer_with_an_old_reading_is_a_conflict_and_changes_nothing() {
    let azure = Azure::start().await;
    let (machine, before) = (machine(&azure).await, observe(&azure).await);
    azure.fabric.apply_firewall(&before, &wanted(&machine, &before, &[a_lease(1)])).await.unwrap();
    let after = observe(&azure).await;
    let failure =
        azure.fabric.apply_firewall(&before, &wanted(&machine, &before, &[a_lease(2)])).await.unwrap_err();
    assert!(matches!(failure.error, FabricError::Conflict { .. }), "{failure:?}");
    assert_eq!(observe(&azure).await, after);
}

#[tokio::test]
async fn of_two_writers_at_once_one_is_told_to_plan_again() {
    let azure = Azure::with_latency(LATENCY).await;
    let (machine, before) = (machine(&azure).await, observe(&azure).await);
    let [first, second] = [1, 2].map(|grant| wanted(&machine, &before, &[a_lease(grant)]));
    let (first, second) = tokio::join!(
        azure.fabric.apply_firewall(&before, &first),
        azure.fabric.apply_firewall(&before, &second)
    );
    let failure = match (first, second) {
        (Ok(_), Err(failure)) | (Err(failure), Ok(_)) => failure,
        both => panic!("{both:?}"),
    };
    assert!(failure.error.is_transient(), "{failure:?}");
    let own = observe(&azure).await.own(&author().deployment).unwrap().clone();
    assert_eq!(own.rules.len(), 1);
}

#[tokio::test]
async fn while_a_write_is_under_way_the_firewall_is_not_called_observed() {
    let azure = Azure::with_latency(LATENCY).await;
    let (machine, before) = (machine(&azure).await, observe(&azure).await);
    let collection = wanted(&machine, &before, &[a_lease(1)]);
    let look = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        observe(&azure).await
    };
    let (written, seen) = tokio::join!(azure.fabric.apply_firewall(&before, &collection), look);
    written.unwrap();
    let at = mapped(&machine, &seen).unwrap();
    assert!(reaches(&azure, &at, CLIENT).await);
}

#[tokio::test]
async fn a_lost_answer_is_lost_whether_the_write_was_made_or_not() {
    for (kind, is_there) in [("drop_after", true), ("drop_before", false)] {
        let azure = Azure::start().await;
        let (machine, before) = (machine(&azure).await, observe(&azure).await);
        azure.order(json!({"kind": kind, "method": "PUT"})).await;
        let collection = wanted(&machine, &before, &[a_lease(1)]);
        let failure = azure.fabric.apply_firewall(&before, &collection).await.unwrap_err();
        assert_eq!(failure.error, FabricError::Lost, "{kind}");
        assert_eq!(mapped(&machine, &observe(&azure).await).is_some(), is_there, "{kind}");
    }
}

#[tokio::test]
async fn a_write_that_fails_late_is_not_taken_for_done_and_is_made_again() {
    let azure = Azure::start().await;
    let (machine, before) = (machine(&azure).await, observe(&azure).await);
    azure.order(json!({"kind": "fail_late", "method": "PUT"})).await;
    let collection = wanted(&machine, &before, &[a_lease(1)]);
    let failure = azure.fabric.apply_firewall(&before, &collection).await.unwrap_err();
    assert!(failure.error.is_transient(), "{failure:?}");
    let failed = observe(&azure).await;
    assert_eq!(mapped(&machine, &failed), None);

    azure.fabric.apply_firewall(&failed, &wanted(&machine, &failed, &[a_lease(1)])).await.unwrap();
    let at = mapped(&machine, &observe(&azure).await).unwrap();
    assert!(reaches(&azure, &at, CLIENT).await);
}

#[tokio::test]
async fn a_firewall_with_a_policy_is_seen_to_have_one_and_nothing_is_planned() {
    let azure = Azure::start().await;
    let observed = azure.fabric.observe_firewall(&firewall("policy-fw")).await.unwrap().unwrap();
    assert!(observed.has_policy);
    let mut machine = machine(&azure).await;
    machine.firewall.as_mut().unwrap().id = observed.id.clone();
    let plan = planned(&machine, &observed, &[a_lease(1)]);
    assert_eq!(plan.collection, None);
    assert_eq!(plan.obstacles[0].reason, NatObstacleReason::Policy);
}

#[tokio::test]
async fn a_firewall_that_does_not_exist_is_none_and_without_the_right_to_write_there_is_a_refusal() {
    let azure = Azure::start().await;
    assert_eq!(azure.fabric.observe_firewall(&firewall("gone-fw")).await, Ok(None));
    let (machine, before) = (machine(&azure).await, observe(&azure).await);
    let collection = wanted(&machine, &before, &[a_lease(1)]);
    let WriteFailure { error, .. } =
        azure.fabric_as("READER").apply_firewall(&before, &collection).await.unwrap_err();
    assert!(matches!(&error, FabricError::Refused { status: 403, .. }), "{error:?}");
    assert_eq!(observe(&azure).await, before);
}
