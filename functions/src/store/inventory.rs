//! The inventory: one row for each VM, replaced subscription by subscription.
//!
//! A row's `at` is when it was written. A VM that a later reading of its whole subscription found as it was is not
//! written again: all rows that are there after that are as they were then.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use shared::{
    inventory::{Inventory, Machine},
    vm::{Os, SubscriptionId, VmId},
};
use sqlx::AnyConnection;

use super::{
    Store, StoreError, Work,
    sql::{self, CHUNK, Values},
    text::{from_json, micros, timestamp, to_json},
};

impl Store {
    /// Replaces a subscription's rows by what was read at `at`. What was read later than that stays. Only what changed is
    /// written.
    pub async fn put_inventory(&self, inventory: &Inventory, at: Timestamp) -> Result<(), StoreError> {
        if inventory.machines.iter().any(|machine| machine.vm.subscription() != inventory.subscription) {
            return Err(StoreError::Refused("the VMs of an inventory are of its subscription"));
        }
        let same = self.written_as(inventory).await?;
        self.write(Replace { inventory, at, same }).await
    }

    /// When those VMs were written, by key, that are kept as this inventory has them. Read beforehand, as comparing takes
    /// long and other writers should not wait for it.
    async fn written_as(&self, inventory: &Inventory) -> Result<BTreeMap<String, i64>, StoreError> {
        // One that a version before `linked_at` wrote is not as it should be.
        let select = "SELECT vm, at, data FROM machines WHERE subscription = $1 AND linked_at = at";
        let machines: BTreeMap<String, &Machine> =
            inventory.machines.iter().map(|machine| (machine.vm.key(), machine)).collect();
        let mut same = BTreeMap::new();
        let mut reading = self.read().await?;
        let mut rows = sql::query_as::<(String, i64, String)>(select)
            .bind(inventory.subscription.to_string())
            .fetch(&mut *reading);
        while let Some((vm, at, data)) = rows.try_next().await? {
            if machines.get(&vm).is_some_and(|machine| to_json(machine) == data) {
                same.insert(vm, at);
            }
        }
        Ok(same)
    }

    /// The machines are ordered by id. `None`: the subscription was never read as a whole.
    pub async fn inventory(
        &self,
        subscription: SubscriptionId,
    ) -> Result<Option<(Inventory, Timestamp)>, StoreError> {
        let select = "SELECT s.name, s.at, m.vm, m.data
                      FROM subscriptions s LEFT JOIN machines m ON m.subscription = s.subscription
                      WHERE s.subscription = $1 ORDER BY m.vm";
        let rows: Vec<(String, i64, Option<String>, Option<String>)> =
            sql::query_as(select).bind(subscription.to_string()).fetch_all(&mut *self.read().await?).await?;
        let Some((name, at, ..)) = rows.first() else { return Ok(None) };
        let (subscription_name, at) =
            (name.clone(), timestamp(|| format!("inventory of {subscription}"), *at)?);
        let machines = rows.iter().filter_map(|(.., vm, data)| Some(parse(vm.as_ref()?, data.as_ref()?)));
        let machines = machines.collect::<Result<_, _>>()?;
        Ok(Some((Inventory { subscription, subscription_name, machines }, at)))
    }

    /// Every VM of a subscription that was read, one by one or as a whole, ordered by id.
    pub async fn machines(&self, subscription: SubscriptionId) -> Result<Vec<Machine>, StoreError> {
        let select = "SELECT vm, data FROM machines WHERE subscription = $1 ORDER BY vm";
        let rows: Vec<(String, String)> =
            sql::query_as(select).bind(subscription.to_string()).fetch_all(&mut *self.read().await?).await?;
        rows.iter().map(|(vm, data)| parse(vm, data)).collect()
    }

    /// A VM, the name of its subscription (its id, if that is all that is known) and when it was read.
    pub async fn machine(&self, vm: &VmId) -> Result<Option<(Machine, String, Timestamp)>, StoreError> {
        let select = "SELECT m.data, m.at, s.name, s.at
                      FROM machines m LEFT JOIN subscriptions s ON s.subscription = m.subscription
                      WHERE m.vm = $1 AND m.subscription = $2";
        let row: Option<(String, i64, Option<String>, Option<i64>)> = sql::query_as(select)
            .bind(vm.key())
            .bind(vm.subscription().to_string())
            .fetch_optional(&mut *self.read().await?)
            .await?;
        let Some((data, written, name, whole)) = row else { return Ok(None) };
        let at = timestamp(|| format!("machine {vm}"), whole.unwrap_or(written).max(written))?;
        Ok(Some((parse(&vm.key(), &data)?, name.unwrap_or_else(|| vm.subscription().to_string()), at)))
    }

    /// Keeps one VM as it was read at `at`, unless a later reading is there.
    pub async fn put_machine(&self, machine: &Machine, at: Timestamp) -> Result<(), StoreError> {
        self.write(Put { machine, at }).await
    }

    pub async fn forget_machine(&self, vm: &VmId) -> Result<(), StoreError> {
        self.write(Forget(vm)).await
    }
}

struct Replace<'a> {
    inventory: &'a Inventory,
    at: Timestamp,
    /// What need not be written, if it was not written since, see `Store::written_as`.
    same: BTreeMap<String, i64>,
}

impl Work for Replace<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let Self { inventory, at, same } = self;
        if !name_subscription(connection, inventory, *at).await? {
            return Ok(());
        }
        let select = "SELECT vm, at FROM machines WHERE subscription = $1";
        let rows: Vec<(String, i64)> = sql::query_as(select)
            .bind(inventory.subscription.to_string())
            .fetch_all(&mut *connection)
            .await?;
        let mut before: BTreeMap<String, i64> = rows.into_iter().collect();
        let mut changed = Vec::new();
        for machine in &inventory.machines {
            let key = machine.vm.key();
            match before.remove(&key) {
                Some(written) if written > micros(*at) || same.get(&key) == Some(&written) => {}
                _ => changed.push(machine),
            }
        }
        put(connection, inventory.subscription, &changed, *at).await?;
        let gone = before.into_iter().filter(|(_, written)| *written <= micros(*at)).map(|(vm, _)| vm);
        forget(connection, inventory.subscription, &gone.collect::<Vec<_>>()).await
    }
}

struct Put<'a> {
    machine: &'a Machine,
    at: Timestamp,
}

impl Work for Put<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let (vm, subscription) = (&self.machine.vm, self.machine.vm.subscription());
        let select =
            "SELECT m.at, s.at FROM machines m LEFT JOIN subscriptions s ON s.subscription = m.subscription
                      WHERE m.vm = $1 AND m.subscription = $2";
        let known: Option<(i64, Option<i64>)> = sql::query_as(select)
            .bind(vm.key())
            .bind(subscription.to_string())
            .fetch_optional(&mut *connection)
            .await?;
        if known.is_some_and(|(written, whole)| written.max(whole.unwrap_or(written)) > micros(self.at)) {
            return Ok(());
        }
        put(connection, subscription, &[self.machine], self.at).await
    }
}

struct Forget<'a>(&'a VmId);

impl Work for Forget<'_> {
    type Outcome = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        forget(connection, self.0.subscription(), &[self.0.key()]).await
    }
}

async fn forget(
    connection: &mut AnyConnection,
    subscription: SubscriptionId,
    vms: &[String],
) -> Result<(), StoreError> {
    delete("machine_nsgs", connection, subscription, vms).await?;
    delete("machines", connection, subscription, vms).await
}

async fn delete(
    table: &'static str,
    connection: &mut AnyConnection,
    subscription: SubscriptionId,
    vms: &[String],
) -> Result<(), StoreError> {
    for vms in vms.chunks(CHUNK) {
        let mut values = Values::default();
        let subscription = values.text(subscription.to_string());
        let sql = format!(
            "DELETE FROM {table} WHERE subscription = {subscription} AND vm IN ({})",
            values.texts(vms)
        );
        values.query(sql).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Says whether `at` is the latest reading of this subscription.
async fn name_subscription(
    connection: &mut AnyConnection,
    inventory: &Inventory,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let upsert = "INSERT INTO subscriptions (subscription, name, at) VALUES ($1, $2, $3)
                  ON CONFLICT (subscription) DO UPDATE SET name = excluded.name, at = excluded.at
                  WHERE subscriptions.at <= excluded.at";
    let outcome = sql::query(upsert)
        .bind(inventory.subscription.to_string())
        .bind(&inventory.subscription_name)
        .bind(micros(at))
        .execute(connection)
        .await?;
    Ok(outcome.rows_affected() > 0)
}

/// Writes VMs of one subscription and which NSGs decide over them.
async fn put(
    connection: &mut AnyConnection,
    subscription: SubscriptionId,
    machines: &[&Machine],
    at: Timestamp,
) -> Result<(), StoreError> {
    for machines in machines.chunks(CHUNK) {
        upsert(connection, subscription, machines, at).await?;
        let vms: Vec<String> = machines.iter().map(|machine| machine.vm.key()).collect();
        delete("machine_nsgs", connection, subscription, &vms).await?;
        let mut links = Vec::new();
        for (machine, vm) in machines.iter().zip(&vms) {
            links.extend(machine.nsgs().into_iter().map(|nsg| (nsg.key(), vm.as_str())));
        }
        link(connection, subscription, &links).await?;
    }
    Ok(())
}

async fn upsert(
    connection: &mut AnyConnection,
    subscription: SubscriptionId,
    machines: &[&Machine],
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut values = Values::default();
    let (subscription, at) = (values.text(subscription.to_string()), values.number(micros(at)));
    let rows: Vec<String> = machines
        .iter()
        .map(|machine| {
            let Columns { label, os, supported, name } = Columns::of(machine);
            let os = os.map_or_else(|| "NULL".to_owned(), |os| values.text(os));
            let texts =
                [machine.vm.key(), to_json(machine), label, name, machine.vm.resource_group().to_owned()];
            format!(
                "({}, {os}, {}, {subscription}, {at}, {at})",
                values.texts(texts),
                values.number(supported)
            )
        })
        .collect();
    let sql = format!(
        "INSERT INTO machines (vm, data, label, name, resource_group, os, supported, subscription, at, linked_at)
         VALUES {} ON CONFLICT (vm, subscription) DO UPDATE SET data = excluded.data, at = excluded.at,
           label = excluded.label, os = excluded.os, supported = excluded.supported, name = excluded.name,
           resource_group = excluded.resource_group, linked_at = excluded.linked_at",
        rows.join(", ")
    );
    values.query(sql).execute(connection).await?;
    Ok(())
}

async fn link(
    connection: &mut AnyConnection,
    subscription: SubscriptionId,
    links: &[(String, &str)],
) -> Result<(), StoreError> {
    for links in links.chunks(CHUNK) {
        let mut values = Values::default();
        let subscription = values.text(subscription.to_string());
        let rows: Vec<String> = links
            .iter()
            .map(|(nsg, vm)| format!("({}, {subscription})", values.texts([nsg.as_str(), vm])))
            .collect();
        let sql = format!("INSERT INTO machine_nsgs (nsg, vm, subscription) VALUES {}", rows.join(", "));
        values.query(sql).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Gives a VM that is there the columns that it is listed by.
pub(super) async fn label(connection: &mut AnyConnection, machine: &Machine) -> Result<(), StoreError> {
    let update = "UPDATE machines SET label = $1, os = $2, supported = $3, name = $4, resource_group = $5
                  WHERE vm = $6 AND subscription = $7 AND label IS NULL";
    let Columns { label, os, supported, name } = Columns::of(machine);
    sql::query(update)
        .bind(label)
        .bind(os)
        .bind(supported)
        .bind(name)
        .bind(machine.vm.resource_group())
        .bind(machine.vm.key())
        .bind(machine.vm.subscription().to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// What a VM is listed by.
struct Columns {
    label: String,
    os: Option<&'static str>,
    supported: i64,
    name: String,
}

impl Columns {
    fn of(machine: &Machine) -> Self {
        let name = machine.vm.name().to_lowercase();
        let label = format!("{}\n{name}", machine.vm.resource_group().to_lowercase());
        let supported = i64::from(machine.unsupported().is_empty());
        Self { label, os: machine.os.map(os_name), supported, name }
    }
}

pub(super) const fn os_name(os: Os) -> &'static str {
    match os {
        Os::Linux => "linux",
        Os::Windows => "windows",
    }
}

pub(super) fn parse(vm: &str, data: &str) -> Result<Machine, StoreError> {
    from_json(|| format!("machine {vm}"), data)
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[tokio::test]
    async fn an_inventory_replaces_the_one_before() {
        let home = a_home();
        let store = a_store(&home).await;
        assert_eq!(store.inventory(subscription()).await.unwrap(), None);
        store.put_inventory(&an_inventory(&["web-01", "web-02"]), at(1)).await.unwrap();
        store.put_inventory(&an_inventory(&["web-02", "web-03"]), at(2)).await.unwrap();
        let expected = (an_inventory(&["web-02", "web-03"]), at(2));
        assert_eq!(store.inventory(subscription()).await.unwrap(), Some(expected));
        assert_eq!(store.machine(&vm("web-01")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_empty_subscription_is_not_an_unread_one() {
        let home = a_home();
        let store = a_store(&home).await;
        store.put_inventory(&an_inventory(&[]), at(1)).await.unwrap();
        assert_eq!(store.inventory(subscription()).await.unwrap(), Some((an_inventory(&[]), at(1))));
    }

    #[tokio::test]
    async fn an_older_reading_never_replaces_a_newer() {
        let home = a_home();
        let store = a_store(&home).await;
        let mut moved = a_machine("web-01");
        moved.location = "northeurope".to_owned();
        store.put_inventory(&an_inventory(&["web-01"]), at(2)).await.unwrap();
        store.put_inventory(&an_inventory(&[]), at(1)).await.unwrap();
        store.put_machine(&moved, at(1)).await.unwrap();
        assert_eq!(store.inventory(subscription()).await.unwrap(), Some((an_inventory(&["web-01"]), at(2))));
        store.put_machine(&moved, at(5)).await.unwrap();
        store.put_inventory(&an_inventory(&["web-01"]), at(4)).await.unwrap();
        let (machine, name, when) = store.machine(&vm("web-01")).await.unwrap().unwrap();
        assert_eq!((machine, name.as_str(), when), (moved, "Contoso", at(5)));
    }

    #[tokio::test]
    async fn what_is_as_it_was_is_dated_anew_and_not_written_again() {
        let home = a_home();
        let store = a_store(&home).await;
        store.put_inventory(&an_inventory(&["web-01", "web-02", "web-03"]), at(1)).await.unwrap();
        let mut later = an_inventory(&["web-01", "web-02"]);
        later.machines[1].location = "northeurope".to_owned();
        store.put_inventory(&later, at(3)).await.unwrap();
        let written: Vec<(String, i64)> = sqlx::query_as("SELECT name, at FROM machines ORDER BY name")
            .fetch_all(&store.readers)
            .await
            .unwrap();
        assert_eq!(written, [("web-01".to_owned(), micros(at(1))), ("web-02".to_owned(), micros(at(3)))]);
        assert_eq!(store.machine(&vm("web-01")).await.unwrap().unwrap().2, at(3));
        assert_eq!(store.inventory(subscription()).await.unwrap(), Some((later, at(3))));
    }

    #[tokio::test]
    async fn more_machines_than_one_statement_takes_are_kept_and_forgotten() {
        let home = a_home();
        let store = a_store(&home).await;
        let names: Vec<String> = (0..CHUNK + 1).map(|n| format!("web-{n:04}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        store.put_inventory(&an_inventory(&names), at(1)).await.unwrap();
        assert_eq!(store.behind(&nsg("web-nsg")).await.unwrap().machines.len(), CHUNK + 1);
        store.put_inventory(&an_inventory(&[]), at(2)).await.unwrap();
        assert_eq!(store.inventory(subscription()).await.unwrap(), Some((an_inventory(&[]), at(2))));
    }

    #[tokio::test]
    async fn a_machine_is_forgotten() {
        let home = a_home();
        let store = a_store(&home).await;
        store.put_machine(&a_machine("web-01"), at(1)).await.unwrap();
        let (_, name, _) = store.machine(&vm("web-01")).await.unwrap().unwrap();
        assert_eq!(name, subscription().to_string());
        store.forget_machine(&vm("web-01")).await.unwrap();
        assert_eq!(store.machine(&vm("web-01")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn rejects_a_foreign_machine_in_an_inventory() {
        let home = a_home();
        let store = a_store(&home).await;
        let mut inventory = an_inventory(&["web-01"]);
        inventory.machines[0].vm = a_vm_elsewhere("web-01");
        assert!(matches!(store.put_inventory(&inventory, at(1)).await, Err(StoreError::Refused(_))));
        assert_eq!(store.inventory(subscription()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_machine_that_an_older_version_wrote_is_behind_the_nsgs_that_it_says() {
        let home = a_home();
        let store = a_store(&home).await;
        let (mut before, machine) = (a_machine("web-01"), a_machine("web-01"));
        before.interfaces[0].nsg = Some(nsg("old-nsg"));
        store.put_machine(&before, at(1)).await.unwrap();
        let update = "UPDATE machines SET data = $1, at = $2";
        sqlx::query(update).bind(to_json(&machine)).bind(micros(at(2))).execute(&store.writer).await.unwrap();
        assert_eq!(store.behind(&nsg("web-nsg")).await.unwrap().machines, std::slice::from_ref(&machine));
        assert!(store.behind(&nsg("old-nsg")).await.unwrap().machines.is_empty());
        let inventory = Inventory { machines: vec![machine.clone()], ..an_inventory(&[]) };
        store.put_inventory(&inventory, at(3)).await.unwrap();
        let linked: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM machine_nsgs").fetch_one(&store.readers).await.unwrap();
        assert_eq!(linked, 1);
        assert_eq!(store.behind(&nsg("web-nsg")).await.unwrap().machines, [machine]);
    }
}
