//! Every pair of an operation and a point where it may crash: before and after each of its calls.

use std::{collections::BTreeMap, thread};

use functions::store::Ledger;
use futures::FutureExt;
use jiff::SignedDuration;
use rand::{SeedableRng, rngs::StdRng};
use shared::{
    inventory::Machine,
    policy::{JustificationRule, LiveSessions, PortRule, PortRules, Precedence, ProtectedVm},
    port::{Port, Protocol},
    request::Opening,
    source::Sources,
};

use crate::{
    edits::put,
    executor::alone,
    gate::{Kind, Verdict},
    operations::Operation,
    run::{World, unbroken},
    scenario::{a_foreign_rule, fleet, nsg, requester, vm},
    trace::Trace,
    watch::Violation,
};

/// Which call is the last, and whether it has its effect.
#[derive(Clone, Copy, Debug)]
struct Crash {
    call: usize,
    after: bool,
}

/// What comes before, and the operation that may crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scene {
    Enable,
    ChangePolicy,
    Open,
    OpenSeveral,
    Revoke,
    RevokeAndCutSessions,
    CloseExpired,
    RemovePolicy,
    SweepAfterDeletion,
    SweepAfterMove,
    RepairDrift,
    OpenThroughFirewall,
    CloseThroughFirewall,
}

const SCENES: [Scene; 13] = [
    Scene::Enable,
    Scene::ChangePolicy,
    Scene::Open,
    Scene::OpenSeveral,
    Scene::Revoke,
    Scene::RevokeAndCutSessions,
    Scene::CloseExpired,
    Scene::RemovePolicy,
    Scene::SweepAfterDeletion,
    Scene::SweepAfterMove,
    Scene::RepairDrift,
    Scene::OpenThroughFirewall,
    Scene::CloseThroughFirewall,
];

#[test]
fn every_operation_recovers_from_a_crash_at_every_call() {
    let pairs: BTreeMap<Scene, u64> = thread::scope(|scope| {
        let played = SCENES.map(|scene| scope.spawn(move || (scene, crash_at_every_call(scene))));
        played.map(|one| one.join().expect("it told why")).into()
    });
    println!("{} pairs of operation and crash point: {pairs:?}", pairs.values().sum::<u64>());
    assert!(pairs.len() == SCENES.len() && pairs.values().all(|number| *number > 0));
}

/// Gives the number of crash points.
fn crash_at_every_call(scene: Scene) -> u64 {
    let (calls, violation) = play(scene, None);
    assert_eq!(violation, None, "{scene:?} without a crash");
    let mut points = 0;
    for (call, kind) in (0..).zip(&calls) {
        // What has no effect leaves the same behind before and after it.
        let has_effect = matches!(kind, Kind::LedgerWrite | Kind::Apply | Kind::Write);
        for after in [false, true].into_iter().take(1 + usize::from(has_effect)) {
            let crash = Crash { call, after };
            let (_, violation) = play(scene, Some(crash));
            assert_eq!(violation, None, "{scene:?} {crash:?}, a call of {kind:?}");
            points += 1;
        }
    }
    points
}

/// Plays a scene up to the crash, and has the world put right; gives the calls of its operation.
fn play(scene: Scene, crash: Option<Crash>) -> (Vec<Kind>, Option<Violation>) {
    alone(async |idle| {
        let mut world = World::new(idle, Trace::new(false), unbroken);
        furnish(&world);
        let instance = world.start(0);
        world.instances.push(instance);
        for operation in before(scene) {
            world.begin(0, operation);
            world.drain().await;
        }
        change_the_world(scene, &mut world);
        let operation = the_operation(scene, &world);
        world.begin(0, operation);
        let calls = until(&mut world, crash).await;
        if crash.is_none() {
            assert_eq!(world.refusals, [""; 0], "{scene:?} does not come about");
        }
        world.rest().await;
        (calls, world.violation())
    })
}

/// Lets one call after the other pass, up to the crash.
async fn until(world: &mut World, crash: Option<Crash>) -> Vec<Kind> {
    let mut calls = Vec::new();
    loop {
        world.settle().await;
        if world.gate.number_waiting() > 0 {
            let dies = crash.filter(|crash| crash.call == calls.len());
            calls.push(world.gate.kind_of(0));
            match dies {
                None => world.gate.take(0).go_on(Verdict::Go),
                Some(Crash { after, .. }) => {
                    if after {
                        world.gate.take(0).go_on(Verdict::DieAfter);
                        world.settle().await;
                    }
                    world.kill(0);
                    return calls;
                }
            }
        } else if world.is_running() {
            let next = world.time.next().expect("what neither waits nor sleeps is done");
            world.cloud.advance_to(next);
        } else {
            return calls;
        }
    }
}

fn furnish(world: &World) {
    let dice = &mut StdRng::seed_from_u64(3);
    for name in ["web-nsg", "win-nsg", "subnet-nsg"] {
        while !put(world, &nsg(name), &allowing(a_foreign_rule(dice))) {}
    }
    fleet().into_iter().for_each(|machine| world.cloud.memory.put_machine(machine));
}

/// A customer's deny would be an obstacle.
fn allowing(rule: shared::rule::NsgRule) -> shared::rule::NsgRule {
    shared::rule::NsgRule { access: shared::rule::Access::Allow, ..rule }
}

fn before(scene: Scene) -> Vec<Operation> {
    let sessions =
        if scene == Scene::RevokeAndCutSessions { LiveSessions::AtEnd } else { LiveSessions::Never };
    let enabled = ["web-01", "web-02", "win-01"].map(|name| Operation::Enable(a_policy(name, 22, sessions)));
    match scene {
        Scene::Enable => vec![],
        Scene::ChangePolicy | Scene::Open | Scene::OpenSeveral => enabled.into(),
        Scene::OpenThroughFirewall => vec![Operation::Enable(a_policy("fw-01", 22, sessions))],
        Scene::CloseThroughFirewall => {
            vec![Operation::Enable(a_policy("fw-01", 22, sessions)), an_open(&["fw-01"], 1)]
        }
        _ => {
            enabled.into_iter().chain([an_open(&["web-01", "win-01"], 1), an_open(&["web-01"], 2)]).collect()
        }
    }
}

fn change_the_world(scene: Scene, world: &mut World) {
    let memory = &world.cloud.memory;
    match scene {
        Scene::CloseExpired | Scene::CloseThroughFirewall => {
            let at = world.time.now() + SignedDuration::from_mins(11);
            world.cloud.advance_to(at);
        }
        Scene::SweepAfterDeletion => {
            world.cloud.watch.disturb(&vm("win-01"));
            memory.remove_machine(&vm("win-01"));
        }
        Scene::SweepAfterMove => {
            let mut machine = machine("web-01");
            machine.interfaces[0].nsg = Some(nsg("spare-nsg"));
            machine.interfaces[0].addresses[0].private = "10.1.2.9".parse().unwrap();
            world.cloud.watch.disturb(&machine.vm);
            memory.put_machine(machine);
        }
        Scene::RepairDrift => {
            for nsg in memory.nsgs() {
                for rule in nsg.rules.iter().filter(|rule| crate::watch::stamp_of(rule).is_some()) {
                    memory.remove_rule(&nsg.id, &rule.name);
                }
            }
        }
        _ => {}
    }
}

fn the_operation(scene: Scene, world: &World) -> Operation {
    match scene {
        Scene::Enable => Operation::Enable(a_policy("win-01", 22, LiveSessions::Never)),
        Scene::ChangePolicy => Operation::Enable(a_policy("web-01", 3389, LiveSessions::Never)),
        Scene::Open => an_open(&["web-01"], 1),
        Scene::OpenThroughFirewall => an_open(&["fw-01"], 1),
        Scene::OpenSeveral => an_open(&["web-01", "web-02", "win-01"], 1),
        Scene::Revoke | Scene::RevokeAndCutSessions => {
            let held = world.ledger.unclosed_of_vm(&vm("win-01")).now_or_never().unwrap().unwrap();
            ["web-01", "win-01"].iter().for_each(|name| world.cloud.watch.ask_to_end(&vm(name)));
            Operation::Revoke(held.first().expect("it was opened").grant)
        }
        Scene::RemovePolicy => {
            world.cloud.watch.ask_to_end(&vm("web-01"));
            Operation::Remove(vm("web-01"))
        }
        Scene::CloseExpired
        | Scene::CloseThroughFirewall
        | Scene::SweepAfterDeletion
        | Scene::SweepAfterMove
        | Scene::RepairDrift => Operation::Sweep(SignedDuration::ZERO),
    }
}

fn machine(name: &str) -> Machine {
    fleet().into_iter().find(|machine| machine.vm == vm(name)).expect("it is in the fleet")
}

fn a_policy(name: &str, port: i64, live_sessions: LiveSessions) -> ProtectedVm {
    let port = Port::try_from(port).unwrap();
    let rule = PortRule { protocol: Protocol::Tcp, ..PortRule::with_defaults(port) };
    ProtectedVm {
        vm: vm(name),
        ports: PortRules::try_from(vec![rule]).unwrap(),
        justification: JustificationRule::Optional,
        precedence: Precedence::GuardFirst,
        live_sessions,
    }
}

fn an_open(names: &[&str], number: u64) -> Operation {
    let opening = |name: &&str| Opening {
        vm: vm(name),
        port: Port::SSH,
        sources: Sources::one("203.0.113.7".parse().unwrap()),
        duration: "PT10M".parse().unwrap(),
    };
    let openings = names.iter().map(opening).collect();
    Operation::Open { openings, requester: requester(number), ids: number }
}
