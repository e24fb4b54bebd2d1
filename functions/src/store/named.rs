//! Policies by their names: each protected VM is in one.

use std::collections::BTreeMap;

use shared::{
    audit::Record,
    inventory::Machine,
    policy::ProtectedVm,
    policy_id::{InvalidPolicyId, Location, PolicyId},
    vm::{SubscriptionId, VmId},
};
use sqlx::{AnyConnection, Connection};

use super::{
    Store, StoreError, Work,
    audit::append,
    inventory,
    listing::escaped,
    policies::{self, put_into, read, remove},
    sql::{self, CHUNK, Values},
};

/// A policy with the VMs that it protects, ordered by id; never without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPolicy {
    pub id: PolicyId,
    pub vms: Vec<ProtectedVm>,
}

/// Where to look for policies.
#[derive(Clone, Debug)]
pub struct PolicyScope {
    pub subscription: SubscriptionId,
    pub resource_group: Option<String>,
    pub location: Option<Location>,
}

/// What a policy is to say instead of what it said.
#[derive(Clone, Debug)]
pub struct Replacement<'a> {
    pub id: &'a PolicyId,
    /// The VMs that it protects, as they were read; if it is another by now, nothing is written.
    pub before: &'a [ProtectedVm],
    /// The VMs that it is to protect; none: the policy goes.
    pub after: &'a [ProtectedVm],
}

/// A policy's id, a VM and what is stored of it.
type Row = (String, String, String);

impl Store {
    pub async fn named_policy(&self, id: &PolicyId) -> Result<Option<NamedPolicy>, StoreError> {
        Ok(self.named_policies(id.subscription(), &[id.key()]).await?.pop())
    }

    /// Those that are there, ordered by key.
    pub async fn named_policies(
        &self,
        subscription: SubscriptionId,
        keys: &[String],
    ) -> Result<Vec<NamedPolicy>, StoreError> {
        let mut found = Vec::new();
        for keys in keys.chunks(CHUNK) {
            let mut values = Values::default();
            let sql = format!(
                "SELECT policy_id, vm, data FROM policies WHERE subscription = {} AND policy_key IN ({}) \
                 ORDER BY policy_key, vm",
                values.text(subscription.to_string()),
                values.texts(keys)
            );
            let rows: Vec<Row> = values.query_as(sql).fetch_all(&mut *self.read().await?).await?;
            found.extend(together(rows)?);
        }
        Ok(found)
    }

    /// The keys of the policies of a scope, each with its VMs; in order, those after `after`.
    pub async fn policy_members(
        &self,
        scope: &PolicyScope,
        after: Option<&str>,
    ) -> Result<Vec<(String, VmId)>, StoreError> {
        let mut values = Values::default();
        let mut sql = format!(
            "SELECT policy_key, vm FROM policies WHERE subscription = {} AND policy_key > {}",
            values.text(scope.subscription.to_string()),
            values.text(after.unwrap_or_default())
        );
        let parts = [
            scope.resource_group.as_ref().map(|group| format!("%/resourcegroups/{}/%", escaped(group))),
            scope.location.as_ref().map(|location| format!("%/locations/{}/%", escaped(location.as_str()))),
        ];
        for part in parts.into_iter().flatten() {
            sql.push_str(&format!(" AND policy_key LIKE {} ESCAPE '\\'", values.text(part)));
        }
        sql.push_str(" ORDER BY policy_key, vm");
        let rows: Vec<(String, String)> = values.query_as(sql).fetch_all(&mut *self.read().await?).await?;
        rows.into_iter().map(|(key, vm)| Ok((key, vm_of(&vm)?))).collect()
    }

    /// The policies that VMs of one subscription are in.
    pub async fn policy_ids_of(
        &self,
        subscription: SubscriptionId,
        vms: &[VmId],
    ) -> Result<BTreeMap<VmId, PolicyId>, StoreError> {
        let mut ids = BTreeMap::new();
        for vms in vms.chunks(CHUNK) {
            let mut values = Values::default();
            let sql = format!(
                "SELECT vm, policy_id FROM policies \
                 WHERE subscription = {} AND policy_id IS NOT NULL AND vm IN ({})",
                values.text(subscription.to_string()),
                values.texts(vms.iter().map(VmId::key))
            );
            let rows: Vec<(String, String)> =
                values.query_as(sql).fetch_all(&mut *self.read().await?).await?;
            for (vm, id) in rows {
                ids.insert(vm_of(&vm)?, id_of(&id)?);
            }
        }
        Ok(ids)
    }

    /// Replaces a policy as a whole. `false`: it is no longer as it was read, or one of its new VMs is in another
    /// policy; nothing is written, no record either.
    pub async fn replace_policy(
        &self,
        replacement: &Replacement<'_>,
        records: &[Record],
    ) -> Result<bool, StoreError> {
        if replacement.after.iter().any(|policy| !replacement.id.may_hold(&policy.vm)) {
            return Err(StoreError::Refused("the VMs of a policy are of its resource group"));
        }
        self.write(Replace { replacement, records }).await
    }
}

struct Replace<'a> {
    replacement: &'a Replacement<'a>,
    records: &'a [Record],
}

impl Work for Replace<'_> {
    type Outcome = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let Replacement { id, before, after } = self.replacement;
        let now = members(connection, id).await?;
        let (spelled, vms) = now.map_or_else(|| ((*id).clone(), Vec::new()), |now| (now.id, now.vms));
        if vms != *before {
            return Ok(false);
        }
        let is_member = |vm: &VmId| vms.iter().any(|member| member.vm == *vm);
        for policy in after.iter().filter(|policy| !is_member(&policy.vm)) {
            if read(connection, &policy.vm).await?.is_some() {
                return Ok(false);
            }
        }
        for gone in vms.iter().filter(|member| !after.iter().any(|policy| policy.vm == member.vm)) {
            remove(connection, &gone.vm).await?;
        }
        for policy in after.iter().filter(|policy| !vms.contains(policy)) {
            put_into(connection, &spelled, policy).await?;
        }
        append(connection, id.subscription(), self.records).await?;
        Ok(true)
    }
}

async fn members(connection: &mut AnyConnection, id: &PolicyId) -> Result<Option<NamedPolicy>, StoreError> {
    let select = "SELECT policy_id, vm, data FROM policies
                  WHERE subscription = $1 AND policy_key = $2 ORDER BY vm";
    let rows: Vec<Row> = sql::query_as(select)
        .bind(id.subscription().to_string())
        .bind(id.key())
        .fetch_all(connection)
        .await?;
    Ok(together(rows)?.pop())
}

/// Puts rows of the same policy together; they come one after the other. It is spelled as its first VM has it.
fn together(rows: Vec<Row>) -> Result<Vec<NamedPolicy>, StoreError> {
    let mut policies: Vec<NamedPolicy> = Vec::new();
    for (id, vm, data) in rows {
        let id = id_of(&id)?;
        let policy = policies::parse((vm, data))?;
        match policies.last_mut() {
            Some(last) if last.id == id => last.vms.push(policy),
            _ => policies.push(NamedPolicy { id, vms: vec![policy] }),
        }
    }
    Ok(policies)
}

fn vm_of(text: &str) -> Result<VmId, StoreError> {
    text.parse()
        .map_err(|error: shared::vm::InvalidId| StoreError::corrupt(format!("policy of {text}"), error))
}

fn id_of(text: &str) -> Result<PolicyId, StoreError> {
    text.parse().map_err(|error: InvalidPolicyId| StoreError::corrupt(format!("policy {text}"), error))
}

/// The policy of a VM that nobody put into another.
pub(super) async fn default_id(connection: &mut AnyConnection, vm: &VmId) -> Result<PolicyId, StoreError> {
    let row: Option<(String,)> =
        sql::query_as("SELECT data FROM machines WHERE vm = $1 AND subscription = $2")
            .bind(vm.key())
            .bind(vm.subscription().to_string())
            .fetch_optional(connection)
            .await?;
    let machine = row.map(|(data,)| inventory::parse(&vm.key(), &data)).transpose()?;
    Ok(PolicyId::default_for(vm, location(machine.as_ref())))
}

/// Of a VM that nobody has read the region is not known.
fn location(machine: Option<&Machine>) -> Location {
    machine.and_then(|machine| machine.location.parse().ok()).unwrap_or_else(Location::global)
}

/// Gives the policies that a version before the names wrote theirs. Those that cannot be read stay without.
pub(super) async fn fill(connection: &mut AnyConnection, begin: &'static str) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with(begin).await?;
    let select = "SELECT p.vm, m.data FROM policies p
                  LEFT JOIN machines m ON m.vm = p.vm AND m.subscription = p.subscription
                  WHERE p.policy_key IS NULL";
    let rows: Vec<(String, Option<String>)> = sql::query_as(select).fetch_all(&mut *transaction).await?;
    if rows.is_empty() {
        return transaction.rollback().await;
    }
    for (key, machine) in rows {
        let machine = machine.and_then(|data| inventory::parse(&key, &data).ok());
        // The key is in lower case; the spelling is in what was read of the VM.
        let Some(vm) = machine.as_ref().map(|machine| machine.vm.clone()).or_else(|| key.parse().ok()) else {
            tracing::warn!(vm = key, "a policy is not found by its name");
            continue;
        };
        let id = PolicyId::default_for(&vm, location(machine.as_ref()));
        let update = "UPDATE policies SET policy_id = $1, policy_key = $2
                      WHERE vm = $3 AND subscription = $4 AND policy_key IS NULL";
        sql::query(update)
            .bind(id.to_string())
            .bind(id.key())
            .bind(&key)
            .bind(vm.subscription().to_string())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

#[cfg(test)]
mod tests;
