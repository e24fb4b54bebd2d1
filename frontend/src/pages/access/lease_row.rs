use leptos::prelude::*;
use shared::{api::LeaseView, grant::LeaseState};

use super::words;
use crate::{
    components::{close_now::CloseNow, countdown::Countdown, state_mark::Shape, time::Ago},
    model::{
        lease::{Phase, phase},
        link,
        port_state::Tone,
        vm_list::port_name,
    },
    session::SignedIn,
};

#[component]
fn Place(view: LeaseView) -> impl IntoView {
    let lease = view.lease;
    let port = port_name(lease.port);
    view! {
        <div class="lease__place">
            <a href=link::connect(&lease.vm)>{lease.vm.name().to_owned()}</a>
            <span class="muted">{words::place(&port, &lease.sources.to_string())}</span>
        </div>
    }
}

/// An opening that is not read back as closed.
#[component]
pub(super) fn OpenRow(view: LeaseView, reload: Callback<()>) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let lease = view.clone();
    let now = Memo::new(move |_| phase(&lease, clock.now()));
    let state = move || match now.get() {
        Phase::Open { until } => view! { <Shape tone=Tone::Open/><Countdown end=until/> }.into_any(),
        Phase::Opening { .. } => view! { <Shape tone=Tone::Possibly/>{words::OPENING} }.into_any(),
        Phase::Closing { .. } | Phase::Closed { .. } => {
            view! { <Shape tone=Tone::Possibly/>{words::CLOSING} }.into_any()
        }
    };
    let label = words::close(&port_name(view.lease.port), view.lease.vm.name());
    let (grant, revocable) = (view.grant, view.revocable);
    let close = move || {
        let living = matches!(now.get(), Phase::Open { .. } | Phase::Opening { .. });
        let label = label.clone();
        (revocable && living)
            .then(|| view! { <CloseNow grant label on_answer=Callback::new(move |_| reload.run(()))/> })
    };
    let trouble = view.trouble.clone().map(|text| view! { <p class="lease__trouble">{text}</p> });
    view! {
        <li class="lease">
            <Place view/>
            <div class="lease__state">{state}</div>
            <div class="lease__actions">{close}</div>
            {trouble}
        </li>
    }
}

#[component]
pub(super) fn EndedRow(view: LeaseView) -> impl IntoView {
    let ended = match view.lease.state {
        LeaseState::Closed { at, reason } => Some(view! {
            <div class="lease__state muted">
                {words::ended(reason)}
                {" · "}
                <Ago at/>
            </div>
        }),
        LeaseState::Pending { .. } | LeaseState::Open { .. } => None,
    };
    view! {
        <li class="lease">
            <Place view/>
            {ended}
        </li>
    }
}
