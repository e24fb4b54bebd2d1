//! Policies: one row for each protected VM.

use std::collections::BTreeMap;

use shared::{
    audit::Record,
    policy::ProtectedVm,
    policy_id::PolicyId,
    vm::{SubscriptionId, VmId},
};
use sqlx::AnyConnection;

use super::{
    Store, StoreError, Work,
    audit::append,
    named, sql,
    text::{from_json, to_json},
};

impl Store {
    /// Protects a VM, or changes how.
    pub async fn put_policy(&self, policy: &ProtectedVm, records: &[Record]) -> Result<(), StoreError> {
        self.write(Put { policy, records }).await
    }

    /// Says whether there was a policy; if not, no record is written either.
    pub async fn remove_policy(&self, vm: &VmId, records: &[Record]) -> Result<bool, StoreError> {
        self.write(Remove { vm, records }).await
    }

    /// Protects several VMs of one subscription, or changes how; all or none. `false`: one of them does not have its
    /// policy in `before` (or has one that is not there), and nothing is written, no record either.
    pub async fn put_policies(
        &self,
        subscription: SubscriptionId,
        before: &BTreeMap<VmId, ProtectedVm>,
        policies: &[ProtectedVm],
        records: &[Record],
    ) -> Result<bool, StoreError> {
        if policies.iter().any(|policy| policy.vm.subscription() != subscription) {
            return Err(StoreError::Refused("the policies of one write are of its subscription"));
        }
        self.write(PutAll { subscription, before, policies, records }).await
    }

    /// Removes the policies of several VMs of one subscription, all or none. `false`: one has none, and nothing is
    /// written, no record either.
    pub async fn remove_policies(
        &self,
        subscription: SubscriptionId,
        vms: &[VmId],
        records: &[Record],
    ) -> Result<bool, StoreError> {
        self.write(RemoveAll { subscription, vms, records }).await
    }

    pub async fn policy(&self, vm: &VmId) -> Result<Option<ProtectedVm>, StoreError> {
        let row: Option<(String, String)> =
            sql::query_as("SELECT vm, data FROM policies WHERE vm = $1 AND subscription = $2")
                .bind(vm.key())
                .bind(vm.subscription().to_string())
                .fetch_optional(&mut *self.read().await?)
                .await?;
        row.map(parse).transpose()
    }

    /// Ordered by VM.
    pub async fn policies(&self, subscription: SubscriptionId) -> Result<Vec<ProtectedVm>, StoreError> {
        let rows: Vec<(String, String)> =
            sql::query_as("SELECT vm, data FROM policies WHERE subscription = $1 ORDER BY vm")
                .bind(subscription.to_string())
                .fetch_all(&mut *self.read().await?)
                .await?;
        rows.into_iter().map(parse).collect()
    }
}

struct Put<'a> {
    policy: &'a ProtectedVm,
    records: &'a [Record],
}

impl Work for Put<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        put(connection, self.policy).await?;
        append(connection, self.policy.vm.subscription(), self.records).await
    }
}

struct PutAll<'a> {
    subscription: SubscriptionId,
    before: &'a BTreeMap<VmId, ProtectedVm>,
    policies: &'a [ProtectedVm],
    records: &'a [Record],
}

impl Work for PutAll<'_> {
    type Outcome = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        for policy in self.policies {
            if read(connection, &policy.vm).await?.as_ref() != self.before.get(&policy.vm) {
                return Ok(false);
            }
        }
        for policy in self.policies {
            put(connection, policy).await?;
        }
        append(connection, self.subscription, self.records).await?;
        Ok(true)
    }
}

pub(super) async fn read(
    connection: &mut AnyConnection,
    vm: &VmId,
) -> Result<Option<ProtectedVm>, StoreError> {
    let row: Option<(String, String)> =
        sql::query_as("SELECT vm, data FROM policies WHERE vm = $1 AND subscription = $2")
            .bind(vm.key())
            .bind(vm.subscription().to_string())
            .fetch_optional(connection)
            .await?;
    row.map(parse).transpose()
}

/// A VM that has a policy stays in it; one that has none comes into that of its resource group and location.
async fn put(connection: &mut AnyConnection, policy: &ProtectedVm) -> Result<(), StoreError> {
    let id = named::default_id(connection, &policy.vm).await?;
    put_into(connection, &id, policy).await
}

/// `id`: the policy to put a VM into that is in none.
pub(super) async fn put_into(
    connection: &mut AnyConnection,
    id: &PolicyId,
    policy: &ProtectedVm,
) -> Result<(), StoreError> {
    let upsert =
        "INSERT INTO policies (vm, subscription, data, policy_id, policy_key) VALUES ($1, $2, $3, $4, $5)
                  ON CONFLICT (vm, subscription) DO UPDATE SET data = excluded.data";
    sql::query(upsert)
        .bind(policy.vm.key())
        .bind(policy.vm.subscription().to_string())
        .bind(to_json(policy))
        .bind(id.to_string())
        .bind(id.key())
        .execute(connection)
        .await?;
    Ok(())
}

struct Remove<'a> {
    vm: &'a VmId,
    records: &'a [Record],
}

impl Work for Remove<'_> {
    type Outcome = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let removed = remove(connection, self.vm).await?;
        if removed {
            append(connection, self.vm.subscription(), self.records).await?;
        }
        Ok(removed)
    }
}

struct RemoveAll<'a> {
    subscription: SubscriptionId,
    vms: &'a [VmId],
    records: &'a [Record],
}

impl Work for RemoveAll<'_> {
    type Outcome = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        for vm in self.vms {
            if read(connection, vm).await?.is_none() {
                return Ok(false);
            }
        }
        for vm in self.vms {
            remove(connection, vm).await?;
        }
        append(connection, self.subscription, self.records).await?;
        Ok(true)
    }
}

pub(super) async fn remove(connection: &mut AnyConnection, vm: &VmId) -> Result<bool, StoreError> {
    let outcome = sql::query("DELETE FROM policies WHERE vm = $1 AND subscription = $2")
        .bind(vm.key())
        .bind(vm.subscription().to_string())
        .execute(connection)
        .await?;
    Ok(outcome.rows_affected() > 0)
}

pub(super) fn parse((vm, data): (String, String)) -> Result<ProtectedVm, StoreError> {
    let policy: ProtectedVm = from_json(|| format!("policy of {vm}"), &data)?;
    if policy.vm.key() == vm {
        Ok(policy)
    } else {
        Err(StoreError::corrupt(format!("policy of {vm}"), "it speaks of another VM"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shared::policy::JustificationRule;

    use super::super::testing::*;

    #[tokio::test]
    async fn a_policy_is_kept_changed_and_removed() {
        let home = a_home();
        let store = a_store(&home).await;
        let mut policy = a_policy("web-01");
        store.put_policy(&policy, &[a_record(&policy.vm, 0)]).await.unwrap();
        policy.justification = JustificationRule::Required;
        store.put_policy(&policy, &[a_record(&policy.vm, 1)]).await.unwrap();
        assert_eq!(store.policy(&policy.vm).await.unwrap(), Some(policy.clone()));
        assert!(store.remove_policy(&policy.vm, &[a_record(&policy.vm, 2)]).await.unwrap());
        assert_eq!(store.policy(&policy.vm).await.unwrap(), None);
        assert_eq!(store.verify(subscription()).await.unwrap(), Ok(3));
    }

    #[tokio::test]
    async fn removing_what_is_not_there_writes_no_record() {
        let home = a_home();
        let store = a_store(&home).await;
        assert!(!store.remove_policy(&vm("web-01"), &[a_record(&vm("web-01"), 0)]).await.unwrap());
        assert_eq!(store.verify(subscription()).await.unwrap(), Ok(0));
    }

    #[tokio::test]
    async fn several_policies_are_kept_and_removed_together_or_not_at_all() {
        let home = a_home();
        let store = a_store(&home).await;
        let policies = [a_policy("web-01"), a_policy("web-02")];
        let foreign = a_record(&a_vm_elsewhere("web-01"), 0);
        let none = BTreeMap::new();
        assert!(store.put_policies(subscription(), &none, &policies, &[foreign]).await.is_err());
        assert!(store.policies(subscription()).await.unwrap().is_empty());
        let record = [a_record(&vm("web-01"), 0)];
        assert!(store.put_policies(subscription(), &none, &policies, &record).await.unwrap());
        assert_eq!(store.policies(subscription()).await.unwrap(), policies);
        let one_without = [vm("web-01"), vm("db-01")];
        let record = [a_record(&vm("web-01"), 1)];
        assert!(!store.remove_policies(subscription(), &one_without, &record).await.unwrap());
        assert_eq!(store.policies(subscription()).await.unwrap(), policies);
        assert!(store.remove_policies(subscription(), &[vm("web-01"), vm("web-02")], &record).await.unwrap());
        assert!(store.policies(subscription()).await.unwrap().is_empty());
        assert_eq!(store.verify(subscription()).await.unwrap(), Ok(2));
    }

    #[tokio::test]
    async fn rejects_a_policy_of_another_subscription_among_several() {
        let home = a_home();
        let store = a_store(&home).await;
        let mut elsewhere = a_policy("web-03");
        elsewhere.vm = a_vm_elsewhere("web-03");
        let policies = [a_policy("web-01"), elsewhere];
        assert!(store.put_policies(subscription(), &BTreeMap::new(), &policies, &[]).await.is_err());
        assert!(store.policies(subscription()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn nothing_is_put_in_the_place_of_a_policy_that_was_not_the_one_before() {
        let home = a_home();
        let store = a_store(&home).await;
        let (first, none) = (a_policy("web-01"), BTreeMap::new());
        let both = [first.clone(), a_policy("web-02")];
        store.put_policy(&first, &[]).await.unwrap();
        assert!(!store.put_policies(subscription(), &none, &both, &[a_record(&first.vm, 0)]).await.unwrap());
        let mut changed = first.clone();
        changed.justification = JustificationRule::Off;
        let before = BTreeMap::from([(first.vm.clone(), changed)]);
        assert!(
            !store.put_policies(subscription(), &before, &both, &[a_record(&first.vm, 0)]).await.unwrap()
        );
        assert_eq!(store.policies(subscription()).await.unwrap(), std::slice::from_ref(&first));
        let before = BTreeMap::from([(first.vm.clone(), first.clone())]);
        assert!(store.put_policies(subscription(), &before, &both, &[a_record(&first.vm, 0)]).await.unwrap());
        assert_eq!(store.policies(subscription()).await.unwrap(), both);
        assert_eq!(store.verify(subscription()).await.unwrap(), Ok(1));
    }

    #[tokio::test]
    async fn policies_are_those_of_one_subscription() {
        let home = a_home();
        let store = a_store(&home).await;
        let mut elsewhere = a_policy("web-03");
        elsewhere.vm = a_vm_elsewhere("web-03");
        for policy in [a_policy("web-02"), a_policy("web-01"), elsewhere.clone()] {
            store.put_policy(&policy, &[]).await.unwrap();
        }
        let here = store.policies(subscription()).await.unwrap();
        assert_eq!(here, [a_policy("web-01"), a_policy("web-02")]);
        assert_eq!(store.policies(elsewhere.vm.subscription()).await.unwrap(), [elsewhere]);
    }

    #[tokio::test]
    async fn another_spelling_of_the_id_finds_the_same_policy() {
        let home = a_home();
        let store = a_store(&home).await;
        store.put_policy(&a_policy("web-01"), &[]).await.unwrap();
        let shouted = shared::vm::VmId::new(subscription(), "PROD-RG", "WEB-01").unwrap();
        assert!(store.policy(&shouted).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_row_that_does_not_parse_is_an_error_that_names_it() {
        let home = a_home();
        let store = a_store(&home).await;
        store.put_policy(&a_policy("web-01"), &[]).await.unwrap();
        sqlx::query("UPDATE policies SET data = '{}'").execute(&store.writer).await.unwrap();
        let error = store.policy(&vm("web-01")).await.unwrap_err().to_string();
        assert_eq!(error, format!("the stored policy of {} cannot be read", vm("web-01").key()));
        assert!(store.policies(subscription()).await.is_err());
    }
}
