//! What a row says of its VM between the name and the actions.

use jiff::Timestamp;
use leptos::prelude::*;
use shared::api::{Support, VmSummary};

use super::row::may_be_open;
use crate::{
    clock,
    components::{
        icon::Icon,
        state_mark::StateMark,
        time::{Ago, clock_time},
    },
    language::{Language, language, say},
    model::{
        times, unsupported,
        vm_list::{Tab, grouped, os_name, port_name, power_name},
        warning,
    },
    session::SignedIn,
};

/// Stands where there is no value.
const NEVER: &str = "–";

pub(super) fn of(tab: Tab, vm: &VmSummary) -> AnyView {
    let language = language();
    match tab {
        Tab::Configured => {
            let ports: Vec<String> = vm.ports.iter().map(|port| port_name(*port)).collect();
            let line = |name: String| {
                let title = name.clone();
                view! { <span class="row__line" title=title>{name}</span> }.into_any()
            };
            let user = vm.last_user.clone().map(line);
            [
                cell("state", say!(language, common.state), state(vm, language)),
                cell("ports", say!(language, vms.ports), ports.join(say!(language, common.comma)).into_any()),
                cell("approved", say!(language, vms.approved), grouped(vm.approved_last_7_days).into_any()),
                told("access", say!(language, vms.last_access), vm.last_access_at.map(last_access)),
                told("user", say!(language, vms.last_user), user),
                cell("details", say!(language, vms.details), details(vm, true, language)),
            ]
            .collect_view()
            .into_any()
        }
        Tab::NotConfigured => [
            cell("system", say!(language, vms.system), system(vm, language).into_any()),
            cell("details", say!(language, vms.details), details(vm, false, language)),
            cell("region", say!(language, common.region), vm.location.clone().into_any()),
        ]
        .collect_view()
        .into_any(),
        Tab::Unsupported => reasons(vm, language),
    }
}

/// What a card leaves out where it is nothing.
fn told(class: &str, label: &'static str, content: Option<AnyView>) -> AnyView {
    match content {
        Some(content) => cell(class, label, content),
        None => cell(&format!("{class} row__cell--none"), label, NEVER.into_any()),
    }
}

fn cell(class: &str, label: &'static str, content: AnyView) -> AnyView {
    view! { <td role="cell" class=format!("row__cell row__{class}") data-label=label>{content}</td> }
        .into_any()
}

fn system(vm: &VmSummary, language: Language) -> String {
    format!("{} · {}", os_name(vm.os, language), power_name(vm.power, language))
}

/// What is open now, until when, and what is not as it should be.
fn state(vm: &VmSummary, language: Language) -> AnyView {
    let clock = SignedIn::of_page().clock;
    let until = vm.open_until.filter(|_| may_be_open(vm.state)).map(|end| {
        let time = move || say!(language, vms.until, time = clock_time(end, clock.coarse_now(), language));
        view! { <span class="row__until">{time}</span> }
    });
    let warnings = vm.warnings.iter().map(|one| {
        let class = if warning::is_past(*one) { "warning warning--past" } else { "warning" };
        view! { <span class=class><Icon name="warning"/>{warning::sentence(*one, language)}</span> }
    });
    view! {
        <StateMark tone=vm.state/>
        {until}
        {warnings.collect_view()}
    }
    .into_any()
}

/// Date and time, and how long ago that was.
fn last_access(at: Timestamp) -> AnyView {
    let mut text = times::absolute(at, clock::zone(at));
    text.truncate("2026-11-24 14:05".len());
    view! {
        <span class="row__line figures">{text}</span>
        <span class="row__line row__line--minor"><Ago at/></span>
    }
    .into_any()
}

/// The firewall that one reaches it through, or else the NSGs that decide.
fn details(vm: &VmSummary, with_system: bool, language: Language) -> AnyView {
    let (kind, names) = match &vm.firewall {
        Some(name) => (say!(language, facts.firewall), name.clone()),
        None => (say!(language, vms.nsg), vm.nsgs.join(say!(language, common.comma))),
    };
    let icon = if vm.firewall.is_some() {
        view! { <Icon name="firewall"/> }.into_any()
    } else {
        view! { <Icon name="nsg"/> }.into_any()
    };
    let text = format!("{kind} {names}");
    let title = text.clone();
    let system =
        with_system.then(|| view! { <span class="row__line row__line--minor">{system(vm, language)}</span> });
    view! {
        <span class="row__line row__way" title=title>{icon}{text}</span>
        {system}
    }
    .into_any()
}

fn reasons(vm: &VmSummary, language: Language) -> AnyView {
    let reasons: &[_] = match &vm.support {
        Support::Unsupported { reasons } => reasons,
        Support::Configured | Support::NotConfigured => &[],
    };
    let whys = reasons.iter().map(|reason| unsupported::reason(*reason, language)).collect();
    let mut remedies: Vec<&'static str> =
        reasons.iter().map(|reason| unsupported::remedy(*reason, language)).collect();
    remedies.dedup();
    [
        cell("system", say!(language, vms.system), system(vm, language).into_any()),
        cell("reason", say!(language, vms.reason), lines(whys)),
        cell("remedy", say!(language, vms.remedy), lines(remedies)),
    ]
    .collect_view()
    .into_any()
}

fn lines(texts: Vec<&'static str>) -> AnyView {
    texts.into_iter().map(|text| view! { <p>{text}</p> }).collect_view().into_any()
}
