use shared::{
    api::{Network, PolicyPatch, PutPolicies, RemovePolicies, VmIds, VmSummary},
    port::Port,
    vm::VmId,
};

use super::confirm::Confirm;
use crate::{
    api::Client,
    language::{Language, language, say},
    model::{
        durations,
        failure::Failure,
        proof,
        vm_list::{Defaults, os_name, port_name},
    },
    prelude::*,
    session::SignedIn,
    task::Tasks,
};

/// A change of some VMs' policies that waits to be confirmed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PolicyChange {
    Enable(Vec<VmSummary>),
    Remove(Vec<VmSummary>),
}

impl PolicyChange {
    fn vms(&self) -> &[VmSummary] {
        match self {
            Self::Enable(vms) | Self::Remove(vms) => vms,
        }
    }

    fn title(&self, language: Language) -> String {
        match (self, self.vms()) {
            (Self::Enable(_), [vm]) => say!(language, policy.enable_on, vm = vm.vm.name()),
            (Self::Enable(_), vms) => say!(language, policy.enable_on_many, count = vms.len()),
            (Self::Remove(_), [vm]) => say!(language, policy.remove_from, vm = vm.vm.name()),
            (Self::Remove(_), vms) => say!(language, policy.remove_from_many, count = vms.len()),
        }
    }

    fn action(&self, language: Language) -> String {
        match self {
            Self::Enable(_) => say!(language, common.enable).to_owned(),
            Self::Remove(_) => say!(language, common.remove).to_owned(),
        }
    }

    /// That it was made.
    pub(crate) fn done(&self, language: Language) -> String {
        let count = self.vms().len();
        match (self, self.vms()) {
            (Self::Enable(_), [vm]) => say!(language, policy.enabled_on, vm = vm.vm.name()),
            (Self::Enable(_), _) => say!(language, policy.enabled_on_many, count),
            (Self::Remove(_), [vm]) => say!(language, policy.removed_from, vm = vm.vm.name()),
            (Self::Remove(_), _) => say!(language, policy.removed_from_many, count),
        }
    }

    /// What will be done, in the order in which it is.
    fn consequences(&self, network: &Network, language: Language) -> Vec<String> {
        match (self, self.vms()) {
            (Self::Enable(_), [vm]) => enabled_alone(vm, network, language),
            (Self::Enable(_), vms) => enabled_together(vms, language),
            (Self::Remove(_), vms) => removed(vms, network, language),
        }
    }

    /// Gives what is left to do, if that is something, with the reason.
    async fn carry_out(self, client: Client) -> Result<(), (Self, Failure)> {
        match self {
            Self::Remove(vms) => {
                let Some(ids) = ids(&vms) else { return Ok(()) };
                let done = client.remove_policies(&RemovePolicies { vms: ids }).await;
                done.map(drop).map_err(|failure| (Self::Remove(vms), failure))
            }
            Self::Enable(vms) => {
                let mut left = Defaults::sorted(&vms);
                while let Some((os, vms)) = left.pop() {
                    let (Some(defaults), Some(ids)) = (Defaults::of(os), ids(&vms)) else { continue };
                    if let Err(failure) = client.put_policies(&enabling(defaults, ids)).await {
                        left.push((os, vms));
                        let left = left.into_iter().flat_map(|(_, vms)| vms).collect();
                        return Err((Self::Enable(left), failure));
                    }
                }
                Ok(())
            }
        }
    }
}

fn ids(vms: &[VmSummary]) -> Option<VmIds> {
    VmIds::try_from(vms.iter().map(|vm| vm.vm.clone()).collect::<Vec<VmId>>()).ok()
}

fn enabling(defaults: Defaults, vms: VmIds) -> PutPolicies {
    let policy = PolicyPatch {
        ports: Some(defaults.ports),
        justification: Some(Defaults::SETTINGS.justification),
        precedence: Some(Defaults::SETTINGS.precedence),
        live_sessions: Some(Defaults::SETTINGS.live_sessions),
        ..PolicyPatch::default()
    };
    PutPolicies { vms, policy, versions: None }
}

fn enabled_alone(vm: &VmSummary, network: &Network, language: Language) -> Vec<String> {
    let Some(Defaults { rule, .. }) = Defaults::of(vm.os) else { return Vec::new() };
    let (port, nsgs) = (rule.port, proof::nsgs(network, language));
    let longest = durations::in_words(rule.max_duration.seconds(), language);
    vec![
        say!(language, policy.guard_written, port, nsgs),
        say!(language, policy.opened_on_request, port, longest),
        say!(language, policy.own_rules).to_owned(),
    ]
}

/// One line for each operating system.
fn enabled_together(vms: &[VmSummary], language: Language) -> Vec<String> {
    let mut lines: Vec<String> = Defaults::sorted(vms)
        .into_iter()
        .filter_map(|(os, vms)| {
            let rule = Defaults::of(os)?.rule;
            let longest = durations::in_words(rule.max_duration.seconds(), language);
            let (port, count) = (port_name(rule.port), vms.len());
            Some(say!(language, policy.by_system, os = os_name(os, language), count, port, longest))
        })
        .collect();
    lines.push(say!(language, policy.guards_written).to_owned());
    lines.push(say!(language, policy.own_rules).to_owned());
    lines
}

fn removed(vms: &[VmSummary], network: &Network, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    if vms.iter().any(|vm| vm.open_until.is_some()) {
        lines.push(say!(language, policy.closed_first).to_owned());
    }
    lines.push(match vms {
        [_] => say!(language, policy.guard_removed, nsgs = proof::nsgs(network, language)),
        _ => say!(language, policy.guards_removed).to_owned(),
    });
    let mut ports: Vec<Port> = vms.iter().flat_map(|vm| vm.ports.iter().copied()).collect();
    ports.sort_unstable();
    ports.dedup();
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    lines.push(say!(language, policy.own_rules_decide, ports = ports.join(say!(language, common.comma))));
    lines
}

/// Asks before the change is made, and says what it will do; `on_done` runs when it was made, before it is forgotten.
#[component]
pub(crate) fn PolicyDialog(change: RwSignal<Option<PolicyChange>>, on_done: Callback<()>) -> impl IntoView {
    let client = SignedIn::of_page().client;
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None));
    let open = Memo::new(move |_| change.with(Option::is_some));
    let network = network_of(change, client);
    let close = Callback::new(move |()| {
        change.set(None);
        failure.set(None);
    });
    let tasks = Tasks::here();
    let confirm = Callback::new(move |()| {
        let Some(asked) = change.get_untracked().filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        failure.set(None);
        tasks.run(async move {
            let outcome = asked.carry_out(client).await;
            busy.set(false);
            match outcome {
                Ok(()) => {
                    on_done.run(());
                    close.run(());
                }
                Err((left, reason)) => {
                    change.set(Some(left));
                    failure.set(Some(reason));
                }
            }
        });
    });
    let language = language();
    let of_change = move |part: fn(&PolicyChange, Language) -> String| {
        Signal::derive(move || {
            change.with(|change| change.as_ref().map(|change| part(change, language)).unwrap_or_default())
        })
    };
    let items = move || {
        let lines =
            change.with(|change| change.as_ref().map(|change| change.consequences(&network.get(), language)));
        lines.into_iter().flatten().map(|text| view! { <li>{text}</li> }).collect_view()
    };
    let wait = move || busy.get().then(|| say!(language, policy.writing));
    view! {
        <Confirm
            open
            title=of_change(PolicyChange::title)
            action=of_change(PolicyChange::action)
            busy=busy.into()
            failure=failure.into()
            on_confirm=confirm
            on_close=close
        >
            <ul>{items}</ul>
            <p class="dialog__wait" role="status">{wait}</p>
        </Confirm>
    }
}

/// The network of the VM in question, read so that its NSGs can be named.
fn network_of(change: RwSignal<Option<PolicyChange>>, client: Client) -> RwSignal<Network> {
    let network = RwSignal::new(Network::default());
    Effect::new(move |_| {
        network.set(Network::default());
        let alone = change.with(|change| match change.as_ref().map(PolicyChange::vms) {
            Some([vm]) => Some(vm.vm.clone()),
            _ => None,
        });
        let Some(vm) = alone else { return };
        spawn(async move {
            if let Ok(detail) = client.read_vm(&vm).await {
                network.set(detail.network);
            }
        });
    });
    network
}
