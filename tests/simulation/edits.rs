//! What other hands do to Azure meanwhile.

use rand::{Rng, rngs::StdRng, seq::SliceRandom};
use shared::{
    nsg::ObservedNsg,
    rule::{AddressMatch, NsgRule},
    vm::NsgId,
};

use crate::{
    run::World,
    scenario::{NSGS, a_foreign_rule, a_priority, another_address, fleet, nsg},
    watch::{grant_of, stamp_of},
};

/// Does one of them; gives its kind and what it was, if it could be done.
pub(crate) fn edit(world: &mut World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    match dice.gen_range(0..14) {
        0 | 1 => put_foreign(world, dice),
        2 => remove_foreign(world, dice),
        3 => edit_foreign(world, dice),
        4 | 5 => remove_ours(world, dice),
        6 | 7 => edit_ours(world, dice),
        8 => put_back(world, dice),
        9 => delete_vm(world, dice),
        10 => move_vm(world, dice),
        11 => swap_nsg(world, dice),
        12 => delete_nsg(world, dice),
        _ => create_again(world, dice),
    }
}

/// An NSG to which no write is under way.
fn free_nsg(world: &World, dice: &mut StdRng) -> Option<ObservedNsg> {
    let free: Vec<ObservedNsg> =
        world.cloud.memory.nsgs().into_iter().filter(|nsg| !world.cloud.is_busy(&nsg.id)).collect();
    free.choose(dice).cloned()
}

fn a_rule_of(nsg: &ObservedNsg, dice: &mut StdRng, ours: bool) -> Option<NsgRule> {
    let rules: Vec<&NsgRule> = nsg.rules.iter().filter(|rule| stamp_of(rule).is_some() == ours).collect();
    rules.choose(dice).map(|rule| (*rule).clone())
}

/// As a person or a tool would do it: ARM may refuse.
pub(crate) fn put(world: &World, nsg: &NsgId, rule: &NsgRule) -> bool {
    let mut done = false;
    world.cloud.edit(nsg, |memory| done = memory.put_rule(nsg, rule).is_ok());
    if done && stamp_of(rule).is_none() {
        world.cloud.watch.foreign_put(nsg, rule);
    }
    done
}

fn put_foreign(world: &World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let nsg = free_nsg(world, dice)?;
    let rule = a_foreign_rule(dice);
    let is_new = !nsg.rules.iter().any(|other| other.name.eq_ignore_ascii_case(&rule.name));
    (is_new && put(world, &nsg.id, &rule))
        .then(|| ("foreign rule put", format!("{}: {}", nsg.id.name(), in_short(&rule))))
}

fn remove_foreign(world: &World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let nsg = free_nsg(world, dice)?;
    let rule = a_rule_of(&nsg, dice, false)?;
    world.cloud.edit(&nsg.id, |memory| _ = memory.remove_rule(&nsg.id, &rule.name));
    world.cloud.watch.foreign_removed(&nsg.id, &rule.name);
    Some(("foreign rule removed", format!("{}: {}", nsg.id.name(), rule.name)))
}

fn edit_foreign(world: &World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let nsg = free_nsg(world, dice)?;
    let rule = a_rule_of(&nsg, dice, false)?;
    let edited = NsgRule { name: rule.name.clone(), ..a_foreign_rule(dice) };
    put(world, &nsg.id, &edited)
        .then(|| ("foreign rule edited", format!("{}: {}", nsg.id.name(), in_short(&edited))))
}

fn remove_ours(world: &mut World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let nsg = free_nsg(world, dice)?;
    let rule = a_rule_of(&nsg, dice, true)?;
    world.cloud.edit(&nsg.id, |memory| _ = memory.remove_rule(&nsg.id, &rule.name));
    let what = format!("{}: {}", nsg.id.name(), rule.name);
    world.old_rules.push((nsg.id, rule));
    Some(("our rule removed", what))
}

fn edit_ours(world: &mut World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let nsg = free_nsg(world, dice)?;
    let rule = a_rule_of(&nsg, dice, true)?;
    world.old_rules.push((nsg.id.clone(), rule.clone()));
    let mut edited = rule;
    match dice.gen_range(0..5) {
        0 => edited.priority = a_priority(dice),
        1 => edited.sources = [AddressMatch::Any].into(),
        2 => edited.destination_ports = ["*".parse().unwrap()].into(),
        3 => edited.destinations = [AddressMatch::Any].into(),
        _ => edited.description = "mine now".to_owned(),
    }
    put(world, &nsg.id, &edited)
        .then(|| ("our rule edited", format!("{}: {}", nsg.id.name(), in_short(&edited))))
}

/// As a tool does that restores an earlier state.
fn put_back(world: &mut World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let (nsg, rule) = world.old_rules.choose(dice)?.clone();
    if world.cloud.is_busy(&nsg) {
        return None;
    }
    put(world, &nsg, &rule).then(|| ("our old rule put back", format!("{}: {}", nsg.name(), in_short(&rule))))
}

fn delete_vm(world: &World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let machines = world.cloud.memory.machines();
    let vm = &machines.choose(dice).filter(|_| machines.len() > 1)?.vm;
    world.cloud.watch.disturb(vm);
    world.cloud.memory.remove_machine(vm);
    Some(("VM deleted", vm.name().to_owned()))
}

fn move_vm(world: &World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let machines = world.cloud.memory.machines();
    let mut machine = machines.choose(dice)?.clone();
    let address = &mut machine.interfaces.first_mut()?.addresses.first_mut()?.private;
    let new = another_address(dice, *address);
    if machines.iter().flat_map(|other| other.paths()).any(|path| path.destination == new) {
        return None;
    }
    *address = new;
    world.cloud.watch.disturb(&machine.vm);
    let what = format!("{} to {new}", machine.vm.name());
    world.cloud.memory.put_machine(machine);
    Some(("VM re-addressed", what))
}

fn swap_nsg(world: &World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let mut machine = world.cloud.memory.machines().choose(dice)?.clone();
    let nsgs = world.cloud.memory.nsgs();
    let other = &nsgs.choose(dice)?.id;
    let interface = machine.interfaces.first_mut()?;
    if interface.nsg.as_ref() == Some(other) {
        return None;
    }
    interface.nsg = Some(other.clone());
    world.cloud.watch.disturb(&machine.vm);
    let what = format!("{} behind {}", machine.vm.name(), other.name());
    world.cloud.memory.put_machine(machine);
    Some(("NSG swapped", what))
}

/// Azure deletes no NSG that something is behind.
fn delete_nsg(world: &World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let machines = world.cloud.memory.machines();
    let unused: Vec<ObservedNsg> = world
        .cloud
        .memory
        .nsgs()
        .into_iter()
        .filter(|nsg| !machines.iter().any(|machine| machine.nsgs().contains(&nsg.id)))
        .filter(|nsg| !world.cloud.is_busy(&nsg.id))
        .collect();
    let id = &unused.choose(dice)?.id;
    world.cloud.edit(id, |memory| memory.remove_nsg(id));
    world.cloud.watch.nsg_removed(id);
    Some(("NSG deleted", id.name().to_owned()))
}

/// A VM or an NSG of the same name as one that was deleted.
fn create_again(world: &World, dice: &mut StdRng) -> Option<(&'static str, String)> {
    let there = world.cloud.memory.nsgs();
    if let Some(name) = NSGS.iter().find(|name| !there.iter().any(|one| one.id == nsg(name))) {
        world.cloud.memory.put_nsg(&nsg(name));
        return Some(("NSG created again", (*name).to_owned()));
    }
    let machines = world.cloud.memory.machines();
    let all = fleet();
    let gone: Vec<_> =
        all.iter().filter(|one| !machines.iter().any(|machine| machine.vm == one.vm)).collect();
    let machine = (*gone.choose(dice)?).clone();
    let taken = |path: &shared::inventory::Path<'_>| {
        machines.iter().flat_map(|other| other.paths()).any(|other| other.destination == path.destination)
    };
    if machine.paths().any(|path| taken(&path)) {
        return None;
    }
    world.cloud.watch.disturb(&machine.vm);
    let what = machine.vm.name().to_owned();
    world.cloud.memory.put_machine(machine);
    Some(("VM created", what))
}

fn in_short(rule: &NsgRule) -> String {
    let whose = if grant_of(rule).is_some() { "lease " } else { "" };
    format!("{whose}{} ({}) {:?}", rule.name, rule.priority, rule.access)
}
