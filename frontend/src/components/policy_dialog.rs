use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation};
use shared::api::{Network, PutPolicy, VmSummary};

use super::confirm::Confirm;
use crate::{
    api::Client,
    language::{Language, language, say},
    model::{durations, failure::Failure, proof, vm_list::Defaults},
    session::SignedIn,
    task::Tasks,
};

/// A change of a VM's policy that waits to be confirmed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PolicyChange {
    Enable(VmSummary),
    Remove(VmSummary),
}

impl PolicyChange {
    pub(crate) const fn vm(&self) -> &VmSummary {
        match self {
            Self::Enable(vm) | Self::Remove(vm) => vm,
        }
    }

    fn title(&self, language: Language) -> String {
        match self {
            Self::Enable(vm) => say!(language, policy.enable_on, vm = vm.vm.name()),
            Self::Remove(vm) => say!(language, policy.remove_from, vm = vm.vm.name()),
        }
    }

    fn action(&self, language: Language) -> String {
        match self {
            Self::Enable(_) => say!(language, common.enable).to_owned(),
            Self::Remove(_) => say!(language, common.remove).to_owned(),
        }
    }

    /// What will be done, in the order in which it is.
    fn consequences(&self, network: &Network, language: Language) -> Vec<String> {
        let nsgs = proof::nsgs(network, language);
        match self {
            Self::Enable(vm) => Defaults::of(vm.os).map_or_else(Vec::new, |Defaults { rule, .. }| {
                let port = rule.port;
                let longest = durations::in_words(rule.max_duration.seconds(), language);
                vec![
                    say!(language, policy.guard_written, port, nsgs),
                    say!(language, policy.opened_on_request, port, longest),
                    say!(language, policy.own_rules).to_owned(),
                ]
            }),
            Self::Remove(vm) => {
                let ports: Vec<String> = vm.ports.iter().map(ToString::to_string).collect();
                let ports = ports.join(say!(language, common.comma));
                vec![
                    say!(language, policy.guard_removed, nsgs),
                    say!(language, policy.own_rules_decide, ports),
                ]
            }
        }
    }

    async fn carry_out(self, client: Client) -> Result<(), Failure> {
        match self {
            Self::Remove(vm) => client.remove_policy(&vm.vm).await.map(drop),
            Self::Enable(vm) => {
                let Some(Defaults { ports, .. }) = Defaults::of(vm.os) else { return Ok(()) };
                let (justification, precedence) = (Defaults::JUSTIFICATION, Defaults::PRECEDENCE);
                let live_sessions = Defaults::LIVE_SESSIONS;
                let body = PutPolicy { ports, justification, precedence, live_sessions };
                client.put_policy(&vm.vm, &body).await.map(drop)
            }
        }
    }
}

/// Asks before the change is made, and says what it will do; `on_done` runs when it was made.
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
        let Some(change) = change.get_untracked() else { return };
        busy.set(true);
        failure.set(None);
        tasks.run(async move {
            let outcome = change.carry_out(client).await;
            busy.set(false);
            match outcome {
                Ok(()) => {
                    close.run(());
                    on_done.run(());
                }
                Err(reason) => failure.set(Some(reason)),
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
    view! {
        <Confirm
            open
            title=of_change(PolicyChange::title)
            action=of_change(PolicyChange::action)
            busy
            failure
            on_confirm=confirm
            on_close=close
        >
            <ul>{items}</ul>
        </Confirm>
    }
}

/// The network of the VM in question, read so that its NSGs can be named.
fn network_of(change: RwSignal<Option<PolicyChange>>, client: Client) -> RwSignal<Network> {
    let network = RwSignal::new(Network::default());
    Effect::new(move |_| {
        network.set(Network::default());
        let Some(vm) = change.with(|change| change.as_ref().map(|change| change.vm().vm.clone())) else {
            return;
        };
        spawn_local_scoped_with_cancellation(async move {
            if let Ok(detail) = client.read_vm(&vm).await {
                network.set(detail.network);
            }
        });
    });
    network
}
