use leptos::prelude::*;
use shared::api::VmDetail;

use super::words;
use crate::{
    browser,
    components::copy::CopyButton,
    model::{proof, times, vm_list::port_name},
    session::SignedIn,
};

/// What stays the same: addresses, NSGs, the policy.
#[component]
pub(super) fn Facts(detail: Memo<VmDetail>) -> impl IntoView {
    let addresses = |list: Vec<std::net::IpAddr>| {
        let texts: Vec<String> = list.iter().map(ToString::to_string).collect();
        if texts.is_empty() { words::NONE.to_owned() } else { texts.join(", ") }
    };
    let public = move || addresses(detail.with(|detail| detail.network.public_addresses.clone()));
    let private = move || addresses(detail.with(|detail| detail.network.private_addresses.clone()));
    let nsgs = move || {
        let named = detail.with(|detail| detail.network.nsgs.join(", "));
        if named.is_empty() { words::NONE.to_owned() } else { named }
    };
    let firewall = move || {
        let firewall = detail.with(|detail| detail.network.firewall.clone())?;
        let text = format!("{} · {}", firewall.name, firewall.address);
        Some(view! { <dt>{words::FIREWALL}</dt><dd>{text}</dd> })
    };
    let region = move || detail.with(|detail| detail.summary.location.clone());
    let subscription = move || detail.with(|detail| detail.summary.subscription_name.clone());
    view! {
        <aside class="connect__facts" aria-label=words::FACTS>
            <dl class="facts">
                <dt>{words::PUBLIC}</dt><dd>{public}</dd>
                <dt>{words::PRIVATE_ADDRESS}</dt><dd>{private}</dd>
                {firewall}
                <dt>{words::NSGS}</dt><dd>{nsgs}</dd>
                <Policy detail/>
                <Drifted detail/>
                <dt>{words::REGION}</dt><dd>{region}</dd>
                <dt>{words::SUBSCRIPTION}</dt><dd>{subscription}</dd>
            </dl>
            <Links detail/>
        </aside>
    }
}

#[component]
fn Policy(detail: Memo<VmDetail>) -> impl IntoView {
    let policy = Memo::new(move |_| detail.with(|detail| detail.policy.clone()));
    move || {
        let policy = policy.get()?;
        let line = |rule: &shared::policy::PortRule| {
            view! { <p><strong>{port_name(rule.port)}</strong>{": "}{words::port_rule(rule)}</p> }
        };
        let rules = policy.ports.iter().map(line).collect_view();
        let precedence = words::precedence(policy.precedence).map(|text| view! { <p>{text}</p> });
        let sessions = proof::sessions(policy.live_sessions);
        Some(view! { <dt>{words::POLICY}</dt><dd>{rules}{precedence}<p>{sessions}</p></dd> })
    }
}

/// What somebody did to our rules lately.
#[component]
fn Drifted(detail: Memo<VmDetail>) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let drift = Memo::new(move |_| detail.with(|detail| detail.drift.clone()));
    move || {
        let drift = drift.get()?;
        let words = words::drift(&drift.what, &times::ago(drift.at, clock.coarse_now()));
        Some(view! { <dt>{words::DRIFT}</dt><dd class="facts__drift">{words}</dd> })
    }
}

#[component]
fn Links(detail: Memo<VmDetail>) -> impl IntoView {
    let vm = detail.with_untracked(|detail| detail.summary.vm.clone());
    let activity = format!("/activity?vm={}", browser::encoded(&vm.to_string()));
    let here =
        format!("{}{}", window().location().origin().unwrap_or_default(), crate::model::link::connect(&vm));
    view! {
        <p class="connect__links">
            <a class="button button--quiet" href=activity>{words::ACTIVITY}</a>
            <CopyButton text=here label=words::COPY_LINK/>
        </p>
    }
}
