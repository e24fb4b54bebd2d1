use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{World, children};

/// From where new public addresses are taken, one after the other.
const FIRST_PUBLIC: Ipv4Addr = Ipv4Addr::new(20, 90, 0, 1);
/// Azure keeps these of every subnet.
const RESERVED: u128 = 4;

impl World {
    /// The private addresses in a virtual network (a key) that others than one interface (a key) have.
    pub(crate) fn addresses_in(&self, vnet: &str, except: &str) -> BTreeSet<IpAddr> {
        let prefix = format!("{vnet}/subnets/");
        let holders = ["microsoft.network/networkinterfaces", "microsoft.network/azurefirewalls"];
        let all = holders.iter().flat_map(|kind| self.all_of(kind)).filter(|(key, _)| *key != except);
        let configurations = all.flat_map(|(_, holder)| children(holder, "ipConfigurations"));
        let here = configurations.filter(|one| {
            let subnet = one["properties"]["subnet"]["id"].as_str().unwrap_or_default();
            subnet.to_ascii_lowercase().starts_with(&prefix)
        });
        here.filter_map(|one| one["properties"]["privateIPAddress"].as_str()?.parse().ok()).collect()
    }

    pub(crate) fn free_public_address(&self) -> Ipv4Addr {
        let all = self.all_of("microsoft.network/publicipaddresses");
        let used: BTreeSet<Ipv4Addr> = all.filter_map(|(_, public)| address_of(public)).collect();
        let mut candidates = u32::from(FIRST_PUBLIC)..;
        candidates
            .find_map(|one| Some(Ipv4Addr::from(one)).filter(|one| !used.contains(one)))
            .unwrap_or(FIRST_PUBLIC)
    }

    /// Makes public addresses say which configuration of an interface (a key) uses them.
    pub(crate) fn link_public_ips(&mut self, nic: &str) {
        let used: Vec<(String, String)> = self.get(nic).map(public_ips_by_user).unwrap_or_default();
        let prefix = format!("{nic}/");
        let all = self.all_of("microsoft.network/publicipaddresses");
        let is_ours = |public: &Value| {
            let user = public["properties"]["ipConfiguration"]["id"].as_str().unwrap_or_default();
            user.to_ascii_lowercase().starts_with(&prefix)
        };
        let before: Vec<String> =
            all.filter(|(_, one)| is_ours(one)).map(|(key, _)| key.to_owned()).collect();
        for key in before {
            let properties = self.get_mut(&key).and_then(|public| public["properties"].as_object_mut());
            properties.map(|properties| properties.remove("ipConfiguration"));
        }
        for (public, user) in used {
            if let Some(public) = self.get_mut(&public) {
                public["properties"]["ipConfiguration"] = json!({"id": user});
            }
        }
    }
}

/// Ids of public addresses, and of the configurations that use them.
fn public_ips_by_user(nic: &Value) -> Vec<(String, String)> {
    let used = children(nic, "ipConfigurations").iter().filter_map(|configuration| {
        let public = configuration["properties"]["publicIPAddress"]["id"].as_str()?;
        Some((public.to_owned(), configuration["id"].as_str()?.to_owned()))
    });
    used.collect()
}

fn address_of(public: &Value) -> Option<Ipv4Addr> {
    public["properties"]["ipAddress"].as_str()?.parse().ok()
}

/// The networks of a subnet, which has one prefix or several.
pub(crate) fn prefixes_of(subnet: &Value) -> Vec<IpNet> {
    let properties = &subnet["properties"];
    let several = properties["addressPrefixes"].as_array().into_iter().flatten();
    let texts = properties["addressPrefix"].as_str().into_iter().chain(several.filter_map(Value::as_str));
    texts.filter_map(|text| text.parse().ok()).collect()
}

/// The first address of a subnet that Azure does not keep and nobody has.
pub(crate) fn free_address(nets: &[IpNet], is_v4: bool, taken: &BTreeSet<IpAddr>) -> Option<IpAddr> {
    let mut fitting = nets.iter().filter(|net| net.addr().is_ipv4() == is_v4);
    fitting.find_map(|net| {
        let numbers = (RESERVED..).take(taken.len() + 1);
        let mut candidates = numbers.filter_map(|number| nth(net, number));
        candidates.find(|one| net.contains(one) && *one != net.broadcast() && !taken.contains(one))
    })
}

/// Whether Azure keeps this address of the subnet for itself.
pub(crate) fn is_reserved(nets: &[IpNet], address: IpAddr) -> bool {
    nets.iter().any(|net| (0..RESERVED).any(|number| nth(net, number) == Some(address)))
}

fn nth(net: &IpNet, number: u128) -> Option<IpAddr> {
    match net.network() {
        IpAddr::V4(first) => {
            u32::from(first).checked_add(u32::try_from(number).ok()?).map(|one| IpAddr::V4(one.into()))
        }
        IpAddr::V6(first) => u128::from(first).checked_add(number).map(|one| IpAddr::V6(one.into())),
    }
}
