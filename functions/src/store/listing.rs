//! The VMs of a subscription by what the list of VMs is filtered by: of those that are not shown no JSON is read.

use jiff::Timestamp;
use shared::{
    api::{ListCounts, ListName},
    inventory::Machine,
    policy::ProtectedVm,
    vm::{Os, SubscriptionId, VmId},
};
use sqlx::AnyConnection;

use super::{
    Store, StoreError, Work, inventory, policies,
    sql::{CHUNK, Values},
    text::{timestamp, unsigned},
};

/// Which VMs to list: those that all the fields agree with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    pub list: Option<ListName>,
    pub os: Option<Os>,
    /// A part of the name or the resource group, in any case.
    pub search: Option<String>,
}

const LIST: &str = "CASE WHEN p.vm IS NOT NULL THEN 'configured' WHEN m.supported = 1 THEN 'not_configured'
                    ELSE 'unsupported' END";

impl ListFilter {
    fn matching(&self, values: &mut Values, subscription: SubscriptionId) -> String {
        let mut text = format!(
            " FROM machines m LEFT JOIN policies p ON p.vm = m.vm AND p.subscription = m.subscription \
             WHERE m.subscription = {} AND m.supported IS NOT NULL",
            values.text(subscription.to_string())
        );
        text.push_str(match self.list {
            None => "",
            Some(ListName::Configured) => " AND p.vm IS NOT NULL",
            Some(ListName::NotConfigured) => " AND p.vm IS NULL AND m.supported = 1",
            Some(ListName::Unsupported) => " AND p.vm IS NULL AND m.supported = 0",
        });
        if let Some(os) = self.os {
            text.push_str(&format!(" AND m.os = {}", values.text(inventory::os_name(os))));
        }
        if let Some(search) = &self.search {
            text.push_str(&format!(" AND m.label LIKE {} ESCAPE '\\'", values.text(pattern(search))));
        }
        text
    }
}

impl Store {
    /// The name of a subscription and when its inventory was read; `None`: it was never read as a whole.
    pub async fn inventory_head(
        &self,
        subscription: SubscriptionId,
    ) -> Result<Option<(String, Timestamp)>, StoreError> {
        let row: Option<(String, i64)> =
            sqlx::query_as("SELECT name, at FROM subscriptions WHERE subscription = $1")
                .bind(subscription.to_string())
                .fetch_optional(&self.readers)
                .await?;
        row.map(|(name, at)| Ok((name, timestamp(|| format!("inventory of {subscription}"), at)?)))
            .transpose()
    }

    /// Ordered by VM, those after `after`, `limit` at most; each with its list.
    pub async fn listed(
        &self,
        subscription: SubscriptionId,
        filter: &ListFilter,
        after: Option<&VmId>,
        limit: usize,
    ) -> Result<Vec<(VmId, ListName)>, StoreError> {
        let mut values = Values::default();
        let mut sql = format!("SELECT m.vm, {LIST}{}", filter.matching(&mut values, subscription));
        if let Some(after) = after {
            sql.push_str(&format!(" AND m.vm > {}", values.text(after.key())));
        }
        let limit = values.number(i64::try_from(limit).unwrap_or(i64::MAX));
        sql.push_str(&format!(" ORDER BY m.vm LIMIT {limit}"));
        let rows: Vec<(String, String)> = values.query_as(sql).fetch_all(&self.readers).await?;
        let parse = |(vm, list): (String, String)| {
            let parsed = vm.parse().map_err(|error: shared::vm::InvalidId| {
                StoreError::corrupt(format!("machine {vm}"), error)
            })?;
            Ok((parsed, list_name(&list)))
        };
        rows.into_iter().map(parse).collect()
    }

    /// How many VMs each list has.
    pub async fn list_counts(
        &self,
        subscription: SubscriptionId,
        filter: &ListFilter,
    ) -> Result<ListCounts, StoreError> {
        let mut values = Values::default();
        let matching = filter.matching(&mut values, subscription);
        let sql = format!(
            "SELECT list, COUNT(*) FROM (SELECT m.vm AS vm, {LIST} AS list{matching}) listed GROUP BY list"
        );
        let rows: Vec<(String, i64)> = values.query_as(sql).fetch_all(&self.readers).await?;
        let mut counts = ListCounts::default();
        for (list, number) in rows {
            let number = unsigned(|| format!("number of VMs of {subscription}"), number)?;
            match list_name(&list) {
                ListName::Configured => counts.configured = number,
                ListName::NotConfigured => counts.not_configured = number,
                ListName::Unsupported => counts.unsupported = number,
            }
        }
        Ok(counts)
    }

    /// Gives the VMs that a version before these columns wrote theirs, so that they are listed.
    pub async fn label_machines(&self, subscription: SubscriptionId) -> Result<(), StoreError> {
        let select = "SELECT vm, data FROM machines WHERE label IS NULL AND subscription = $1";
        let rows: Vec<(String, String)> =
            sqlx::query_as(select).bind(subscription.to_string()).fetch_all(&self.readers).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let machines: Vec<Machine> =
            rows.iter().map(|(vm, data)| inventory::parse(vm, data)).collect::<Result<_, _>>()?;
        self.write(Label(&machines)).await
    }

    /// Some VMs of a subscription, ordered by id; those that are not known are missing.
    pub async fn machines_of(
        &self,
        subscription: SubscriptionId,
        vms: &[VmId],
    ) -> Result<Vec<Machine>, StoreError> {
        let rows = self.rows_of("machines", subscription, vms).await?;
        rows.iter().map(|(vm, data)| inventory::parse(vm, data)).collect()
    }

    /// The policies of some VMs of a subscription, ordered by VM.
    pub async fn policies_of(
        &self,
        subscription: SubscriptionId,
        vms: &[VmId],
    ) -> Result<Vec<ProtectedVm>, StoreError> {
        let rows = self.rows_of("policies", subscription, vms).await?;
        rows.into_iter().map(policies::parse).collect()
    }

    async fn rows_of(
        &self,
        table: &'static str,
        subscription: SubscriptionId,
        vms: &[VmId],
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut rows = Vec::with_capacity(vms.len());
        for vms in vms.chunks(CHUNK) {
            let mut values = Values::default();
            let (subscription, keys) =
                (values.text(subscription.to_string()), values.texts(vms.iter().map(VmId::key)));
            let sql = format!(
                "SELECT vm, data FROM {table} WHERE subscription = {subscription} AND vm IN ({keys})"
            );
            let found: Vec<(String, String)> = values.query_as(sql).fetch_all(&self.readers).await?;
            rows.extend(found);
        }
        rows.sort_unstable();
        Ok(rows)
    }
}

struct Label<'a>(&'a [Machine]);

impl Work for Label<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        for machine in self.0 {
            inventory::label(connection, machine).await?;
        }
        Ok(())
    }
}

fn list_name(text: &str) -> ListName {
    match text {
        "configured" => ListName::Configured,
        "not_configured" => ListName::NotConfigured,
        _ => ListName::Unsupported,
    }
}

/// A pattern that finds `search` as it stands, anywhere.
fn pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for character in search.to_lowercase().chars() {
        if matches!(character, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests;
