//! One firewall, from the NAT rules that are there to those that should be. A write takes minutes, so it holds up no NSG.

use std::{collections::BTreeSet, net::IpAddr};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use shared::{
    audit::{Event, Record},
    firewall::{
        DesiredFirewall, NatCollection, NatObstacle, NatRule, NatUnproven, ObservedFirewall,
        desired_firewall, plan_firewall, prove_nat,
    },
    grant::{GrantId, Lease},
    inventory::Machine,
    nsg::stamp::{Purpose, Stamp},
    vm::{FirewallId, SubscriptionId, VmId},
};

use super::{CONCURRENCY, EnforceError, Engine, reconcile::ROUNDS, settled::SettledFirewalls};
use crate::{
    fabric::{FabricError, WriteFailure},
    store::StoreError,
};

/// A firewall as it was read back after the last write.
struct Reconciled {
    observed: ObservedFirewall,
    read_at: Timestamp,
    obstacles: Vec<NatObstacle>,
    failure: Option<EnforceError>,
}

impl Engine {
    /// Brings each firewall to what it should be.
    pub async fn settle_firewalls(&self, firewalls: BTreeSet<FirewallId>) -> SettledFirewalls {
        let work = firewalls.into_iter().map(|firewall| async move {
            let outcome = self.reconcile_firewall(&firewall).await;
            (firewall, outcome)
        });
        let mut outcomes = stream::iter(work).buffer_unordered(CONCURRENCY);
        let mut settled = SettledFirewalls::default();
        while let Some((firewall, outcome)) = outcomes.next().await {
            let failure = match outcome {
                Ok(done) => {
                    settled.obstacles.extend(done.obstacles.into_iter().map(|one| (firewall.clone(), one)));
                    settled.read_at.insert(firewall.clone(), done.read_at);
                    settled.observed.insert(firewall.clone(), done.observed);
                    done.failure
                }
                Err(error) => Some(error),
            };
            if let Some(error) = failure {
                tracing::warn!(firewall.name = firewall.name(), %error, "firewall not settled");
                settled.failures.insert(firewall, error);
            }
        }
        settled
    }

    /// The firewall that a VM is reached through, and those where a rule for one of its leases was last seen.
    pub async fn firewalls_of(&self, vm: &VmId) -> Result<BTreeSet<FirewallId>, StoreError> {
        let machine = self.store.machine(vm).await?.map(|(machine, ..)| machine);
        let mut firewalls: BTreeSet<FirewallId> =
            machine.into_iter().filter_map(|machine| machine.firewall).map(|gate| gate.id).collect();
        let grants: BTreeSet<GrantId> =
            self.store.unclosed_of_vm(vm).await?.into_iter().map(|held| held.grant).collect();
        if !grants.is_empty() {
            let seen = self.store.firewalls(vm.subscription()).await?;
            let seen = seen.into_values().filter(|(firewall, _)| has_rule_of(firewall, &grants));
            firewalls.extend(seen.map(|(firewall, _)| firewall.id));
        }
        Ok(firewalls)
    }

    /// As for NSGs.
    pub(crate) async fn known_firewalls(
        &self,
        subscription: SubscriptionId,
    ) -> Result<BTreeSet<FirewallId>, StoreError> {
        Ok(self.store.firewalls(subscription).await?.into_keys().collect())
    }

    /// What would stand in the way of `leases` at a firewall; reads it anew.
    pub(super) async fn nat_obstacles(
        &self,
        firewall: &FirewallId,
        leases: &[(GrantId, Lease)],
    ) -> Result<Vec<NatObstacle>, EnforceError> {
        let (observed, _) = self.read_firewall(firewall).await?;
        let now = self.clock.now();
        let desired = self.desired_firewall(firewall, leases, now).await?;
        Ok(plan_firewall(&desired, &observed, now).obstacles)
    }

    async fn reconcile_firewall(&self, firewall: &FirewallId) -> Result<Reconciled, EnforceError> {
        let lock = self.lock_of(&firewall.key());
        let _alone = lock.lock().await;
        let mut failure = EnforceError::Unsettled;
        for round in 0..ROUNDS {
            let (observed, read_at) = self.read_firewall(firewall).await?;
            let now = self.clock.now();
            let desired = self.desired_firewall(firewall, &[], now).await?;
            let plan = plan_firewall(&desired, &observed, now);
            let obstacles = plan.obstacles;
            let Some(collection) = plan.collection else {
                return Ok(Reconciled { observed, read_at, obstacles, failure: None });
            };
            let refused = prove_nat(&desired, &observed, &collection).err();
            let collection = match &refused {
                None => collection,
                Some(unproven) => {
                    self.note_unproven_nat(firewall, unproven).await?;
                    // What is to go goes all the same.
                    let lesser = without_new(&desired, &observed, collection);
                    if prove_nat(&desired, &observed, &lesser).is_err() {
                        failure = EnforceError::NatUnproven(unproven.clone());
                        return Ok(Reconciled { observed, read_at, obstacles, failure: Some(failure) });
                    }
                    lesser
                }
            };
            match self.write_firewall(&observed, collection).await? {
                None => {}
                Some(error) => {
                    let again = error.is_transient() && round + 1 < ROUNDS;
                    if again {
                        self.wait(round, &error).await;
                    }
                    failure = EnforceError::Fabric(error);
                    if !again {
                        return Ok(Reconciled { observed, read_at, obstacles, failure: Some(failure) });
                    }
                }
            }
            if let Some(unproven) = refused {
                failure = EnforceError::NatUnproven(unproven);
                break;
            }
        }
        let (observed, read_at) = self.read_firewall(firewall).await?;
        Ok(Reconciled { observed, read_at, obstacles: Vec::new(), failure: Some(failure) })
    }

    async fn note_unproven_nat(
        &self,
        firewall: &FirewallId,
        unproven: &NatUnproven,
    ) -> Result<(), StoreError> {
        tracing::error!(firewall.name = firewall.name(), %unproven, "a change was not proven");
        self.metrics.proofs_refused.inc();
        let error = format!("not written: {unproven}");
        let event = Event::NatFailed { firewall: firewall.clone(), error, correlation_id: None };
        self.store.record(&[self.record(None, firewall.subscription(), None, event)]).await
    }

    async fn read_firewall(
        &self,
        firewall: &FirewallId,
    ) -> Result<(ObservedFirewall, Timestamp), EnforceError> {
        let moment = self.moment();
        let Some(observed) = self.fabric.observe_firewall(firewall).await? else {
            self.store.forget_firewall(firewall).await?;
            return Err(EnforceError::Gone);
        };
        self.store.put_firewall(&observed, self.dated(&moment)).await?;
        Ok((observed, moment.at))
    }

    async fn desired_firewall(
        &self,
        firewall: &FirewallId,
        more: &[(GrantId, Lease)],
        now: Timestamp,
    ) -> Result<DesiredFirewall, StoreError> {
        let subscription = firewall.subscription();
        let machines = self.store.machines(subscription).await?;
        let held = self.store.unclosed(subscription).await?;
        let mut leases: Vec<(GrantId, Lease)> =
            held.into_iter().map(|held| (held.grant, held.lease)).collect();
        leases.extend_from_slice(more);
        Ok(desired_firewall(&self.author, firewall, &machines, &leases, now))
    }

    /// The VMs that a change is about; nothing known: one `None`.
    async fn vms_of(
        &self,
        observed: &ObservedFirewall,
        collection: &NatCollection,
    ) -> Result<Vec<Option<VmId>>, StoreError> {
        let own = observed.own(&self.author.deployment).map_or(&[][..], |own| &own.rules);
        let targets = changed_targets(own, &collection.rules);
        let machines = self.store.machines(observed.id.subscription()).await?;
        let is_about =
            |machine: &&Machine| machine.gate().is_some_and(|gate| targets.contains(&gate.private));
        let vms: Vec<_> = machines.iter().filter(is_about).map(|machine| Some(machine.vm.clone())).collect();
        Ok(if vms.is_empty() { vec![None] } else { vms })
    }

    /// Gives what went wrong in Azure.
    async fn write_firewall(
        &self,
        observed: &ObservedFirewall,
        collection: NatCollection,
    ) -> Result<Option<FabricError>, StoreError> {
        let firewall = observed.id.clone();
        let vms = self.vms_of(observed, &collection).await?;
        let (event, error) = match self.fabric.apply_firewall(observed, &collection).await {
            Ok(written) => {
                let correlation_id = written.correlation_id;
                tracing::info!(
                    firewall.name = firewall.name(),
                    rules = collection.rules.len(),
                    "nat_written"
                );
                (Event::NatWritten { firewall, collection, correlation_id }, None)
            }
            Err(WriteFailure { error, correlation_id }) => {
                tracing::warn!(firewall.name = firewall.name(), %error, "write failed");
                (Event::NatFailed { firewall, error: error.to_string(), correlation_id }, Some(error))
            }
        };
        let subscription = observed.id.subscription();
        let records: Vec<Record> =
            vms.iter().map(|vm| self.record(vm.as_ref(), subscription, None, event.clone())).collect();
        self.store.record(&records).await?;
        Ok(error)
    }
}

/// The private addresses that the rules lead to which are not the same in both.
fn changed_targets(before: &[NatRule], after: &[NatRule]) -> BTreeSet<IpAddr> {
    let gone = before.iter().filter(|rule| !after.contains(rule));
    let come = after.iter().filter(|rule| !before.contains(rule));
    gone.chain(come).filter_map(|rule| rule.translated_address).collect()
}

/// The collection without what would be new in it.
fn without_new(
    desired: &DesiredFirewall,
    observed: &ObservedFirewall,
    planned: NatCollection,
) -> NatCollection {
    let current = observed.own(&desired.author.deployment).map_or(&[][..], |own| &own.rules);
    let stays = |rule: &&NatRule| planned.rules.iter().any(|one| one.name.eq_ignore_ascii_case(&rule.name));
    let rules = current.iter().filter(stays).cloned().collect();
    NatCollection { rules, ..planned }
}

fn has_rule_of(firewall: &ObservedFirewall, grants: &BTreeSet<GrantId>) -> bool {
    firewall.collections.iter().flat_map(|collection| &collection.rules).any(|rule| {
        rule.name.parse::<Stamp>().is_ok_and(
            |stamp| matches!(stamp.purpose, Purpose::Lease { grant, .. } if grants.contains(&grant)),
        )
    })
}
