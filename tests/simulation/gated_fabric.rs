//! The fabric behind the gate.

use std::{
    collections::BTreeSet,
    future::pending,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use functions::fabric::{Fabric, FabricError, FlushSet, WriteFailure, Written};
use jiff::SignedDuration;
use shared::{
    firewall::{NatCollection, ObservedFirewall},
    inventory::{Inventory, Machine},
    nsg::{ObservedNsg, RuleChange},
    rbac::AccessRights,
    vm::{FirewallId, NsgId, SubscriptionId, VmId},
};

use crate::{
    cloud::Cloud,
    gate::{Gate, Kind, Life, Verdict, unreachable},
    time::Time,
};

#[derive(Debug)]
pub(crate) struct GatedFabric {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) gate: Gate,
    pub(crate) life: Life,
    pub(crate) time: Arc<Time>,
    /// What the instance knows of its own clock, from Azure's last answer.
    pub(crate) ahead: Mutex<Option<SignedDuration>>,
}

impl GatedFabric {
    async fn pass(&self, kind: Kind, name: &'static str, about: String) -> Verdict {
        self.gate.pass(self.life, kind, name, about).await
    }

    fn answered(&self) {
        *self.ahead.lock().unwrap() = Some(self.time.ahead(self.life.instance));
    }

    /// What comes of a read, or of a write without which no NSG changes.
    async fn read<T>(
        &self,
        verdict: Verdict,
        work: impl Future<Output = Result<T, FabricError>>,
    ) -> Result<T, FabricError> {
        if let Verdict::Fail(error) = verdict {
            return Err(error);
        }
        let answer = work.await;
        match verdict {
            Verdict::DieAfter => pending().await,
            Verdict::LoseReply => Err(unreachable("no answer")),
            _ => {
                self.answered();
                answer
            }
        }
    }

    async fn write<T>(
        &self,
        verdict: Verdict,
        work: impl Future<Output = Result<T, WriteFailure>>,
    ) -> Result<T, WriteFailure> {
        if let Verdict::Fail(error) = verdict {
            return Err(failed(error));
        }
        let answer = work.await;
        match verdict {
            Verdict::DieAfter => pending().await,
            Verdict::LoseReply => Err(failed(FabricError::Lost)),
            _ => {
                self.answered();
                answer
            }
        }
    }
}

fn failed(error: FabricError) -> WriteFailure {
    WriteFailure { error, correlation_id: None }
}

#[async_trait]
impl Fabric for GatedFabric {
    async fn inventory(&self, subscription: SubscriptionId) -> Result<Inventory, FabricError> {
        let verdict = self.pass(Kind::Read, "inventory", String::new()).await;
        self.read(verdict, self.cloud.inner.inventory(subscription)).await
    }

    async fn marked_nsgs(&self, subscription: SubscriptionId) -> Result<BTreeSet<NsgId>, FabricError> {
        let verdict = self.pass(Kind::Read, "marked_nsgs", String::new()).await;
        self.read(verdict, self.cloud.inner.marked_nsgs(subscription)).await
    }

    async fn machine(&self, vm: &VmId) -> Result<Option<Machine>, FabricError> {
        let verdict = self.pass(Kind::Read, "machine", vm.name().to_owned()).await;
        self.read(verdict, self.cloud.inner.machine(vm)).await
    }

    async fn observe(&self, nsg: &NsgId) -> Result<Option<ObservedNsg>, FabricError> {
        let verdict = self.pass(Kind::Observe, "observe", nsg.name().to_owned()).await;
        if let Verdict::Stale(age) = verdict {
            self.answered();
            return Ok(self.cloud.as_of(nsg, self.time.now() - age));
        }
        self.read(verdict, async {
            self.cloud.quiet(nsg).await;
            self.cloud.inner.observe(nsg).await
        })
        .await
    }

    async fn apply(&self, nsg: &NsgId, change: &RuleChange) -> Result<Written, WriteFailure> {
        let verdict = self.pass(Kind::Apply, "apply", about(nsg, change)).await;
        if let Verdict::Fail(error) = verdict {
            return Err(failed(error));
        }
        self.cloud.quiet(nsg).await;
        match verdict {
            Verdict::FailLate(how_long) => {
                self.cloud.hold(nsg, how_long).await;
                Err(failed(unreachable("the operation failed after all")))
            }
            Verdict::LandLate(how_long) => {
                self.cloud.land(nsg, change, how_long);
                Err(failed(FabricError::Lost))
            }
            Verdict::Slow(how_long) => self.cloud.land(nsg, change, how_long).arrives().await,
            verdict => self.write(verdict, async { self.cloud.effect(nsg, change) }).await,
        }
    }

    async fn observe_firewall(&self, firewall: &FirewallId) -> Result<Option<ObservedFirewall>, FabricError> {
        let verdict = self.pass(Kind::Read, "observe_firewall", String::new()).await;
        self.read(verdict, self.cloud.inner.observe_firewall(firewall)).await
    }

    async fn apply_firewall(
        &self,
        observed: &ObservedFirewall,
        collection: &NatCollection,
    ) -> Result<Written, WriteFailure> {
        let verdict = self.pass(Kind::Write, "apply_firewall", String::new()).await;
        self.write(verdict, self.cloud.inner.apply_firewall(observed, collection)).await
    }

    async fn flushes(&self, nsg: &NsgId) -> Result<bool, FabricError> {
        let verdict = self.pass(Kind::Read, "flushes", nsg.name().to_owned()).await;
        self.read(verdict, self.cloud.inner.flushes(nsg)).await
    }

    async fn set_flush(&self, nsg: &NsgId, on: bool) -> Result<FlushSet, WriteFailure> {
        let verdict = self.pass(Kind::Write, "set_flush", format!("{} {on}", nsg.name())).await;
        self.write(verdict, self.cloud.inner.set_flush(nsg, on)).await
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        *self.ahead.lock().unwrap()
    }

    async fn rights(
        &self,
        subscription: SubscriptionId,
        principal: &str,
    ) -> Result<AccessRights, FabricError> {
        let verdict = self.pass(Kind::Read, "rights", String::new()).await;
        self.read(verdict, self.cloud.inner.rights(subscription, principal)).await
    }
}

fn about(nsg: &NsgId, change: &RuleChange) -> String {
    let rule = change.rule();
    let what = match change {
        RuleChange::Put(_) => "put",
        RuleChange::Remove(_) => "remove",
    };
    format!("{} {what} {} ({})", nsg.name(), rule.name, rule.priority)
}
