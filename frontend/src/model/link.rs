//! Paths within the portal, and what to type elsewhere to get to a VM.

use std::net::IpAddr;

use shared::{
    api::{Network, vm_path},
    port::Port,
    vm::VmId,
};

/// The bookmarkable page of a VM.
pub(crate) fn connect(vm: &VmId) -> String {
    format!("/connect/{}/{}/{}", vm.subscription(), vm.resource_group(), vm.name())
}

/// A VM from the three segments of its page's path.
pub(crate) fn vm_of(subscription: &str, resource_group: &str, name: &str) -> Option<VmId> {
    VmId::new(subscription.parse().ok()?, resource_group, name).ok()
}

/// Where the RDP file of a VM is downloaded.
pub(crate) fn rdp_file(vm: &VmId, port: Port) -> String {
    format!("{}/rdp?port={port}", vm_path(vm))
}

/// What to use once a port is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A command to paste into a terminal.
    Command(String),
    /// An address for the client of one's choice.
    Address(String),
}

impl Way {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Command(text) | Self::Address(text) => text,
        }
    }
}

/// How to connect to `port`; `None` where no address is known.
pub(crate) fn way(network: &Network, port: Port) -> Option<Way> {
    let address = network.connect_to()?;
    if port != Port::SSH {
        return Some(Way::Address(with_port(address, port)));
    }
    Some(Way::Command(match &network.admin_user {
        Some(user) => format!("ssh {user}@{address}"),
        None => format!("ssh {address}"),
    }))
}

fn with_port(address: IpAddr, port: Port) -> String {
    match address {
        IpAddr::V4(address) => format!("{address}:{port}"),
        IpAddr::V6(address) => format!("[{address}]:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::web_01;

    #[test]
    fn a_page_path_leads_back_to_its_vm() {
        let path = connect(&web_01());
        let segments: Vec<&str> = path.split('/').collect();
        let [_, "connect", subscription, group, name] = segments[..] else { panic!("{path}") };
        assert_eq!(vm_of(subscription, group, name), Some(web_01()));
    }

    #[test]
    fn rejects_a_path_that_names_no_vm() {
        assert_eq!(vm_of("not-a-guid", "prod-rg", "web-01"), None);
        assert_eq!(vm_of("0b1f6471-1bf0-4dda-aec3-cb9272f09590", "prod-rg", "web 01"), None);
    }

    #[test]
    fn ssh_is_a_command_and_the_rest_is_an_address() {
        let mut network = Network { admin_user: Some("azureuser".to_owned()), ..Network::default() };
        assert_eq!(way(&network, Port::SSH), None);
        network.private_addresses = vec!["10.1.0.4".parse().unwrap()];
        assert_eq!(way(&network, Port::SSH).unwrap().text(), "ssh azureuser@10.1.0.4");
        network.public_addresses = vec!["2001:db8::4".parse().unwrap()];
        assert_eq!(way(&network, Port::SSH).unwrap().text(), "ssh azureuser@2001:db8::4");
        assert_eq!(way(&network, Port::RDP).unwrap().text(), "[2001:db8::4]:3389");
        network.admin_user = None;
        assert_eq!(way(&network, Port::SSH), Some(Way::Command("ssh 2001:db8::4".to_owned())));
    }
}
