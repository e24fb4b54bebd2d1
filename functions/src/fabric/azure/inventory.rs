//! What VMs there are, and how packets reach them.
//!
//! A subscription is read with a few lists and joined in memory, so that it takes as many requests as there
//! are pages; one VM is read with a request for each thing that it hangs on.

mod network;
mod vm;
mod wire;

use std::collections::{BTreeSet, HashMap};

use futures::{StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::{
    inventory::{Inventory, Machine},
    vm::{PowerState, SubscriptionId, VmId},
};

use self::{
    network::{Network, by_id},
    wire::{Nic, Ref, Resource, Subscription, Vm},
};
use super::{
    client::Client,
    resource::{ResourceId, version},
};
use crate::fabric::FabricError;

const CONCURRENCY: usize = 4;

/// All VMs of a subscription.
pub(super) async fn list(client: &Client, subscription: SubscriptionId) -> Result<Inventory, FabricError> {
    let network =
        |kind: &'static str| list_of(client, subscription, "Microsoft.Network", kind, version::NETWORK);
    let compute = version::COMPUTE;
    let (name, vms, power, classic, nics, virtual_networks, public_ips, route_tables, firewalls) = futures::try_join!(
        name(client, subscription),
        list_of(client, subscription, "Microsoft.Compute", "virtualMachines", compute),
        power(client, subscription),
        classic(client, subscription),
        network("networkInterfaces"),
        network("virtualNetworks"),
        network("publicIPAddresses"),
        network("routeTables"),
        network("azureFirewalls"),
    )?;
    let network = Network {
        interfaces: by_id(nics),
        virtual_networks: by_id(virtual_networks),
        public_ips: by_id(public_ips),
        route_tables: by_id(route_tables),
        firewalls: network::firewalls(firewalls),
    };
    let mut machines: Vec<Machine> = vms
        .into_iter()
        .filter_map(|value| {
            let power = value["id"].as_str().and_then(|id| power.get(&id.to_lowercase())).copied();
            vm::machine(value, Some(power.unwrap_or(PowerState::Unknown)), &network)
        })
        .collect();
    let known: BTreeSet<VmId> = machines.iter().map(|machine| machine.vm.clone()).collect();
    machines.extend(classic.into_iter().filter(|machine| !known.contains(&machine.vm)));
    machines.sort_by(|a, b| a.vm.cmp(&b.vm));
    Ok(Inventory { subscription, subscription_name: name, machines })
}

async fn list_of(
    client: &Client,
    subscription: SubscriptionId,
    provider: &str,
    kind: &str,
    api_version: &str,
) -> Result<Vec<Value>, FabricError> {
    let url =
        client.url(&format!("/subscriptions/{subscription}/providers/{provider}/{kind}"), api_version, &[]);
    client.list(url, kind).await
}

async fn name(client: &Client, subscription: SubscriptionId) -> Result<String, FabricError> {
    let url = client.url(&format!("/subscriptions/{subscription}"), version::SUBSCRIPTIONS, &[]);
    let Subscription { display_name } = client.get(&url, "the subscription").await?;
    Ok(display_name.unwrap_or_else(|| subscription.to_string()))
}

/// The power state of each VM by id in lower case. Lists of VMs have no instance views but for this one,
/// which has little else. Without it VMs can still be guarded.
async fn power(
    client: &Client,
    subscription: SubscriptionId,
) -> Result<HashMap<String, PowerState>, FabricError> {
    let path = format!("/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachines");
    let url = client.url(&path, version::COMPUTE, &[("statusOnly", "true")]);
    let values = client.list(url, "the states of VMs").await.unwrap_or_else(|error| {
        tracing::warn!(%error, "which VMs run is not known");
        Vec::new()
    });
    let states = by_id::<Vm>(values).into_iter();
    Ok(states.map(|(id, vm)| (id, vm::power_of(vm.instance_view.as_ref()))).collect())
}

/// The classic VMs; none where the provider is not there or not to be seen.
async fn classic(client: &Client, subscription: SubscriptionId) -> Result<Vec<Machine>, FabricError> {
    let version = version::CLASSIC_COMPUTE;
    match list_of(client, subscription, "Microsoft.ClassicCompute", "virtualMachines", version).await {
        Ok(values) => Ok(values.into_iter().filter_map(|value| vm::classic(value, subscription)).collect()),
        Err(FabricError::Refused { code, .. }) => {
            tracing::debug!(code, "no classic VMs to be seen");
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// One VM, with everything read anew.
pub(super) async fn machine(client: &Client, id: &VmId) -> Result<Option<Machine>, FabricError> {
    let url = client.url(&id.to_string(), version::COMPUTE, &[("$expand", "instanceView")]);
    let Some(value) = client.find::<Value>(&url, "a VM").await? else {
        return Ok(None);
    };
    let interfaces = serde_json::from_value::<Resource<Vm>>(value.clone())
        .map(|resource| vm::interfaces_of(&resource.properties))
        .unwrap_or_default();
    let network = network_of(client, id.subscription(), &interfaces).await?;
    let machine = vm::machine(value, None, &network);
    machine.map(Some).ok_or_else(|| FabricError::Unintelligible { what: format!("the VM {}", id.name()) })
}

/// Everything that some interfaces hang on.
async fn network_of(
    client: &Client,
    subscription: SubscriptionId,
    interfaces: &[Ref],
) -> Result<Network, FabricError> {
    let fetch = Fetch { client, subscription };
    let mut network =
        Network { interfaces: fetch.each::<Nic>(interfaces.iter()).await?, ..Network::default() };
    let configurations: Vec<_> = network
        .interfaces
        .values()
        .flat_map(|nic| &nic.ip_configurations)
        .map(|one| &one.properties)
        .collect();
    let subnet_ids = configurations.iter().filter_map(|one| ResourceId::parse(&one.subnet.as_ref()?.id));
    let subnet_ids: Vec<ResourceId> = subnet_ids.collect();
    let virtual_networks = subnet_ids.iter().filter_map(ResourceId::virtual_network);
    let virtual_networks: Vec<Ref> = virtual_networks.map(|id| Ref { id: id.as_str().to_owned() }).collect();
    let public_ips: Vec<Ref> = configurations.iter().filter_map(|one| one.public_address.clone()).collect();
    (network.virtual_networks, network.public_ips) =
        futures::try_join!(fetch.each(virtual_networks.iter()), fetch.each(public_ips.iter()))?;
    let subnets = network.virtual_networks.values().flat_map(|network| &network.subnets);
    let used =
        subnets.filter(|subnet| subnet_ids.iter().any(|id| id.as_str().eq_ignore_ascii_case(&subnet.id)));
    let route_tables: Vec<Ref> = used.filter_map(|subnet| subnet.properties.route_table.clone()).collect();
    network.route_tables = fetch.each(route_tables.iter()).await?;
    if network.needs_firewalls() {
        let firewalls =
            list_of(client, subscription, "Microsoft.Network", "azureFirewalls", version::NETWORK).await?;
        network.firewalls = network::firewalls(firewalls);
        let public = network.public_addresses_of_firewalls();
        network.public_ips.extend(fetch.each(public.iter()).await?);
    }
    Ok(network)
}

/// Reads network resources one by one.
struct Fetch<'c> {
    client: &'c Client,
    subscription: SubscriptionId,
}

impl Fetch<'_> {
    /// Those that exist, may be read and are of this subscription.
    async fn each<P: DeserializeOwned>(
        &self,
        references: impl Iterator<Item = &Ref>,
    ) -> Result<HashMap<String, P>, FabricError> {
        let ids = references.filter_map(|reference| ResourceId::parse(&reference.id));
        let ids = ids.filter(|id| id.is_in(self.subscription)).map(|id| (id.key(), id));
        let fetches: Vec<_> = HashMap::<String, ResourceId>::from_iter(ids)
            .into_values()
            .map(|id| async move { self.one(&id).await })
            .collect();
        let values: Vec<Option<Value>> = stream::iter(fetches).buffered(CONCURRENCY).try_collect().await?;
        Ok(by_id(values.into_iter().flatten().collect()))
    }

    async fn one(&self, id: &ResourceId) -> Result<Option<Value>, FabricError> {
        let url = self.client.url(id.as_str(), version::NETWORK, &[]);
        match self.client.find(&url, "a part of the network").await {
            Err(error) if !error.is_transient() => {
                tracing::warn!(arm.path = id.as_str(), %error, "a part of the network cannot be read");
                Ok(None)
            }
            found => found,
        }
    }
}

#[cfg(test)]
mod tests;
