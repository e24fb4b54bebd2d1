use leptos::prelude::*;
use shared::{
    api::LeaseView,
    grant::{CloseReason, LeaseState},
};

use crate::{
    components::{close_now::CloseNow, countdown::Countdown, state_mark::Shape, time::Ago},
    language::{Language, language, say},
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
    let place = say!(language(), access.place, port = port, sources = lease.sources.clone());
    view! {
        <div class="lease__place">
            <a href=link::connect(&lease.vm)>{lease.vm.name().to_owned()}</a>
            <span class="muted">{place}</span>
        </div>
    }
}

/// An opening that is not read back as closed.
#[component]
pub(super) fn OpenRow(view: LeaseView, reload: Callback<()>) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let lease = view.clone();
    let now = Memo::new(move |_| phase(&lease, clock.now()));
    let state = move || match now.get() {
        Phase::Open { until } => view! { <Shape tone=Tone::Open/><Countdown end=until/> }.into_any(),
        Phase::Opening { .. } => {
            view! { <Shape tone=Tone::Possibly/>{say!(language, common.opening)} }.into_any()
        }
        Phase::Closing { .. } | Phase::Closed { .. } => {
            view! { <Shape tone=Tone::Possibly/>{say!(language, common.time_is_over)} }.into_any()
        }
    };
    let port = port_name(view.lease.port);
    let what = say!(language, access.lease_of, port = port, vm = view.lease.vm.name());
    let label = say!(language, common.close_label, what = what);
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
    let how = match view.lease.state {
        LeaseState::Closed { at, reason } => Some(view! {
            <div class="lease__state muted">
                {ended(reason, language())}
                {" · "}
                <Ago at/>
            </div>
        }),
        LeaseState::Pending { .. } | LeaseState::Open { .. } => None,
    };
    view! {
        <li class="lease">
            <Place view/>
            {how}
        </li>
    }
}

fn ended(reason: CloseReason, language: Language) -> &'static str {
    match reason {
        CloseReason::Expired => say!(language, access.ended_expired),
        CloseReason::Revoked => say!(language, access.ended_revoked),
        CloseReason::Superseded => say!(language, access.ended_superseded),
        CloseReason::Failed => say!(language, access.ended_failed),
    }
}
