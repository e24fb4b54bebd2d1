use shared::{
    api::{GrantView, LeaseView},
    grant::{CloseReason, LeaseState},
};

use crate::{
    browser,
    components::{close_now::CloseNow, countdown::Countdown, state_mark::Shape, steps::Steps, time::Ago},
    language::{Language, language, say},
    model::{
        again, durations,
        lease::{Phase, phase},
        link,
        port_state::Tone,
        vm_list::port_name,
    },
    prelude::*,
    session::SignedIn,
};

/// A grant: each of its openings with how far it is, and its end by hand. `after` stands beside what is over.
#[component]
pub(crate) fn GrantCard(view: GrantView, on_change: Callback<()>, after: Option<View>) -> impl IntoView {
    let language = language();
    let several = view.leases.len() > 1;
    let head = several.then(|| say!(language, access.several, count = view.leases.len()));
    let why = view.justification.as_ref().map(ToString::to_string);
    let head = (head.is_some() || why.is_some()).then(|| {
        let between = if head.is_some() && why.is_some() { " · " } else { "" };
        view! { <p class="grant__head muted">{head}{between}{why}</p> }
    });
    let close = view! { <Close view=view.clone() on_change/> };
    let window = view.window;
    let rows = view
        .leases
        .into_iter()
        .map(|lease| {
            let seconds = again::lasted(&lease.lease, window).map_or(0, |asked| asked.seconds());
            view! { <Row view=lease seconds/> }
        })
        .collect_view();
    view! {
        <li class="grant">
            {head}
            <ul class="grant__leases">{rows}</ul>
            <div class="grant__actions">{close}{after}</div>
        </li>
    }
}

/// The button that ends the whole grant, while something of it lives.
#[component]
fn Close(view: GrantView, on_change: Callback<()>) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let revocable: Vec<LeaseView> = view.leases.iter().filter(|lease| lease.revocable).cloned().collect();
    let living = Memo::new(move |_| {
        let lives = |lease: &LeaseView| {
            matches!(phase(lease, clock.now()), Phase::Open { .. } | Phase::Opening { .. })
        };
        revocable.iter().any(lives)
    });
    let what: Vec<String> = view.leases.iter().map(|lease| place(lease, language)).collect();
    let label = say!(language, common.close_label, what = what.join(say!(language, common.comma)));
    let grant = view.id;
    move || {
        let label = label.clone();
        let on_answer = Callback::new(move |_| {
            on_change.run(());
            browser::focus("open-now");
        });
        living.get().then(|| view! { <CloseNow grant label=Some(label) on_answer/> })
    }
}

fn place(view: &LeaseView, language: Language) -> String {
    say!(language, access.lease_of, port = port_name(view.lease.port), vm = view.lease.vm.name())
}

#[component]
fn Row(view: LeaseView, seconds: i64) -> impl IntoView {
    let language = language();
    let (port, sources) = (port_name(view.lease.port), view.lease.sources.clone());
    let length = durations::in_words(seconds, language);
    let terms = say!(language, access.terms, port, sources, length);
    let href = link::connect(&view.lease.vm);
    let name = view.lease.vm.name().to_owned();
    let trouble = view.trouble.clone().map(|text| view! { <p class="lease__trouble">{text}</p> });
    view! {
        <li class="lease">
            <div class="lease__place">
                <a href=href>{name}</a>
                <span class="muted">{terms}</span>
            </div>
            <State view/>
            {trouble}
        </li>
    }
}

#[component]
fn State(view: LeaseView) -> impl IntoView {
    let SignedIn { client, clock, .. } = SignedIn::of_page();
    let language = language();
    if let LeaseState::Closed { at, reason } = view.lease.state {
        let tone = if reason == CloseReason::Failed {
            "lease__state lease__state--failed"
        } else {
            "lease__state muted"
        };
        return view! { <div class=tone>{ended(reason, language)}{" · "}<Ago at/></div> };
    }
    let now = Memo::new(move |_| phase(&view, clock.now()));
    let state = move || match now.get() {
        _ if client.reach().lost().is_some() => {
            view! { <Shape tone=Tone::Possibly/>{say!(language, offline.state)} }
        }
        Phase::Open { until } => view! {
            <span class="state state--open"><Shape tone=Tone::Open/>{say!(language, port.open)}{" · "}</span>
            <Countdown end=until/>
        },
        Phase::Opening { written } => view! { <Steps written/> },
        Phase::Closing { .. } | Phase::Closed { .. } => {
            view! { <Shape tone=Tone::Possibly/>{say!(language, common.time_is_over)} }
        }
    };
    view! { <div class="lease__state">{state}</div> }
}

fn ended(reason: CloseReason, language: Language) -> &'static str {
    match reason {
        CloseReason::Expired => say!(language, access.ended_expired),
        CloseReason::Revoked => say!(language, access.ended_revoked),
        CloseReason::Superseded => say!(language, access.ended_superseded),
        CloseReason::Failed => say!(language, access.ended_failed),
    }
}
