//! Policies: one row for each protected VM.

use shared::{
    audit::Record,
    policy::ProtectedVm,
    vm::{SubscriptionId, VmId},
};
use sqlx::AnyConnection;

use super::{
    Store, StoreError, Work,
    audit::append,
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

    pub async fn policy(&self, vm: &VmId) -> Result<Option<ProtectedVm>, StoreError> {
        let row: Option<(String, String)> =
            sqlx::query_as("SELECT vm, data FROM policies WHERE vm = $1 AND subscription = $2")
                .bind(vm.key())
                .bind(vm.subscription().to_string())
                .fetch_optional(&self.readers)
                .await?;
        row.map(parse).transpose()
    }

    /// Ordered by VM.
    pub async fn policies(&self, subscription: SubscriptionId) -> Result<Vec<ProtectedVm>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT vm, data FROM policies WHERE subscription = $1 ORDER BY vm")
                .bind(subscription.to_string())
                .fetch_all(&self.readers)
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
        let subscription = self.policy.vm.subscription();
        let upsert = "INSERT INTO policies (vm, subscription, data) VALUES ($1, $2, $3)
                      ON CONFLICT (vm, subscription) DO UPDATE SET data = excluded.data";
        sqlx::query(upsert)
            .bind(self.policy.vm.key())
            .bind(subscription.to_string())
            .bind(to_json(self.policy))
            .execute(&mut *connection)
            .await?;
        append(connection, subscription, self.records).await
    }
}

struct Remove<'a> {
    vm: &'a VmId,
    records: &'a [Record],
}

impl Work for Remove<'_> {
    type Outcome = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let removed = sqlx::query("DELETE FROM policies WHERE vm = $1 AND subscription = $2")
            .bind(self.vm.key())
            .bind(self.vm.subscription().to_string())
            .execute(&mut *connection)
            .await?
            .rows_affected();
        if removed > 0 {
            append(connection, self.vm.subscription(), self.records).await?;
        }
        Ok(removed > 0)
    }
}

fn parse((vm, data): (String, String)) -> Result<ProtectedVm, StoreError> {
    let policy: ProtectedVm = from_json(|| format!("policy of {vm}"), &data)?;
    if policy.vm.key() == vm {
        Ok(policy)
    } else {
        Err(StoreError::corrupt(format!("policy of {vm}"), "it speaks of another VM"))
    }
}

#[cfg(test)]
mod tests {
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
