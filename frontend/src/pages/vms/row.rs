use leptos::prelude::*;
use shared::api::{Support, VmState, VmSummary};

use super::row_menu::RowMenu;
use crate::{
    components::{
        policy_dialog::PolicyChange,
        state_mark::StateMark,
        through::Through,
        time::{Ago, clock_time},
    },
    language::{language, say},
    model::{
        link, unsupported,
        vm_list::{Tab, os_name, port_name, power_name},
    },
    session::SignedIn,
};

/// Stands where there is no value.
const NEVER: &str = "–";

/// A VM as a row, which a narrow screen shows as a card.
#[component]
pub(super) fn Row(vm: VmSummary, tab: Tab, change: RwSignal<Option<PolicyChange>>) -> impl IntoView {
    let language = language();
    let system = format!("{} · {}", os_name(vm.os, language), power_name(vm.power, language));
    let through = vm.firewall.clone().map(|name| view! { <Through name/> });
    let cells = match tab {
        Tab::Configured => view! { <Access vm=vm.clone()/> }.into_any(),
        Tab::NotConfigured => {
            let region = say!(language, common.region);
            view! { <td data-label=region>{vm.location.clone()}</td> }.into_any()
        }
        Tab::Unsupported => view! { <Reasons vm=vm.clone()/> }.into_any(),
    };
    view! {
        <tr class="row">
            <th scope="row" class="row__name">
                <a class="row__link" href=link::connect(&vm.vm)>{vm.vm.name().to_owned()}</a>
                <span class="row__place">{format!("{} · {}", vm.vm.resource_group(), vm.subscription_name)}</span>
            </th>
            <td data-label=say!(language, vms.system)>{system}{through}</td>
            {cells}
            <Actions vm tab change/>
        </tr>
    }
}

#[component]
fn Access(vm: VmSummary) -> impl IntoView {
    let language = language();
    let ports: Vec<String> = vm.ports.iter().map(|port| port_name(*port)).collect();
    let last = match vm.last_access_at {
        Some(at) => view! { <Ago at/> }.into_any(),
        None => view! { <span class="muted">{NEVER}</span> }.into_any(),
    };
    let user = vm.last_user.clone().unwrap_or_else(|| NEVER.to_owned());
    view! {
        <td data-label=say!(language, common.state) class="row__state"><State vm=vm.clone()/></td>
        <td data-label=say!(language, vms.ports) class="row__ports">{ports.join(say!(language, common.comma))}</td>
        <td data-label=say!(language, vms.approved) class="number row__told">{vm.approved_last_7_days}</td>
        <td data-label=say!(language, vms.last_access) class="row__told">{last}</td>
        <td data-label=say!(language, vms.last_user) class="row__user row__told">{user}</td>
    }
}

#[component]
fn State(vm: VmSummary) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let open = matches!(vm.state, VmState::Open | VmState::PossiblyOpen);
    let reach = SignedIn::of_page().client.reach();
    let until = vm.open_until.filter(|_| open).map(|end| {
        let time = move || say!(language, vms.until, time = clock_time(end, clock.coarse_now(), language));
        move || reach.lost().is_none().then(|| view! { <span class="row__until">{time}</span> })
    });
    view! {
        <StateMark tone=vm.state/>
        {until}
    }
}

#[component]
fn Reasons(vm: VmSummary) -> impl IntoView {
    let reasons = match vm.support {
        Support::Unsupported { reasons } => reasons,
        Support::Configured | Support::NotConfigured => Vec::new(),
    };
    let language = language();
    let whys = reasons.iter().map(|reason| unsupported::reason(*reason, language)).collect();
    let mut remedies: Vec<&'static str> =
        reasons.iter().map(|reason| unsupported::remedy(*reason, language)).collect();
    remedies.dedup();
    let lines =
        |texts: Vec<&'static str>| texts.into_iter().map(|text| view! { <p>{text}</p> }).collect_view();
    view! {
        <td data-label=say!(language, vms.reason)>{lines(whys)}</td>
        <td data-label=say!(language, vms.remedy)>{lines(remedies)}</td>
    }
}

#[component]
fn Actions(vm: VmSummary, tab: Tab, change: RwSignal<Option<PolicyChange>>) -> impl IntoView {
    let language = language();
    let about = |action: &'static str| say!(language, vms.about, action = action, vm = vm.vm.name());
    match tab {
        Tab::Unsupported => ().into_any(),
        Tab::NotConfigured => {
            let text = say!(language, common.enable);
            let label = about(text);
            let may = vm.rights.configure;
            let enable = move |_| change.set(Some(PolicyChange::Enable(vm.clone())));
            let button = may.then(|| {
                view! { <button type="button" class="button" aria-label=label on:click=enable>{text}</button> }
            });
            view! { <td class="row__actions">{button}</td> }.into_any()
        }
        Tab::Configured => {
            let text = say!(language, common.connect);
            let label = about(text);
            let href = link::connect(&vm.vm);
            let menu = vm.rights.configure.then(|| view! { <RowMenu vm=vm.clone() change/> });
            view! {
                <td class="row__actions">
                    <a class="button row__connect" href=href aria-label=label>{text}</a>
                    {menu}
                </td>
            }
            .into_any()
        }
    }
}
