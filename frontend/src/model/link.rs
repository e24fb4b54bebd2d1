//! Paths within the portal, and what to type elsewhere to get to a VM.

use std::net::SocketAddr;

use shared::{
    api::{Mapped, Network, vm_path},
    port::Port,
    vm::VmId,
};

/// The bookmarkable page of a VM.
pub(crate) fn connect(vm: &VmId) -> String {
    format!("/connect/{}/{}/{}", vm.subscription(), vm.resource_group(), vm.name())
}

/// The page on which the policies of these VMs are made or changed. An id has nothing that a query could not hold.
pub(crate) fn policy(vms: &[VmId]) -> String {
    let named: Vec<String> = vms.iter().map(|vm| format!("vm={vm}")).collect();
    format!("/policy?{}", named.join("&"))
}

/// The pages of the portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Vms,
    Connect(VmId),
    Request,
    Access,
    Activity,
    Policy,
    Unknown,
}

impl Page {
    pub(crate) fn of(path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments[..] {
            [] => Self::Vms,
            ["connect", subscription, group, name] => {
                vm_of(subscription, group, name).map_or(Self::Unknown, Self::Connect)
            }
            ["request"] => Self::Request,
            ["access"] => Self::Access,
            ["activity"] => Self::Activity,
            ["policy"] => Self::Policy,
            _ => Self::Unknown,
        }
    }
}

/// A VM from the three segments of its page's path.
fn vm_of(subscription: &str, resource_group: &str, name: &str) -> Option<VmId> {
    VmId::new(subscription.parse().ok()?, resource_group, name).ok()
}

/// Where the RDP file of a VM is downloaded.
pub(crate) fn rdp_file(vm: &VmId, port: Port) -> String {
    format!("{}/rdp?port={port}", vm_path(vm))
}

/// What to use once `port` is open: commands to paste first, then the bare address. Nothing where no address is known, or
/// a firewall leads nobody to the port yet.
pub(crate) fn ways(network: &Network, port: Port, mapped: Option<Mapped>) -> Vec<String> {
    let Some(Mapped { address, port: at }) = network.endpoint(port, mapped) else { return Vec::new() };
    let socket = SocketAddr::new(address, at.number());
    let command = match port {
        Port::SSH => {
            let flag = if at == Port::SSH { String::new() } else { format!("-p {at} ") };
            let user = network.admin_user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
            return vec![format!("ssh {flag}{user}{address}")];
        }
        Port::RDP => format!("mstsc /v:{socket}"),
        Port::WINRM_HTTP => format!("Enter-PSSession -ComputerName {address} -Port {at}"),
        Port::WINRM_HTTPS => format!("Enter-PSSession -ComputerName {address} -Port {at} -UseSSL"),
        _ => return vec![socket.to_string()],
    };
    vec![command, socket.to_string()]
}

#[cfg(test)]
mod tests {
    use shared::api::ThroughFirewall;

    use super::*;
    use crate::model::samples::web_01;

    #[test]
    fn a_page_path_leads_back_to_its_vm() {
        assert_eq!(Page::of(&connect(&web_01())), Page::Connect(web_01()));
    }

    #[test]
    fn rejects_a_path_that_names_no_vm() {
        for vm in
            ["not-a-guid/prod-rg/web-01", "0b1f6471-1bf0-4dda-aec3-cb9272f09590/prod-rg/web 01", "web-01"]
        {
            assert_eq!(Page::of(&format!("/connect/{vm}")), Page::Unknown, "{vm}");
        }
    }

    #[test]
    fn each_page_has_a_path_of_its_own() {
        assert_eq!(Page::of("/"), Page::Vms);
        assert_eq!(Page::of("/request"), Page::Request);
        assert_eq!(Page::of("/access"), Page::Access);
        assert_eq!(Page::of("/activity/"), Page::Activity);
        assert_eq!(Page::of("/policy"), Page::Policy);
        assert_eq!(Page::of("/nowhere"), Page::Unknown);
    }

    #[test]
    fn each_service_has_its_command() {
        let mut network = Network { admin_user: Some("azureuser".to_owned()), ..Network::default() };
        assert!(ways(&network, Port::SSH, None).is_empty());
        network.private_addresses = vec!["10.1.0.4".parse().unwrap()];
        assert_eq!(ways(&network, Port::SSH, None), ["ssh azureuser@10.1.0.4"]);
        let shell = "Enter-PSSession -ComputerName 10.1.0.4 -Port";
        assert_eq!(ways(&network, Port::WINRM_HTTP, None)[0], format!("{shell} 5985"));
        assert_eq!(ways(&network, Port::WINRM_HTTPS, None)[0], format!("{shell} 5986 -UseSSL"));
        network.public_addresses = vec!["2001:db8::4".parse().unwrap()];
        assert_eq!(ways(&network, Port::SSH, None), ["ssh azureuser@2001:db8::4"]);
        assert_eq!(ways(&network, Port::RDP, None), ["mstsc /v:[2001:db8::4]:3389", "[2001:db8::4]:3389"]);
        assert_eq!(ways(&network, 8443.try_into().unwrap(), None), ["[2001:db8::4]:8443"]);
        network.admin_user = None;
        assert_eq!(ways(&network, Port::SSH, None), ["ssh 2001:db8::4"]);
    }

    #[test]
    fn behind_a_firewall_one_connects_to_its_address_and_the_mapped_port() {
        let address = "20.51.4.1".parse().unwrap();
        let network = Network {
            private_addresses: vec!["10.2.1.4".parse().unwrap()],
            firewall: Some(ThroughFirewall { name: "hub-fw".to_owned(), address }),
            admin_user: Some("azureuser".to_owned()),
            ..Network::default()
        };
        let mapped = Some(Mapped { address, port: Port::try_from(50_022).unwrap() });
        assert_eq!(ways(&network, Port::SSH, mapped), ["ssh -p 50022 azureuser@20.51.4.1"]);
        assert_eq!(ways(&network, Port::RDP, mapped), ["mstsc /v:20.51.4.1:50022", "20.51.4.1:50022"]);
        let shell = "Enter-PSSession -ComputerName 20.51.4.1 -Port 50022 -UseSSL";
        assert_eq!(ways(&network, Port::WINRM_HTTPS, mapped)[0], shell);
        assert!(ways(&network, Port::SSH, None).is_empty());
    }
}
