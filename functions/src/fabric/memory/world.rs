//! What there is, and what Azure would say to a change of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use shared::{
    firewall::{NatCollection, ObservedFirewall},
    inventory::{Inventory, Machine, MachineKind},
    nsg::{ObservedNsg, plan::MAX_RULES},
    port::PortRange,
    rbac::AccessRights,
    rule::{Access, AddressMatch, Direction, NsgRule, RulePriority, RuleProtocol},
    vm::{FirewallId, NsgId, SubscriptionId, VmId},
};

use super::super::{FabricError, WriteFailure, Written};

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) subscriptions: BTreeMap<SubscriptionId, String>,
    pub(super) machines: BTreeMap<VmId, Machine>,
    pub(super) nsgs: BTreeMap<NsgId, Nsg>,
    pub(super) firewalls: BTreeMap<FirewallId, ObservedFirewall>,
    pub(super) rights: BTreeMap<(SubscriptionId, String), AccessRights>,
    pub(super) clock_ahead: Option<SignedDuration>,
    pub(super) refuses_flush: bool,
    writes: u64,
}

#[derive(Debug)]
pub(super) struct Nsg {
    pub(super) observed: ObservedNsg,
    pub(super) flushes: bool,
}

impl World {
    pub(super) fn inventory(&self, subscription: SubscriptionId) -> Result<Inventory, FabricError> {
        let name = self.subscriptions.get(&subscription);
        let subscription_name = name.ok_or_else(|| refused(404, "SubscriptionNotFound"))?.clone();
        let of_it = self.machines.values().filter(|machine| machine.vm.subscription() == subscription);
        Ok(Inventory { subscription, subscription_name, machines: of_it.cloned().collect() })
    }

    pub(super) fn machine(&self, vm: &VmId) -> Option<Machine> {
        let machine = self.machines.get(vm)?;
        (machine.kind == MachineKind::ResourceManager).then(|| machine.clone())
    }

    pub(super) fn put_nsg(&mut self, nsg: &NsgId) {
        let observed = ObservedNsg { id: nsg.clone(), rules: Vec::new(), default_rules: default_rules() };
        self.nsgs.insert(nsg.clone(), Nsg { observed, flushes: false });
    }

    pub(super) fn put_rule(&mut self, nsg: &NsgId, rule: &NsgRule) -> Result<(), FabricError> {
        let nsg = self.nsgs.get_mut(nsg).ok_or_else(|| refused(404, "ResourceNotFound"))?;
        let rules = &mut nsg.observed.rules;
        if !(RulePriority::FIRST..=RulePriority::LAST).contains(&rule.priority) {
            return Err(refused(400, "SecurityRuleInvalidPriority"));
        }
        let place = |other: &NsgRule| (other.priority, other.direction);
        let mut others = rules.iter().filter(|other| !other.name.eq_ignore_ascii_case(&rule.name));
        if let Some(other) = others.find(|other| place(other) == place(rule)) {
            let message = format!("{} has priority {} already", other.name, other.priority);
            return Err(FabricError::Conflict { message });
        }
        let number = rules.len();
        match rules.iter_mut().find(|other| other.name.eq_ignore_ascii_case(&rule.name)) {
            // A resource keeps the spelling of the name that it was made with.
            Some(current) => *current = NsgRule { name: current.name.clone(), ..rule.clone() },
            None if number >= MAX_RULES => return Err(refused(400, "SecurityRuleLimitExceeded")),
            None => rules.push(rule.clone()),
        }
        Ok(())
    }

    pub(super) fn remove_rule(&mut self, nsg: &NsgId, name: &str) -> bool {
        let Some(nsg) = self.nsgs.get_mut(nsg) else { return false };
        let rules = &mut nsg.observed.rules;
        let place = rules.iter().position(|rule| rule.name.eq_ignore_ascii_case(name));
        place.map(|place| rules.remove(place)).is_some()
    }

    pub(super) fn put_firewall(&mut self, firewall: ObservedFirewall) {
        let etag = Some(self.next_version());
        self.firewalls.insert(firewall.id.clone(), ObservedFirewall { etag, ..firewall });
    }

    /// The collection of that name becomes what is given, if nothing changed since the firewall was read.
    pub(super) fn change_firewall(
        &mut self,
        observed: &ObservedFirewall,
        collection: &NatCollection,
    ) -> Result<(), FabricError> {
        let current = self.firewalls.get(&observed.id).ok_or_else(|| refused(404, "ResourceNotFound"))?;
        if current.etag != observed.etag {
            return Err(FabricError::Conflict { message: "the firewall changed meanwhile".to_owned() });
        }
        let mut changed = current.clone();
        changed.collections.retain(|one| !one.name.eq_ignore_ascii_case(&collection.name));
        if changed.collections.iter().any(|one| one.priority == collection.priority) {
            return Err(refused(400, "AzureFirewallRuleCollectionPriorityConflict"));
        }
        changed.collections.extend((!collection.rules.is_empty()).then(|| collection.clone()));
        self.put_firewall(changed);
        Ok(())
    }

    /// How it was set before.
    pub(super) fn set_flush(&mut self, nsg: &NsgId, on: bool) -> Result<bool, FabricError> {
        let nsg = self.nsgs.get_mut(nsg).ok_or_else(|| refused(404, "ResourceNotFound"))?;
        if self.refuses_flush && nsg.flushes != on {
            return Err(refused(400, "FlushConnectionNotSupported"));
        }
        Ok(std::mem::replace(&mut nsg.flushes, on))
    }

    /// The answer to a write, under a correlation id of its own.
    pub(super) fn written(&mut self, done: Result<(), FabricError>) -> Result<Written, WriteFailure> {
        let correlation_id = Some(self.next_version());
        match done {
            Ok(()) => Ok(Written { correlation_id }),
            Err(error) => Err(WriteFailure { error, correlation_id }),
        }
    }

    fn next_version(&mut self) -> String {
        self.writes += 1;
        format!("memory-{}", self.writes)
    }
}

pub(super) fn refused(status: u16, code: &str) -> FabricError {
    let message = format!("refused by the fabric in memory ({code})");
    FabricError::Refused { status, code: code.to_owned(), message }
}

/// Azure's own six.
fn default_rules() -> Vec<NsgRule> {
    use Access::{Allow, Deny};
    use Direction::{Inbound, Outbound};
    let tag = |name: &str| AddressMatch::Tag(name.to_owned());
    let any = || AddressMatch::Any;
    let network = || tag("VirtualNetwork");
    vec![
        default_rule("AllowVnetInBound", 65000, (Inbound, Allow), (network(), network())),
        default_rule(
            "AllowAzureLoadBalancerInBound",
            65001,
            (Inbound, Allow),
            (tag("AzureLoadBalancer"), any()),
        ),
        default_rule("DenyAllInBound", 65500, (Inbound, Deny), (any(), any())),
        default_rule("AllowVnetOutBound", 65000, (Outbound, Allow), (network(), network())),
        default_rule("AllowInternetOutBound", 65001, (Outbound, Allow), (any(), tag("Internet"))),
        default_rule("DenyAllOutBound", 65500, (Outbound, Deny), (any(), any())),
    ]
}

fn default_rule(
    name: &str,
    number: u16,
    (direction, access): (Direction, Access),
    (source, destination): (AddressMatch, AddressMatch),
) -> NsgRule {
    NsgRule {
        name: name.to_owned(),
        description: String::new(),
        priority: RulePriority::of_default_rule(number),
        direction,
        access,
        protocol: RuleProtocol::Any,
        sources: BTreeSet::from([source]),
        source_ports: BTreeSet::from([PortRange::ALL]),
        destinations: BTreeSet::from([destination]),
        destination_ports: BTreeSet::from([PortRange::ALL]),
    }
}
