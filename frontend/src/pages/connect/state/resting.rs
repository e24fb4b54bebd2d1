use leptos::prelude::*;
use shared::api::PortState;

use super::{Checked, Worries, words};
use crate::{
    components::{state_mark::Shape, time::clock_time},
    model::{
        lease::{Phase, phase},
        port_state::{Glance, Tone},
    },
    pages::connect::desk::Desk,
    session::SignedIn,
};

/// Nothing of one's own is open: what is true of the port as such.
#[component]
pub(super) fn Resting(desk: Desk) -> impl IntoView {
    let state = Memo::new(move |_| desk.status().map(|status| status.state));
    let block = move || {
        let Some(state) = state.get() else { return ().into_any() };
        let glance = Glance::from(&state);
        let word = match state {
            PortState::Open { .. } => words::OPEN_FOR_OTHERS,
            PortState::Closed | PortState::PossiblyOpen { .. } => glance.word,
        };
        let tone = glance.tone;
        let ended = (tone != Tone::Open).then(|| view! { <Ended desk/> });
        view! {
            <div class=format!("block block--{}", tone.as_str())>
                <h2 class="block__head"><Shape tone/>{word}</h2>
                <Worries desk/>
                {ended}
                <Checked desk/>
            </div>
        }
        .into_any()
    };
    view! { {block} }
}

/// What became of the opening that was asked for here.
#[component]
fn Ended(desk: Desk) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let text = Memo::new(move |_| {
        let now = clock.coarse_now();
        let own = desk.own.get()?;
        match phase(&own, now) {
            Phase::Closed { reason, at } => {
                let ended = words::ended(reason, &clock_time(at, now), own.trouble.as_deref());
                Some(words::with_sessions(ended, &own.lease.sessions))
            }
            Phase::Opening { .. } | Phase::Open { .. } | Phase::Closing { .. } => None,
        }
    });
    move || text.get().map(|text| view! { <p>{text}</p> })
}
