//! The VMs of a subscription by what the list of VMs is filtered by: of those that are not shown no JSON is read.

mod order;

use jiff::Timestamp;
use shared::{
    api::{ListCounts, ListName, VmPlace},
    inventory::Machine,
    policy::ProtectedVm,
    vm::{Os, SubscriptionId, VmId},
};
use sqlx::AnyConnection;

use super::{
    Store, StoreError, Work, inventory, policies,
    sql::{self, CHUNK, Values},
    text::{timestamp, unsigned},
};

pub use self::order::{ListOrder, Rank};

/// Which VMs to list: those that all the fields agree with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    pub list: Option<ListName>,
    pub os: Option<Os>,
    /// A part of the name or the resource group, in any case.
    pub search: Option<String>,
    /// The name of a resource group, in any case.
    pub group: Option<String>,
}

/// A VM of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is ordered by.
    pub rank: Rank,
    pub vm: VmId,
    pub list: ListName,
}

impl Listed {
    pub fn place(&self) -> VmPlace {
        let rank = match self.rank {
            Rank::Number(number) => Some(number),
            Rank::Id | Rank::Name(_) => None,
        };
        VmPlace { rank, vm: self.vm.clone() }
    }
}

const LIST: &str = "CASE WHEN p.vm IS NOT NULL THEN 'configured' WHEN m.supported = 1 THEN 'not_configured'
                    ELSE 'unsupported' END";

impl ListFilter {
    /// `join`: what the VMs are ordered by, if that stands elsewhere.
    fn matching(&self, values: &mut Values, subscription: SubscriptionId, join: &str) -> String {
        let mut text = format!(
            " FROM machines m LEFT JOIN policies p ON p.vm = m.vm AND p.subscription = m.subscription{join} \
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
        if let Some(group) = &self.group {
            let start = format!("{}\n%", escaped(group));
            text.push_str(&format!(" AND m.label LIKE {} ESCAPE '\\'", values.text(start)));
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
            sql::query_as("SELECT name, at FROM subscriptions WHERE subscription = $1")
                .bind(subscription.to_string())
                .fetch_optional(&mut *self.read().await?)
                .await?;
        row.map(|(name, at)| Ok((name, timestamp(|| format!("inventory of {subscription}"), at)?)))
            .transpose()
    }

    /// In an order, those after `after` and up to `through`, `limit` at most.
    pub async fn listed(
        &self,
        subscription: SubscriptionId,
        filter: &ListFilter,
        order: ListOrder,
        (after, through): (Option<&VmPlace>, Option<&VmPlace>),
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let mut values = Values::default();
        let join = order.join(&mut values, subscription);
        let matching = filter.matching(&mut values, subscription, &join);
        let rank = order.rank();
        let mut sql = format!("SELECT m.vm, {LIST}, {rank}{matching}");
        if let Some(after) = after {
            sql.push_str(&format!(" AND {}", order.is_after(&mut values, after)));
        }
        if let Some(through) = through {
            sql.push_str(&format!(" AND NOT ({})", order.is_after(&mut values, through)));
        }
        let limit = values.number(i64::try_from(limit).unwrap_or(i64::MAX));
        sql.push_str(&format!(" ORDER BY {} LIMIT {limit}", order.by()));
        let rows: Vec<(String, String, i64)> =
            values.query_as(sql).fetch_all(&mut *self.read().await?).await?;
        let parse = |(vm, list, number): (String, String, i64)| {
            let vm: VmId = vm.parse().map_err(|error: shared::vm::InvalidId| {
                StoreError::corrupt(format!("machine {vm}"), error)
            })?;
            Ok(Listed { rank: order.rank_of(&vm, number), vm, list: list_name(&list) })
        };
        rows.into_iter().map(parse).collect()
    }

    /// The resource groups that have VMs, as they are spelled.
    pub async fn resource_groups(&self, subscription: SubscriptionId) -> Result<Vec<String>, StoreError> {
        let select = "SELECT DISTINCT resource_group FROM machines
                      WHERE subscription = $1 AND resource_group IS NOT NULL ORDER BY resource_group";
        let rows: Vec<(String,)> =
            sql::query_as(select).bind(subscription.to_string()).fetch_all(&mut *self.read().await?).await?;
        Ok(rows.into_iter().map(|(group,)| group).collect())
    }

    /// How many VMs each list has.
    pub async fn list_counts(
        &self,
        subscription: SubscriptionId,
        filter: &ListFilter,
    ) -> Result<ListCounts, StoreError> {
        let mut values = Values::default();
        let matching = filter.matching(&mut values, subscription, "");
        let sql = format!(
            "SELECT list, COUNT(*) FROM (SELECT m.vm AS vm, {LIST} AS list{matching}) listed GROUP BY list"
        );
        let rows: Vec<(String, i64)> = values.query_as(sql).fetch_all(&mut *self.read().await?).await?;
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
            sql::query_as(select).bind(subscription.to_string()).fetch_all(&mut *self.read().await?).await?;
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
            let found: Vec<(String, String)> =
                values.query_as(sql).fetch_all(&mut *self.read().await?).await?;
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
    format!("%{}%", escaped(search))
}

/// In lower case, and with nothing that a pattern means something by.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.to_lowercase().chars() {
        if matches!(character, '\\' | '%' | '_') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests;
