use jiff::Timestamp;
use shared::port::Port;

use super::{Checked, Worries, left_behind::LeftBehind};
use crate::{
    browser,
    components::{
        close_now::CloseNow, copy::CopyText, countdown::Countdown, state_mark::Shape, through::Through,
        time::clock_time,
    },
    language::{language, say},
    model::{link, port_state::Tone},
    pages::connect::desk::Desk,
    prelude::*,
    session::SignedIn,
};

/// Open for the reader: until when, and how to use it.
#[component]
pub(super) fn Open(desk: Desk, until: Timestamp) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let time = move || clock_time(until, clock.coarse_now(), language);
    let close = desk.own.get_untracked().filter(|own| own.revocable).map(|own| {
        let on_answer = Callback::new(move |grant| {
            desk.hear(grant);
            browser::focus("state");
        });
        view! { <CloseNow grant=own.grant label=None on_answer/> }
    });
    let from = desk.own.get_untracked().map(|own| own.lease.sources.to_string()).unwrap_or_default();
    let closes = move || say!(language, connect.closes_at, time = time(), sources = from.as_str());
    view! {
        <div class="block block--open">
            <h2 class="block__head">
                <Shape tone=Tone::Open/>
                <span aria-hidden="true">{say!(language, connect.open_for_you)}{" · "}</span>
                <span class="visually-hidden">{move || say!(language, connect.open_for_you_until, time = time())}</span>
                <Countdown end=until/>
            </h2>
            <p class="block__until">{closes}</p>
            <LeftBehind desk/>
            <WayIn desk/>
            <Worries desk under_way=false/>
            <div class="block__actions"><RdpFile desk/>{close}</div>
            <Checked desk/>
        </div>
    }
}

/// What to type. Behind a firewall it is known when the mapped port was read back.
#[component]
fn WayIn(desk: Desk) -> impl IntoView {
    let language = language();
    let port = desk.form.with_untracked(|form| form.port);
    let ways = Memo::new(move |_| {
        let mapped = desk.status().and_then(|status| status.mapped);
        desk.detail.with(|detail| link::ways(&detail.network, port, mapped))
    });
    let firewall = Memo::new(move |_| {
        desk.detail.with(|detail| detail.network.firewall.as_ref().map(|firewall| firewall.name.clone()))
    });
    let lines = move || {
        let ways = ways.get();
        if ways.is_empty() {
            let text = match firewall.get() {
                Some(_) => say!(language, connect.not_mapped),
                None => say!(language, connect.no_address),
            };
            return view! { <p>{text}</p> };
        }
        ways.into_iter().map(|text| view! { <CopyText text/> }).collect_view().into_view()
    };
    view! {
        {lines}
        {move || firewall.get().map(|name| view! { <Through name/> })}
    }
}

/// What to download and double-click, for RDP.
#[component]
fn RdpFile(desk: Desk) -> impl IntoView {
    let port = desk.form.with_untracked(|form| form.port);
    let vm = desk.detail.with_untracked(|detail| detail.summary.vm.clone());
    (port == Port::RDP).then(|| {
        let (href, name) = (link::rdp_file(&vm, port), format!("{}.rdp", vm.name()));
        let text = say!(language(), connect.rdp_file);
        view! { <a class="button" href=href download=name rel="external">{text}</a> }
    })
}
