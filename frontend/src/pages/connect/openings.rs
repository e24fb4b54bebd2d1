use shared::api::LeaseView;

use super::{
    desk::{Desk, Stage},
    words,
};
use crate::{
    components::{close_now::CloseNow, countdown::Countdown, state_mark::Shape},
    language::{language, say},
    model::{
        lease::{Phase, other_leases, phase},
        port_state::Tone,
    },
    prelude::*,
    session::SignedIn,
};

/// The openings of the port besides the one that the page is about.
#[component]
pub(super) fn Openings(desk: Desk) -> impl IntoView {
    let language = language();
    let others = Memo::new(move |_| {
        let port = desk.form.with(|form| form.port);
        desk.detail.with(|detail| desk.own.with(|own| other_leases(detail, port, own.as_ref())))
    });
    let known = Memo::new(move |_| !matches!(desk.stage.get(), Stage::Unknown(_)));
    let others = move || if known.get() { others.get() } else { Vec::new() };
    let of = move |mine: bool| others().into_iter().filter(|view| view.mine == mine).collect::<Vec<_>>();
    view! {
        {move || list(of(true), say!(language, connect.more_of_yours), desk)}
        {move || list(of(false), say!(language, connect.open_for_others), desk)}
    }
}

fn list(leases: Vec<LeaseView>, head: &'static str, desk: Desk) -> Option<impl IntoView> {
    (!leases.is_empty()).then(|| {
        let items = leases.into_iter().map(|view| view! { <Opening view desk/> }).collect_view();
        view! {
            <section class="openings" aria-label=head>
                <h2>{head}</h2>
                <ul class="leases">{items}</ul>
            </section>
        }
    })
}

#[component]
fn Opening(view: LeaseView, desk: Desk) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let lease = view.clone();
    let now = Memo::new(move |_| phase(&lease, clock.now()));
    let state = move || match now.get() {
        Phase::Open { until } => view! { <Shape tone=Tone::Open/><Countdown end=until/> },
        Phase::Opening { .. } => {
            view! { <Shape tone=Tone::Possibly/>{say!(language, connect.opening)} }
        }
        Phase::Closing { .. } | Phase::Closed { .. } => {
            view! { <Shape tone=Tone::Possibly/>{say!(language, common.time_is_over)} }
        }
    };
    let close = view.revocable.then(|| {
        let on_answer = Callback::new(move |_| desk.reload());
        view! { <CloseNow grant=view.grant label=Some(words::close_label(&view, language)) on_answer/> }
    });
    view! {
        <li class="lease">
            <div class="lease__place">{words::lease_line(&view)}</div>
            <div class="lease__state">{state}</div>
            <div class="lease__actions">{close}</div>
        </li>
    }
}
