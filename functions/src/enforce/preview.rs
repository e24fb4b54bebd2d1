//! What a change would come to, found out before anything is durable or written.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    exposure::{Observations, led_in_besides},
    firewall::{NatObstacle, NatObstacleReason, NatRuleName},
    grant::{GrantId, Lease},
    inventory::Machine,
    nsg::{
        ObservedNsg, RuleChange,
        plan::{Obstacle, ObstacleReason, plan},
        proof::{Law, Proof, versions},
        stamp::{Purpose, Stamp},
    },
    policy::ProtectedVm,
    vm::{FirewallId, NsgId},
};

use super::{EnforceError, Engine};
use crate::store::StoreError;

/// What would be written, what it would do, and what stands in its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    pub changes: Vec<(NsgId, RuleChange)>,
    /// What all the changes together do to packets.
    pub proof: Proof,
    pub obstacles: Vec<(NsgId, Obstacle)>,
    pub nat_obstacles: Vec<(FirewallId, NatObstacle)>,
    /// The NSGs as they were read, and as the changes would leave them.
    pub nsgs: BTreeMap<NsgId, (ObservedNsg, ObservedNsg)>,
}

impl Preview {
    /// What stands in the way: where, and why.
    pub fn in_the_way(&self, is_asked: impl Fn(Option<GrantId>) -> bool) -> Vec<(&str, String)> {
        let nsgs = self.obstacles.iter().filter(|(_, one)| is_asked(one.grant));
        let firewalls = self.nat_obstacles.iter().filter(|(_, one)| is_asked(Some(one.grant)));
        let nsgs = nsgs.map(|(nsg, one)| (nsg.name(), one.reason.to_string()));
        nsgs.chain(firewalls.map(|(firewall, one)| (firewall.name(), one.reason.to_string()))).collect()
    }
}

impl Engine {
    /// What `leases` and `policies` would come to beside everything that is there. Reads the NSGs anew.
    pub async fn preview(
        &self,
        machines: &[Machine],
        policies: &[ProtectedVm],
        leases: &[(GrantId, Lease)],
    ) -> Result<Preview, EnforceError> {
        let nsgs: BTreeSet<&NsgId> = machines.iter().flat_map(Machine::nsgs).collect();
        let (mut before, mut after) = (Observations::new(), Observations::new());
        let mut preview = Preview::default();
        for nsg in nsgs {
            let look = self.look(nsg).await?;
            let now = self.clock.now();
            let (desired, behind) = self.desired(nsg, (policies, leases), now).await?;
            let plan = plan(&desired, &look.observed, now);
            let law = Law::of(&desired, &look.observed, &behind);
            preview.obstacles.extend(plan.obstacles.into_iter().map(|one| (nsg.clone(), one)));
            let mut state = look.observed.clone();
            for change in plan.changes {
                match law.prove(&state, &change) {
                    Ok(next) => state = next,
                    Err(unproven) => {
                        let reason = ObstacleReason::Unproven { reason: unproven.to_string() };
                        preview.obstacles.push((nsg.clone(), Obstacle { grant: grant_of(&change), reason }));
                    }
                }
                preview.changes.push((nsg.clone(), change));
            }
            before.insert(nsg.clone(), look.observed);
            after.insert(nsg.clone(), state);
        }
        let firewalls: BTreeSet<&FirewallId> =
            machines.iter().filter_map(|machine| machine.firewall.as_ref()).map(|gate| &gate.id).collect();
        for firewall in firewalls {
            let found = self.nat_obstacles(firewall, leases).await?;
            preview.nat_obstacles.extend(found.into_iter().map(|one| (firewall.clone(), one)));
        }
        for (grant, lease) in leases {
            for machine in machines.iter().filter(|machine| machine.vm == lease.vm) {
                let others = self.led_in_besides(machine, lease, &before).await?.into_iter().map(|rule| {
                    NatObstacle { grant: *grant, reason: NatObstacleReason::LedInBesides { rule } }
                });
                let gate = machine.firewall.iter();
                preview
                    .nat_obstacles
                    .extend(gate.flat_map(|gate| others.clone().map(|one| (gate.id.clone(), one))));
            }
        }
        let rules = preview.changes.iter().flat_map(|(nsg, change)| {
            let read = before.get(nsg);
            read.map_or_else(Vec::new, |before| versions(before, change))
        });
        preview.proof = Proof::of(machines, (&before, &after), rules);
        let left = |(nsg, was)| after.remove(&nsg).map(|is| (nsg, (was, is)));
        preview.nsgs = before.into_iter().filter_map(left).collect();
        Ok(preview)
    }

    /// The NAT rules of others that would let in more than `lease` grants.
    pub(super) async fn led_in_besides(
        &self,
        machine: &Machine,
        lease: &Lease,
        observed: &Observations,
    ) -> Result<Vec<NatRuleName>, StoreError> {
        let Some(gate) = &machine.firewall else { return Ok(Vec::new()) };
        let seen = self.store.firewalls(gate.id.subscription()).await?;
        let firewalls = seen.into_iter().map(|(id, (reading, _))| (id, reading)).collect();
        Ok(led_in_besides(&self.author.deployment, machine, lease, observed, &firewalls))
    }

    /// Whether our clock may be trusted with the ends of new openings.
    pub fn trust_clock(&self) -> Result<(), EnforceError> {
        match self.fabric.clock_ahead() {
            Some(ahead) if ahead.abs() > self.clock_tolerance => Err(EnforceError::ClockApart(ahead)),
            _ => Ok(()),
        }
    }
}

pub(super) fn grant_of(change: &RuleChange) -> Option<GrantId> {
    match change.rule().name.parse::<Stamp>().ok()?.purpose {
        Purpose::Guard => None,
        Purpose::Lease { grant, .. } => Some(grant),
    }
}
