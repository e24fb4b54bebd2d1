use leptos::prelude::*;
use shared::api::{Support, Unsupported, VmState, VmSummary};

use super::{row_menu::RowMenu, words};
use crate::{
    components::{
        policy_dialog::PolicyChange,
        state_mark::StateMark,
        through::Through,
        time::{Ago, clock_time},
    },
    model::{
        link,
        vm_list::{Tab, os_name, port_name, power_name},
    },
    session::SignedIn,
};

/// A VM as a row, which a narrow screen shows as a card.
#[component]
pub(super) fn Row(vm: VmSummary, tab: Tab, change: RwSignal<Option<PolicyChange>>) -> impl IntoView {
    let system = format!("{} · {}", os_name(vm.os), power_name(vm.power));
    let through = vm.firewall.clone().map(|name| view! { <Through name/> });
    let cells = match tab {
        Tab::Configured => view! { <Access vm=vm.clone()/> }.into_any(),
        Tab::NotConfigured => view! { <td data-label=words::REGION>{vm.location.clone()}</td> }.into_any(),
        Tab::Unsupported => view! { <Reasons vm=vm.clone()/> }.into_any(),
    };
    view! {
        <tr class="row">
            <th scope="row" class="row__name">
                <a class="row__link" href=link::connect(&vm.vm)>{vm.vm.name().to_owned()}</a>
                <span class="row__place">{format!("{} · {}", vm.vm.resource_group(), vm.subscription_name)}</span>
            </th>
            <td data-label=words::SYSTEM>{system}{through}</td>
            {cells}
            <Actions vm tab change/>
        </tr>
    }
}

#[component]
fn Access(vm: VmSummary) -> impl IntoView {
    let ports: Vec<String> = vm.ports.iter().map(|port| port_name(*port)).collect();
    let last = match vm.last_access_at {
        Some(at) => view! { <Ago at/> }.into_any(),
        None => view! { <span class="muted">{words::NEVER}</span> }.into_any(),
    };
    view! {
        <td data-label=words::STATE class="row__state"><State vm=vm.clone()/></td>
        <td data-label=words::PORTS class="row__ports">{ports.join(", ")}</td>
        <td data-label=words::APPROVED class="number row__told">{vm.approved_last_7_days}</td>
        <td data-label=words::LAST_ACCESS class="row__told">{last}</td>
        <td data-label=words::LAST_USER class="row__user row__told">{vm.last_user.unwrap_or_else(|| words::NEVER.to_owned())}</td>
    }
}

#[component]
fn State(vm: VmSummary) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let open = matches!(vm.state, VmState::Open | VmState::PossiblyOpen);
    let until = vm.open_until.filter(|_| open).map(|end| {
        let time = move || words::until(&clock_time(end, clock.coarse_now()));
        view! { <span class="row__until">{time}</span> }
    });
    view! {
        <StateMark glance=vm.state/>
        {until}
    }
}

#[component]
fn Reasons(vm: VmSummary) -> impl IntoView {
    let reasons = match vm.support {
        Support::Unsupported { reasons } => reasons,
        Support::Configured | Support::NotConfigured => Vec::new(),
    };
    let mut remedies: Vec<&str> = reasons.iter().map(|reason| reason.remedy()).collect();
    remedies.dedup();
    let lines =
        |texts: Vec<&'static str>| texts.into_iter().map(|text| view! { <p>{text}</p> }).collect_view();
    view! {
        <td data-label=words::REASON>{lines(reasons.iter().map(|reason: &Unsupported| reason.reason()).collect())}</td>
        <td data-label=words::REMEDY>{lines(remedies)}</td>
    }
}

#[component]
fn Actions(vm: VmSummary, tab: Tab, change: RwSignal<Option<PolicyChange>>) -> impl IntoView {
    let name = vm.vm.name().to_owned();
    match tab {
        Tab::Unsupported => ().into_any(),
        Tab::NotConfigured => {
            let label = words::about(words::ENABLE, &name);
            let may = vm.rights.configure;
            let enable = move |_| change.set(Some(PolicyChange::Enable(vm.clone())));
            let button = may.then(|| {
                view! { <button type="button" class="button" aria-label=label on:click=enable>{words::ENABLE}</button> }
            });
            view! { <td class="row__actions">{button}</td> }.into_any()
        }
        Tab::Configured => {
            let label = words::about(words::CONNECT, &name);
            let href = link::connect(&vm.vm);
            let menu = vm.rights.configure.then(|| view! { <RowMenu vm=vm.clone() change/> });
            view! {
                <td class="row__actions">
                    <a class="button row__connect" href=href aria-label=label>{words::CONNECT}</a>
                    {menu}
                </td>
            }
            .into_any()
        }
    }
}
