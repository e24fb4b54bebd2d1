use shared::{
    api::VmDetail,
    policy::{PortRule, Precedence},
};

use super::words;
use crate::{
    browser,
    components::copy::CopyButton,
    language::{language, say},
    model::{proof, times, vm_list::port_name},
    pages::later,
    prelude::*,
    session::SignedIn,
};

/// What stays the same: addresses, NSGs, the policy.
#[component]
pub(super) fn Facts(detail: Memo<VmDetail>) -> impl IntoView {
    let language = language();
    let none = say!(language, facts.none);
    let addresses = move |list: Vec<std::net::IpAddr>| {
        let texts: Vec<String> = list.iter().map(ToString::to_string).collect();
        if texts.is_empty() { none.to_owned() } else { texts.join(", ") }
    };
    let public = move || addresses(detail.with(|detail| detail.network.public_addresses.clone()));
    let private = move || addresses(detail.with(|detail| detail.network.private_addresses.clone()));
    let nsgs = move || {
        let named = detail.with(|detail| detail.network.nsgs.join(", "));
        if named.is_empty() { none.to_owned() } else { named }
    };
    let firewall = move || {
        let firewall = detail.with(|detail| detail.network.firewall.clone())?;
        let text = format!("{} · {}", firewall.name, firewall.address);
        Some(view! { <dt>{say!(language, facts.firewall)}</dt><dd>{text}</dd> })
    };
    let region = move || detail.with(|detail| detail.summary.location.clone());
    let subscription = move || detail.with(|detail| detail.summary.subscription_name.clone());
    view! {
        <aside class="connect__facts" aria-label=say!(language, facts.title)>
            <dl class="facts">
                <dt>{say!(language, facts.public_address)}</dt><dd>{public}</dd>
                <dt>{say!(language, facts.private_address)}</dt><dd>{private}</dd>
                {firewall}
                <dt>{say!(language, facts.nsg)}</dt><dd>{nsgs}</dd>
                <Policy detail/>
                <Drifted detail/>
                <dt>{say!(language, common.region)}</dt><dd>{region}</dd>
                <dt>{say!(language, facts.subscription)}</dt><dd>{subscription}</dd>
            </dl>
            <Links detail/>
        </aside>
    }
}

#[component]
fn Policy(detail: Memo<VmDetail>) -> impl IntoView {
    let language = language();
    let policy = Memo::new(move |_| detail.with(|detail| detail.policy.clone()));
    move || {
        let policy = policy.get()?;
        let line = |rule: &PortRule| {
            view! { <p><strong>{port_name(rule.port)}</strong>{say!(language, common.colon)}{words::port_rule(rule, language)}</p> }
        };
        let rules = policy.ports.iter().map(line).collect_view();
        let precedence = (policy.precedence == Precedence::GuardFirst)
            .then(|| view! { <p>{say!(language, facts.guard_first)}</p> });
        let sessions = proof::sessions(policy.live_sessions, language);
        Some(view! { <dt>{say!(language, facts.policy)}</dt><dd>{rules}{precedence}<p>{sessions}</p></dd> })
    }
}

/// What somebody did to our rules lately.
#[component]
fn Drifted(detail: Memo<VmDetail>) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let drift = Memo::new(move |_| detail.with(|detail| detail.drift.clone()));
    move || {
        let drift = drift.get()?;
        let ago = times::ago(drift.at, clock.coarse_now(), language);
        let words = say!(language, facts.drift_found, what = drift.what, ago = ago);
        Some(view! { <dt>{say!(language, facts.drift)}</dt><dd class="facts__drift">{words}</dd> })
    }
}

#[component]
fn Links(detail: Memo<VmDetail>) -> impl IntoView {
    let language = language();
    let vm = detail.with_untracked(|detail| detail.summary.vm.clone());
    let activity = format!("/activity?vm={}", browser::encoded(&vm.to_string()));
    let may_edit = detail.with_untracked(|detail| detail.summary.rights.configure && detail.policy.is_some());
    let edit = may_edit.then(|| {
        let href = crate::model::link::policy(std::slice::from_ref(&vm));
        view! { <a class="button button--quiet" href=href>{say!(language, protect.edit_link)}</a> }
    });
    let origin = window().location().origin().unwrap_or_default();
    let here = format!("{origin}{}", crate::model::link::connect(&vm));
    let shown = RwSignal::new(None);
    let toggle = move |event: web_sys::Event| {
        let page = || format!("{origin}{}", browser::path_and_query());
        shown.set(browser::is_open(&event).then(page));
    };
    let code = move || {
        shown.get().map(|text| {
            provide_context(later::Drawn { text, label: say!(language, phone.code) });
            later::qr_code()
        })
    };
    view! {
        <p class="connect__links">
            {edit}
            <a class="button button--quiet" href=activity>{say!(language, facts.activity)}</a>
            <CopyButton text=here.into() label=say!(language, facts.copy_link) what=None/>
        </p>
        <details class="fold fold--action" on:toggle=toggle>
            <summary>{say!(language, phone.title)}</summary>
            {code}
            <p class="hint">{say!(language, phone.text)}</p>
        </details>
    }
}
