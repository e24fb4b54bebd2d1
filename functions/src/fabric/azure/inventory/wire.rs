//! The parts of ARM's resources that the inventory needs. Whatever may be missing is an `Option`.

use serde::Deserialize;

/// A reference to another resource.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Ref {
    pub(super) id: String,
}

/// A resource as every provider sends it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Resource<P> {
    pub(super) id: String,
    #[serde(default)]
    pub(super) location: Option<String>,
    pub(super) properties: P,
}

/// What is nested in a resource and has no place of its own.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Nested<P> {
    pub(super) properties: P,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vm {
    pub(super) storage_profile: Option<StorageProfile>,
    pub(super) os_profile: Option<OsProfile>,
    pub(super) network_profile: Option<NetworkProfile>,
    pub(super) instance_view: Option<InstanceView>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StorageProfile {
    pub(super) os_disk: Option<OsDisk>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OsDisk {
    pub(super) os_type: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OsProfile {
    pub(super) admin_username: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NetworkProfile {
    pub(super) network_interfaces: Option<Vec<Ref>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct InstanceView {
    pub(super) statuses: Option<Vec<InstanceStatus>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct InstanceStatus {
    pub(super) code: Option<String>,
}

/// A VM of the time before Resource Manager.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClassicVm {
    pub(super) storage_profile: Option<ClassicStorage>,
    pub(super) instance_view: Option<ClassicView>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClassicStorage {
    pub(super) operating_system_disk: Option<ClassicDisk>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClassicDisk {
    pub(super) operating_system: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClassicView {
    pub(super) power_state: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Nic {
    pub(super) network_security_group: Option<Ref>,
    pub(super) ip_configurations: Vec<Nested<IpConfiguration>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IpConfiguration {
    #[serde(rename = "privateIPAddress")]
    pub(super) private_address: Option<String>,
    pub(super) subnet: Option<Ref>,
    #[serde(rename = "publicIPAddress")]
    pub(super) public_address: Option<Ref>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VirtualNetwork {
    pub(super) address_space: AddressSpace,
    #[serde(default)]
    pub(super) subnets: Vec<Subnet>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddressSpace {
    pub(super) address_prefixes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) properties: SubnetProperties,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubnetProperties {
    pub(super) address_prefix: Option<String>,
    pub(super) address_prefixes: Option<Vec<String>>,
    pub(super) network_security_group: Option<Ref>,
    pub(super) route_table: Option<Ref>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublicIp {
    pub(super) ip_address: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct RouteTable {
    #[serde(default)]
    pub(super) routes: Vec<Nested<Route>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Route {
    pub(super) address_prefix: Option<String>,
    pub(super) next_hop_type: Option<String>,
    pub(super) next_hop_ip_address: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Firewall {
    #[serde(default)]
    pub(super) ip_configurations: Vec<Nested<FirewallAddress>>,
    pub(super) firewall_policy: Option<Ref>,
    /// It is one of a virtual WAN, which Firewall Manager rules.
    pub(super) virtual_hub: Option<Ref>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct FirewallAddress {
    #[serde(rename = "privateIPAddress")]
    pub(super) private_address: Option<String>,
    pub(super) subnet: Option<Ref>,
    #[serde(rename = "publicIPAddress")]
    pub(super) public_address: Option<Ref>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscription {
    pub(super) display_name: Option<String>,
}
