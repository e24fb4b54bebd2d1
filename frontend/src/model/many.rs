//! A request for several ports of several VMs.

use shared::{
    api::CreateGrant,
    policy::{PortRule, ProtectedVm},
    port::Port,
    request::AccessRequest,
    vm::{Os, VmId},
};

use super::{
    form::RequestForm,
    language::{Language, say},
    vm_list::port_name,
};
use crate::wire::{fields, written};

/// What was typed into the form, as it is kept until it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    /// What counts for every port that has no values of its own.
    pub common: RequestForm,
    pub lines: Vec<LineDraft>,
}

/// One port of one VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineDraft {
    pub vm: VmId,
    pub port: Port,
    pub on: bool,
    /// Values of its own.
    pub own: Option<RequestForm>,
}

fields! {
    Draft { common, lines }
    LineDraft { vm, port, on, own }
}

written! {
    Draft { common, lines }
    LineDraft { vm, port, on, own }
}

/// The port that one usually wants of a VM: the one that its system is managed by, or the first.
pub(crate) fn usual_port(policy: &ProtectedVm, os: Option<Os>) -> Option<Port> {
    let managed = PortRule::default_for(os.unwrap_or(Os::Linux)).port;
    let first = || policy.ports.iter().next().map(|rule| rule.port);
    policy.ports.for_port(managed).map(|rule| rule.port).or_else(first)
}

/// One body for each subscription, in the order in which they came, as large as a request may be.
pub(crate) fn merged(parts: impl IntoIterator<Item = CreateGrant>) -> Vec<CreateGrant> {
    let mut bodies: Vec<CreateGrant> = Vec::new();
    for CreateGrant { openings, justification } in parts {
        for opening in openings {
            let fits = |body: &&mut CreateGrant| {
                let same =
                    |first: &shared::api::OpeningForm| first.vm.subscription() == opening.vm.subscription();
                body.openings.first().is_some_and(same) && body.openings.len() < AccessRequest::MAX
            };
            match bodies.iter_mut().find(fits) {
                Some(body) => body.openings.push(opening),
                None => {
                    bodies.push(CreateGrant { openings: vec![opening], justification: justification.clone() })
                }
            }
        }
    }
    bodies
}

/// What the one button will do.
pub(crate) fn action(chosen: &[(VmId, Port)], language: Language) -> String {
    let mut vms: Vec<&VmId> = chosen.iter().map(|(vm, _)| vm).collect();
    vms.sort_unstable();
    vms.dedup();
    match (chosen, &vms[..]) {
        ([], _) => say!(language, many.nothing).to_owned(),
        ([(vm, port)], _) => say!(language, many.open_one, port = port_name(*port), vm = vm.name()),
        (ports, [vm]) => say!(language, many.open_of_one, ports = ports.len(), vm = vm.name()),
        (ports, vms) => say!(language, many.open, ports = ports.len(), vms = vms.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        samples::{a_detail, a_form, a_policy, a_session, web_01},
        verdict::verdict,
    };

    fn a_part(subscription: &str, name: &str) -> CreateGrant {
        let mut part = verdict(&a_form(), &a_detail(), &a_session(), Language::en).unwrap();
        part.openings[0].vm = VmId::new(subscription.parse().unwrap(), "prod-rg", name).unwrap();
        part
    }

    const ONE: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
    const OTHER: &str = "7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311";

    #[test]
    fn each_subscription_gets_one_request() {
        let bodies = merged([a_part(ONE, "a"), a_part(OTHER, "b"), a_part(ONE, "c")]);
        let names: Vec<Vec<&str>> = bodies
            .iter()
            .map(|body| body.openings.iter().map(|opening| opening.vm.name()).collect())
            .collect();
        assert_eq!(names, [vec!["a", "c"], vec!["b"]]);
    }

    #[test]
    fn no_request_is_larger_than_it_may_be() {
        let parts = (0..AccessRequest::MAX + 1).map(|n| a_part(ONE, &format!("vm-{n}")));
        let sizes: Vec<usize> = merged(parts).iter().map(|body| body.openings.len()).collect();
        assert_eq!(sizes, [AccessRequest::MAX, 1]);
    }

    #[test]
    fn the_usual_port_is_the_systems_own_or_the_first() {
        let policy = a_policy();
        assert_eq!(usual_port(&policy, Some(Os::Linux)), Some(Port::SSH));
        assert_eq!(usual_port(&policy, Some(Os::Windows)), Some(Port::SSH));
    }

    #[test]
    fn the_button_counts_ports_and_vms() {
        let other = VmId::new(web_01().subscription(), "prod-rg", "web-02").unwrap();
        let said = |chosen: &[(VmId, Port)]| action(chosen, Language::en);
        assert_eq!(said(&[(web_01(), Port::SSH)]), "Open 22 SSH of web-01");
        assert_eq!(said(&[(web_01(), Port::SSH), (web_01(), Port::RDP)]), "Open 2 ports of web-01");
        assert_eq!(said(&[(web_01(), Port::SSH), (other, Port::SSH)]), "Open 2 ports of 2 VMs");
    }
}
