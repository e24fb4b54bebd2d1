//! Looking at one NSG: what is there, what should be, and whether somebody changed what we left there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::{
    audit::{Event, Record},
    grant::{GrantId, Lease},
    inventory::Machine,
    nsg::{
        ObservedNsg, RuleChange,
        desired::{Desired, desired},
        plan::{Plan, plan},
    },
    policy::ProtectedVm,
    rule::NsgRule,
    vm::{NsgId, VmId},
};

use super::{EnforceError, Engine, Moment};
use crate::store::{BehindNsg, StoreError};

/// An NSG as it was just read, and what follows.
#[derive(Debug)]
pub struct Look {
    pub observed: ObservedNsg,
    /// When the reading began: what happened later is not in it.
    pub read_at: Timestamp,
    /// Whether somebody changed a rule of ours since the last look.
    pub drifted: bool,
    pub(super) desired: Desired,
    pub(super) plan: Plan,
    /// The VMs that it decides over.
    pub(super) machines: Vec<Machine>,
}

impl Engine {
    /// Reads an NSG and then the store, and writes down what people did to our rules meanwhile.
    pub async fn look(&self, nsg: &NsgId) -> Result<Look, EnforceError> {
        let before = self.store.observation(nsg).await?.map(|(before, _)| before);
        let (observed, moment) = self.read(nsg).await?;
        let now = self.clock.now();
        let (desired, machines) = self.desired(nsg, (&[], &[]), now).await?;
        let plan = plan(&desired, &observed, now);
        let mut records = Vec::new();
        let drift = before.as_ref().map_or_else(Vec::new, |before| drift(before, &observed, &desired, &plan));
        let drifted = !drift.is_empty();
        self.metrics.drift.inc_by(drift.len().try_into().unwrap_or(0));
        for (rule, found) in drift {
            tracing::warn!(nsg.name = nsg.name(), rule.name = rule.name, "a rule of ours was changed");
            let event = Event::Drifted { nsg: nsg.clone(), rule: rule.name.clone(), found };
            records.extend(self.for_vms_of(nsg, rule, &machines, &event));
        }
        for odd in plan.odd.iter().filter(|odd| before.as_ref().is_none_or(|one| !one.rules.contains(odd))) {
            let event = Event::OddRule { nsg: nsg.clone(), rule: odd.clone() };
            records.extend(self.for_vms_of(nsg, odd, &machines, &event));
        }
        if !records.is_empty() {
            self.store.record(&records).await?;
        }
        // Only what was written down may be forgotten: had we crashed before, it would be noticed at the next look.
        self.store.put_observation(&observed, self.dated(&moment)).await?;
        Ok(Look { observed, read_at: moment.at, drifted, desired, plan, machines })
    }

    pub(super) async fn read(&self, nsg: &NsgId) -> Result<(ObservedNsg, Moment), EnforceError> {
        let moment = self.moment();
        let Some(observed) = self.fabric.observe(nsg).await? else {
            self.store.forget_observation(nsg).await?;
            return Err(EnforceError::Gone);
        };
        Ok((observed, moment))
    }

    /// What the store wants of an NSG, and what is asked for besides; and the VMs that it decides over.
    pub(super) async fn desired(
        &self,
        nsg: &NsgId,
        (more_policies, more_leases): (&[ProtectedVm], &[(GrantId, Lease)]),
        now: Timestamp,
    ) -> Result<(Desired, Vec<Machine>), StoreError> {
        let BehindNsg { machines, policies, doubtful } = self.store.behind(nsg).await?;
        // What is asked for was checked, so of VMs that are not behind it nothing is in doubt.
        let asked = more_policies.iter().filter(|policy| machines.iter().any(|one| one.vm == policy.vm));
        let all = policies.into_iter().chain(doubtful).chain(asked.cloned());
        let policies: BTreeMap<VmId, ProtectedVm> = all.map(|policy| (policy.vm.clone(), policy)).collect();
        let held = self.store.unclosed(nsg.subscription()).await?;
        let mut leases: Vec<(GrantId, Lease)> =
            held.into_iter().map(|held| (held.grant, held.lease)).collect();
        leases.extend_from_slice(more_leases);
        let desired = desired(&self.author, nsg, &machines, &policies, &leases, now);
        Ok((desired, machines))
    }

    /// One record for each VM that a rule is about, or one for none.
    pub(super) fn for_vms_of(
        &self,
        nsg: &NsgId,
        rule: &NsgRule,
        machines: &[Machine],
        event: &Event,
    ) -> Vec<Record> {
        let about = |machine: &&Machine| rule.names_any(machine.destinations_in(nsg));
        let vms: Vec<&VmId> = machines.iter().filter(about).map(|machine| &machine.vm).collect();
        let record = |vm| self.record(vm, nsg.subscription(), None, event.clone());
        if vms.is_empty() { vec![record(None)] } else { vms.into_iter().map(|vm| record(Some(vm))).collect() }
    }
}

/// The rules of ours that were as they should be, are not now, and have to be written again; with what is there instead.
fn drift<'b>(
    before: &'b ObservedNsg,
    observed: &ObservedNsg,
    desired: &Desired,
    plan: &Plan,
) -> Vec<(&'b NsgRule, Option<NsgRule>)> {
    let is_repaired = |name: &str| {
        plan.changes
            .iter()
            .any(|change| matches!(change, RuleChange::Put(rule) if rule.name.eq_ignore_ascii_case(name)))
    };
    let named =
        |nsg: &'b ObservedNsg, name: &str| nsg.rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(name));
    let mut found = Vec::new();
    for wanted in desired.rules.iter().map(|wanted| wanted.anywhere()) {
        let Some(was) = named(before, &wanted.name).filter(|was| was.is_same_but_priority(wanted)) else {
            continue;
        };
        let is = observed.rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(&wanted.name));
        if is != Some(was) && is_repaired(&wanted.name) {
            found.push((was, is.cloned()));
        }
    }
    found
}
