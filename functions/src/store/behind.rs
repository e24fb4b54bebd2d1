//! The VMs whose packets one NSG decides over.

use std::collections::BTreeMap;

use shared::{
    inventory::{Machine, WayIn},
    policy::ProtectedVm,
    vm::NsgId,
};

use super::{Store, StoreError, inventory, policies, sql};

/// Everything about VMs that decides what should be in one NSG.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BehindNsg {
    /// The VMs behind it, ordered by id.
    pub machines: Vec<Machine>,
    /// The policies of those.
    pub policies: Vec<ProtectedVm>,
    /// The policies of VMs anywhere in the subscription that are not known or could not be read: they may be behind it.
    pub doubtful: Vec<ProtectedVm>,
}

impl BehindNsg {
    /// Takes up one VM, as far as it concerns `nsg`.
    pub(super) fn take(&mut self, nsg: &NsgId, machine: Option<Machine>, policy: Option<ProtectedVm>) {
        let is_read = machine.as_ref().is_some_and(|machine| machine.way_in != WayIn::Unreadable);
        let behind = machine.filter(|machine| !machine.destinations_in(nsg).is_empty());
        match policy {
            Some(policy) if !is_read => self.doubtful.push(policy),
            Some(policy) if behind.is_some() => self.policies.push(policy),
            _ => {}
        }
        self.machines.extend(behind);
    }
}

/// A VM's key, its policy and its machine.
type Row = (String, Option<String>, Option<String>);

impl Store {
    /// All of it is of one moment: a VM that becomes known or is forgotten meanwhile is in doubt or behind, never missed.
    pub async fn behind(&self, nsg: &NsgId) -> Result<BehindNsg, StoreError> {
        let select = "
            SELECT m.vm, p.data, m.data
            FROM machines m LEFT JOIN policies p ON p.vm = m.vm AND p.subscription = m.subscription
            WHERE m.subscription = $1 AND m.vm IN (
                SELECT vm FROM machine_nsgs WHERE nsg = $2 AND subscription = $1
                UNION ALL
                SELECT vm FROM machines WHERE subscription = $1 AND (linked_at IS NULL OR linked_at <> at))
            UNION ALL
            SELECT p.vm, p.data, m.data
            FROM policies p LEFT JOIN machines m ON m.vm = p.vm AND m.subscription = p.subscription
            WHERE p.subscription = $1 AND (m.vm IS NULL OR m.supported IS NULL OR m.supported = 0)";
        let rows: Vec<Row> = sql::query_as(select)
            .bind(nsg.subscription().to_string())
            .bind(nsg.key())
            .fetch_all(&mut *self.read().await?)
            .await?;
        // A VM that both halves found is there once.
        let rows: BTreeMap<String, (Option<String>, Option<String>)> =
            rows.into_iter().map(|(vm, policy, machine)| (vm, (policy, machine))).collect();
        let mut behind = BehindNsg::default();
        for (vm, (policy, machine)) in rows {
            let machine = machine.map(|data| inventory::parse(&vm, &data)).transpose()?;
            let policy = policy.map(|data| policies::parse((vm.clone(), data))).transpose()?;
            behind.take(nsg, machine, policy);
        }
        Ok(behind)
    }
}
