//! How much each VM's access is used.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::{
    decision::Requester,
    vm::{SubscriptionId, VmId},
};

use super::{
    Store, StoreError,
    sql::{CHUNK, Values},
    text::{from_json, micros, timestamp, unsigned},
};

/// The use of one VM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VmUsage {
    /// Grants that were admitted since the moment asked about.
    pub approved: u64,
    /// When access was last granted, over all time.
    pub last_access_at: Option<Timestamp>,
    /// Whom it was last granted to, for people to read.
    pub last_user: Option<String>,
}

impl Store {
    /// By the VM's key; a VM that was never granted is missing. Grants count from `since` on.
    pub async fn usage(
        &self,
        subscription: SubscriptionId,
        since: Timestamp,
    ) -> Result<BTreeMap<String, VmUsage>, StoreError> {
        self.usage_among(subscription, since, None).await
    }

    /// The same of some VMs only.
    pub async fn usage_of(
        &self,
        subscription: SubscriptionId,
        since: Timestamp,
        vms: &[VmId],
    ) -> Result<BTreeMap<String, VmUsage>, StoreError> {
        let mut usage = BTreeMap::new();
        for vms in vms.chunks(CHUNK) {
            usage.extend(self.usage_among(subscription, since, Some(vms)).await?);
        }
        Ok(usage)
    }

    async fn usage_among(
        &self,
        subscription: SubscriptionId,
        since: Timestamp,
        vms: Option<&[VmId]>,
    ) -> Result<BTreeMap<String, VmUsage>, StoreError> {
        let mut usage = self.last_access(subscription, vms).await?;
        let mut values = Values::default();
        let sql = format!(
            "SELECT vm, COUNT(DISTINCT grant_id) FROM leases \
             WHERE subscription = {} AND admitted_at >= {}{} GROUP BY vm",
            values.text(subscription.to_string()),
            values.number(micros(since)),
            among(&mut values, vms)
        );
        let rows: Vec<(String, i64)> = values.query_as(sql).fetch_all(&mut *self.read().await?).await?;
        for (vm, approved) in rows {
            let approved = unsigned(|| format!("number of grants of {vm}"), approved)?;
            usage.entry(vm).or_default().approved = approved;
        }
        Ok(usage)
    }

    async fn last_access(
        &self,
        subscription: SubscriptionId,
        vms: Option<&[VmId]>,
    ) -> Result<BTreeMap<String, VmUsage>, StoreError> {
        let mut values = Values::default();
        let (subscription, among) = (values.text(subscription.to_string()), among(&mut values, vms));
        let sql = format!(
            "SELECT l.vm, l.admitted_at, l.requester \
             FROM (SELECT vm, MAX(admitted_at) AS admitted_at FROM leases \
                   WHERE subscription = {subscription}{among} GROUP BY vm) n \
             JOIN leases l ON l.vm = n.vm AND l.admitted_at = n.admitted_at \
             WHERE l.subscription = {subscription} ORDER BY l.vm, l.grant_id, l.ordinal"
        );
        let rows: Vec<(String, i64, String)> =
            values.query_as(sql).fetch_all(&mut *self.read().await?).await?;
        let parse = |(vm, at, requester): (String, i64, String)| {
            let what = || format!("last access to {vm}");
            let requester: Requester = from_json(what, &requester)?;
            let last_access_at = Some(timestamp(what, at)?);
            let usage = VmUsage { approved: 0, last_access_at, last_user: Some(requester.name) };
            Ok((vm, usage))
        };
        rows.into_iter().map(parse).collect()
    }
}

fn among(values: &mut Values, vms: Option<&[VmId]>) -> String {
    match vms {
        Some(vms) => format!(" AND vm IN ({})", values.texts(vms.iter().map(VmId::key))),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[tokio::test]
    async fn grants_are_counted_since_a_moment_and_the_last_one_over_all_time() {
        let home = a_home();
        let store = a_store(&home).await;
        let mut by_other = a_grant(3, "web-01", 30);
        by_other.requester.name = "sam@contoso.example".to_owned();
        let two_ports_of_one = {
            let mut grant = a_grant_of(2, &["web-01", "web-02"], 20);
            grant.leases[1].vm = vm("web-01");
            grant
        };
        let old = a_grant(1, "db-01", 10);
        let elsewhere = a_grant_elsewhere(4, "web-01", 40);
        for grant in [by_other, two_ports_of_one, old, elsewhere] {
            store.admit(&grant, None, &[]).await.unwrap();
        }
        let usage = store.usage(subscription(), at(20)).await.unwrap();
        let used = |approved, second, user: &str| VmUsage {
            approved,
            last_access_at: Some(at(second)),
            last_user: Some(user.to_owned()),
        };
        let expected = BTreeMap::from([
            (vm("db-01").key(), used(0, 10, &a_requester().name)),
            (vm("web-01").key(), used(2, 30, "sam@contoso.example")),
        ]);
        assert_eq!(usage, expected);
        let one = store.usage_of(subscription(), at(20), &[vm("web-01"), vm("nowhere")]).await.unwrap();
        assert_eq!(one.into_keys().collect::<Vec<_>>(), [vm("web-01").key()]);
        assert!(
            store.usage(a_vm_elsewhere("x").subscription(), at(99)).await.unwrap()
                [&a_vm_elsewhere("web-01").key()]
                .approved
                == 0
        );
    }
}
