//! What a row says of its VM between the name and the actions.

use jiff::Timestamp;
use shared::api::{Support, VmSummary};

use super::row::may_be_open;
use crate::{
    clock,
    components::{
        icon::Icon,
        state_mark::{StateMark, StateUnknown},
        time::{Ago, clock_time},
    },
    language::{Language, language, say},
    model::{
        failure::Failure,
        times, unsupported,
        vm_list::{Tab, grouped, os_name, port_name, power_name},
        warning,
    },
    prelude::*,
    session::SignedIn,
};

/// Stands where there is no value.
const NEVER: &str = "–";

/// `failure`: why the list has no newer answer, so that nothing in it is called open or closed.
pub(super) fn of(tab: Tab, vm: &VmSummary, failure: RwSignal<Option<Failure>>) -> View {
    let language = language();
    match tab {
        Tab::Configured => {
            let ports: Vec<String> = vm.ports.iter().map(|port| port_name(*port)).collect();
            let line = |name: String| {
                let title = name.clone();
                view! { <span class="row__line" title=title>{name}</span> }
            };
            let user = vm.last_user.clone().map(line);
            [
                cell("state", say!(language, common.state), state(vm, failure, language)),
                cell(
                    "ports",
                    say!(language, vms.ports),
                    ports.join(say!(language, common.comma)).into_view(),
                ),
                cell("approved", say!(language, vms.approved), grouped(vm.approved_last_7_days).into_view()),
                told("access", say!(language, vms.last_access), vm.last_access_at.map(last_access)),
                told("user", say!(language, vms.last_user), user),
                cell("details", say!(language, vms.details), details(vm, true, language)),
            ]
            .collect_view()
            .into_view()
        }
        Tab::NotConfigured => [
            cell("system", say!(language, vms.system), system(vm, language).into_view()),
            cell("details", say!(language, vms.details), details(vm, false, language)),
            cell("region", say!(language, common.region), vm.location.clone().into_view()),
        ]
        .collect_view()
        .into_view(),
        Tab::Unsupported => reasons(vm, language),
    }
}

/// What a card leaves out where it is nothing.
fn told(class: &str, label: &'static str, content: Option<View>) -> View {
    match content {
        Some(content) => cell(class, label, content),
        None => cell(&format!("{class} row__cell--none"), label, NEVER.into_view()),
    }
}

fn cell(class: &str, label: &'static str, content: View) -> View {
    view! { <td role="cell" class=format!("row__cell row__{class}") data-label=label>{content}</td> }
}

fn system(vm: &VmSummary, language: Language) -> String {
    format!("{} · {}", os_name(vm.os, language), power_name(vm.power, language))
}

/// What is open now, until when, and what is not as it should be.
fn state(vm: &VmSummary, failure: RwSignal<Option<Failure>>, language: Language) -> View {
    let SignedIn { client, clock, .. } = SignedIn::of_page();
    let known = Memo::new(move |_| client.reach().lost().is_none() && failure.with(Option::is_none));
    let until = vm.open_until.filter(|_| may_be_open(vm.state)).map(|end| {
        let time = move || say!(language, vms.until, time = clock_time(end, clock.coarse_now(), language));
        move || known.get().then(|| view! { <span class="row__until">{time}</span> })
    });
    let warnings = vm.warnings.iter().map(|one| {
        let class = if warning::is_past(*one) { "warning warning--past" } else { "warning" };
        view! { <span class=class><Icon name="warning"/>{warning::sentence(*one, language)}</span> }
    });
    let tone = vm.state;
    let mark = move || match known.get() {
        true => view! { <StateMark tone=tone.into()/> },
        false => view! { <StateUnknown/> },
    };
    view! {
        {mark}
        {until}
        {warnings.collect_view()}
    }
}

/// Date and time, and how long ago that was.
fn last_access(at: Timestamp) -> View {
    let mut text = times::absolute(at, clock::zone(at));
    text.truncate("2026-11-24 14:05".len());
    view! {
        <span class="row__line figures">{text}</span>
        <span class="row__line row__line--minor"><Ago at/></span>
    }
}

/// The firewall that one reaches it through, or else the NSGs that decide.
fn details(vm: &VmSummary, with_system: bool, language: Language) -> View {
    let (kind, names) = match &vm.firewall {
        Some(name) => (say!(language, facts.firewall), name.clone()),
        None => (say!(language, vms.nsg), vm.nsgs.join(say!(language, common.comma))),
    };
    let icon = if vm.firewall.is_some() {
        view! { <Icon name="firewall"/> }
    } else {
        view! { <Icon name="nsg"/> }
    };
    let text = format!("{kind} {names}");
    let title = text.clone();
    let system =
        with_system.then(|| view! { <span class="row__line row__line--minor">{system(vm, language)}</span> });
    view! {
        <span class="row__line row__way" title=title>{icon}{text}</span>
        {system}
    }
}

fn reasons(vm: &VmSummary, language: Language) -> View {
    let reasons: &[_] = match &vm.support {
        Support::Unsupported { reasons } => reasons,
        Support::Configured | Support::NotConfigured => &[],
    };
    let whys = reasons.iter().map(|reason| unsupported::reason(*reason, language)).collect();
    let mut remedies: Vec<&'static str> =
        reasons.iter().map(|reason| unsupported::remedy(*reason, language)).collect();
    remedies.dedup();
    [
        cell("system", say!(language, vms.system), system(vm, language).into_view()),
        cell("reason", say!(language, vms.reason), lines(whys)),
        cell("remedy", say!(language, vms.remedy), lines(remedies)),
    ]
    .collect_view()
    .into_view()
}

fn lines(texts: Vec<&'static str>) -> View {
    texts.into_iter().map(|text| view! { <p>{text}</p> }).collect_view().into_view()
}
