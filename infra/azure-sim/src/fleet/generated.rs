use super::body::rule;
use super::builder::{Builder, Group, Os, PublicIp, Subnet, Vm};
use super::{DEVELOPMENT, PRODUCTION};

/// So many machines share a resource group, a network and the NSG of its subnet.
const PER_GROUP: usize = 100;

/// How a machine is filtered, in the order in which they take turns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    OwnNsg,
    SubnetNsg,
    Both,
    Neither,
}

pub(super) fn add(b: &mut Builder, count: usize) {
    // The group on which the demo people's roles are, whatever the size.
    for (index, first) in (0..count.max(1)).step_by(PER_GROUP).enumerate() {
        let subscription = if index % 3 == 2 { DEVELOPMENT } else { PRODUCTION };
        let location = if subscription == PRODUCTION { "westeurope" } else { "northeurope" };
        let name = if index == 0 { "prod-rg".to_owned() } else { format!("fleet-rg-{index:03}") };
        let group = b.group(subscription, &name, location);
        network(b, &group, index, (count - first).min(PER_GROUP));
    }
}

fn network(b: &mut Builder, group: &Group, index: usize, machines: usize) {
    let space = format!("10.{}.0.0/16", index % 200 + 20);
    let filtered = format!("10.{}.0.0/24", index % 200 + 20);
    let open = format!("10.{}.1.0/24", index % 200 + 20);
    let https = rule("allow-https", 200, "Allow", "443", "Internet");
    let nsg = b.nsg(group, &format!("subnet-{index:03}-nsg"), vec![https]);
    let name = format!("vnet-{index:03}");
    let vnet = b.vnet(
        group,
        &name,
        &[&space],
        &[
            Subnet { name: "filtered", prefixes: &[&filtered], nsg: Some(&nsg), routes: None },
            Subnet { name: "open", prefixes: &[&open], nsg: None, routes: None },
        ],
    );
    for number in 0..machines {
        machine(b, group, &vnet, index, number);
    }
}

fn machine(b: &mut Builder, group: &Group, vnet: &str, index: usize, number: usize) {
    let filter =
        [Filter::OwnNsg, Filter::SubnetNsg, Filter::Both, Filter::OwnNsg, Filter::Neither][number % 5];
    let in_filtered = matches!(filter, Filter::SubnetNsg | Filter::Both);
    let name = format!("vm-{index:03}-{number:03}");
    let net = index % 200 + 20;
    let address = format!("10.{net}.{}.{}", u8::from(!in_filtered), number + 4);
    let public = format!("20.{}.{}.{}", 60 + index / 200, index % 200, number + 4);
    let nsg = matches!(filter, Filter::OwnNsg | Filter::Both).then(|| own_nsg(b, group, &name));
    let stopped = b.ids.below(12) == 0;
    let os = if b.ids.below(3) == 0 { Os::Windows } else { Os::Linux };
    let subnet = format!("{vnet}/subnets/{}", if in_filtered { "filtered" } else { "open" });
    let public = if stopped { PublicIp::Unassigned } else { PublicIp::At(&public) };
    let state = if stopped { "deallocated" } else { "running" };
    let nsg = nsg.as_deref();
    let (name, subnet, address) = (name.as_str(), subnet.as_str(), address.as_str());
    b.vm(group, Vm { name, os, subnet, address, second_address: None, public, nsg, state });
}

fn own_nsg(b: &mut Builder, group: &Group, vm: &str) -> String {
    let rules = match b.ids.below(8) {
        0 => vec![rule("allow-ssh", 300, "Allow", "22", "Internet")],
        1 => vec![rule("deny-ssh", 100, "Deny", "22", "*")],
        2 => vec![rule("allow-https", 200, "Allow", "443", "Internet")],
        _ => vec![],
    };
    b.nsg(group, &format!("{vm}-nsg"), rules)
}
