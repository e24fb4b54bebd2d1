//! What a change may and must not do, said without asking how it is done.

use std::collections::BTreeSet;

use super::{
    apply,
    cells::{Cell, Networks, cells},
    versions,
};
use crate::{
    address_set::AddressSet,
    exposure::in_words,
    inventory::Machine,
    nsg::{
        ObservedNsg, RuleChange,
        desired::{Desired, DesiredRule},
        evaluate::{Openness, Target, inlets, sources_of},
        stamp::Stamp,
    },
    rule::{Access, NsgRule},
};

/// What is right in one NSG: the leases that live are let in, guarded ports let in nothing else but what customers'
/// rules let in, and nothing that does not concern a guarded port changes.
#[derive(Debug)]
pub struct Law<'d> {
    granted: Vec<&'d NsgRule>,
    guards: Vec<&'d NsgRule>,
    /// The rules that are not ours to decide over.
    foreign: ObservedNsg,
    /// Those without Azure's default rules.
    customers: ObservedNsg,
    networks: Networks,
}

/// A change that does what it must not, or not what it should: it is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    #[error("rule {rule} would open {to} from {from}, which nobody was granted")]
    Opens { rule: String, to: String, from: String },
    #[error("rule {rule} would close {to} for {from}, which must stay open")]
    Closes { rule: String, to: String, from: String },
    #[error("rule {rule} would not let in what was granted: {from} to {to}")]
    DoesNotOpen { rule: String, to: String, from: String },
}

impl<'d> Law<'d> {
    pub fn of(desired: &'d Desired, observed: &ObservedNsg, machines: &[Machine]) -> Self {
        let (guards, granted): (Vec<&DesiredRule>, Vec<_>) =
            desired.rules.iter().partition(|rule| rule.is_guard());
        let rule = |wanted: Vec<&'d DesiredRule>| wanted.into_iter().map(DesiredRule::anywhere).collect();
        let is_ours = |one: &&NsgRule| {
            one.name.parse::<Stamp>().is_ok_and(|stamp| {
                stamp.deployment == desired.author.deployment && stamp.store == desired.author.store
            })
        };
        let foreign = ObservedNsg {
            rules: observed.rules.iter().filter(|rule| !is_ours(rule)).cloned().collect(),
            ..observed.clone()
        };
        let customers = ObservedNsg { default_rules: Vec::new(), ..foreign.clone() };
        let addresses = machines.iter().flat_map(Machine::paths);
        let networks = addresses.map(|path| (path.destination, path.virtual_network.to_vec())).collect();
        Self { granted: rule(granted), guards: rule(guards), foreign, customers, networks }
    }

    /// Proves one change against `before`; gives the NSG as it will be.
    pub fn prove(&self, before: &ObservedNsg, change: &RuleChange) -> Result<ObservedNsg, Unproven> {
        let after = apply(before, change);
        let changed = versions(before, change);
        let name = &change.rule().name;
        for cell in cells(&changed, [before, &after].into_iter(), &self.networks) {
            let target = cell.target();
            let (was, is) = (Openness::of(before, target), Openness::of(&after, target));
            let said = |set: &AddressSet| (name.clone(), to(&cell), in_words(set).join(", "));
            let opened = is.possible.minus(&was.possible).minus(&self.may_be_open(target));
            if !opened.is_empty() {
                let (rule, to, from) = said(&opened);
                return Err(Unproven::Opens { rule, to, from });
            }
            let closed = was.certain.minus(&is.certain).intersection(&self.must_stay(before, change, target));
            if !closed.is_empty() {
                let (rule, to, from) = said(&closed);
                return Err(Unproven::Closes { rule, to, from });
            }
            let granted = self.granted_by(before, change, target).minus(&is.certain);
            if !granted.is_empty() {
                let (rule, to, from) = said(&granted);
                return Err(Unproven::DoesNotOpen { rule, to, from });
            }
        }
        Ok(after)
    }

    fn granted(&self, target: Target<'_>) -> AddressSet {
        certain_sources(self.granted.iter().copied(), target)
    }

    fn is_guarded(&self, target: Target<'_>) -> bool {
        !certain_sources(self.guards.iter().copied(), target).is_empty()
    }

    /// From where packets may get in, at most.
    fn may_be_open(&self, target: Target<'_>) -> AddressSet {
        let others = if self.is_guarded(target) { &self.customers } else { &self.foreign };
        self.granted(target).union(&Openness::of(others, target).possible)
    }

    /// From where packets that get in must go on to do so: those that the rule of a living grant lets in itself, and
    /// where a rule of ours comes to deny what nobody guards, those that customers let in. What only the rule of another
    /// lets in is that other's to end.
    fn must_stay(&self, before: &ObservedNsg, change: &RuleChange, target: Target<'_>) -> AddressSet {
        let inlets = inlets(before, target);
        let granted = self.granted.iter().fold(AddressSet::EMPTY, |all, one| {
            let own = inlets.iter().filter(|inlet| inlet.rule.name.eq_ignore_ascii_case(&one.name));
            let let_in = own.fold(AddressSet::EMPTY, |set, inlet| set.union(&inlet.certain));
            all.union(&let_in.intersection(&sources_of(one, target).0))
        });
        let denies = matches!(change, RuleChange::Put(rule) if rule.access == Access::Deny);
        if denies && !self.is_guarded(target) {
            return granted.union(&Openness::of(&self.foreign, target).certain);
        }
        granted
    }

    /// What the change itself is there to let in. A rule that is there already and comes to say less may be kept from
    /// part of it by what stands before it: that is no reason to leave it as it is.
    fn granted_by(&self, before: &ObservedNsg, change: &RuleChange, target: Target<'_>) -> AddressSet {
        let is_there =
            |rule: &NsgRule| before.rules.iter().any(|one| one.name.eq_ignore_ascii_case(&rule.name));
        match change {
            RuleChange::Put(rule) if rule.access == Access::Allow && !is_there(rule) => {
                certain_sources([rule], target)
            }
            _ => AddressSet::EMPTY,
        }
    }
}

fn certain_sources<'r>(rules: impl IntoIterator<Item = &'r NsgRule>, target: Target<'_>) -> AddressSet {
    rules.into_iter().fold(AddressSet::EMPTY, |all, rule| all.union(&sources_of(rule, target).0))
}

fn to(cell: &Cell<'_>) -> String {
    let destinations: BTreeSet<String> = cell.destinations.iter().map(ToString::to_string).collect();
    format!("{} port {}", destinations.into_iter().collect::<Vec<_>>().join(", "), cell.ports)
}
